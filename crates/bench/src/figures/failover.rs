//! What clients notice: of a lost node, of a move, of a failure, of everything off and on again.
//!
//! A host that belongs to nobody asks every 5 ms who has the address (`lab`'s referee), so an outage is known
//! to 5 ms, and two owners are seen as two answers to one question. Each figure is a median of
//! ten, or of `--rounds`.
//!
//! * `lost`: a node is lost at once, with its cables. `owners`: cut off, or frozen and woken.
//! * `moved`, `failed`, `daemon`, `stall`: nothing is lost.
//! * `cold`: everything was off.

pub(crate) mod cold;
pub(crate) mod daemon;
pub(crate) mod failed;
pub(crate) mod lost;
pub(crate) mod moved;
pub(crate) mod owners;
pub(crate) mod stall;

use crate::hosts::Hosts;
use crate::problem::Problem;
use crate::report::{Figure, Target, in_ms};
use crate::sample::Sample;
use lab::Verdict;
use std::path::Path;
use std::time::Duration;

/// Between two questions of the referee.
const QUESTION_MS: f64 = 5.0;
/// The referee asks for so long before anything is done, and after all is well again.
const MARGIN: Duration = Duration::from_millis(200);

/// Why there can be no hosts here, said in place of the figures; none if there can.
pub(crate) fn no_hosts() -> Option<String> {
    lab::Lab::supported().err()
}

/// What the peers do, from the measurement that the goals were set by: none of them is run here.
pub(crate) fn peers_note() -> String {
    let there = |program: &&str| {
        ["/usr/sbin", "/usr/bin", "/sbin"].iter().any(|dir| Path::new(dir).join(program).exists())
    };
    let found: Vec<_> = ["pacemakerd", "keepalived"].into_iter().filter(there).collect();
    let here = match found.is_empty() {
        true => "neither is installed here".to_owned(),
        false => format!("{} is installed here, and not run", found.join(" and ")),
    };
    format!("  Pacemaker 2.1 and keepalived 2.2: as measured on such a machine on 2026-11-22; {here}.")
}

/// A file for the cluster: the group of an address and what depends on it.
fn file(profile: &str, app: &str) -> String {
    format!(
        "[cluster]\nname = \"bench\"\nprofile = \"{profile}\"\n\n\
         [[group]]\nname = \"web\"\nrestarts = \"1000 in 15m\"\nfailovers = \"1000 in 15m\"\n\
         possible_owners = [\"n1\", \"n2\", \"n3\"]\n\
         [[group.resource]]\nname = \"ip\"\ntype = \"ip-address\"\naddress = \"{}/24\"\n\
         [[group.resource]]\nname = \"app\"\n{app}\ndepends_on = [\"ip\"]\n",
        crate::hosts::ADDRESS
    )
}

/// A program that does nothing.
const DUMMY: &str = "type = \"dummy\"";

/// For how long nobody answered, all in all.
fn outage(verdict: &Verdict) -> Duration {
    verdict.outages().iter().map(|outage| outage.lasted).sum()
}

/// The middle of all, with the least and the most beside it.
fn of(name: &str, all: Vec<Duration>, limit: Duration, note: &str) -> Figure {
    let all = Sample::from(all);
    let (least, most) = (in_ms(all.least()), in_ms(all.most()));
    let note = format!("{least:.0} to {most:.0}, {} times; {note}", all.count());
    Figure::time(name, all.median()).against(Target::AtMost(in_ms(limit))).note(note)
}

/// For how long two answered for one address, all in all: it should never be.
fn two_owners(name: &str, verdicts: &[Verdict], note: &str) -> Figure {
    let questions: usize = verdicts.iter().map(|verdict| verdict.several().len()).sum();
    let note = format!("{questions} questions with two answers, {} times; {note}", verdicts.len());
    #[expect(clippy::cast_precision_loss, reason = "there are some thousands of questions")]
    let time = questions as f64 * QUESTION_MS;
    Figure::number(name, time, "ms").against(Target::AtMost(0.0)).note(note)
}

/// Lets the referee go on for a while, with the machine left alone.
async fn pause() {
    tokio::time::sleep(MARGIN).await;
}

/// Waits until the group is online on another member than `lost`.
async fn elsewhere(hosts: &Hosts, lost: usize) -> Result<(), Problem> {
    let name = hosts.host(lost).name();
    let taken = |status: &api::Status| {
        status.node != name
            && crate::hosts::owner(status, crate::hosts::GROUP).is_some_and(|owner| owner != name)
    };
    hosts.until("the group elsewhere", |all| all.iter().flatten().any(taken).then_some(())).await
}
