//! A node is lost at once, and its address answers from another.

use super::{DUMMY, elsewhere, file, of, outage, pause, two_owners};
use crate::cluster::Place;
use crate::hosts::{GROUP, Hosts, MEMBERS};
use crate::problem::Problem;
use crate::report::Figure;
use lab::Verdict;
use std::time::Duration;

/// A profile, and how soon an address has to answer again.
struct Case {
    profile: &'static str,
    leader: bool,
    limit: Duration,
    peers: &'static str,
}

const CASES: [Case; 4] = [
    Case {
        profile: "default",
        leader: false,
        limit: Duration::from_secs(2),
        peers: "Pacemaker 8250, tuned 1800 to 1900; keepalived 3600, without quorum",
    },
    Case {
        profile: "default",
        leader: true,
        limit: Duration::from_secs(2),
        peers: "Pacemaker 8750 (its coordinator)",
    },
    Case {
        profile: "fast",
        leader: false,
        limit: Duration::from_millis(500),
        peers: "Pacemaker: token of 300 ms unusable; keepalived at 50 ms: 180, without quorum",
    },
    Case { profile: "fast", leader: true, limit: Duration::from_millis(800), peers: "as above" },
];

/// Measures.
pub(crate) async fn measure(place: &Place) -> Result<Vec<Figure>, Problem> {
    let mut figures = Vec::new();
    let mut all_verdicts = Vec::new();
    for profile in ["default", "fast"] {
        let hosts = Hosts::form(&place.binary, &file(profile, DUMMY)).await?;
        for case in CASES.iter().filter(|case| case.profile == profile) {
            let mut verdicts = Vec::new();
            for round in 0..place.rounds {
                verdicts.push(lose(&hosts, case.leader, round).await?);
            }
            let who = if case.leader { "the leader" } else { "not the leader" };
            // Asked afterwards: just after a change of the profile, the longer lease of the one before counts.
            let bound = bound(&hosts).await;
            let note = format!("bound {bound}; {}", case.peers);
            let outages = verdicts.iter().map(outage).collect();
            figures.push(of(&format!("node lost, {profile}, {who}"), outages, case.limit, &note));
            all_verdicts.extend(verdicts);
        }
    }
    figures.push(two_owners("two owners after the loss of a node", &all_verdicts, "Pacemaker: not measured"));
    Ok(figures)
}

/// What the cluster itself says how long a takeover may wait.
async fn bound(hosts: &Hosts) -> String {
    let all = hosts.look().await;
    let shown = all.iter().flatten().flat_map(|status| &status.groups).find(|shown| shown.name == GROUP);
    let bound = shown.and_then(|shown| shown.takeover_bound_ms);
    bound.map_or_else(|| "none".to_owned(), |bound| format!("{bound} ms"))
}

async fn lose(hosts: &Hosts, the_leader: bool, round: usize) -> Result<Verdict, Problem> {
    let leader = hosts.calm().await?;
    let victim = if the_leader { leader } else { (leader + 1 + round % 2) % MEMBERS };
    hosts.place(victim).await?;
    let referee = hosts.referee()?;
    pause().await;
    // Its cables go one after the other. Before the second one is gone, it would tell the others of the first,
    // which nothing does that loses its power.
    hosts.lab().isolate(hosts.host(victim))?;
    hosts.host(victim).kill()?;
    elsewhere(hosts, victim).await?;
    pause().await;
    let verdict = referee.end();
    hosts.lab().heal()?;
    hosts.host(victim).start()?;
    hosts.start(victim)?;
    Ok(verdict)
}
