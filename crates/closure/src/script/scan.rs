//! From text to commands.

use super::{Part, Script, Word};
use std::iter::Peekable;
use std::str::Chars;

/// Commands within commands: real scripts have three levels.
const DEPTH_MAX: usize = 24;

/// Commands of one script; the longest agent has some thousands.
const COMMANDS_MAX: usize = 100_000;

/// What ends a piece of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Text,
    Parenthesis,
    Backquote,
}

pub(super) fn scan(text: &str) -> Script {
    let mut scanner = Scanner { rest: text.chars().peekable(), script: Script::default(), depth: 0, line: 0 };
    scanner.commands(End::Text);
    scanner.script
}

struct Scanner<'t> {
    rest: Peekable<Chars<'t>>,
    script: Script,
    depth: usize,
    /// How many commands there were when the present line began.
    line: usize,
}

/// A command that is being read.
#[derive(Default)]
struct Command {
    words: Vec<Word>,
    word: Option<Word>,
    /// The next word is where something is read from or written to.
    redirects: bool,
    documents: Vec<(String, bool)>,
}

impl Command {
    fn text(&mut self, c: char) {
        let word = self.word.get_or_insert_default();
        match word.0.last_mut() {
            Some(Part::Text(text)) => text.push(c),
            _ => word.0.push(Part::Text(c.to_string())),
        }
    }

    fn part(&mut self, part: Part) {
        self.word.get_or_insert_default().0.push(part);
    }

    fn end_word(&mut self) {
        if let Some(word) = self.word.take()
            && !std::mem::take(&mut self.redirects)
        {
            self.words.push(word);
        }
    }
}

