//! What the value of a parameter may be, and how it is read.

use crate::place::{Span, quoted};
use crate::value::{Ms, Node, in_quotes, kind_of, whole_number};
use model::desired::{Value, parse_duration};
use model::{AbsolutePath, Endpoint, Network};
use serde::Serialize;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use toml::de::DeValue;

/// What the value of a parameter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Kind {
    /// An IP address with the length of its network's prefix.
    Network,
    /// An IP address alone.
    Address,
    /// An IP address of one host, and a port.
    Endpoint,
    /// An IP address and a port to listen on; the unspecified address means every one.
    Listen,
    /// The name of a network interface.
    Interface,
    /// An absolute path.
    Path,
    /// An `http` or `https` URL.
    Url,
    /// A host name as DNS has it.
    HostName,
    /// The name of a user of the node.
    User,
    /// One line of text.
    Text,
    /// A list of such.
    Texts,
    /// A list of `NAME=value`.
    Variables,
    /// A program by its absolute path, and its arguments, as a list.
    Command,
    /// One of these words.
    OneOf {
        /// The words.
        words: &'static [&'static str],
    },
    /// A whole number.
    Number {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// A whole number with its unit: `250ms`, `10s`, `5m`, `2h`, `1d`.
    Duration {
        /// The shortest, in milliseconds.
        min_ms: u64,
        /// The longest, in milliseconds.
        max_ms: u64,
    },
    /// `true` or `false`.
    Flag,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Self::Network => "an address with a prefix length, such as \"10.0.0.100/24\"",
            Self::Address => "an IP address, such as \"10.0.0.100\"",
            Self::Endpoint => "an address and port, such as \"10.0.0.1:80\" or \"[fd00::1]:80\"",
            Self::Listen => "an address and port to listen on, such as \"10.0.0.100:80\" or \"0.0.0.0:80\"",
            Self::Interface => "the name of a network interface, such as \"eth0\"",
            Self::Path => "an absolute path without `.` or `..`, such as \"/srv/site\"",
            Self::Url => "a URL, such as \"http://10.0.0.100/health\"",
            Self::HostName => "a host name, such as \"shop.example.org\"",
            Self::User => "the name of a user, such as \"www-data\"",
            Self::Text => "one line of text in quotes",
            Self::Texts => "a list of texts, such as [\"a\", \"b\"]",
            Self::Variables => "a list of variables, such as [\"LANG=C\"]",
            Self::Command => "a list of an absolute path and arguments, such as [\"/usr/bin/sleep\", \"60\"]",
            Self::OneOf { words } => return write!(f, "one of \"{}\"", words.join("\", \"")),
            Self::Number { min, max } => return write!(f, "a whole number from {min} to {max}"),
            Self::Duration { min_ms, max_ms } => {
                return write!(f, "a duration from {} to {}, such as \"10s\"", Ms(*min_ms), Ms(*max_ms));
            }
            Self::Flag => "true or false",
        };
        f.write_str(words)
    }
}

/// A value that is not of its kind.
pub(crate) struct Wrong {
    pub(crate) span: Span,
    /// What it is, in words.
    pub(crate) found: String,
    /// What was probably meant.
    pub(crate) instead: Option<String>,
}

impl Kind {
    /// Reads a value of the file.
    pub(crate) fn read(self, value: &Node<'_>) -> Result<Value, Wrong> {
        match (self, value.get_ref()) {
            (Self::Flag, DeValue::Boolean(flag)) => Ok(Value::Flag(*flag)),
            (Self::Number { min, max }, DeValue::Integer(number)) => whole_number(number)
                .filter(|number| (min..=max).contains(number))
                .map(Value::Number)
                .ok_or_else(|| wrong(value, None)),
            (Self::Texts | Self::Variables | Self::Command, DeValue::Array(_)) => self.list(value),
            (Self::Texts | Self::Variables | Self::Command, DeValue::String(text)) => {
                Err(wrong(value, Some(self.as_list(text))))
            }
            (Self::Flag | Self::Number { .. }, DeValue::String(text)) => {
                let bare = text.parse::<i64>().is_ok() || matches!(text.as_ref(), "true" | "false");
                Err(wrong(value, bare.then(|| text.as_ref().to_owned())))
            }
            (Self::Flag | Self::Number { .. } | Self::Texts | Self::Variables | Self::Command, _) => {
                Err(wrong(value, None))
            }
            (_, DeValue::String(text)) if self.takes(text) => Ok(Value::Text(text.as_ref().to_owned())),
            (_, DeValue::String(text)) => Err(wrong(value, self.near(text))),
            (_, other) => Err(wrong(value, self.quoted_right(other))),
        }
    }

