//! The figures that Steadfast promises, each beside its floor or target.
//!
//! The real binary runs as three daemons on loopback addresses, on two networks, with real fsync on
//! the disk of the build folder. No root is needed for that and nothing is left behind, whichever way this
//! program ends (`keeper`). What clients notice of a failover is measured on whole hosts (`hosts`), which
//! only root can make; where they cannot be made, those figures are skipped with the reason. A figure that is not reached is a result, not an error: the exit code
//! is 0 unless something could not be measured, and then it is said what.
//!
//! Wall times are those of a machine that also runs the three daemons and their clients, and maybe
//! a compiler, so each figure is a median or a percentile of many, and the load average stands
//! beside it. No test is timed; this is the one place that looks at a clock.
//!
//! Read next: `cluster` for what is measured on, one file of `figures` for how.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "printing figures is all it does")]

mod args;
mod binary;
mod cluster;
mod daemon;
mod figures;
mod hosts;
mod keeper;
mod machine;
mod monitor;
mod problem;
mod report;
mod sample;
mod writer;

use args::{Args, Wanted};
use clap::Parser as _;
use figures::failover::{self, cold, daemon as back, failed, lost, moved, owners, stall};
use figures::{
    commit, components, guard, idle, leader_loss, pacemaker, planner, resources, start, status, writers,
};
use problem::Problem;
use report::{Figure, Report};
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = Args::parse();
    if let Some(sizes) = &args.memory_of_a_plan {
        return match planner::memory::child(sizes) {
            Ok(numbers) => {
                print!("{numbers}");
                ExitCode::SUCCESS
            }
            Err(problem) => failed(&problem),
        };
    }
    // One thread: clients must not take more of the machine from the daemons than they have to.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let measured = match runtime {
        Ok(runtime) => runtime.block_on(measure(&args)),
        Err(error) => Err(Problem::Io { doing: "start".to_owned(), source: error }),
    };
    match measured {
        Ok(report) => {
            print!("{}", if args.json { report.json() } else { report.summary() });
            if report.not_measured.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(problem) => failed(&problem),
    }
}

fn failed(problem: &Problem) -> ExitCode {
    eprintln!("bench: {problem}");
    ExitCode::FAILURE
}

/// Each figure has daemons of its own, so that none inherits another's memory or backlog, and one
/// that cannot be measured does not take the others with it.
async fn measure(args: &Args) -> Result<Report, Problem> {
    let needs_it = args.wanted().into_iter().any(Wanted::needs_the_binary);
    let binary = if needs_it { binary::find(args)? } else { PathBuf::new() };
    let place = cluster::Place { binary, dir: binary::folder(args), rounds: usize::from(args.rounds) };
    let mut report = Report::begin(&place);
    let no_hosts = args.wanted().into_iter().any(Wanted::needs_hosts).then(failover::no_hosts).flatten();
    for wanted in args.wanted() {
        if !args.json {
            println!("\n{}{}", wanted.title(), machine::load_note());
            if wanted.is_noticed_by_clients() && no_hosts.is_none() {
                println!("{}", failover::peers_note());
            }
        }
        if let Some(reason) = lacking(wanted, no_hosts.as_ref()) {
            eprintln!("  SKIPPED {wanted}: {reason}");
            continue;
        }
        match one(wanted, &place).await {
            Ok(figures) => {
                if !args.json {
                    figures.iter().for_each(|figure| println!("{figure}"));
                }
                report.figures.extend(figures);
            }
            Err(problem) => {
                eprintln!("bench: {wanted} was not measured: {problem}");
                report.not_measured.push((wanted, problem.to_string()));
            }
        }
    }
    Ok(report)
}

/// Why it cannot be measured on this machine; nothing if it can.
fn lacking(wanted: Wanted, no_hosts: Option<&String>) -> Option<String> {
    let no_hosts = no_hosts.filter(|_| wanted.needs_hosts()).cloned();
    let no_peer = || match wanted {
        Wanted::PacemakerComponents => pacemaker::missing(),
        Wanted::Verify => components::verify_missing(),
        _ => None,
    };
    no_hosts.or_else(no_peer)
}

async fn one(wanted: Wanted, place: &cluster::Place) -> Result<Vec<Figure>, Problem> {
    match wanted {
        Wanted::Commit => commit::measure(place).await,
        Wanted::Writers => writers::measure(place).await,
        Wanted::LeaderLoss => leader_loss::measure(place).await,
        Wanted::Idle => idle::measure(place).await,
        Wanted::Resources => resources::measure(place).await,
        Wanted::Planner => planner::measure(),
        Wanted::Start => start::measure(place).await,
        Wanted::Status => status::measure(place).await,
        Wanted::NodeLost => lost::measure(place).await,
        Wanted::TwoOwners => owners::measure(place).await,
        Wanted::AllOnline => cold::measure(place).await,
        Wanted::Move => moved::measure(place).await,
        Wanted::Restart => failed::measure(place).await,
        Wanted::DaemonBack => back::measure(place).await,
        Wanted::Stall => stall::measure(place).await,
        Wanted::Components => components::known(place).await,
        Wanted::Noise => components::noise(place).await,
        Wanted::Closure => components::closure(place),
        Wanted::Verify => components::verify(place),
        Wanted::Guard => guard::measure(place),
        Wanted::PacemakerComponents => pacemaker::measure(place),
    }
}
