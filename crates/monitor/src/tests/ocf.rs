//! OCF agents: scripted ones that behave as badly as they come, and the real ones of this machine.

mod hostile;
mod real;
mod scripts;
mod services;

use super::client::{Client, PATIENCE, id};
use crate::types::Registry;
use crate::types::ocf::Ocf;
use model::desired::Value;
use resource_api::{
    Checks, Failure, FromMonitor, Instance, Note, Outcome, ToMonitor, TypeDescription, Verb, Verdict,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A monitor of agents below this root alone.
fn registry(ocf_root: &Path, state: &Path) -> Registry {
    let ocf = Ocf::at(ocf_root.to_owned(), state.to_owned(), tools());
    Registry::of([]).with("ocf", Arc::new(ocf))
}

/// The program that is the tools: the example of this crate, beside the tests.
fn tools() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    tests.parent().and_then(Path::parent).unwrap().join("examples/monitor")
}

async fn open(daemon: &mut Client, name: &str, kind: &str, parameters: &[(&str, &str)]) {
    let parameters: BTreeMap<_, _> = parameters
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Value::Text((*value).to_owned())))
        .collect();
    let instance =
        Instance { id: id(name), kind: kind.parse().unwrap(), parameters, checks: Checks::default() };
    daemon.say(&ToMonitor::Open { instance }).await;
}

/// A call with arguments.
async fn call_with(daemon: &mut Client, name: &str, verb: Verb, arguments: &[(&str, &str)]) -> Outcome {
    let arguments = arguments.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    // Far from the numbers that the client gives by itself.
    let (call, deadline_ms) = (u64::MAX, u64::try_from(PATIENCE.as_millis()).unwrap());
    daemon.say(&ToMonitor::Call { call, id: id(name), verb, deadline_ms, arguments }).await;
    daemon.answer(call).await
}

async fn describe(daemon: &mut Client, kind: &str) -> Result<TypeDescription, String> {
    let wanted: model::TypeName = kind.parse().unwrap();
    daemon.say(&ToMonitor::Describe { kind: wanted.clone() }).await;
    daemon
        .hear(|said| match said {
            FromMonitor::Described { kind, description, reason } if *kind == wanted => {
                Some(description.clone().ok_or_else(|| reason.clone()))
            }
            _ => None,
        })
        .await
}

/// The next score that this resource gives itself.
async fn score(daemon: &mut Client, name: &str) -> Option<i64> {
    let wanted = id(name);
    daemon
        .hear(|said| match said {
            FromMonitor::Note { note: Note::Score { id, score, .. } } if *id == wanted => Some(*score),
            _ => None,
        })
        .await
}

fn failure(outcome: &Outcome) -> Option<Failure> {
    match outcome.verdict {
        Verdict::Failed { failure } => Some(failure),
        _ => None,
    }
}
