//! A cluster of one: forming, writing, restarting.

use super::support::{NODE, Nowhere, PATIENCE, Told, formed, proposal, settings, start, token, write};
use crate::engine::{
    BoxFuture, DedicatedThread, DiskExecutor, Engine, IfMissing, OpenError, ProposeError, Role, Tokio,
    open_file,
};
use futures::future::join_all;
use model::stored::{Command, Outcome, Rejection};
use model::{NodeId, Revision};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;

struct Place {
    _folder: TempDir,
    path: PathBuf,
    told: Arc<Told>,
}

fn place() -> Place {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("cluster.db");
    Place { _folder: folder, path, told: Arc::default() }
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart_before_anything_else() {
    let at = place();
    let engine = formed(&at.path, &at.told).await;
    for number in 1..=120 {
        write(&engine, token(number)).await;
    }
    let before = engine.state();
    assert_eq!(before.revision, Revision(121));
    engine.shutdown().await;
    assert_eq!(engine.standing().role, Role::Stopped);

    let engine = start(&at.path, &at.told).await;
    assert_eq!(engine.state(), before, "known at once, without an election");
    assert!(!engine.initialize().await.unwrap(), "it is formed already");
    write(&engine, token(200)).await;
    assert!(engine.standing().quorum_within(PATIENCE));
    engine.shutdown().await;
}

#[tokio::test]
async fn a_file_copied_in_the_middle_of_it_all_opens_with_everything_acknowledged_before() {
    let at = place();
    let engine = formed(&at.path, &at.told).await;
    for number in 1..=60 {
        let Outcome::Done { revision, .. } = write(&engine, token(number)).await else { panic!() };
        if number % 20 == 0 {
            let copy = at.path.with_extension(format!("copy{number}"));
            std::fs::copy(&at.path, &copy).unwrap();
            let restarted = start(&copy, &at.told).await;
            write(&restarted, proposal(9_000, Command::Confirm { node: NODE })).await;
            assert!(restarted.state().revision >= revision);
            restarted.shutdown().await;
        }
    }
    engine.shutdown().await;
}

#[tokio::test]
async fn a_retried_request_is_answered_and_not_done_again() {
    let at = place();
    let engine = formed(&at.path, &at.told).await;
    let first = write(&engine, token(1)).await;
    write(&engine, token(2)).await;
    assert_eq!(write(&engine, token(1)).await, first);
    assert_eq!(engine.state().revision, Revision(3));
    let same_token = proposal(3, token(1).command);
    assert_eq!(write(&engine, same_token).await, Outcome::Refused(Rejection::TokenExists));
    engine.shutdown().await;
}

#[tokio::test]
async fn notices_come_in_order_and_again_after_a_restart_with_the_same_revisions() {
    let at = place();
    let engine = formed(&at.path, &at.told).await;
    for number in 1..=5 {
        write(&engine, token(number)).await;
    }
    engine.shutdown().await;
    let first = std::mem::take(&mut *at.told.0.lock().unwrap());
    let revisions: Vec<u64> = first.iter().map(|(revision, _)| revision.0).collect();
    assert_eq!(revisions, [1, 2, 3, 4, 5, 6]);
    assert_eq!(first[0].1, "CLUSTER_FORMED");
    let engine = start(&at.path, &at.told).await;
    assert_eq!(*at.told.0.lock().unwrap(), first);
    engine.shutdown().await;
}

#[tokio::test]
async fn whoever_follows_the_state_is_woken_and_whoever_is_answered_reads_his_own_write() {
    let at = place();
    let engine = formed(&at.path, &at.told).await;
    let mut changes = engine.changes();
    let follower = tokio::spawn(async move {
        while let Some(state) = changes.next().await {
            if state.revision == Revision(11) {
                return true;
            }
        }
        false
    });
    for number in 1..=10 {
        let Outcome::Done { revision, .. } = write(&engine, token(number)).await else { panic!() };
        assert!(engine.state().revision >= revision);
    }
    assert!(tokio::time::timeout(PATIENCE, follower).await.unwrap().unwrap());
    engine.shutdown().await;
}

/// Counts transactions, and makes each of them worth sharing.
struct Slow(AtomicUsize);

impl DiskExecutor for Slow {
    fn run(&self, committer: BoxFuture<()>) -> std::io::Result<()> {
        DedicatedThread.run(committer)
    }

    fn latency(&self) -> BoxFuture<()> {
        self.0.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(std::time::Duration::from_millis(2));
        Box::pin(async {})
    }
}

#[tokio::test]
async fn writers_at_the_same_time_share_an_fsync() {
    let at = place();
    formed(&at.path, &at.told).await.shutdown().await;
    let store = open_file(&at.path, NODE, IfMissing::Refuse).unwrap();
    let slow = Arc::new(Slow(AtomicUsize::new(0)));
    let executor: Arc<dyn DiskExecutor> = Arc::<Slow>::clone(&slow);
    let engine: Engine<Tokio> =
        Engine::start(settings(), store, executor, Arc::new(Nowhere), at.told).await.unwrap();
    write(&engine, token(1)).await;
    let before = slow.0.load(Ordering::Relaxed);
    const WRITES: u64 = 64;
    let outcomes = join_all((0..WRITES).map(|number| engine.propose(token(100 + number), PATIENCE))).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(Outcome::Done { .. }))));
    let transactions = slow.0.load(Ordering::Relaxed) - before;
    assert!(transactions < WRITES as usize / 4, "{transactions} transactions for {WRITES} writes");
    engine.shutdown().await;
}

