//! The key that updates are signed with: a file as BIND's `tsig-keygen` writes it.
//!
//! That file holds the key's name and algorithm beside the secret, and the server reads the very same one:
//! so there is nothing that could be typed differently in two places. As with a key of ssh, a file that
//! others may read is refused. What it holds is never printed, nor is any part of it.

use domain::tsig::{Algorithm, Key, KeyName};
use domain::utils::base64;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// A key file is some 100 bytes.
const FILE_MAX_BYTES: u64 = 16 << 10;

/// RFC 8945 asks for a secret as long as the digest; half of the shortest one is what it tolerates.
const SECRET_MIN_BYTES: usize = 16;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeyError {
    #[error("cannot read the key {}: {source}; `tsig-keygen NAME > {}` makes one", path.display(), path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("others than root may read the key {} (mode {mode:04o}); `chmod 600 {}`", path.display(), path.display())]
    Open { path: PathBuf, mode: u32 },
    #[error("the key {} belongs to user {owner}; `chown root {}`", path.display(), path.display())]
    Foreign { path: PathBuf, owner: u32 },
    #[error("{} holds no key as `tsig-keygen` writes it: {why}", path.display())]
    Malformed { path: PathBuf, why: &'static str },
}

/// The key in that file.
pub(super) fn read(path: &Path) -> Result<Key, KeyError> {
    let unreadable = |source| KeyError::Unreadable { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    let about = file.metadata().map_err(unreadable)?;
    let mode = about.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyError::Open { path: path.to_owned(), mode });
    }
    if about.uid() != 0 && about.uid() != rustix::process::geteuid().as_raw() {
        return Err(KeyError::Foreign { path: path.to_owned(), owner: about.uid() });
    }
    let mut text = String::new();
    file.take(FILE_MAX_BYTES).read_to_string(&mut text).map_err(unreadable)?;
    parse(&text).map_err(|why| KeyError::Malformed { path: path.to_owned(), why })
}

/// `key "NAME" { algorithm ALGORITHM; secret "BASE64"; };`, with comments anywhere.
fn parse(text: &str) -> Result<Key, &'static str> {
    let words = words(text)?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (name, body) = match words.as_slice() {
        ["key", name, "{", body @ .., "}", ";"] => (*name, body),
        _ => return Err("expected one `key \"NAME\" { … };`"),
    };
    let (mut algorithm, mut secret) = (None, None);
    for setting in body.split(|word| *word == ";") {
        match setting {
            [] => {}
            ["algorithm", value] => algorithm = Some(*value),
            ["secret", value] => secret = Some(*value),
            _ => return Err("in its brackets, expected `algorithm …;` and `secret …;`"),
        }
    }
    let algorithm = match algorithm.ok_or("it has no `algorithm`")?.to_ascii_lowercase().as_str() {
        "hmac-sha256" => Algorithm::Sha256,
        "hmac-sha384" => Algorithm::Sha384,
        "hmac-sha512" => Algorithm::Sha512,
        _ => return Err("its algorithm is none of hmac-sha256, hmac-sha384 and hmac-sha512"),
    };
    let secret: Vec<u8> = base64::decode(secret.ok_or("it has no `secret`")?)
        .map_err(|_| "its secret is not written in base64")?;
    if secret.len() < SECRET_MIN_BYTES {
        return Err("its secret is shorter than 16 bytes");
    }
    let name: KeyName = name.parse().map_err(|_| "its name is no name as DNS has them")?;
    Key::new(algorithm, &secret, name, None, None).map_err(|_| "its secret cannot be used")
}

/// Words, brackets and semicolons; quotes are taken off, comments left out.
fn words(text: &str) -> Result<Vec<String>, &'static str> {
    let (mut words, mut rest) = (Vec::new(), text.trim_start());
    while let Some(first) = rest.chars().next() {
        let until = |end: &str, what| rest.split_once(end).map(|(_, rest)| rest).ok_or(what);
        if first == '#' || rest.starts_with("//") {
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
        } else if rest.starts_with("/*") {
            rest = until("*/", "a comment has no end")?;
        } else if first == '"' {
            let (word, after) = rest[1..].split_once('"').ok_or("a quotation mark has no partner")?;
            words.push(word.to_owned());
            rest = after;
        } else if matches!(first, '{' | '}' | ';') {
            words.push(first.to_string());
            rest = &rest[1..];
        } else {
            let end = |c: char| c.is_whitespace() || matches!(c, '{' | '}' | ';' | '"' | '#');
            let (word, after) = rest.split_at(rest.find(end).unwrap_or(rest.len()));
            words.push(word.to_owned());
            rest = after;
        }
        rest = rest.trim_start();
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    const SECRET: &str = "c2VjcmV0LXRoYXQtaXMtbG9uZy1lbm91Z2g=";

    #[test]
    fn a_key_is_read_as_tsig_keygen_writes_it_and_with_comments() {
        let plain = format!("key \"ha.example\" {{\n\talgorithm hmac-sha256;\n\tsecret \"{SECRET}\";\n}};\n");
        let odd =
            format!("# a\n// b\n/* c\n */ key ha.example{{secret {SECRET};algorithm HMAC-SHA512;}} ; # d");
        for (text, algorithm) in [(plain, Algorithm::Sha256), (odd, Algorithm::Sha512)] {
            let key = parse(&text).unwrap();
            assert_eq!((key.name().to_string().as_str(), key.algorithm()), ("ha.example", algorithm));
        }
    }

    #[test]
    fn what_is_no_key_says_what_is_missing_and_never_what_is_there() {
        let with = |body: &str| format!("key k {{ {body} }};");
        let cases = [
            (String::new(), "expected one `key"),
            (SECRET.to_owned(), "expected one `key"),
            (with(&format!("secret {SECRET};")), "no `algorithm`"),
            (with("algorithm hmac-sha256;"), "no `secret`"),
            (with(&format!("algorithm hmac-md5; secret {SECRET};")), "none of hmac-sha256"),
            (with("algorithm hmac-sha256; secret \"?\";"), "base64"),
            (with("algorithm hmac-sha256; secret \"c2hvcnQ=\";"), "shorter than 16"),
            (with(&format!("algorithm hmac-sha256; secret {SECRET}; more a;")), "in its brackets"),
            (format!("key a..b {{ algorithm hmac-sha256; secret {SECRET}; }};"), "no name as DNS"),
            ("key \"k".to_owned(), "no partner"),
            ("/* key".to_owned(), "no end"),
        ];
        for (text, expected) in cases {
            let why = parse(&text).unwrap_err();
            assert!(why.contains(expected) && !why.contains(SECRET), "{text}: {why}");
        }
    }

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dns.key");
        assert!(read(&path).unwrap_err().to_string().contains("tsig-keygen"));
        std::fs::write(&path, format!("key k {{ algorithm hmac-sha256; secret {SECRET}; }};")).unwrap();
        for (mode, good) in [(0o644, false), (0o640, false), (0o604, false), (0o600, true), (0o400, true)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            match read(&path) {
                Ok(_) => assert!(good, "{mode:o}"),
                Err(why) => assert!(!good && why.to_string().contains("chmod 600"), "{mode:o}: {why}"),
            }
        }
        std::fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(read(&path).unwrap_err().to_string().starts_with("cannot read the key"));
    }
}
