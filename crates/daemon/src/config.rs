//! `steadfast.toml`: the node's own file, only what must be known before the cluster is.
//!
//! Everything else is in the cluster database, so that it is the same on every node and cannot
//! be forgotten on one.

use model::desired::parse_duration;
use model::{AbsolutePath, Endpoint, NodeName};
use serde::Deserialize;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The node's own configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// This node's name.
    pub node: NodeName,
    /// Where its files live.
    pub data_dir: PathBuf,
    /// Its local socket.
    pub socket: PathBuf,
    /// Where it serves: one endpoint per network, all on one port, the one in `listen` first.
    pub endpoints: Vec<Endpoint>,
    /// The watchdog that restarts it, if it has one.
    pub watchdog: Option<Watchdog>,
}

/// A watchdog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watchdog {
    /// Its device.
    pub device: PathBuf,
    /// Its time-out; nothing: what the profile's timers come to.
    pub timeout: Option<Duration>,
}

/// Why the file cannot be used. The message holds file, line, column and what was expected.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error(
        "cannot read {path}: {source}; name another one with --config FILE, or create it (see the README)"
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not valid.
    #[error("{path}:{line}:{column}: {message}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// What is wrong.
        message: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    node: NodeName,
    #[serde(default = "default_data_dir")]
    data_dir: AbsolutePath,
    #[serde(default = "default_socket")]
    socket: AbsolutePath,
    listen: Endpoint,
    #[serde(default)]
    networks: Vec<IpAddr>,
    watchdog: Option<AbsolutePath>,
    watchdog_timeout: Option<Seconds>,
}

/// Whole seconds, as watchdogs count.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Seconds(Duration);

impl TryFrom<String> for Seconds {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let whole = |span: &Duration| span.subsec_nanos() == 0 && (1..=600).contains(&span.as_secs());
        let span = parse_duration(&text).filter(whole);
        span.map(Self).ok_or_else(|| format!("`{text}` is not a time-out in whole seconds, `1s` to `600s`"))
    }
}

fn default_data_dir() -> AbsolutePath {
    "/var/lib/steadfast".parse().expect("a constant, covered by a test")
}

fn default_socket() -> AbsolutePath {
    "/run/steadfast/steadfast.sock".parse().expect("a constant, covered by a test")
}

impl Config {
    /// Reads the node's file.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// Reads its text; `path` is for the message.
    pub(crate) fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let invalid = |at: usize, message: String| {
            let before = &text[..text.floor_char_boundary(at)];
            let line = before.matches('\n').count() + 1;
            let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
            ConfigError::Invalid { path: path.to_owned(), line, column, message }
        };
        if let Some(at) = declaration::too_deep(text) {
            return Err(invalid(at, "too many brackets are open here".to_owned()));
        }
        let file: File = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            invalid(at, error.message().to_owned())
        })?;
        let mut endpoints = vec![file.listen];
        for network in &file.networks {
            let endpoint = file.listen.on(*network);
            if !endpoints.contains(&endpoint) {
                endpoints.push(endpoint);
            }
        }
        if !file.networks.is_empty() && !file.networks.contains(&file.listen.0.ip()) {
            let at = text.find("networks").unwrap_or(0);
            let ip = file.listen.0.ip();
            return Err(invalid(at, format!("`networks` must include the address of `listen`, {ip}")));
        }
        if endpoints.len() > 8 {
            return Err(invalid(0, "at most 8 networks".to_owned()));
        }
        if file.watchdog.is_none() && file.watchdog_timeout.is_some() {
            let at = text.find("watchdog_timeout").unwrap_or(0);
            return Err(invalid(at, "`watchdog_timeout` is of a `watchdog`, which is not given".to_owned()));
        }
        let timeout = file.watchdog_timeout.map(|timeout| timeout.0);
        let watchdog = file.watchdog.map(|device| Watchdog { device: device.to_path_buf(), timeout });
        Ok(Self {
            node: file.node,
            data_dir: file.data_dir.to_path_buf(),
            socket: file.socket.to_path_buf(),
            endpoints,
            watchdog,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new("steadfast.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn the_contract_s_example_is_read() {
        let config = parse(
            "node = \"n1\"\ndata_dir = \"/var/lib/steadfast\"\nsocket = \"/run/steadfast/steadfast.sock\"\n\
             listen = \"10.99.0.1:7400\"\nnetworks = [\"10.99.0.1\", \"10.99.1.1\"]\n",
        )
        .unwrap();
        let endpoints: Vec<String> = config.endpoints.iter().map(ToString::to_string).collect();
        assert_eq!(endpoints, ["10.99.0.1:7400", "10.99.1.1:7400"]);
    }

    #[test]
    fn the_defaults_are_valid() {
        let config = parse("node = \"n1\"\nlisten = \"127.0.0.1:7400\"\n").unwrap();
        assert_eq!(config.data_dir, Path::new("/var/lib/steadfast"));
        assert_eq!(config.socket, Path::new("/run/steadfast/steadfast.sock"));
    }

    #[test]
    fn a_watchdog_is_a_device_with_a_time_out_in_whole_seconds() {
        let with = |lines: &str| parse(&format!("node = \"n1\"\nlisten = \"127.0.0.1:7400\"\n{lines}"));
        assert_eq!(with("").unwrap().watchdog, None);
        let given = with("watchdog = \"/dev/watchdog\"\nwatchdog_timeout = \"5s\"\n").unwrap().watchdog;
        let (device, timeout) = (PathBuf::from("/dev/watchdog"), Some(Duration::from_secs(5)));
        assert_eq!(given, Some(Watchdog { device, timeout }));
        for bad in ["1500ms", "0s", "soon", "11m"] {
            let error = with(&format!("watchdog = \"/dev/watchdog\"\nwatchdog_timeout = \"{bad}\"\n"));
            let error = error.unwrap_err();
            assert!(error.starts_with("steadfast.toml:4:20:") && error.contains("whole seconds"), "{error}");
        }
        let error = with("watchdog_timeout = \"5s\"\n").unwrap_err();
        assert!(error.starts_with("steadfast.toml:3:1:"), "{error}");
        assert!(with("watchdog = \"dev/watchdog\"\n").unwrap_err().contains("absolute path"));
    }

    #[test]
    fn errors_name_the_place_and_what_was_expected() {
        let error = parse("node = \"Bad_Name\"\nlisten = \"127.0.0.1:7400\"\n").unwrap_err();
        assert!(error.starts_with("steadfast.toml:1:8: `Bad_Name` is not a node name"), "{error}");
        let error = parse("node = \"n1\"\nlisten = \"n1:7400\"\n").unwrap_err();
        assert!(error.starts_with("steadfast.toml:2:10: `n1:7400` is not an address"), "{error}");
        let error = parse("node = \"n1\"\nlissten = \"x\"\n").unwrap_err();
        assert!(error.contains("lissten"), "{error}");
        let error = parse("node = \"n1\"\nlisten = \"10.0.0.1:1\"\nnetworks = [\"10.0.1.1\"]\n").unwrap_err();
        assert!(error.starts_with("steadfast.toml:3:1: `networks` must include"), "{error}");
    }
}
