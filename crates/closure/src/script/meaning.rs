//! From commands to files: what a script sources and calls, as far as reading it tells.

use super::{Part, Script, Word};
use std::collections::{BTreeMap, BTreeSet};

/// Of a variable so many values are kept, and a word becomes so many texts: each branch may give another.
const VALUES_MAX: usize = 8;

/// Longer texts are no paths.
const TEXT_MAX: usize = 4 << 10;

/// What variables may hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Variables(BTreeMap<String, Vec<String>>);

/// What a script does with other files.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Meaning {
    /// Files that it reads as parts of itself.
    pub(crate) sourced: BTreeSet<String>,
    /// Words that are commands, or might be.
    pub(crate) called: BTreeSet<String>,
}

/// Words before a command.
const KEYWORDS: [&str; 14] =
    ["if", "then", "else", "elif", "do", "while", "until", "!", "{", "}", "time", "fi", "done", "esac"];

/// Commands of the shell's own (POSIX, and bash's), which are no files.
const BUILTINS: [&str; 52] = [
    ":", ".", "[", "[[", "alias", "bg", "break", "builtin", "case", "cd", "command", "continue", "declare",
    "echo", "eval", "exec", "exit", "export", "false", "fg", "for", "function", "getopts", "hash", "in",
    "jobs", "kill", "let", "local", "printf", "pwd", "read", "readonly", "return", "select", "set", "shift",
    "shopt", "source", "test", "times", "trap", "true", "type", "typeset", "ulimit", "umask", "unalias",
    "unset", "wait", "]]", "local_",
];

/// Commands whose arguments are a command, or the names of programs: the shell's, common tools', and those of OCF's
/// shell functions.
const WRAPPERS: [&str; 19] = [
    "exec",
    "command",
    "nohup",
    "setsid",
    "env",
    "timeout",
    "sudo",
    "nice",
    "ionice",
    "xargs",
    "eval",
    "su",
    "runuser",
    "ocf_run",
    "check_binary",
    "have_binary",
    "which",
    "type",
    "flock",
];

impl Variables {
    /// That a variable may hold this.
    pub(crate) fn set(&mut self, name: &str, value: String) {
        let values = self.0.entry(name.to_owned()).or_default();
        if values.len() < VALUES_MAX && value.len() <= TEXT_MAX && !values.contains(&value) {
            values.push(value);
        }
    }

    /// The texts that a word may be; none, if nobody knows.
    fn texts(&mut self, word: &Word) -> Vec<String> {
        let mut texts = vec![String::new()];
        for part in &word.0 {
            let parts: Vec<String> = match part {
                Part::Text(text) => vec![text.clone()],
                Part::Unknown => return Vec::new(),
                Part::Variable { name, default, assigns } => {
                    let mut values = self.0.get(name).cloned().unwrap_or_default();
                    for value in default.iter().flat_map(|default| self.texts(default)).collect::<Vec<_>>() {
                        if *assigns {
                            self.set(name, value.clone());
                        }
                        values.push(value);
                    }
                    values
                }
            };
            texts =
                texts.iter().flat_map(|begin| parts.iter().map(move |end| format!("{begin}{end}"))).collect();
            texts.truncate(VALUES_MAX);
            texts.retain(|text| text.len() <= TEXT_MAX);
        }
        texts.dedup();
        texts
    }
}

impl Meaning {
    /// What a script means, given what variables may hold before it; afterwards they may hold what it gives them.
    /// `functions` are those that are defined before it, and after it those of its own too.
    pub(crate) fn of(script: &Script, variables: &mut Variables, functions: &mut BTreeSet<String>) -> Self {
        functions.extend(script.functions.iter().cloned());
        let mut meaning = Self::default();
        for command in &script.commands {
            meaning.command(command, variables, functions);
        }
        meaning
    }

    fn command(&mut self, words: &[Word], variables: &mut Variables, functions: &BTreeSet<String>) {
        let mut words = words;
        while let Some((first, rest)) = words.split_first() {
            let is_keyword =
                matches!(first.0.as_slice(), [Part::Text(text)] if KEYWORDS.contains(&text.as_str()));
            if !is_keyword && !assign(first, variables) {
                break;
            }
            words = rest;
        }
        let Some((first, rest)) = words.split_first() else { return };
        let arguments: Vec<Vec<String>> = rest.iter().map(|word| variables.texts(word)).collect();
        for name in variables.texts(first) {
            // A variable may hold arguments besides: `$IP2UTIL -4 addr`, or `TOOL="ip -4"`.
            let Some(name) = name.split_whitespace().next() else { continue };
            match name {
                ":" => return,
                "." | "source" => {
                    self.sourced.extend(arguments.first().into_iter().flatten().cloned());
                    return;
                }
                "export" | "local" | "readonly" | "declare" | "typeset" => {
                    for word in rest {
                        assign(word, variables);
                    }
                }
                _ if WRAPPERS.contains(&name) => {
                    // Which of the arguments is the command is not always to be told: all that can be names.
                    let names = arguments.iter().flatten().filter(|text| is_name(text));
                    self.called.extend(names.map(|text| first_word(text)));
                    self.call(name, functions);
                }
                _ => self.call(name, functions),
            }
        }
        let paths = arguments.iter().flatten().filter(|text| text.starts_with('/'));
        self.called.extend(paths.map(|text| first_word(text)));
    }

    fn call(&mut self, name: &str, functions: &BTreeSet<String>) {
        if is_name(name) && !BUILTINS.contains(&name) && !functions.contains(name) {
            self.called.insert(name.to_owned());
        }
    }
}

fn first_word(text: &str) -> String {
    text.split_whitespace().next().unwrap_or_default().to_owned()
}

/// Whether a text can be the name or path of a program.
fn is_name(text: &str) -> bool {
    let begins = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_');
    text.starts_with(begins) && !text.contains(['*', '?', '=', '$', '\n'])
}

/// `NAME=value`: whether it is one.
fn assign(word: &Word, variables: &mut Variables) -> bool {
    let Some(Part::Text(first)) = word.0.first() else { return false };
    let Some((name, begin)) = first.split_once('=') else { return false };
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_name {
        return false;
    }
    let mut value = Word(vec![Part::Text(begin.to_owned())]);
    value.0.extend(word.0[1..].iter().cloned());
    for text in variables.texts(&value) {
        variables.set(name, text);
    }
    true
}
