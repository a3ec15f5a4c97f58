//! A component that got older on a standby: when does Pacemaker notice?
//!
//! Three hosts, or two, run Corosync and Pacemaker (`pacemaker/peer.rs`). The service on `n1` needs a library
//! at version 4. On standbys a tar unpacked by root puts version 3 in its place (`pacemaker/vendor.rs`). After
//! a minute, in which monitors look at the service on every host, Pacemaker is asked what it knows
//! (`pacemaker/said.rs`). Then `n1` is lost, and it is seen who gets the service, and when. The first case,
//! in which nothing is lost before, tells what of that is the failover itself.
//!
//! Nothing here is promised by anybody, so no figure has a target. Everything that Pacemaker said is
//! written into a file of the data folder. docs/compare-components.md has a run of it, with the reasons.

mod peer;
mod said;
mod vendor;

use crate::cluster::Place;
use crate::problem::{Doing as _, Problem};
use crate::report::Figure;
use crate::sample::Sample;
use lab::Host;
use peer::Peer;
use said::{ask, ask_afterwards, record};
use std::time::{Duration, SystemTime};

/// From the loss of the component to what Pacemaker says of it: twelve monitors of the service.
const WATCHED: Duration = Duration::from_secs(60);
/// For so long nobody starts a service that is down, after Pacemaker has nothing left to do.
const DOWN: Duration = Duration::from_secs(60);
/// How often each failover is measured at most: every round takes half a minute.
const ROUNDS_MAX: usize = 3;
/// What Pacemaker said, below the data folder.
const RECORD: &str = "pacemaker-components.txt";

/// Where a component is lost, and what becomes of the service.
struct Case {
    name: &'static str,
    members: usize,
    /// Indices of hosts.
    lost: &'static [usize],
    /// Who has the service in the end.
    taken_by: Option<usize>,
}

const CASES: [Case; 4] = [
    Case { name: "nothing lost", members: 3, lost: &[], taken_by: Some(1) },
    Case { name: "one standby", members: 3, lost: &[1], taken_by: Some(2) },
    Case { name: "only standby", members: 2, lost: &[1], taken_by: None },
    Case { name: "both standbys", members: 3, lost: &[1, 2], taken_by: None },
];

/// What became of the service when `n1` was lost; times are since then.
struct Failover {
    /// When it was lost, since 1970.
    lost_at: Duration,
    /// Starts that failed, in the order of their hosts.
    failed: Vec<Duration>,
    /// When it ran again.
    back: Option<Duration>,
}

/// Why it cannot be measured here; nothing if it can.
pub(crate) fn missing() -> Option<String> {
    Peer::missing()
}

/// Measures.
pub(crate) fn measure(place: &Place) -> Result<Vec<Figure>, Problem> {
    let versions = Peer::versions();
    let mut text = format!("{versions}\n\n");
    let mut figures = Vec::new();
    for case in &CASES {
        let measured = case.measure(place.rounds.min(ROUNDS_MAX), &mut text);
        // What was said before something went wrong tells most about it.
        let path = place.dir.join(RECORD);
        std::fs::write(&path, &text).doing(|| format!("write {}", path.display()))?;
        figures.extend(measured?);
    }
    eprintln!("  {versions}\n  what they said: {}", place.dir.join(RECORD).display());
    Ok(figures)
}

impl Case {
    fn measure(&self, rounds: usize, text: &mut String) -> Result<Vec<Figure>, Problem> {
        let peer = Peer::form(self.members)?;
        let mut figures = self.watch(&peer, text)?;
        let mut all = vec![self.fail_over(&peer)?];
        let why = self.aftermath(&peer, all[0].lost_at, text)?;
        if let Some(down) = why.still_down {
            let note = format!("after the loss of n1; crm_simulate plans: {}", why.planned);
            figures.extend(self.failed_starts(&all, &why.failure));
            figures.push(self.figure("still down", down.as_secs_f64(), "s").note(note));
            return Ok(figures);
        }
        for _ in 1..rounds {
            peer.restore()?;
            self.lose_components(&peer)?;
            all.push(self.fail_over(&peer)?);
        }
        figures.extend(self.failed_starts(&all, &why.failure));
        let back = Sample::from(all.iter().filter_map(|one| one.back).collect::<Vec<_>>());
        let by = self.taken_by.map_or("nobody", |index| peer.host(index).name());
        figures.push(self.times("service again", &back, &format!("on {by}")));
        Ok(figures)
    }

