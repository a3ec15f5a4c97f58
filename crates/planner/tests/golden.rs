//! What was known when a plan was made is stored (the record of plans) and sent (between nodes, to the
//! command line): one written by this version must be read by the next.
//!
//! `UPDATE_GOLDEN=1` writes the file anew. Fields may be added, with a default; a field that is renamed or
//! removed, or means something else, leaves records behind that nobody can replay.

#![allow(clippy::disallowed_methods, reason = "this test reads its file")]
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use planner::{
    CopyView, Degree, Failure, GroupView, NodeView, NotReady, Now, Standing, State, Takeover, View,
};
use std::collections::BTreeMap;

/// A view with everything in it that a view can have.
fn sample() -> View {
    let node = |name: &str, standing| NodeView::new(name.parse().unwrap(), standing);
    let mut n1 = node("n1", Standing::Up);
    n1.attributes.insert("rack".to_owned(), "a".to_owned());
    n1.networks.insert("1".to_owned(), "10.0.0.1".parse().unwrap());
    n1.not_ready.push(NotReady {
        kind: "ip-address".parse().unwrap(),
        resource: Some("web/ip".to_owned()),
        reason: "no such interface".to_owned(),
        degree: Degree::Unable,
    });
    for degree in [Degree::NotReady, Degree::Lowered] {
        let (kind, reason) = ("dummy".parse().unwrap(), "older".to_owned());
        n1.not_ready.push(NotReady { kind, resource: None, reason, degree });
    }
    let standings = [
        Standing::Paused,
        Standing::Draining,
        Standing::Maintenance,
        Standing::Joining,
        Standing::Isolated,
        Standing::Down,
    ];
    let others =
        standings.into_iter().enumerate().map(|(place, standing)| node(&format!("n{}", place + 2), standing));
    let states = [
        State::Offline,
        State::Starting,
        State::Online,
        State::Changed,
        State::Stopping,
        State::Failed,
        State::StopFailed,
        State::Unknown,
    ];
    let resources: BTreeMap<_, _> = states
        .into_iter()
        .enumerate()
        .map(|(place, state)| (format!("r{place}").parse().unwrap(), state))
        .collect();
    let copy = |name: &str, takeover| CopyView {
        node: name.parse().unwrap(),
        owned: true,
        takeover,
        primary: name == "n1",
        promotion: Some(-5),
        resources: resources.clone(),
    };
    let web = GroupView {
        wanted_offline: true,
        maintenance: true,
        asked: Some("n2".parse().unwrap()),
        copies: vec![
            copy("n1", Takeover::Now),
            copy("n2", Takeover::At(1_795_348_801_400)),
            copy("n3", Takeover::Never("no watchdog".to_owned())),
        ],
        failures: vec![Failure {
            resource: "r1".parse().unwrap(),
            node: "n1".parse().unwrap(),
            at_ms: 1_795_348_800_000,
            at_start: true,
        }],
        failovers: vec![1_795_348_700_000],
    };
    View {
        now: Now::at(1_795_348_800_000, 3_600),
        nodes: std::iter::once(n1).chain(others).collect(),
        groups: [("web".parse().unwrap(), web), ("db".parse().unwrap(), GroupView::default())].into(),
    }
}

#[test]
fn a_view_is_read_by_the_next_version() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/view.v1.json");
    let written = serde_json::to_string_pretty(&sample()).unwrap() + "\n";
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden")).unwrap();
        std::fs::write(path, &written).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(serde_json::from_str::<View>(&committed).unwrap(), sample(), "an old record cannot be read");
    assert!(committed == written, "what is stored has changed: if it is only added to, UPDATE_GOLDEN=1");
}
