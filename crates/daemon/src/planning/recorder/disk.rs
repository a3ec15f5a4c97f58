//! The file of the record.
//!
//! | Table | Key | Value |
//! |---|---|---|
//! | `made` | the plan's number | its line, as JSON: [`PlanMade`], and the hash of what was asked for |
//! | `inputs` | the same | what was known, and the steps in short: JSON, LZ4 |
//! | `asked` | BLAKE3 of the JSON | what was asked for: JSON, LZ4 |
//! | `asked_last` | the same | the last plan that was made of it |
//! | `kept` | `bytes` | how many bytes of values there are |

use super::{Bounds, Made};
use crate::planning::carried_out;
use crate::side_file::{self, Damage};
use api::{PlanInputs, PlanMade};
use model::NodeName;
use model::desired::ClusterSpec;
use planner::View;
use redb::{
    Database, Durability, ReadableDatabase as _, ReadableTable as _, TableDefinition, WriteTransaction,
};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;

const MADE: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("made");
const INPUTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("inputs");
const ASKED: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("asked");
const ASKED_LAST: TableDefinition<'_, &str, u64> = TableDefinition::new("asked_last");
const KEPT: TableDefinition<'_, &str, u64> = TableDefinition::new("kept");
const KEPT_BYTES: &str = "bytes";

/// Pages kept in memory. Plans are written once and read seldom.
const CACHE_BYTES: usize = 256 << 10;

/// No plan unpacks to more: the input of 20,000 resources is below 10 MiB. A damaged length must not
/// take the memory of the machine.
const UNPACKED_BYTES_MAX: usize = 256 << 20;

/// What `made` holds.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    #[serde(flatten)]
    made: PlanMade,
    asked: String,
}

/// What `inputs` holds.
#[derive(Debug, Serialize, Deserialize)]
struct Inputs {
    view: View,
    steps: Vec<String>,
}

/// A plan, ready to be written.
pub(super) struct Packed {
    made: PlanMade,
    inputs: Vec<u8>,
    hash: String,
    asked: Vec<u8>,
}

/// Makes of a plan what is written.
pub(super) fn pack(node: &NodeName, made: &Made) -> Result<Packed, serde_json::Error> {
    let inputs = Inputs {
        view: made.view.clone(),
        steps: made.plan.steps.iter().map(planner::Step::in_short).collect(),
    };
    let asked = serde_json::to_vec(carried_out(&made.state.spec).as_ref())?;
    Ok(Packed {
        made: PlanMade {
            seq: 0,
            node: node.to_string(),
            time: made.time.to_string(),
            cause: made.cause.clone(),
            revision: made.revision.0,
            version: made.version.to_string(),
            steps: made.plan.steps.len() as u64,
            groups: made.groups(),
        },
        inputs: squeeze(&serde_json::to_vec(&inputs)?),
        hash: blake3::hash(&asked).to_hex().to_string(),
        asked: squeeze(&asked),
    })
}

fn squeeze(bytes: &[u8]) -> Vec<u8> {
    lz4_flex::block::compress_prepend_size(bytes)
}

fn unsqueeze<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, redb::Error> {
    let damaged = |why: String| redb::Error::Corrupted(why);
    let (length, packed) =
        lz4_flex::block::uncompressed_size(bytes).map_err(|error| damaged(error.to_string()))?;
    if length > UNPACKED_BYTES_MAX {
        return Err(damaged(format!("a plan of {length} bytes")));
    }
    let plain = lz4_flex::block::decompress(packed, length).map_err(|error| damaged(error.to_string()))?;
    serde_json::from_slice(&plain).map_err(|error| damaged(error.to_string()))
}

pub(super) struct Disk {
    database: Arc<Database>,
    bounds: Bounds,
}

/// A handle for reading, which does not keep the writer waiting.
pub(super) struct Reader(Arc<Database>);

fn open_file(path: &Path) -> Result<Database, redb::Error> {
    side_file::open(path, CACHE_BYTES, |transaction| {
        transaction.open_table(MADE)?.last()?;
        transaction.open_table(INPUTS)?;
        transaction.open_table(ASKED)?;
        transaction.open_table(ASKED_LAST)?;
        transaction.open_table(KEPT)?;
        Ok(())
    })
}

/// Opens the record; a damaged one is set aside.
pub(super) fn open(path: &Path, bounds: Bounds) -> Result<(Disk, Option<Damage>), redb::Error> {
    let (database, damage) = side_file::open_or_begin(path, open_file)?;
    Ok((Disk { database: Arc::new(database), bounds }, damage))
}

impl Disk {
    pub(super) fn reader(&self) -> Reader {
        Reader(self.database.clone())
    }