    /// Loses the components, and asks what is known of it.
    fn watch(&self, peer: &Peer, text: &mut String) -> Result<Vec<Figure>, Problem> {
        if self.lost.is_empty() {
            return Ok(Vec::new());
        }
        let asked = peer.host(1);
        let before = ask(peer, asked)?;
        record(text, &format!("{}: before", self.name), &before);
        let begun = now();
        self.lose_components(peer)?;
        std::thread::sleep(WATCHED);
        let after = ask(peer, asked)?;
        record(text, &format!("{}: {} s after the loss", self.name, WATCHED.as_secs()), &after);
        let signs = said::signs(&before, &after);
        let looks = |host: &Host| Ok::<_, Problem>(monitors(&vendor::calls(host, begun)?));
        let looks = peer.hosts().iter().map(looks).collect::<Result<Vec<_>, _>>()?;
        let note = format!(
            "of {} answers, {} s after the loss: {}; monitors meanwhile: {}; if n1 were lost: {}",
            after.len(),
            WATCHED.as_secs(),
            if signs.is_empty() { "none has changed".to_owned() } else { signs.join(", ") },
            looks.join(", "),
            said::planned(&after).unwrap_or_else(|| "no plan was told".to_owned())
        );
        #[expect(clippy::cast_precision_loss, reason = "there are some questions")]
        Ok(vec![self.figure("signs before n1 is lost", signs.len() as f64, "").note(note)])
    }

    fn lose_components(&self, peer: &Peer) -> Result<(), Problem> {
        self.lost.iter().try_for_each(|index| vendor::overwrite(peer.host(*index), 3))
    }

    /// Loses `n1`, and waits until the service runs again or everybody has failed to start it.
    fn fail_over(&self, peer: &Peer) -> Result<Failover, Problem> {
        let lost_at = now();
        peer.lose_the_first()?;
        let mut seen = Failover { lost_at, failed: Vec::new(), back: None };
        peer::until("the outcome of the failover", || {
            seen = outcome(peer, lost_at)?;
            let is_over = seen.back.is_some() || seen.failed.len() + 1 == self.members;
            Ok(if is_over { Ok(()) } else { Err(format!("starts failed on {} hosts", seen.failed.len())) })
        })?;
        Ok(seen)
    }

    /// What Pacemaker says of it afterwards, and whether the service stays down where it is.
    fn aftermath(&self, peer: &Peer, lost_at: Duration, text: &mut String) -> Result<Aftermath, Problem> {
        let asked = peer.host(1);
        peer.settled(asked)?;
        let mut still_down = None;
        if self.taken_by.is_none() {
            std::thread::sleep(DOWN);
            let back = outcome(peer, lost_at)?.back;
            still_down = back.is_none().then(|| now().saturating_sub(lost_at));
        }
        let said = ask_afterwards(asked)?;
        record(text, &format!("{}: after the loss of n1", self.name), &said);
        let failure = said::failure(&said).unwrap_or_default();
        Ok(Aftermath { still_down, planned: said::planned(&said).unwrap_or_default(), failure })
    }

    /// When starts failed: of every host that tried.
    fn failed_starts(&self, all: &[Failover], why: &str) -> Vec<Figure> {
        let of = |number: usize| {
            let times = all.iter().filter_map(|one| one.failed.get(number).copied());
            self.times(&format!("failed start {}", number + 1), &Sample::from(times.collect::<Vec<_>>()), why)
        };
        let most = all.iter().map(|one| one.failed.len()).max().unwrap_or_default();
        (0..most).map(of).collect()
    }

    fn figure(&self, what: &str, measured: f64, unit: &'static str) -> Figure {
        Figure::number(format!("{}: {what}", self.name), measured, unit)
    }

    /// The middle of all, in seconds since the loss of `n1`.
    fn times(&self, what: &str, all: &Sample, note: &str) -> Figure {
        let [least, most] = [all.least(), all.most()].map(|time| time.as_secs_f64());
        let note = format!("after the loss of n1; {least:.1} to {most:.1}, {} times; {note}", all.count());
        self.figure(what, all.median().as_secs_f64(), "s").note(note)
    }
}

/// What is left of a failover.
struct Aftermath {
    /// For how long nobody has started the service since the loss of `n1`; nothing if it runs.
    still_down: Option<Duration>,
    planned: String,
    failure: String,
}

/// What the agents' journals tell of the starts since then.
fn outcome(peer: &Peer, since: Duration) -> Result<Failover, Problem> {
    let mut found = Failover { lost_at: since, failed: Vec::new(), back: None };
    for host in peer.hosts().iter().filter(|host| host.is_up()) {
        let calls = vendor::calls(host, since)?;
        let starts = |good: bool| {
            let mut starts = calls.iter().filter(|call| call.action == "start");
            starts.find(|call| (call.answer == 0) == good).map(|call| call.at.saturating_sub(since))
        };
        found.failed.extend(starts(false));
        found.back = found.back.or_else(|| starts(true));
    }
    Ok(found)
}

/// How many monitors there were, and what they answered.
fn monitors(calls: &[vendor::Call]) -> String {
    let mut answers: Vec<_> =
        calls.iter().filter(|call| call.action == "monitor").map(|call| call.answer).collect();
    let count = answers.len();
    answers.sort_unstable();
    answers.dedup();
    let answers: Vec<_> = answers.iter().map(u8::to_string).collect();
    format!("{count} (answer {})", answers.join(" and "))
}

/// Since 1970, as the agents' journals count.
fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