impl Scanner<'_> {
    fn commands(&mut self, end: End) {
        self.depth += 1;
        let mut now = Command::default();
        let mut open = 0_usize;
        while let Some(c) = self.rest.next() {
            match c {
                ' ' | '\t' | '\r' => now.end_word(),
                '#' if now.word.is_none() => self.pass_line(),
                '\n' => {
                    self.end(&mut now);
                    self.documents(&mut now);
                    self.line = self.script.commands.len();
                }
                ')' if end == End::Parenthesis && open == 0 => break,
                '`' if end == End::Backquote => break,
                '(' => self.opens(&mut now, &mut open),
                ')' => self.closes(&mut now, &mut open),
                ';' | '&' | '|' => {
                    // `&>` and `>&` redirect.
                    if c == '&' && (self.rest.peek() == Some(&'>') || now.redirects) {
                        continue;
                    }
                    self.end(&mut now);
                    if c == ';' {
                        self.line = self.script.commands.len();
                    }
                }
                '>' => self.redirects(&mut now),
                '<' => self.reads(&mut now),
                _ => self.in_word(&mut now, c),
            }
        }
        self.end(&mut now);
        self.depth -= 1;
    }

    fn end(&mut self, now: &mut Command) {
        now.end_word();
        now.redirects = false;
        let words = std::mem::take(&mut now.words);
        if !words.is_empty() && self.script.commands.len() < COMMANDS_MAX {
            self.script.commands.push(words);
        }
    }

    fn pass_line(&mut self) {
        while self.rest.next_if(|c| *c != '\n').is_some() {}
    }

    /// `name()` defines a function, `(` begins a command, `((` a sum.
    fn opens(&mut self, now: &mut Command, open: &mut usize) {
        if self.rest.next_if_eq(&'(').is_some() {
            self.skip_sum();
            now.part(Part::Unknown);
            return;
        }
        if self.rest.peek() == Some(&')') {
            self.rest.next();
            now.end_word();
            if let [.., word] = now.words.as_slice() {
                self.script.functions.push(word.to_string());
            }
            now.words.clear();
            return;
        }
        self.end(now);
        *open += 1;
    }

    /// A command in parentheses ends, or a pattern of `case`, which is no command.
    fn closes(&mut self, now: &mut Command, open: &mut usize) {
        if *open == 0 {
            now.end_word();
            now.words.clear();
            // `a|b)`: what looked like commands were its other words.
            let words = self.script.commands.get(self.line..).unwrap_or_default();
            if words.iter().all(|words| words.len() == 1) {
                self.script.commands.truncate(self.line);
            }
        } else {
            *open -= 1;
            self.end(now);
        }
    }

    fn skip_sum(&mut self) {
        let mut open = 2_usize;
        while open > 0 {
            match self.rest.next() {
                Some('(') => open += 1,
                Some(')') => open -= 1,
                Some(_) => {}
                None => return,
            }
        }
    }

    fn redirects(&mut self, now: &mut Command) {
        // The number before it belongs to it: `2>`.
        let is_number =
            |word: &Word| matches!(word.0.as_slice(), [Part::Text(text)] if text.parse::<u8>().is_ok());
        if now.word.as_ref().is_some_and(is_number) {
            now.word = None;
        }
        now.end_word();
        while self.rest.next_if(|c| matches!(c, '>' | '|' | '&')).is_some() {}
        now.redirects = true;
    }

    fn reads(&mut self, now: &mut Command) {
        now.end_word();
        if self.rest.next_if_eq(&'(').is_some() {
            self.inner(End::Parenthesis);
            now.part(Part::Unknown);
            return;
        }
        if self.rest.next_if_eq(&'<').is_none() {
            while self.rest.next_if(|c| matches!(c, '&' | '>')).is_some() {}
            now.redirects = true;
            return;
        }
        if self.rest.next_if_eq(&'<').is_some() {
            now.redirects = true; // `<<<`: a text
            return;
        }
        let tabs = self.rest.next_if_eq(&'-').is_some();
        while self.rest.next_if(|c| matches!(c, ' ' | '\t')).is_some() {}
        let mut delimiter = String::new();
        while let Some(c) = self.rest.next_if(|c| !c.is_whitespace() && !";&|<>()".contains(*c)) {
            if !"'\"\\".contains(c) {
                delimiter.push(c);
            }
        }
        if !delimiter.is_empty() {
            now.documents.push((delimiter, tabs));
        }
    }

    /// Passes over the here-documents that begin on the line before.
    fn documents(&mut self, now: &mut Command) {
        for (delimiter, tabs) in std::mem::take(&mut now.documents) {
            loop {
                let mut line = String::new();
                while let Some(c) = self.rest.next_if(|c| *c != '\n') {
                    line.push(c);
                }
                let text = if tabs { line.trim_start_matches('\t') } else { &line };
                if self.rest.next().is_none() || text == delimiter {
                    break;
                }
            }
        }
    }

    fn in_word(&mut self, now: &mut Command, c: char) {
        match c {
            '\\' => match self.rest.next() {
                Some('\n') | None => {}
                Some(c) => now.text(c),
            },
            '\'' => {
                now.word.get_or_insert_default();
                while let Some(c) = self.rest.next().filter(|c| *c != '\'') {
                    now.text(c);
                }
            }
            '"' => self.quoted(now),
            '$' => self.dollar(now),
            '`' => {
                self.inner(End::Backquote);
                now.part(Part::Unknown);
            }
            c => now.text(c),
        }
    }

    fn quoted(&mut self, now: &mut Command) {
        now.word.get_or_insert_default();
        while let Some(c) = self.rest.next() {
            match c {
                '"' => return,
                '\\' => now.text(self.rest.next().unwrap_or('\\')),
                '$' => self.dollar(now),
                '`' => {
                    self.inner(End::Backquote);
                    now.part(Part::Unknown);
                }
                c => now.text(c),
            }
        }
    }

    fn dollar(&mut self, now: &mut Command) {
        match self.rest.peek() {
            Some('(') => {
                self.rest.next();
                if self.rest.next_if_eq(&'(').is_some() {
                    self.skip_sum();
                } else {
                    self.inner(End::Parenthesis);
                }
                now.part(Part::Unknown);
            }
            Some('{') => {
                self.rest.next();
                let part = self.braced();
                now.part(part);
            }
            Some(c) if c.is_ascii_alphabetic() || *c == '_' => {
                let name = self.name();
                now.part(Part::Variable { name, default: None, assigns: false });
            }
            Some(c) if c.is_ascii_digit() || "@*#?$!-".contains(*c) => {
                self.rest.next();
                now.part(Part::Unknown);
            }
            Some('\'' | '"') => {}
            _ => now.text('$'),
        }
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(c) = self.rest.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
            name.push(c);
        }
        name
    }

    /// What is between `${` and `}`: a name, and perhaps what it is otherwise.
    fn braced(&mut self) -> Part {
        let name = self.name();
        self.rest.next_if_eq(&':');
        let operator = self.rest.next_if(|c| "=-+?".contains(*c));
        let mut word = Command::default();
        let mut open = 0_usize;
        self.depth += 1;
        while self.depth <= DEPTH_MAX {
            match self.rest.next() {
                None => break,
                Some('}') if open == 0 => break,
                Some('}') => {
                    open -= 1;
                    word.text('}');
                }
                Some('{') => {
                    open += 1;
                    word.text('{');
                }
                Some(c) => self.in_word(&mut word, c),
            }
        }
        self.depth -= 1;
        match (name.is_empty(), operator) {
            (false, Some('=')) => Part::Variable { name, default: word.word, assigns: true },
            (false, Some('-')) => Part::Variable { name, default: word.word, assigns: false },
            (false, None) if word.word.is_none() => Part::Variable { name, default: None, assigns: false },
            _ => Part::Unknown,
        }
    }

    fn inner(&mut self, end: End) {
        if self.depth < DEPTH_MAX {
            self.commands(end);
        }
    }
}
