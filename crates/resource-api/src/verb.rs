//! What can be asked of a resource.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// An entry point of a resource type.
///
/// The first eleven are those of the original's resource DLLs; the others come from OCF. Not every type
/// has all of them: one that a type lacks ends with [`Failure::Unimplemented`](crate::Failure).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// Are the parameters right, and is everything here that it needs? Changes nothing.
    Validate,
    /// Does it run here, whoever started it? Changes nothing. Running or not are both good answers.
    Probe,
    /// Make it run. Done when it is of use to clients.
    Online,
    /// End it in order. Done when nothing of it is left. Of one that does not run: done at once.
    Offline,
    /// End it at any price. The last resort before the node itself is given up.
    Terminate,
    /// A cheap look, often.
    LooksAlive,
    /// A thorough look, seldom.
    IsAlive,
    /// Take hold of what others must not use meanwhile, such as a reservation on a disk.
    Reserve,
    /// Let go of it.
    Release,
    /// A type's own request; its words are in the call's arguments.
    Control,
    /// From replica to primary.
    Promote,
    /// From primary to replica.
    Demote,
    /// Something happens or happened to other instances; told in the call's arguments.
    Notify,
    /// Leave for another node while running; the first half.
    MigrateTo,
    /// Arrive from another node while running; the second half.
    MigrateFrom,
    /// Take up changed parameters while running.
    Reload,
}

impl Verb {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Validate,
        Self::Probe,
        Self::Online,
        Self::Offline,
        Self::Terminate,
        Self::LooksAlive,
        Self::IsAlive,
        Self::Reserve,
        Self::Release,
        Self::Control,
        Self::Promote,
        Self::Demote,
        Self::Notify,
        Self::MigrateTo,
        Self::MigrateFrom,
        Self::Reload,
    ];

    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Validate => "validate",
            Self::Probe => "probe",
            Self::Online => "online",
            Self::Offline => "offline",
            Self::Terminate => "terminate",
            Self::LooksAlive => "looks-alive",
            Self::IsAlive => "is-alive",
            Self::Reserve => "reserve",
            Self::Release => "release",
            Self::Control => "control",
            Self::Promote => "promote",
            Self::Demote => "demote",
            Self::Notify => "notify",
            Self::MigrateTo => "migrate-to",
            Self::MigrateFrom => "migrate-from",
            Self::Reload => "reload",
        }
    }

    /// Whether it only looks: then it may be cut short at any moment, and nobody needs to know.
    #[must_use]
    pub fn only_looks(self) -> bool {
        matches!(self, Self::Validate | Self::Probe | Self::LooksAlive | Self::IsAlive)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// No such verb.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no verb of a resource type")]
pub struct UnknownVerb(pub String);

impl FromStr for Verb {
    type Err = UnknownVerb;
    fn from_str(text: &str) -> Result<Self, UnknownVerb> {
        Self::ALL.into_iter().find(|verb| verb.as_str() == text).ok_or_else(|| UnknownVerb(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_round_trip_here_and_in_messages() {
        for verb in Verb::ALL {
            assert_eq!(verb.as_str().parse(), Ok(verb));
            assert_eq!(serde_json::to_value(verb).unwrap(), verb.as_str());
        }
        assert!("start".parse::<Verb>().is_err());
    }
}
