//! The binary: the command line, and what only it may bring together with it.

mod demo;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Called by an agent, by the name of a tool of Pacemaker's?
    let mut arguments = std::env::args_os();
    if let Some(name) = arguments.next()
        && let Some(done) = monitor::shim::run(&name, arguments)
    {
        return done;
    }
    cli::main(|args| daemon::run(&args.config), |args| demo::run(&args), resource_monitor, gate_keeper)
}

/// The resource monitor. The daemon gives its lines a time.
fn resource_monitor() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_env("STEADFAST_LOG");
    let filter = filter.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Fails only if something has begun logging already, and nothing has.
    let _ = log.with_ansi(false).without_time().with_target(false).try_init();
    monitor::run()
}

/// What holds the table of nftables when the daemon does not. Nobody hears what it says.
fn gate_keeper(socket: &Path) -> ExitCode {
    match gate::keep(socket) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
