//! `docs/command-line.md`, generated from the commands and the settings, and held against them.

use crate::args::Cli;
use crate::exit::Exit;
use crate::golden::check_at;
use crate::settings::{self, Setting};
use clap::{Arg, Command, CommandFactory};
use std::fmt::Write as _;

#[test]
fn the_reference_is_what_the_program_does() {
    check_at("../../docs/command-line.md", &reference());
}

#[test]
fn every_global_option_is_a_declared_setting() {
    let command = Cli::command();
    let known = |arg: &Arg| {
        let long = format!("--{}", arg.get_long().unwrap());
        settings::ALL.iter().any(|setting| setting.option.split(' ').next() == Some(long.as_str()))
    };
    for arg in command.get_arguments().filter(|arg| arg.is_global_set()) {
        assert!(known(arg), "{arg} is not declared in settings.rs");
    }
}

fn reference() -> String {
    let mut command = Cli::command();
    command.build();
    let mut out = String::from(INTRODUCTION);
    out.push_str("\n## Exit codes\n\n| Code | Meaning |\n|---|---|\n");
    for (exit, meaning) in Exit::MEANINGS {
        let _ = writeln!(out, "| {} | {meaning} |", exit.code());
    }
    out.push_str(SETTINGS);
    for setting in settings::ALL {
        out.push_str(&row(setting));
    }
    out.push_str("\n## Commands\n");
    subcommands(&command, "steadfast", &mut out);
    out
}

const INTRODUCTION: &str = "\
# The command line

Generated from the program (`UPDATE_GOLDEN=1 cargo test -p cli` writes it anew); do not edit.

Data goes to standard output, everything else to standard error. `--json` prints exactly what the
HTTP API answers: one document, indented; where answers follow one another (`events --follow`,
`status --watch`), one document a line. A command that fails says what failed, why, and the next
command. Nothing is ever asked, with or without a terminal.

A secret on the command line can be seen in the list of processes: let `join` read its token from
standard input (`--token -`), and keep API tokens in files (`--api-token-file`).
";

const SETTINGS: &str = "
## Options for every command, and environment variables

An option beats its variable, a variable beats the default. The local socket is asked unless a
server is named; `--socket` and `--config` beat `STEADFAST_SERVER`.

| Option | Variable | Default | Meaning |
|---|---|---|---|
";

fn row(setting: &Setting) -> String {
    let code = |text: &str| if text.is_empty() { String::new() } else { format!("`{text}`") };
    let Setting { option, variable, default, meaning } = setting;
    format!("| {} | {} | {default} | {meaning} |\n", code(option), code(variable))
}

fn subcommands(command: &Command, path: &str, out: &mut String) {
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help" && !sub.is_hide_set()) {
        let path = format!("{path} {}", sub.get_name());
        if sub.has_subcommands() {
            subcommands(sub, &path, out);
        } else {
            one(sub, &path, out);
        }
    }
}

fn one(command: &Command, path: &str, out: &mut String) {
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string);
    let _ = write!(out, "\n### {path}\n\n{}\n", about.unwrap_or_default());
    let own = |arg: &&Arg| !arg.is_global_set() && !matches!(arg.get_id().as_str(), "help" | "version");
    let mut own = command.get_arguments().filter(own).peekable();
    if own.peek().is_some() {
        out.push_str("\n| Argument | Meaning |\n|---|---|\n");
    }
    for arg in own {
        let meaning = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
        let possible: Vec<_> =
            arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
        let possible = match &possible[..] {
            [] => String::new(),
            _ if !arg.get_action().takes_values() => String::new(),
            values => format!(" ({})", values.join(", ")),
        };
        let required = if arg.is_required_set() { "" } else { ", optional" };
        let short = arg.get_short().map_or_else(String::new, |short| format!("-{short}, "));
        let _ = writeln!(out, "| `{short}{arg}`{required} | {}{possible} |", meaning.replace('\n', " "));
    }
}
