//! The project's own tasks, as `cargo xtask TASK`.
//!
//! Only the standard library, so that a fresh machine has it in seconds. Each task asks for what it
//! needs from the system first ([`prereqs`]); what it then does is one or two cargo calls, shown
//! before they run, so that anyone can type them instead.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "talking to a person is all it does")]

mod cargo;
mod deb;
mod prereqs;
mod suite;

use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask TASK [ARGS]

  prereqs       check for what is needed from the system, and install it where that is possible
  test [ARGS]   all tests; ARGS go to the test runner (nextest where it is installed)
  demo [ARGS]   build the product and run `steadfast demo ARGS`
  deb [DIR]     build the Debian package into DIR, without one into the build's own folder
  bench [ARGS]  build and run the benchmarks
  tidy          the house rules: dependency edges, licences, sizes of files and functions
";

/// 2, as in the product: the command line was not understood.
const EXIT_USAGE: u8 = 2;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let (task, rest) = args.split_first().map_or(("", &args[..]), |(task, rest)| (*task, rest));
    let done = match (task, rest) {
        ("prereqs", []) => prereqs::ensure(),
        ("test", rest) => suite::run(rest),
        ("demo", _) => prereqs::ensure().and_then(|()| cargo::run_binary("steadfast", &args)),
        ("bench", rest) => prereqs::ensure_for_bench(rest).and_then(|()| cargo::run_binary("bench", rest)),
        ("deb", []) => deb::build(None),
        ("deb", [into]) => deb::build(Some(into)),
        ("tidy", []) => cargo::run(&["test", "--release", "--package", "xtask"]),
        ("help" | "--help" | "-h", _) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(EXIT_USAGE);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(message) = failure.message {
                eprintln!("xtask: {message}");
            }
            ExitCode::from(failure.code)
        }
    }
}

/// Why a task ended early.
struct Failure {
    /// What to say; `None` when the program that failed has said it.
    message: Option<String>,
    /// The exit code to pass on.
    code: u8,
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self { message: Some(message), code: 1 }
    }
}
