//! The database file, after something happened to it.

use super::{Target, ensure};
use model::NodeId;
use redb::StorageBackend;
use std::io;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use store::engine::{OpenStore, create_backend, open_backend};

/// Whose file it is.
const NODE: NodeId = NodeId(1);

/// Opening a damaged file: refused and left alone, or opened. redb asserts where its pages
/// contradict each other; the engine has to turn that into a refusal.
///
/// A file is a megabyte of zeros with some pages in it, so an input is not the file itself but a
/// list of changes to it.
pub(super) const DATABASE: Target = Target {
    name: "database",
    reads: "a database file",
    run: |changes| {
        let memory = Memory(Arc::new(Mutex::new(changed(changes))));
        let before = memory.bytes();
        match open_backend(memory.clone(), NODE, "cluster.redb") {
            Ok(store) => drop(store),
            Err(_) => {
                return ensure(memory.bytes() == before, "a file was refused, and changed all the same");
            }
        }
        match open_backend(memory, NODE, "cluster.redb") {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("a file was opened once, and not a second time: {error}")),
        }
    },
    seeds: || {
        vec![
            Vec::new(),
            vec![0, 9, 0, 0],
            vec![1, 128, 0, 0],
            vec![0, 0, 100, 1, 0, 1, 44, 255],
            vec![2, 1, 0, 7],
        ]
    },
    words: &["redb", "steadfast"],
};

/// The good file, and where in it there is something.
static GOOD: LazyLock<(Vec<u8>, Vec<usize>)> = LazyLock::new(|| {
    let memory = Memory::default();
    create_backend(memory.clone(), NODE, "new").expect("empty memory takes a database");
    let bytes = memory.bytes();
    let used = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
    (bytes, used)
});

/// A new database in memory, opened.
///
/// # Panics
/// A database that was just made does not open.
pub(super) fn new_file(node: NodeId) -> OpenStore {
    let memory = Memory::default();
    create_backend(memory.clone(), node, "new").expect("empty memory takes a database");
    open_backend(memory, node, "new").unwrap_or_else(|error| panic!("a new database opens: {error}"))
}

/// Applies changes of four bytes each: what, where (two bytes, among the places that are used), value.
fn changed(changes: &[u8]) -> Vec<u8> {
    let (good, used) = &*GOOD;
    let mut bytes = good.clone();
    // More of them only cost time: nothing that redb could read is left.
    for change in changes.chunks_exact(4).take(256) {
        let &[what, high, low, value] = change else { continue };
        let place = usize::from(u16::from_be_bytes([high, low]));
        let at = used[place % used.len()];
        match what % 4 {
            0 if at < bytes.len() => bytes[at] ^= value,
            // Cut off or grown, in steps of a small page.
            1 => bytes.resize((place * 512) % (2 * good.len()), value),
            // Beside what is used.
            2 if at + usize::from(value) < bytes.len() => bytes[at + usize::from(value)] = high,
            // What one place says, said at another.
            3 => {
                let from = used[usize::from(value) * 7 % used.len()];
                if from + 16 <= bytes.len() && at + 16 <= bytes.len() {
                    bytes.copy_within(from..from + 16, at);
                }
            }
            _ => {}
        }
    }
    bytes
}

/// A file in memory that outlives whoever opens it.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory(Arc<Mutex<Vec<u8>>>);

impl Memory {
    /// Everything that is in it.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The bytes from `offset` on, `len` of them.
    fn with<R>(&self, offset: u64, len: usize, use_them: impl FnOnce(&mut [u8]) -> R) -> io::Result<R> {
        let mut bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let part = bytes.get_mut(from..from.saturating_add(len)).ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(use_them(part))
    }
}

impl StorageBackend for Memory {
    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes().len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.with(offset, out.len(), |part| out.copy_from_slice(part))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let len = usize::try_from(len).map_err(io::Error::other)?;
        // A damaged file may ask for any size; a disk would be full, and memory must not be.
        if len > 64 << 20 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0.lock().unwrap_or_else(PoisonError::into_inner).resize(len, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.with(offset, data.len(), |part| part.copy_from_slice(data))
    }
}
