//! The targets: one per decoder, and the planner, whose input is a decision on everything.

mod answer;
mod certificate;
mod components;
mod credential;
mod database;
mod datagram;
mod documents;
mod frames;
mod guard;
mod http;
mod join;
mod metadata;
mod monitor_client;
mod peer;
mod planner;
mod records;
mod talk;
mod texts;
mod tls;

/// A decoder, and what must hold for whatever it is given.
#[derive(Debug)]
pub struct Target {
    /// Its name on the command line, and of its folder in `corpus`.
    pub name: &'static str,
    /// Whose bytes it reads.
    pub reads: &'static str,
    /// Runs it on one input; says what did not hold.
    pub run: fn(&[u8]) -> Result<(), String>,
    /// What inputs are made of.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// What is inserted into them, beside what is special to every format.
    pub words: &'static [&'static str],
}

/// All targets.
pub static TARGETS: [Target; 28] = [
    datagram::DATAGRAM,
    datagram::SEALED,
    join::TOKEN,
    join::REQUEST,
    http::HTTP,
    http::QUERY,
    tls::TLS,
    certificate::CERTIFICATE,
    texts::DECLARATION,
    texts::CONFIGURATION,
    peer::PEER,
    database::DATABASE,
    records::RECORDS,
    documents::DOCUMENTS,
    answer::ANSWER,
    answer::STREAM,
    credential::CREDENTIAL,
    frames::MONITOR,
    monitor_client::CLIENT,
    metadata::METADATA,
    components::ELF,
    components::SCRIPT,
    components::PACKAGES,
    components::BASELINE,
    guard::DEB,
    guard::APT,
    guard::APT_JSON,
    planner::PLANNER,
];

/// The target of this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// Fails with `why` unless it `holds`.
fn ensure(holds: bool, why: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why.to_owned()) }
}
