//! `steadfast demo`: three machines on this one, and a story that is true.
//!
//! The machines are hosts of the lab where root can make them (`demo/hosts.rs`), else three daemons
//! on loopback addresses (`demo/loopback.rs`). On them a [`Scenario`] runs the commands that a user
//! would type, through a shell, and shows what they really print. What it says of the outcome it has
//! checked: the demo exits with 0 only if every expectation held.
//!
//! However it ends, nothing is left: everything hangs on values that clean up when they are dropped,
//! and Ctrl-C ends the story between two looks instead of the process (`demo/interrupt.rs`).
//!
//! Read next: `demo/leader_loss.rs`, a scenario.

mod disk;
mod failed;
mod failover;
mod form;
mod hosts;
mod interrupt;
mod leader_loss;
mod loopback;
mod machines;
mod network_cut;
mod stage;
mod teller;

use failed::Failed;
use interrupt::Interrupt;
use stage::Stage;
use std::io::{IsTerminal, Write as _};
use std::process::ExitCode;
use teller::Teller;

/// A story.
struct Scenario {
    name: &'static str,
    about: &'static str,
    /// Whether it plays with networks, which daemons on loopback addresses do not have.
    needs_hosts: bool,
    tell: fn(&mut Stage) -> Result<(), Failed>,
}

const SCENARIOS: [Scenario; 3] = [
    Scenario {
        name: "leader-loss",
        about: "the leader is killed; the cluster answers, and nothing is lost",
        needs_hosts: false,
        tell: leader_loss::tell,
    },
    Scenario {
        name: "network-cut",
        about: "one of two networks fails, then a whole node is cut off",
        needs_hosts: true,
        tell: network_cut::tell,
    },
    Scenario {
        name: "failover",
        about: "a web site is moved, killed, cut off, frozen and drained; a disk waits for a person",
        needs_hosts: true,
        tell: failover::tell,
    },
];

/// As in the rest of the product: the command line was not understood.
const EXIT_USAGE: u8 = 2;

/// What a shell reports of a program that Ctrl-C ended.
const EXIT_INTERRUPTED: u8 = 130;

/// Tells the scenario that was asked for; on a terminal the one that is chosen; else all of them.
pub(crate) fn run(args: &cli::DemoArgs) -> ExitCode {
    let chosen = match &args.scenario {
        Some(name) => match SCENARIOS.iter().find(|scenario| scenario.name == name) {
            Some(scenario) => vec![scenario],
            None => {
                let names: Vec<_> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
                complain(&format!("there is no scenario `{name}`; there are: {}", names.join(", ")));
                return EXIT_USAGE.into();
            }
        },
        None if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() => match menu() {
            Some(chosen) => chosen,
            None => return ExitCode::SUCCESS,
        },
        None => SCENARIOS.iter().collect(),
    };
    match tell(&chosen) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed::Interrupted) => EXIT_INTERRUPTED.into(),
        Err(failed) => {
            complain(&failed.to_string());
            ExitCode::FAILURE
        }
    }
}

fn tell(chosen: &[&Scenario]) -> Result<(), Failed> {
    let interrupt = Interrupt::watch()?;
    let mut stage = Stage::set_up(Teller::of_stdout(), interrupt)?;
    let told = (|| {
        form::tell(&mut stage)?;
        for scenario in chosen {
            if scenario.needs_hosts && stage.machines.lab().is_none() {
                let Scenario { name, .. } = scenario;
                stage.teller.say(&format!(
                    "SKIPPED {name}: it needs machines with networks of their own, which only root can make."
                ))?;
            } else {
                (scenario.tell)(&mut stage)?;
            }
        }
        Ok(())
    })();
    stage.close(told)
}

/// Lets a person choose. Nothing, if there is nothing to tell any more.
fn menu() -> Option<Vec<&'static Scenario>> {
    let mut text = String::from("What shall be shown, on three machines made on this one?\n\n");
    for (number, scenario) in (1..).zip(&SCENARIOS) {
        text += &format!("  {number}  {:<12} {}\n", scenario.name, scenario.about);
    }
    text += "  a  all of it\n  q  nothing\n\n";
    loop {
        print(&text);
        print("> ");
        let mut line = String::new();
        if std::io::stdin().read_line(&mut line).ok()? == 0 {
            return None;
        }
        let word = line.trim();
        let number = word.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let scenario = number.and_then(|at| SCENARIOS.get(at));
        match scenario.or_else(|| SCENARIOS.iter().find(|scenario| scenario.name == word)) {
            Some(scenario) => return Some(vec![scenario]),
            None if word == "a" => return Some(SCENARIOS.iter().collect()),
            None if word == "q" => return None,
            None => {}
        }
    }
}

/// A terminal that is gone ends the menu at its next question.
fn print(text: &str) {
    let mut out = std::io::stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Where nobody hears it, the exit code says it.
fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "error: {text}");
}
