//! The record keeps what it promises: plans can be made again, the oldest go first, damage is told.

use super::*;
use model::desired::{ClusterSpec, GroupSpec};
use model::stored::SoftwareVersion;

const SMALL: Bounds = Bounds { plans: 3, bytes: 1 << 20 };

fn group(name: &str) -> GroupSpec {
    let text = format!(r#"{{"name":"{name}"}}"#);
    serde_json::from_str(&text).unwrap()
}

/// A plan of a cluster with these groups.
fn made(cause: &str, groups: &[&str]) -> Made {
    let spec =
        ClusterSpec { groups: groups.iter().map(|name| group(name)).collect(), ..ClusterSpec::default() };
    let n1 = planner::NodeView::new(NodeName::new("n1").unwrap(), planner::Standing::Up);
    let view = View { nodes: vec![n1], ..View::default() };
    let plan = planner::plan(&spec, &view);
    Made {
        time: crate::clock::wall(),
        cause: cause.to_owned(),
        revision: Revision(7),
        version: SoftwareVersion::current(),
        state: Arc::new(ClusterState { spec, ..ClusterState::default() }),
        view,
        plan,
    }
}

struct Room {
    dir: tempfile::TempDir,
    log: EventLog,
}

impl Room {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = EventLog::open(&dir.path().join("events.redb"), NodeName::new("n1").unwrap()).unwrap();
        Self { dir, log }
    }

    fn open(&self, bounds: Bounds) -> Recorder {
        let path = self.dir.path().join("plans.redb");
        Recorder::open(&path, NodeName::new("n1").unwrap(), bounds, self.log.clone()).unwrap()
    }
}

#[tokio::test]
async fn a_recorded_plan_is_made_again_from_what_it_was_made_of() {
    let room = Room::new();
    let recorder = room.open(Bounds::default());
    let one = made("n2 is down", &["web", "db"]);
    let (plan, view, spec) = (one.plan.clone(), one.view.clone(), one.state.spec.clone());
    recorder.keep(one);
    recorder.flush();
    let kept = recorder.inputs(1).unwrap().unwrap();
    assert_eq!((&kept.view, &kept.spec), (&view, &spec));
    let again = planner::plan(&kept.spec, &kept.view);
    assert_eq!(again, plan);
    assert_eq!(again.steps.iter().map(planner::Step::in_short).collect::<Vec<_>>(), kept.steps);
    let line = kept.made.unwrap();
    assert_eq!((line.seq, line.cause.as_str(), line.revision), (1, "n2 is down", 7));
    assert_eq!(line.groups, ["db", "web"]);
    assert_eq!(recorder.inputs(2).unwrap(), None);
}

#[tokio::test]
async fn a_recorded_plan_is_made_of_what_this_version_carries_out() {
    let room = Room::new();
    let recorder = room.open(Bounds::default());
    let mut one = made("n2 is down", &["vm"]);
    let mut state = ClusterState::clone(&one.state);
    let guest = r#"{"name": "guest", "type": "dummy", "exclusive": "none"}"#;
    state.spec.groups[0].resources.push(serde_json::from_str(guest).unwrap());
    state.spec.groups[0].resources[0].policy.live_migration = true;
    one.state = Arc::new(state);
    recorder.keep(one);
    recorder.flush();
    let kept = recorder.inputs(1).unwrap().unwrap();
    assert!(!kept.spec.groups[0].resources[0].policy.live_migration);
}

#[tokio::test]
async fn the_oldest_go_first_and_what_was_asked_for_stays_as_long_as_a_plan_needs_it() {
    let room = Room::new();
    let recorder = room.open(SMALL);
    for (round, groups) in [["a"], ["b"], ["a"], ["b"], ["b"], ["b"]].iter().enumerate() {
        recorder.keep(made(&format!("round {round}"), groups));
        recorder.flush();
    }
    let seqs: Vec<u64> = recorder.latest(100).unwrap().iter().map(|line| line.seq).collect();
    assert_eq!(seqs, [4, 5, 6]);
    assert_eq!(recorder.latest(1).unwrap()[0].seq, 6);
    assert_eq!(recorder.inputs(1).unwrap(), None);
    assert_eq!(recorder.inputs(4).unwrap().unwrap().spec.groups[0].name.as_str(), "b");
    recorder.keep(made("again", &["a"]));
    recorder.flush();
    assert_eq!(recorder.inputs(7).unwrap().unwrap().spec.groups[0].name.as_str(), "a");
}

#[tokio::test]
async fn bytes_are_bounded_too_but_the_last_plan_is_kept() {
    let room = Room::new();
    let recorder = room.open(Bounds { plans: 100, bytes: 1 });
    for _ in 0..3 {
        recorder.keep(made("c", &["a", "b"]));
        recorder.flush();
    }
    let seqs: Vec<u64> = recorder.latest(100).unwrap().iter().map(|line| line.seq).collect();
    assert_eq!(seqs, [3]);
}

#[tokio::test]
async fn numbers_go_on_after_a_restart() {
    let room = Room::new();
    let recorder = room.open(SMALL);
    recorder.keep(made("c", &["a"]));
    recorder.flush();
    *recorder.disk.lock().unwrap() = Err("closed".to_owned());
    assert!(recorder.latest(1).unwrap_err().contains("closed"));
    drop(recorder);
    let recorder = room.open(SMALL);
    recorder.keep(made("c", &["a"]));
    recorder.flush();
    assert_eq!(recorder.latest(1).unwrap()[0].seq, 2);
}

#[tokio::test]
async fn a_damaged_record_is_set_aside_and_what_cannot_be_written_is_told_once() {
    let room = Room::new();
    let path = room.dir.path().join("plans.redb");
    std::fs::write(&path, vec![7; 10_000]).unwrap();
    let recorder = room.open(SMALL);
    recorder.keep(made("c", &["a"]));
    recorder.flush();
    assert_eq!(recorder.latest(9).unwrap().len(), 1);
    *recorder.disk.lock().unwrap() = Err("the disk is gone".to_owned());
    for _ in 0..3 {
        recorder.keep(made("c", &["a"]));
        recorder.flush();
    }
    room.log.flush().await;
    let told = room.log.query(0, 100, |_| true).unwrap();
    let names: Vec<&str> = told.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(names, ["PLAN_RECORD_DAMAGED", "PLANS_NOT_RECORDED"]);
    assert!(told[1].text.contains("the disk is gone"), "{}", told[1].text);
}
