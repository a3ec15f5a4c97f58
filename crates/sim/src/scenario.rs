//! What is tried, and the defects that are re-introduced to try the oracles.

use crate::disk::SimDisk;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use std::time::Duration;
use store::engine::EngineSettings;

/// A kind of trouble: how likely each fault is in a step, in proportion.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// What happens.
    pub name: &'static str,
    /// Faults, one after the other.
    pub steps: u64,
    /// The longest time between two, in milliseconds.
    pub pause_ms: u64,
    /// Cuts of the network: one node, two halves, one direction; and healing.
    pub network: u64,
    /// Losses, delays and repeated messages.
    pub weather: u64,
    /// Power cuts inside transactions.
    pub power: u64,
    /// Processes killed.
    pub kills: u64,
    /// Disks that are slow, full, or fail a sync.
    pub disks: u64,
    /// Members that join, vote, lose their vote and are removed; leadership that is handed over.
    pub members: u64,
    /// All machines standing still at once.
    pub stalls: u64,
    /// Nothing: the cluster works for a while.
    pub calm: u64,
    /// What its runs must have met, all together, to be worth anything.
    pub meets: &'static [&'static str],
}

const NOTHING: Scenario = Scenario {
    name: "",
    steps: 18,
    pause_ms: 300,
    network: 0,
    weather: 0,
    power: 0,
    kills: 0,
    disks: 0,
    members: 0,
    stalls: 0,
    calm: 2,
    meets: &[],
};

/// Every kind of trouble.
pub const SCENARIOS: [Scenario; 7] = [
    Scenario {
        name: "network: cut in halves, one way, lossy, late and repeating",
        // Long enough for a cut to cost the leader its lease, and the others an election.
        pause_ms: 900,
        network: 8,
        weather: 4,
        meets: &["snapshots sent"],
        ..NOTHING
    },
    Scenario {
        name: "power: cut in the middle of transactions, processes killed",
        power: 6,
        kills: 4,
        meets: &["power lost or processes killed", "restarts", "snapshots sent"],
        ..NOTHING
    },
    Scenario {
        name: "disks: slow, full, failing a sync, and then losing power",
        disks: 8,
        power: 2,
        meets: &["engines stopped by their disk", "power lost or processes killed", "restarts"],
        ..NOTHING
    },
    Scenario {
        name: "members: joining, voting, leaving, handing over, while nodes die",
        members: 8,
        kills: 2,
        power: 1,
        meets: &["learners added", "voters changed", "members removed", "leadership handed over", "restarts"],
        ..NOTHING
    },
    Scenario {
        // What a forgotten vote needs to do harm: candidates that meet, and voters that restart.
        name: "elections: voters die while they vote",
        steps: 50,
        pause_ms: 120,
        network: 2,
        weather: 2,
        kills: 10,
        meets: &["power lost or processes killed", "restarts"],
        ..NOTHING
    },
    Scenario {
        name: "everything at once",
        network: 4,
        weather: 2,
        power: 2,
        kills: 2,
        disks: 3,
        members: 6,
        steps: 26,
        meets: &["engines stopped by their disk", "power lost or processes killed", "members removed"],
        ..NOTHING
    },
    Scenario {
        // What a lease granted too long, or a wait that ends too early, needs to be seen.
        name: "leases: leaders cut off while answers are under way, replaced, and restarted",
        pause_ms: 900,
        network: 8,
        weather: 6,
        kills: 2,
        members: 3,
        stalls: 2,
        calm: 1,
        meets: &[
            "leases renewed",
            "terms with evidence of the older ones",
            "leaders replaced",
            "restarts",
            "machines stood still",
        ],
        ..NOTHING
    },
];

/// A known defect, put into a simulated part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// Every other sync does nothing.
    SyncLies,
    /// Syncs return before the data is durable.
    AcknowledgeBeforeFlush,
    /// Writing what is there already writes nothing: what the store writes back when it opens a file
    /// would then not make durable what a failed sync left in the cache alone.
    WriteBackSkipped,
    /// A restarted node has forgotten the vote that it gave last.
    VoteForgotten,
    /// A leader dates its quorum by when the answers arrived, not by when what they answer was sent.
    MarkAtArrival,
    /// Voters do not note whom they answered when.
    AnswersUnnoted,
}

/// Timers as on a fast network, and snapshots so often that every run has many.
#[must_use]
pub fn settings() -> EngineSettings {
    let ms = Duration::from_millis;
    EngineSettings {
        snapshot_every: 25,
        log_kept: 8,
        ..EngineSettings::with_timers(ms(50), ms(150), ms(300))
    }
}

/// Puts the vote back that the file held when it was looked at the last time: the node starts as if
/// it had never given its last vote. Only where that contradicts nothing else in the file, or the
/// store would refuse the file, which is no test of the oracles.
pub(crate) fn forget_vote(disk: &SimDisk, old_vote: &mut Option<Vec<u8>>) {
    const SINGLE: TableDefinition<&str, &[u8]> = TableDefinition::new("steadfast");
    const LOG: TableDefinition<u64, &[u8]> = TableDefinition::new("log");
    let (file, power) = disk.open();
    let Ok(database) = Database::builder().create_with_backend(file) else { return };
    let look = || -> Result<_, redb::Error> {
        let transaction = database.begin_read()?;
        let vote = transaction.open_table(SINGLE)?.get("vote")?.map(|record| record.value().to_vec());
        let last = transaction.open_table(LOG)?.last()?.map(|(_, record)| record.value().to_vec());
        Ok((vote, last))
    };
    let put = |vote: &[u8]| -> Result<(), redb::Error> {
        let transaction = database.begin_write()?;
        transaction.open_table(SINGLE)?.insert("vote", vote)?;
        Ok(transaction.commit()?)
    };
    if let Ok((Some(vote), last)) = look() {
        let log_term = last.map_or(0, |entry| number(&entry, "/body/log_id/leader_id"));
        if let Some(old) = old_vote.as_deref()
            && number(old, "/body/leader_id/term") >= log_term
        {
            // A disk that fails meanwhile fails the start as well.
            let _ = put(old);
        }
        *old_vote = Some(vote);
    }
    drop(database);
    power.cut();
}

/// A number in a record, behind its checksum of 16 bytes.
fn number(record: &[u8], pointer: &str) -> u64 {
    let document: Option<serde_json::Value> =
        record.get(16..).and_then(|json| serde_json::from_slice(json).ok());
    document.and_then(|document| document.pointer(pointer)?.as_u64()).unwrap_or(0)
}
