//! Names, checked once at the edge.
//!
//! A name that exists is a name that is safe to print, to put into a path component, a
//! certificate or a DNS label (nodes and clusters), and to compare byte by byte. No name can be
//! `.` or `..`, hold a slash, a space or a control character, or start with a dash (it would be
//! taken for an option by a program that is handed it).

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Why a text is not a name.
///
/// The message is complete: it quotes what was given (cut to 80 characters) and says what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a {kind}: {rule}", shown(given))]
pub struct InvalidName {
    /// What kind of name was expected, e.g. `node name`.
    pub kind: &'static str,
    /// The text as given.
    pub given: String,
    /// The rule, in words.
    pub rule: &'static str,
}

fn shown(given: &str) -> String {
    let mut out: String = given.chars().take(80).flat_map(char::escape_debug).collect();
    if given.chars().nth(80).is_some() {
        out.push('…');
    }
    out
}

const LABEL_RULE: &str = "1 to 63 characters of a-z, 0-9 and -, beginning and ending with a letter or digit";
const WORD_RULE: &str =
    "1 to 64 characters of letters, digits, `_`, `.` and `-`, beginning with a letter or digit";
const TYPE_RULE: &str = "a word such as `ip-address`, or a class and parts such as `ocf:heartbeat:IPaddr2` or `systemd:nginx.service`";

fn is_label(s: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    s.len() <= 63
        && edge(s.chars().next())
        && edge(s.chars().last())
        && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_word(s: &str) -> bool {
    s.len() <= 64
        && s.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
        && s.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

fn is_type(s: &str) -> bool {
    let mut parts = s.split(':');
    let head = parts.next().unwrap_or_default();
    let word = |p: &str| is_word(p) || (is_word(&p.replace('@', "-")) && !p.starts_with('@'));
    match head {
        "ocf" => parts.clone().count() == 2 && parts.all(is_word),
        "systemd" => parts.clone().count() == 1 && parts.all(word),
        _ => parts.next().is_none() && is_label(head),
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $kind:literal, $check:path, $rule:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            /// Checks `text`.
            ///
            /// # Errors
            /// [`InvalidName`], which quotes the text and the rule.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidName> {
                let given = text.into();
                if $check(&given) { Ok(Self(given)) } else { Err(InvalidName { kind: $kind, given, rule: $rule }) }
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $type {
            type Err = InvalidName;
            fn from_str(s: &str) -> Result<Self, InvalidName> {
                Self::new(s)
            }
        }

        impl TryFrom<String> for $type {
            type Error = InvalidName;
            fn try_from(s: String) -> Result<Self, InvalidName> {
                Self::new(s)
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

name!(
    /// The name of a node: a DNS label, because it becomes one in the node's certificate.
    NodeName, "node name", is_label, LABEL_RULE
);
name!(
    /// The name of a cluster: a DNS label.
    ClusterName, "cluster name", is_label, LABEL_RULE
);
name!(
    /// The name of a failure domain: what fails together, such as a rack, a room, a hypervisor.
    FailureDomain, "failure domain", is_word, WORD_RULE
);
name!(
    /// The name of a group, unique in the cluster.
    GroupName, "group name", is_word, WORD_RULE
);
name!(
    /// The name of a resource, unique in its group.
    ResourceName, "resource name", is_word, WORD_RULE
);
name!(
    /// The name of a resource type: a built-in word (`ip-address`), `ocf:PROVIDER:AGENT`, or `systemd:UNIT`.
    TypeName, "resource type", is_type, TYPE_RULE
);
name!(
    /// The name of an administrator's credential (an API token or a client certificate).
    CredentialName, "credential name", is_word, WORD_RULE
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_be_a_path_an_option_or_a_control_character() {
        for bad in ["", ".", "..", "a/b", "-rf", "a b", "a\nb", "ä", "N1", "a-", &"a".repeat(64)] {
            assert!(NodeName::new(bad).is_err(), "{bad:?}");
        }
        for bad in ["", ".", "..", "a/b", "-rf", "a b", "a\u{7}", "a:b", &"a".repeat(65)] {
            assert!(GroupName::new(bad).is_err(), "{bad:?}");
        }
        for good in ["n1", "db-2", "0"] {
            assert!(NodeName::new(good).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn types_have_their_classes() {
        for good in [
            "ip-address",
            "dummy",
            "ocf:heartbeat:IPaddr2",
            "systemd:nginx.service",
            "systemd:getty@tty1.service",
        ] {
            assert!(TypeName::new(good).is_ok(), "{good}");
        }
        for bad in
            ["ocf:IPaddr2", "ocf:a:b:c", "systemd:", "systemd:../x", "lsb:x", "ocf:heartbeat:../../sh", ":"]
        {
            assert!(TypeName::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_message_quotes_and_explains() {
        let error = NodeName::new("Bad Name\u{1b}").unwrap_err().to_string();
        assert!(error.contains("`Bad Name\\u{1b}` is not a node name"), "{error}");
        assert!(error.contains("1 to 63 characters"), "{error}");
    }
}
