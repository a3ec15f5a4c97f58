//! The binary: the command line, and what only it may bring together with it.

mod demo;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main(|args| daemon::run(&args.config), |args| demo::run(&args))
}
