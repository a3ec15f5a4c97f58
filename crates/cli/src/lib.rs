//! The command line: one file per command.
//!
//! It is a client: whatever it knows of a cluster comes through [`api::client`], over the local
//! socket or over TLS, so nothing can be done here that a program could not do as well. Only
//! with `--file` it plans by itself (`offline`), with the planner that every node has. `run`, `demo`,
//! `monitor`, `gate-keeper` and `trace` are handed over to whoever calls [`main`], because this crate knows
//! neither the daemon, nor the lab, nor any resource type, nor the kernel.
//!
//! Data goes to standard output, talk to standard error, all of it through one writer (`out`).
//! A failure says what failed, why, and the next command (`failure`); its exit code is one of
//! five (`exit`). Every option, variable and default is declared in `settings`.
//!
//! Read next: `args` for the commands, `commands/status.rs` as the pattern of one.

mod args;
mod commands;
mod context;
mod exit;
mod failure;
mod files;
pub mod fuzzing;
#[cfg(test)]
mod golden;
mod offline;
mod out;
mod paint;
#[cfg(test)]
mod reference;
mod render;
mod settings;
mod table;

pub use commands::demo::DemoArgs;
pub use commands::run::RunArgs;

use args::{Cli, Command};
use clap::Parser;
use context::Context;
use exit::Exit;
use failure::Failure;
use out::Out;
use std::path::Path;
use std::process::ExitCode;

/// Reads the program's arguments and does what they say. `run` is the daemon, `demo` the
/// demonstration, `monitor` the resource monitor, `gate_keeper` what holds the gate's table, at a path, `trace`
/// what sees which files a process and its children read; they are called before anything else is started.
#[must_use]
pub fn main(
    run: fn(RunArgs) -> ExitCode,
    demo: fn(DemoArgs) -> ExitCode,
    monitor: fn() -> ExitCode,
    gate_keeper: fn(&Path) -> ExitCode,
    trace: fn(u32) -> ExitCode,
) -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return args::explain_usage(&error).into(),
    };
    let mut out = Out::of_process(cli.global.color);
    match cli.command {
        Command::Run => run(commands::run::hand_over(&cli.global)),
        Command::Demo(args) => demo(args),
        Command::Monitor => monitor(),
        Command::GateKeeper(args) => gate_keeper(&args.socket),
        Command::Trace(args) => trace(args.process),
        Command::Guard(commands::guard::Command::Hook { caller }) => {
            commands::guard::hook(caller, &cli.global)
        }
        command => {
            let done = on_runtime(command, &mut Context::new(&mut out, &cli.global));
            done.unwrap_or_else(|failure| out.fail(&failure)).into()
        }
    }
}

/// One thread: a command makes one request, and its start-up time is part of every script's.
fn on_runtime(command: Command, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(|error| Failure::new("the program cannot start").because(error))?;
    runtime.block_on(commands::dispatch(command, context))
}
