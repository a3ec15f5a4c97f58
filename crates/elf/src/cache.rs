//! The loader's cache, `/etc/ld.so.cache`: which file stands for which name.
//!
//! As glibc has written it since 2.2: a head, entries of fixed size, and the names. An older form may
//! stand before it and is skipped. What does not fit is left out.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

const MAGIC: &[u8] = b"glibc-ld.so.cache1.1";
const HEAD_BYTES: usize = 48;
const ENTRY_BYTES: usize = 24;
/// Real ones have some thousands.
const ENTRIES_MAX: usize = 1 << 20;

/// The files of each name, in the order of the cache.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cache(HashMap<String, Vec<PathBuf>>);

impl Cache {
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let begin = bytes.windows(MAGIC.len()).position(|window| window == MAGIC)?;
        let bytes = bytes.get(begin..)?;
        let count = word(bytes, MAGIC.len())?.min(ENTRIES_MAX);
        let mut all = HashMap::<String, Vec<PathBuf>>::new();
        for entry in 0..count {
            let Some(entry) = bytes.get(HEAD_BYTES + entry * ENTRY_BYTES..) else { break };
            let capabilities = entry.get(16..ENTRY_BYTES);
            // One for newer processors only; the plain one has an entry of its own.
            if capabilities.is_none_or(|bits| bits.iter().any(|byte| *byte != 0)) {
                continue;
            }
            let (Some(name), Some(path)) = (word(entry, 4), word(entry, 8)) else { break };
            let (Some(name), Some(path)) = (text(bytes, name), text(bytes, path)) else { continue };
            all.entry(name).or_default().push(PathBuf::from(path));
        }
        Some(Self(all))
    }

    pub(crate) fn files(&self, name: &str) -> impl Iterator<Item = &Path> {
        self.0.get(name).into_iter().flatten().map(PathBuf::as_path)
    }
}

fn word(bytes: &[u8], at: usize) -> Option<usize> {
    let word = bytes.get(at..)?.first_chunk::<4>()?;
    usize::try_from(u32::from_ne_bytes(*word)).ok()
}

fn text(bytes: &[u8], at: usize) -> Option<String> {
    let rest = bytes.get(at..)?;
    let end = rest.iter().take(4096).position(|byte| *byte == 0)?;
    Some(String::from_utf8_lossy(&rest[..end]).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machines_cache_names_its_c_library_and_a_damaged_one_harms_nobody() {
        let Ok(whole) = std::fs::read("/etc/ld.so.cache") else {
            eprintln!("SKIPPED this_machines_cache_names_its_c_library: there is no cache here");
            return;
        };
        let cache = Cache::parse(&whole).unwrap();
        assert!(cache.files("libc.so.6").any(Path::exists));
        for cut in (0..whole.len().min(4096)).step_by(7) {
            let _ = Cache::parse(&whole[..cut]);
            let mut damaged = whole.clone();
            damaged[cut] ^= 0xff;
            let _ = Cache::parse(&damaged);
        }
        assert!(Cache::parse(b"nonsense").is_none());
    }
}
