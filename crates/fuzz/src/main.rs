//! Runs one target for as long as it is asked to, or on one file.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a command")]

use fuzz::drive::{Limits, drive, once};
use fuzz::{TARGETS, Target, named};
use std::process::ExitCode;
use std::time::Duration;

const USAGE: &str =
    "usage: fuzz TARGET [--seconds N] [--first NUMBER] [--inputs N]\n       fuzz TARGET --replay FILE";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(text) => {
            eprintln!("{text}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<String, String> {
    let Some((target, options)) = arguments.split_first().and_then(|(name, rest)| Some((named(name)?, rest)))
    else {
        let list: Vec<_> =
            TARGETS.iter().map(|target| format!("  {:16} {}", target.name, target.reads)).collect();
        return Err(format!("{USAGE}\ntargets:\n{}", list.join("\n")));
    };
    let mut limits = Limits { first: 0, inputs: u64::MAX, time: Duration::from_secs(60) };
    for option in options.chunks(2) {
        let [name, value] = option else { return Err(USAGE.to_owned()) };
        let number =
            || value.parse::<u64>().map_err(|_| format!("{name}: `{value}` is not a number\n{USAGE}"));
        match name.as_str() {
            "--seconds" => limits.time = Duration::from_secs(number()?),
            "--first" => limits.first = number()?,
            "--inputs" => limits.inputs = number()?,
            "--replay" => return replay(target, value),
            _ => return Err(USAGE.to_owned()),
        }
    }
    let stood = drive(target, limits).map_err(|failure| failure.to_string())?;
    let (inputs, slowest) = (stood.inputs, stood.slowest);
    Ok(format!(
        "{}: {inputs} inputs from number {} on, the slowest took {slowest:?}",
        target.name, limits.first
    ))
}

fn replay(target: &Target, file: &str) -> Result<String, String> {
    let bytes = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
    let took = once(target, &bytes).map_err(|why| format!("{}: {why}", target.name))?;
    Ok(format!("{}: nothing wrong with {file}, in {took:?}", target.name))
}