#[tokio::test]
async fn a_second_process_another_node_and_a_lost_file_are_refused_by_name() {
    let at = place();
    let refused = |node, if_missing| open_file(&at.path, node, if_missing).err().unwrap();
    assert!(matches!(refused(NODE, IfMissing::Refuse), OpenError::Missing { .. }));
    assert!(!at.path.exists(), "looking for it does not make it");

    let engine = formed(&at.path, &at.told).await;
    assert_eq!(
        std::fs::metadata(&at.path).unwrap().permissions().mode() & 0o777,
        0o600,
        "it holds private keys"
    );
    assert!(matches!(refused(NODE, IfMissing::Create), OpenError::Locked { .. }));
    engine.shutdown().await;
    let error = refused(NodeId(2), IfMissing::Refuse);
    assert!(matches!(error, OpenError::OtherNode { found: NODE, expected: NodeId(2), .. }), "{error}");
    open_file(&at.path, NODE, IfMissing::Refuse).unwrap();
}

#[tokio::test]
async fn a_node_of_no_cluster_refuses_writes_at_once_and_a_stopped_one_says_so() {
    let at = place();
    let engine = start(&at.path, &at.told).await;
    let error = engine.propose(token(1), PATIENCE).await.unwrap_err();
    assert!(matches!(error, ProposeError::NotLeader { leader: None }), "{error}");
    assert_eq!(engine.standing().role, Role::Learner);
    engine.shutdown().await;
    let error = engine.propose(token(1), PATIENCE).await.unwrap_err();
    assert!(matches!(error, ProposeError::Stopped(_)), "{error}");
}

#[tokio::test]
async fn a_proposal_that_is_too_long_is_refused_before_it_is_written() {
    let at = place();
    let engine = formed(&at.path, &at.told).await;
    let command = Command::Configure {
        cluster: "c".parse().unwrap(),
        spec: model::desired::ClusterSpec::default(),
        text: "#".repeat(crate::engine::MAX_PROPOSAL_BYTES),
        if_revision: None,
    };
    let error = engine.propose(proposal(1, command), PATIENCE).await.unwrap_err();
    assert!(matches!(error, ProposeError::TooLong(_)), "{error}");
    engine.shutdown().await;
}
