//! What a hostile monitor makes of those who wait for it: everybody is answered, with what it said to
//! them or with its end, and with nothing else.

use super::frames::messages;
use super::talk::runtime;
use super::{Target, ensure};
use crate::panics;
use model::TypeName;
use monitor_client::{End, Lost, News, NotLoaded};
use resource_api::frame::encode;
use resource_api::message::{LoadStage, NoticedBy, TypeStanding};
use resource_api::{
    Checks, Failure, FromMonitor, Instance, Note, Outcome, ResourceId, TypeDescription, Verb, Verdict,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;

/// Far more than the time until the end of the input, at which everybody is answered.
const PATIENCE: Duration = Duration::from_secs(20);

/// The monitor's client, with calls under way.
pub(super) const CLIENT: Target = Target {
    name: "monitor-client",
    reads: "what a hostile resource monitor answers",
    run: |bytes| {
        let said = messages(&[bytes]);
        let heard = runtime().block_on(async { tokio::time::timeout(PATIENCE, Heard::of(bytes)).await });
        let heard = heard.map_err(|_| "somebody waits in vain".to_owned())?;
        panics::noted().map_or(Ok(()), Err)?;
        heard.holds(&said)
    },
    seeds: || {
        let outcome = Outcome::failed(Failure::Generic, "why").with_output("out\n");
        let answer = |call| FromMonitor::Answer { call, outcome: outcome.clone(), took_us: 8 };
        let types = || FromMonitor::Types { types: vec![TypeStanding { name: kind(), problem: None }] };
        let described =
            || FromMonitor::Described { kind: kind(), description: None, reason: "why".to_owned() };
        let note = |score| {
            let note = Note::Score { id: id(), node: "n1".to_owned(), score: Some(score) };
            FromMonitor::Note { note }
        };
        let failed = |stage| FromMonitor::LoadFailed {
            library: "/x.so".into(),
            stage,
            problems: vec!["broken".to_owned()],
        };
        let changed = || FromMonitor::Changed {
            id: id(),
            outcome: Outcome::not_running(),
            noticed_by: NoticedBy::Event,
            left_out: 0,
        };
        let talks = [
            vec![answer(1), answer(2), types(), described()],
            vec![answer(2), answer(2), answer(1), answer(0), answer(u64::MAX)],
            vec![types(), types(), described(), described(), FromMonitor::Pong { nonce: 9 }],
            vec![failed(LoadStage::Startup), answer(1), failed(LoadStage::Startup), changed(), note(0)],
            (0..50).map(note).collect(),
            vec![changed(), note(1), changed(), note(2), note(1), changed()],
        ];
        let bytes =
            |talk: &Vec<FromMonitor>| talk.iter().filter_map(|one| encode(one).ok()).flatten().collect();
        talks.iter().map(bytes).collect()
    },
    words: &["\"call\":1", "\"call\":2", "\"say\":\"answer\"", "\"type\":\"dummy\"", "null", "\\u001b[2J"],
};

fn id() -> ResourceId {
    ResourceId { group: "g".parse().expect("it is a name"), resource: "r".parse().expect("it is a name") }
}

fn kind() -> TypeName {
    "dummy".parse().expect("it is a name")
}

/// What those who waited got.
struct Heard {
    calls: [Outcome; 2],
    types: Result<Vec<TypeStanding>, Lost>,
    described: Result<Result<TypeDescription, String>, Lost>,
    news: Vec<News>,
    end: Arc<End>,
}

impl Heard {
    /// Two calls and two questions are under way when the monitor says this.
    async fn of(says: &[u8]) -> Self {
        let (ours, mut theirs) = UnixStream::pair().expect("the test needs a socket");
        let (tell, mut told) = monitor_client::news();
        let monitor = monitor_client::fuzzing::monitor(ours, tell);
        let (id, kind) = (id(), kind());
        let checks = Checks::default();
        monitor.open(Instance { id: id.clone(), kind: kind.clone(), parameters: BTreeMap::new(), checks });
        let speak = async {
            // A client that has heard enough hangs up.
            let _ = theirs.write_all(says).await;
            drop(theirs);
        };
        // In this order, and nothing is heard before all have asked: calls 1 and 2.
        let (first, second, types, described, (), end) = tokio::join!(
            biased;
            monitor.call(&id, Verb::Online, PATIENCE, BTreeMap::new()),
            monitor.call(&id, Verb::IsAlive, PATIENCE, BTreeMap::new()),
            monitor.types(PATIENCE),
            monitor.describe(&kind, PATIENCE),
            speak,
            monitor.ended(),
        );
        let (news, _) = told.now();
        Self { calls: [first, second], types, described, news, end }
    }

    /// Whether that is what was said, to whom it was said.
    fn holds(&self, said: &[FromMonitor]) -> Result<(), String> {
        for (number, got) in (1..).zip(&self.calls) {
            let answer = said.iter().find_map(|one| match one {
                FromMonitor::Answer { call, outcome, .. } if *call == number => Some(outcome),
                _ => None,
            });
            let crashed = got.verdict == Verdict::Failed { failure: Failure::Crashed };
            ensure(answer.map_or(crashed, |answer| answer == got), "a call was answered otherwise")?;
        }
        let types = said.iter().find_map(|one| match one {
            FromMonitor::Types { types } => Some(types),
            _ => None,
        });
        ensure(types == self.types.as_ref().ok(), "the types are others")?;
        let described = said.iter().find_map(|one| match one {
            FromMonitor::Described { kind: named, description, reason } if *named == kind() => {
                Some(description.clone().ok_or_else(|| reason.clone()))
            }
            _ => None,
        });
        ensure(described.as_ref() == self.described.as_ref().ok(), "the type is described otherwise")?;
        let news = news(said);
        ensure(news == self.news, "the news are others")?;
        let not_loaded = said.iter().rev().find_map(|one| match one {
            FromMonitor::LoadFailed { library, stage, problems } => {
                Some(NotLoaded { library: library.clone(), stage: *stage, problems: problems.clone() })
            }
            _ => None,
        });
        ensure(not_loaded == self.end.not_loaded, "why it was not loaded is told otherwise")?;
        let how = &self.end.how;
        ensure(
            how.chars().count() < 300 && !how.chars().any(char::is_control),
            &format!("its end is told as {how:?}"),
        )
    }
}

/// What is left of it for one who listens at the end: the latest of each, in the order of the latest.
fn news(said: &[FromMonitor]) -> Vec<News> {
    let mut news: Vec<News> = Vec::new();
    for one in said {
        match one.clone() {
            FromMonitor::Changed { id: of, outcome, noticed_by, left_out } if of == id() => {
                let before = news.iter().position(|known| matches!(known, News::Changed { .. }));
                let before = match before.map(|at| news.remove(at)) {
                    Some(News::Changed { left_out, .. }) => left_out.saturating_add(1),
                    _ => 0,
                };
                let left_out = left_out.saturating_add(before);
                news.push(News::Changed { id: of, outcome, noticed_by, left_out });
            }
            FromMonitor::Note { note } if !note.is_too_long() => {
                news.retain(|known| !matches!(known, News::Noted(known) if known.about() == note.about()));
                news.push(News::Noted(note));
            }
            _ => {}
        }
    }
    news
}
