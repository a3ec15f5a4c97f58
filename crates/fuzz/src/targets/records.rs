//! A database whose pages and checksums are good, and whose records say anything.
//!
//! Damage is caught by checksums before a record is read, so this is what a defect of ours would
//! leave, and an older or a newer version of the software.

use super::database::Memory;
use super::{Target, ensure};
use crate::corpus;
use blake3::Hasher;
use model::NodeId;
use redb::{Database, TableDefinition};
use store::engine::open_backend;

const LOG: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("log");
const SINGLE: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("steadfast");

/// Opening such a database. An input is a text, a record in each line: `NAME DOCUMENT`, or
/// `entry INDEX DOCUMENT`.
pub(super) const RECORDS: Target = Target {
    name: "records",
    reads: "a database with good checksums",
    run: |bytes| {
        let memory = Memory::default();
        write(&memory, &String::from_utf8_lossy(bytes)).map_err(|error| error.to_string())?;
        let before = memory.bytes();
        match open_backend(memory.clone(), NodeId(1), "cluster.redb") {
            Err(why) => {
                ensure(why.to_string().contains("cluster.redb"), "the refusal does not name the file")?;
                ensure(memory.bytes() == before, "a file was refused, and changed all the same")
            }
            Ok(store) => {
                drop(store);
                let again = open_backend(memory, NodeId(1), "cluster.redb");
                again.map(drop).map_err(|error| format!("opened once, and not a second time: {error}"))
            }
        }
    },
    seeds: || corpus::files(&["fuzz/corpus/records"]),
    words: &[
        "\n",
        "marker ",
        "vote ",
        "purged ",
        "committed ",
        "snapshot ",
        "entry ",
        "{\"version\":1,\"body\":",
        "{\"version\":2,\"body\":",
        "\"leader_id\":",
        "\"index\":",
        "\"payload\":\"Blank\"",
        "null",
    ],
};

fn write(memory: &Memory, text: &str) -> Result<(), redb::Error> {
    let database = Database::builder().create_with_backend(memory.clone())?;
    let transaction = database.begin_write()?;
    {
        let mut log = transaction.open_table(LOG)?;
        let mut single = transaction.open_table(SINGLE)?;
        for line in text.lines() {
            let (name, document) = line.split_once(' ').unwrap_or((line, ""));
            if name == "entry" {
                let (index, document) = document.split_once(' ').unwrap_or((document, ""));
                let index = index.parse().unwrap_or_default();
                log.insert(index, sealed(name, index, document).as_slice())?;
            } else {
                single.insert(name, sealed(name, 0, document).as_slice())?;
            }
        }
    }
    transaction.commit()?;
    Ok(database.close()?)
}

/// As the engine seals a record: see `store/src/engine/record.rs`.
fn sealed(name: &str, index: u64, document: &str) -> Vec<u8> {
    let mut hasher = Hasher::new();
    hasher.update(&[name.len() as u8]).update(name.as_bytes());
    hasher.update(&index.to_be_bytes()).update(document.as_bytes());
    let mut bytes = vec![0; 16];
    hasher.finalize_xof().fill(&mut bytes);
    bytes.extend_from_slice(document.as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seed_is_a_good_database() {
        for seed in (RECORDS.seeds)() {
            let memory = Memory::default();
            let text = String::from_utf8(seed).unwrap();
            write(&memory, &text).unwrap();
            assert!(open_backend(memory, NodeId(1), "seed").is_ok(), "{text}");
        }
    }
}