    fn list(self, value: &Node<'_>) -> Result<Value, Wrong> {
        let DeValue::Array(items) = value.get_ref() else { return Err(wrong(value, None)) };
        let mut texts = Vec::new();
        for (place, item) in items.iter().enumerate() {
            let text = item.get_ref().as_str().ok_or_else(|| wrong(item, in_quotes(item.get_ref())))?;
            let good = match self {
                Self::Variables => is_variable(text),
                Self::Command if place == 0 => text.parse::<AbsolutePath>().is_ok(),
                // Arguments may be empty and have several lines.
                Self::Command => !text.contains('\0'),
                _ => is_line(text),
            };
            if !good {
                return Err(wrong(item, None));
            }
            texts.push(text.to_owned());
        }
        if texts.is_empty() && self == Self::Command {
            return Err(wrong(value, None));
        }
        Ok(Value::List(texts))
    }

    /// Whether a text is of this kind.
    fn takes(self, text: &str) -> bool {
        match self {
            Self::Network => text.parse::<Network>().is_ok(),
            Self::Address => text
                .parse::<IpAddr>()
                .is_ok_and(|address| !address.is_unspecified() && !address.is_multicast()),
            Self::Endpoint => text.parse::<Endpoint>().is_ok(),
            Self::Listen => text
                .parse::<SocketAddr>()
                .is_ok_and(|address| address.port() != 0 && !address.ip().is_multicast()),
            Self::Interface => is_interface(text),
            Self::Path => text.parse::<AbsolutePath>().is_ok(),
            Self::Url => is_url(text),
            Self::HostName => is_host_name(text),
            Self::User => is_user(text),
            Self::Text => is_line(text),
            Self::OneOf { words } => words.contains(&text),
            Self::Duration { min_ms, max_ms } => parse_duration(text)
                .is_some_and(|given| (u128::from(min_ms)..=u128::from(max_ms)).contains(&given.as_millis())),
            Self::Flag | Self::Number { .. } | Self::Texts | Self::Variables | Self::Command => false,
        }
    }

    /// What a text that is not of this kind was probably meant to be.
    fn near(self, text: &str) -> Option<String> {
        let meant = match self {
            Self::Network => format!("{text}/{}", if text.contains(':') { 64 } else { 24 }),
            Self::Address => text.split('/').next()?.to_owned(),
            Self::Path => format!("/{text}"),
            Self::Url => format!("http://{text}"),
            Self::Duration { .. } => format!("{text}s"),
            Self::HostName => text.to_lowercase(),
            Self::OneOf { words } => crate::nearest::nearest(text, words.iter().copied())?.to_owned(),
            _ => return None,
        };
        self.takes(&meant).then_some(meant)
    }

    /// A bare value in the quotes, and with the unit, that it lacks.
    fn quoted_right(self, value: &DeValue<'_>) -> Option<String> {
        let bare = in_quotes(value)?;
        let text = bare.trim_matches('"');
        let is_time = matches!(self, Self::Duration { .. });
        let meant = if is_time { self.near(text)? } else { text.to_owned() };
        self.takes(&meant).then(|| format!("\"{meant}\""))
    }

    /// A text where a list was expected, as that list. No shell's rules: split at spaces.
    fn as_list(self, text: &str) -> String {
        let items: Vec<&str> = match self {
            Self::Command => text.split_whitespace().collect(),
            _ => vec![text],
        };
        format!("[\"{}\"]", items.iter().map(|item| quoted(item)).collect::<Vec<_>>().join("\", \""))
    }
}

fn wrong(value: &Node<'_>, instead: Option<String>) -> Wrong {
    let found = match value.get_ref() {
        DeValue::String(text) => format!("`{}`", quoted(text)),
        DeValue::Integer(number) => quoted(&number.to_string()),
        other => kind_of(other).to_owned(),
    };
    Wrong { span: value.span(), found, instead: instead.map(|text| quoted(&text)) }
}

/// The kernel's own limit for a path, and enough for everything else.
const LINE_BYTES_MAX: usize = 4095;

fn is_line(text: &str) -> bool {
    !text.is_empty() && text.len() <= LINE_BYTES_MAX && !text.chars().any(char::is_control)
}

/// As the kernel's `dev_valid_name`.
fn is_interface(text: &str) -> bool {
    (1..=15).contains(&text.len())
        && !matches!(text, "." | "..")
        && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'/' | b':'))
}

fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    is_line(text) && !text.contains(char::is_whitespace) && host.is_some_and(|host| !host.is_empty())
}

/// RFC 1123, section 2.1.
fn is_host_name(text: &str) -> bool {
    let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    let label = |label: &str| {
        label.len() <= 63
            && edge(label.bytes().next())
            && edge(label.bytes().last())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// As `useradd` accepts it.
fn is_user(text: &str) -> bool {
    let first = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    (1..=32).contains(&text.len())
        && text.bytes().next().is_some_and(first)
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

fn is_variable(text: &str) -> bool {
    let name = |name: &str| {
        !name.is_empty()
            && !name.as_bytes()[0].is_ascii_digit()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    !text.contains('\0') && text.split_once('=').is_some_and(|(variable, _)| name(variable))
}
