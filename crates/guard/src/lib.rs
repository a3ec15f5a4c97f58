//! Stands beside package managers and says no to something older over something newer, before a file is touched.
//!
//! ```text
//!   daemon --> policy.json --+
//!   steadfast guard allow --> permits.json --+--> answer --> the installer goes on, or stops
//!   apt, dpkg: what is offered --------------+       |
//!   daemon <-- notes/ <------------------------------+
//! ```
//!
//! **It asks nobody.** The daemon keeps the validated set, signed, in a file on each node; whoever asks reads that, so
//! a dead or hung daemon delays no installer by a millisecond, and there is one way to decide and not two. What was
//! decided is left beside it for the daemon to tell.
//!
//! **It is in nobody's way.** Whatever keeps it from deciding (no policy, a damaged one, a package that it cannot
//! read) lets the installer go on, and is said: the file that is wrong is found afterwards, the machine that cannot
//! be patched is not.
//!
//! * [`apt`], [`apt_json`], [`dpkg`]: what the three hooks are told.
//! * [`offers`]: what that means for the files of the baseline. [`answer`]: what becomes of it.
//! * [`pins`], [`shield`]: the same, in apt's and dpkg's own words, so that they do not even try.
//! * [`folder`]: the files.

pub mod answer;
pub mod apt;
pub mod apt_json;
pub mod dpkg;
pub mod folder;
pub mod offers;
pub mod pins;
pub mod shield;

use std::path::PathBuf;

/// What an installer is about to do with one package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its name, as far as the installer says it.
    pub name: Option<String>,
    /// The version that is installed, if one is; what the installer does not say is looked up.
    pub installed: Option<String>,
    /// The version that it is to be.
    pub version: Option<String>,
    /// The file that it comes from.
    pub file: Option<PathBuf>,
}
