//! A resource monitor as a program of its own, as small as it can be: first the tool of a cluster that
//! an OCF agent may have called it as, then the monitor of whoever is at the other end of its standard
//! input. The tests of agents use it as the tools.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = std::env::args_os();
    let name = args.next().unwrap_or_default();
    monitor::shim::run(&name, args).unwrap_or_else(monitor::run)
}
