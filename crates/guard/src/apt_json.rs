//! The hooks of apt's command line that speak JSON-RPC 2.0 (apt's `json-hooks-protocol`), before it asks "Do you
//! want to continue?".
//!
//! They can stop nothing. What would be refused is said here, so that somebody at a terminal knows it before they
//! answer and not afterwards. Each message ends with an empty line; the first one asks which version is spoken.

use crate::Change;
use serde::Deserialize;
use serde_json::{Value, json};
use std::io::{self, BufRead, Write};

/// A message has a line, which holds every package that is touched.
const LINE_MAX: u64 = 64 << 20;

/// The versions of the protocol that are spoken.
const VERSIONS: [&str; 2] = ["0.2", "0.1"];

#[derive(Deserialize)]
struct Message {
    method: String,
    #[serde(default)]
    id: Option<Value>,
    #[serde(default)]
    params: Value,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    mode: String,
    #[serde(default)]
    versions: Versions,
}

#[derive(Default, Deserialize)]
struct Versions {
    #[serde(default)]
    install: Option<Version>,
    #[serde(default)]
    current: Option<Version>,
}

#[derive(Deserialize)]
struct Version {
    version: String,
}

/// Speaks with apt until it says goodbye, and hands what it is about to do to `told`.
///
/// # Errors
/// The connection breaks, or what comes is no message.
pub fn serve(
    input: &mut impl BufRead,
    out: &mut impl Write,
    mut told: impl FnMut(&[Change]),
) -> io::Result<()> {
    loop {
        let mut line = Vec::new();
        io::Read::take(&mut *input, LINE_MAX).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(());
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let message: Message = serde_json::from_slice(&line)?;
        match message.method.as_str() {
            "org.debian.apt.hooks.hello" => {
                let spoken = message.params["versions"].as_array().into_iter().flatten();
                let spoken: Vec<&str> = spoken.filter_map(Value::as_str).collect();
                let common = VERSIONS.iter().find(|version| spoken.contains(*version));
                let answer = match common {
                    Some(version) => {
                        json!({"jsonrpc": "2.0", "id": message.id, "result": {"version": version}})
                    }
                    None => json!({"jsonrpc": "2.0", "id": message.id,
                        "error": {"code": -32602, "message": "no version in common"}}),
                };
                write!(out, "{answer}\n\n")?;
                out.flush()?;
            }
            "org.debian.apt.hooks.install.pre-prompt" => told(&changes(&message.params)),
            "org.debian.apt.hooks.bye" => return Ok(()),
            _ => {}
        }
    }
}

fn changes(params: &Value) -> Vec<Change> {
    let packages = params["packages"].as_array().into_iter().flatten();
    let read = packages.filter_map(|package| Package::deserialize(package).ok());
    let is_installed = |package: &Package| !matches!(package.mode.as_str(), "deinstall" | "purge" | "keep");
    read.filter(is_installed)
        .map(|package| Change {
            name: Some(package.name),
            installed: package.versions.current.map(|it| it.version),
            version: package.versions.install.map(|it| it.version),
            file: None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    fn spoken(input: &str) -> (io::Result<()>, String, Vec<Change>) {
        let (mut out, mut all) = (Vec::new(), Vec::new());
        let done =
            serve(&mut BufReader::new(input.as_bytes()), &mut out, |changes| all.extend_from_slice(changes));
        (done, String::from_utf8(out).unwrap(), all)
    }

    const HELLO: &str = "{\"jsonrpc\":\"2.0\",\"method\":\"org.debian.apt.hooks.hello\",\"id\":0,\
        \"params\":{\"versions\":[\"0.1\",\"0.2\"]}}\n\n";
    const PROMPT: &str = "{\"jsonrpc\":\"2.0\",\"method\":\"org.debian.apt.hooks.install.pre-prompt\",\"params\":\
        {\"command\":\"install\",\"packages\":[\
        {\"id\":1,\"name\":\"helper\",\"architecture\":\"amd64\",\"mode\":\"downgrade\",\"automatic\":false,\
        \"versions\":{\"candidate\":{\"id\":2,\"version\":\"4.0-1\"},\"install\":{\"id\":3,\"version\":\"3.0-1\"},\
        \"current\":{\"id\":2,\"version\":\"4.0-1\"}}},\
        {\"id\":9,\"name\":\"gone\",\"mode\":\"purge\",\"versions\":{}}, 7]}}\n\n";

    #[test]
    fn what_apt_is_about_to_do_is_understood() {
        let bye = "{\"jsonrpc\":\"2.0\",\"method\":\"org.debian.apt.hooks.bye\"}\n\n";
        let (done, out, changes) = spoken(&format!("{HELLO}{PROMPT}{bye}not read any more"));
        done.unwrap();
        assert_eq!(out, "{\"id\":0,\"jsonrpc\":\"2.0\",\"result\":{\"version\":\"0.2\"}}\n\n");
        let helper = Change {
            name: Some("helper".to_owned()),
            installed: Some("4.0-1".to_owned()),
            version: Some("3.0-1".to_owned()),
            file: None,
        };
        assert_eq!(changes, [helper]);
    }

    #[test]
    fn a_stranger_is_told_that_there_is_no_common_version() {
        let hello = HELLO.replace("0.1", "7").replace("0.2", "8");
        assert!(spoken(&hello).1.contains("no version in common"));
    }

    #[test]
    fn what_is_cut_off_or_no_message_ends_it() {
        assert!(spoken(&PROMPT[..100]).0.is_err());
        assert!(spoken("[1,2]\n").0.is_err());
        assert!(spoken("").0.is_ok());
        let nested = format!("{}{}\n", "[".repeat(100_000), "]".repeat(100_000));
        assert!(spoken(&nested).0.is_err());
    }
}
