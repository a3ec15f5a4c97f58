//! The binary: the command line, and what only it may bring together with it.

use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main(|args| daemon::run(&args.config), |args| demo(&args))
}

fn demo(args: &cli::DemoArgs) -> ExitCode {
    let scenario = args.scenario.as_deref().unwrap_or("all");
    let _ = writeln!(std::io::stderr(), "error: the demonstration ({scenario}) is not in this build");
    ExitCode::FAILURE
}
