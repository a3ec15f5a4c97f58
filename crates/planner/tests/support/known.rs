//! What is known, in lines:
//!
//! ```text
//! now 2026-11-22 sun 14                  the local date, day and hour; the moment is always 100000 s
//! nodes n1 n2 n3                         members, in the order of joining
//! node n2 down                           or paused, draining, maintenance, joining, isolated
//! node n2 attribute ssd=yes
//! node n2 network 1 10.0.0.2           its address on a network
//! node n2 not ready: TYPE why            everything of a type
//! node n2 not ready: TYPE web/ip why     one resource
//! node n2 not ready: TYPE foreign: why   it is not what was validated; `lowered:`, others go before
//! web on n1                              it owns it, and all of it is online
//! web on n1: ip online, site failed      what is not named is offline
//! web strays n1: …                       it runs there, and the node does not own it
//! web on n1 primary, web on n1 promotion 100
//! web on n1 until +5s                    it may be taken over in 5 s
//! web on n1 held: why                    nobody knows when
//! web offline, web maintenance, web asked n2
//! web failed ip n1 4 times               just now; `at start` may follow
//! web failovers 2
//! if node:n1=down                        a hypothesis
//! explain web                            with everything that was considered
//! ```

use model::desired::ClusterSpec;
use planner::{
    CopyView, Degree, Failure, GroupView, NodeView, NotReady, Now, Standing, State, Takeover, View,
};
use std::collections::BTreeMap;

/// The moment of every case.
pub const NOW_MS: u64 = 100_000_000;

/// Reads what is known.
pub fn view(spec: &ClusterSpec, lines: &str) -> View {
    let now = Now { unix_ms: NOW_MS, hour: 12, ..Now::default() };
    let mut view = View { now, ..View::default() };
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let read = read(spec, &mut view, line);
        read.unwrap_or_else(|| panic!("a line that says nothing known: {line}"));
    }
    view
}

fn read(spec: &ClusterSpec, view: &mut View, line: &str) -> Option<()> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        ["if", _] | ["explain", _] => {}
        ["now", date, day, hour] => {
            let days = model::desired::Day::ALL;
            view.now.date = date.parse().ok()?;
            view.now.day = days.into_iter().find(|one| one.as_str() == *day)?;
            view.now.hour = hour.parse().ok()?;
        }
        ["nodes", names @ ..] => view.nodes.extend(
            names.iter().map(|name| NodeView::new(name.parse().expect("a node's name"), Standing::Up)),
        ),
        ["node", name, rest @ ..] => node(view, name, rest, line)?,
        [group, rest @ ..] => {
            let known = view.groups.entry(group.parse().ok()?).or_default();
            self::group(spec.group(&group.parse().ok()?), known, rest, line)?;
        }
        [] => {}
    }
    Some(())
}

fn node(view: &mut View, name: &str, rest: &[&str], line: &str) -> Option<()> {
    let node = view.nodes.iter_mut().find(|node| node.name.as_str() == name)?;
    match rest {
        ["attribute", pair] => {
            let (key, value) = pair.split_once('=')?;
            node.attributes.insert(key.to_owned(), value.to_owned());
        }
        ["network", name, address] => {
            node.networks.insert((*name).to_owned(), address.parse().ok()?);
        }
        ["not", "ready:", kind, why @ ..] => {
            let _ = line;
            let (resource, why) = match why {
                [first, why @ ..] if first.contains('/') => (Some((*first).to_owned()), why),
                why => (None, why),
            };
            let degree = match why.first() {
                Some(&"lowered:") => Degree::Lowered,
                Some(&"foreign:") => Degree::NotReady,
                _ => Degree::Unable,
            };
            let reason = why.join(" ");
            node.not_ready.push(NotReady { kind: kind.parse().ok()?, resource, reason, degree });
        }
        [standing] => {
            node.standing = match *standing {
                "up" => Standing::Up,
                "down" => Standing::Down,
                "paused" => Standing::Paused,
                "draining" => Standing::Draining,
                "maintenance" => Standing::Maintenance,
                "joining" => Standing::Joining,
                "isolated" => Standing::Isolated,
                _ => return None,
            }
        }
        _ => return None,
    }
    Some(())
}

/// Of a group that the file does not have, every resource is named.
fn group(
    spec: Option<&model::desired::GroupSpec>,
    known: &mut GroupView,
    rest: &[&str],
    line: &str,
) -> Option<()> {
    match rest {
        ["offline"] => known.wanted_offline = true,
        ["maintenance"] => known.maintenance = true,
        ["asked", node] => known.asked = Some(node.parse().ok()?),
        ["failovers", count] => known.failovers = vec![NOW_MS - 1_000; count.parse().ok()?],
        ["failed", resource, node, count, "times" | "time", at_start @ ..] => {
            let one = Failure {
                resource: resource.parse().ok()?,
                node: node.parse().ok()?,
                at_ms: NOW_MS - 1_000,
                at_start: at_start == ["at", "start"],
            };
            known.failures.extend(std::iter::repeat_n(one, count.parse().ok()?));
        }
        [how @ ("on" | "strays"), place, ..] => {
            let (head, states) = match line.split_once(": ") {
                Some((head, states)) if !head.ends_with(" held") => (head, Some(states)),
                _ => (line, None),
            };
            let node = place.trim_end_matches(':');
            let mut copy = CopyView {
                node: node.parse().ok()?,
                owned: *how == "on",
                takeover: Takeover::Now,
                primary: head.contains(" primary"),
                promotion: None,
                resources: BTreeMap::new(),
            };
            let head: Vec<&str> = head.split_whitespace().collect();
            for pair in head.windows(2) {
                match pair {
                    ["promotion", score] => copy.promotion = Some(score.parse().ok()?),
                    ["until", span] => {
                        let seconds: u64 = span.strip_prefix('+')?.strip_suffix('s')?.parse().ok()?;
                        copy.takeover = Takeover::At(NOW_MS + seconds * 1000);
                    }
                    _ => {}
                }
            }
            if let Some((_, why)) = line.split_once(" held: ") {
                copy.takeover = Takeover::Never(why.to_owned());
            }
            copy.resources = match states {
                None => spec?.resources.iter().map(|one| (one.name.clone(), State::Online)).collect(),
                Some(states) => states.split(", ").map(state).collect::<Option<_>>()?,
            };
            known.copies.push(copy);
        }
        _ => return None,
    }
    Some(())
}

fn state(text: &str) -> Option<(model::ResourceName, State)> {
    let (name, state) = text.trim().split_once(' ')?;
    let state = match state {
        "offline" => State::Offline,
        "starting" => State::Starting,
        "online" => State::Online,
        "changed" => State::Changed,
        "stopping" => State::Stopping,
        "failed" => State::Failed,
        "stop-failed" => State::StopFailed,
        "unknown" => State::Unknown,
        _ => return None,
    };
    Some((name.parse().ok()?, state))
}