    /// Numbers the plans and writes them, all or none.
    pub(super) fn append(
        &mut self,
        plans: Vec<Result<Packed, serde_json::Error>>,
    ) -> Result<(), redb::Error> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        for packed in plans {
            insert(&transaction, packed.map_err(|error| redb::Error::Corrupted(error.to_string()))?)?;
        }
        while is_over(&transaction, self.bounds)? {
            remove_oldest(&transaction)?;
        }
        transaction.commit()?;
        Ok(())
    }
}

fn insert(transaction: &WriteTransaction, packed: Packed) -> Result<(), redb::Error> {
    let Packed { mut made, inputs, hash, asked } = packed;
    let mut lines = transaction.open_table(MADE)?;
    let seq = lines.last()?.map_or(0, |(seq, _)| seq.value()) + 1;
    made.seq = seq;
    let line = Line { made, asked: hash.clone() };
    let line = serde_json::to_vec(&line).map_err(|error| redb::Error::Corrupted(error.to_string()))?;
    let mut added = line.len() + inputs.len();
    lines.insert(seq, line.as_slice())?;
    transaction.open_table(INPUTS)?.insert(seq, inputs.as_slice())?;
    if transaction.open_table(ASKED_LAST)?.insert(hash.as_str(), seq)?.is_none() {
        added += asked.len();
        transaction.open_table(ASKED)?.insert(hash.as_str(), asked.as_slice())?;
    }
    count(transaction, |bytes| bytes.saturating_add(added as u64))
}

fn count(transaction: &WriteTransaction, change: impl Fn(u64) -> u64) -> Result<(), redb::Error> {
    let mut kept = transaction.open_table(KEPT)?;
    let bytes = kept.get(KEPT_BYTES)?.map_or(0, |value| value.value());
    kept.insert(KEPT_BYTES, change(bytes))?;
    Ok(())
}

/// Whether something must go. The last plan always stays.
fn is_over(transaction: &WriteTransaction, bounds: Bounds) -> Result<bool, redb::Error> {
    let lines = transaction.open_table(MADE)?;
    let first = lines.first()?.map_or(0, |(seq, _)| seq.value());
    let last = lines.last()?.map_or(0, |(seq, _)| seq.value());
    let bytes = transaction.open_table(KEPT)?.get(KEPT_BYTES)?.map_or(0, |value| value.value());
    Ok(first < last && (last - first >= bounds.plans || bytes > bounds.bytes))
}

fn remove_oldest(transaction: &WriteTransaction) -> Result<(), redb::Error> {
    let mut lines = transaction.open_table(MADE)?;
    let Some((seq, line)) = lines.pop_first()?.map(|(seq, line)| (seq.value(), line.value().to_vec())) else {
        return Ok(());
    };
    let mut removed = line.len();
    removed += transaction.open_table(INPUTS)?.remove(seq)?.map_or(0, |inputs| inputs.value().len());
    if let Ok(Line { asked, .. }) = serde_json::from_slice::<Line>(&line) {
        let mut last = transaction.open_table(ASKED_LAST)?;
        let is_last = last.get(asked.as_str())?.is_some_and(|last| last.value() == seq);
        if is_last {
            last.remove(asked.as_str())?;
            let mut all = transaction.open_table(ASKED)?;
            removed += all.remove(asked.as_str())?.map_or(0, |asked| asked.value().len());
        }
    }
    count(transaction, |bytes| bytes.saturating_sub(removed as u64))
}

impl Reader {
    /// The latest plans, oldest first.
    pub(super) fn latest(&self, limit: usize) -> Result<Vec<PlanMade>, redb::Error> {
        let lines = self.0.begin_read()?.open_table(MADE)?;
        let mut found = Vec::new();
        for entry in lines.iter()?.rev().take(limit) {
            if let Ok(line) = serde_json::from_slice::<Line>(entry?.1.value()) {
                found.push(line.made);
            }
        }
        found.reverse();
        Ok(found)
    }

    /// What one of them was made of.
    pub(super) fn inputs(&self, seq: u64) -> Result<Option<PlanInputs>, redb::Error> {
        let transaction = self.0.begin_read()?;
        let Some(line) = transaction.open_table(MADE)?.get(seq)? else { return Ok(None) };
        let line: Line = serde_json::from_slice(line.value())
            .map_err(|error| redb::Error::Corrupted(format!("plan {seq}: {error}")))?;
        let missing = || redb::Error::Corrupted(format!("a part of plan {seq} is missing"));
        let inputs = transaction.open_table(INPUTS)?;
        let Inputs { view, steps } = unsqueeze(inputs.get(seq)?.ok_or_else(missing)?.value())?;
        let asked = transaction.open_table(ASKED)?;
        let spec: ClusterSpec = unsqueeze(asked.get(line.asked.as_str())?.ok_or_else(missing)?.value())?;
        let (node, revision) = (line.made.node.clone(), line.made.revision);
        Ok(Some(PlanInputs { made: Some(line.made), node, leads: true, revision, spec, view, steps }))
    }
}
