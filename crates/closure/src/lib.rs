//! Which files does this stand on? Answered by reading files; nothing of them is run.
//!
//! * A program or library: what the dynamic loader would load with it, and the loader (crate `elf`).
//! * A script: its interpreter, the files that it sources, and the programs that it calls (`script`).
//! * An OCF agent is a script, a systemd unit names programs (`unit`).
//!
//! Of a script the answer is what *might* be used: every branch counts, and a name that is made at run time is not
//! seen. So what is found is watched, and what is missing is no fault of its own: agents call what there is.
//!
//! Paths are those of the folder's real name, and of a file each link on the way to it is a file of its own: who
//! changes a link changes what is behind it.

mod collect;
mod ground;
mod paths;
mod script;
mod unit;

pub use ground::Ground;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

/// What is asked about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Root {
    /// A program: its path, or a name that is looked for where programs are.
    Program(String),
    /// A library that a program loads while it runs.
    Library {
        /// It.
        path: PathBuf,
        /// The program.
        host: Option<PathBuf>,
    },
    /// An OCF agent.
    Agent {
        /// Who made it.
        provider: String,
        /// Its name.
        name: String,
        /// Its parameters, which may name programs.
        parameters: BTreeMap<String, String>,
    },
    /// A systemd unit.
    Unit(String),
    /// A file that was used while it ran, as somebody saw. If it is not there, nothing is wrong: it may have been
    /// of a version that is gone.
    Used(PathBuf),
}

/// What something stands on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Closure {
    /// The files, and why.
    pub files: BTreeMap<PathBuf, Reason>,
    /// What is wrong, each in a sentence: a library or a symbol is missing, a file cannot be read.
    pub problems: BTreeSet<String>,
    /// Folders in which a file that comes or goes can change the answer.
    pub folders: BTreeSet<PathBuf>,
}

/// Why a file belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It was asked about.
    Root,
    /// It was used by what ran.
    Used,
    /// It runs that script, or loads that program.
    Interpreter(PathBuf),
    /// That file needs it.
    Needed(PathBuf),
    /// It would be needed instead, as soon as the loader's cache is made anew.
    Shadow(PathBuf),
    /// That script reads it.
    Sourced(PathBuf),
    /// That script or unit calls it.
    Called(PathBuf),
    /// It is what that link leads to.
    Linked(PathBuf),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => f.write_str("asked about"),
            Self::Used => f.write_str("used by what ran"),
            Self::Interpreter(of) => write!(f, "runs {}", of.display()),
            Self::Needed(by) => write!(f, "needed by {}", by.display()),
            Self::Shadow(of) => write!(f, "takes the place of {} at the next ldconfig", of.display()),
            Self::Sourced(by) => write!(f, "read by {}", by.display()),
            Self::Called(by) => write!(f, "called by {}", by.display()),
            Self::Linked(by) => write!(f, "behind the link {}", by.display()),
        }
    }
}

/// Everything that these stand on.
#[must_use]
pub fn of(ground: &Ground, roots: &[Root]) -> Closure {
    of_with(ground, &elf::Images::default(), roots)
}

/// The same, with files that were read for others before.
#[must_use]
pub fn of_with(ground: &Ground, images: &elf::Images, roots: &[Root]) -> Closure {
    let mut collect = collect::Collect::new(ground, images);
    for root in roots {
        collect.root(root);
    }
    collect.closure
}

/// Reads any bytes as a script, for whoever wants to know that it ends: what it sources and calls, in words.
#[must_use]
pub fn read_script(bytes: &[u8]) -> Vec<Vec<String>> {
    script::read(bytes)
        .commands
        .into_iter()
        .map(|command| command.iter().map(ToString::to_string).collect())
        .collect()
}
