//! One hash over components: equal on two nodes where nothing differs.
//!
//! A hash over the hashes of the files, in the order of their paths. It is one level deep: whoever wants to know
//! what differs compares some hundred entries, which are 20 KiB, and needs no tree for it.

use crate::inventory::Found;
use model::stored::{Component, Content};
use model::{AbsolutePath, ContentHash};
use std::collections::BTreeMap;

/// The root of what a baseline has of these files.
pub fn expected<'a>(components: impl IntoIterator<Item = (&'a AbsolutePath, &'a Component)>) -> ContentHash {
    over(components.into_iter().map(|(path, component)| (path, Some(component))))
}

/// The root of what a node has.
#[must_use]
pub fn found(files: &BTreeMap<&AbsolutePath, &Found>) -> ContentHash {
    over(files.iter().map(|(path, found)| (*path, found.component())))
}

fn over<'a>(files: impl Iterator<Item = (&'a AbsolutePath, Option<&'a Component>)>) -> ContentHash {
    let mut all = blake3::Hasher::new();
    for (path, component) in files {
        all.update(leaf(path, component).as_bytes());
    }
    ContentHash(*all.finalize().as_bytes())
}

/// What counts: where it is, what it holds, who may do what with it. Not what package it is of: that is how one
/// came to it.
fn leaf(path: &AbsolutePath, component: Option<&Component>) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    let mut field = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    field(path.as_path().as_os_str().as_encoded_bytes());
    match component {
        None => field(b"nothing"),
        Some(component) => {
            match &component.content {
                Content::Blake3(hash) => field(&hash.0),
                Content::Link(target) => {
                    field(b"link");
                    field(target.as_bytes());
                }
            }
            for number in [component.mode, component.uid, component.gid] {
                field(&number.to_le_bytes());
            }
        }
    }
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Seen;

    fn component(byte: u8, mode: u32) -> Component {
        Component {
            content: Content::Blake3(ContentHash([byte; 32])),
            mode,
            uid: 0,
            gid: 0,
            package: None,
            defines: Vec::new(),
            symbols: None,
        }
    }

    #[test]
    fn it_is_equal_where_nothing_differs_and_only_there() {
        let (a, b): (AbsolutePath, AbsolutePath) = ("/a".parse().unwrap(), "/b".parse().unwrap());
        let there =
            |byte, mode| Found::There(Box::new(Seen { component: component(byte, mode), as_packaged: None }));
        let one = component(1, 0o644);
        let wanted = expected([(&a, &one), (&b, &one)]);
        let root = |first: &Found, second: &Found| found(&BTreeMap::from([(&a, first), (&b, second)]));
        assert_eq!(root(&there(1, 0o644), &there(1, 0o644)), wanted);
        assert_ne!(root(&there(2, 0o644), &there(1, 0o644)), wanted);
        assert_ne!(root(&there(1, 0o755), &there(1, 0o644)), wanted);
        assert_ne!(root(&Found::Missing, &there(1, 0o644)), wanted);
    }
}
