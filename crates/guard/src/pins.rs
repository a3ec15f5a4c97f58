//! Preferences of apt (apt_preferences(5)), so that it does not choose what the guard would refuse: it then leaves
//! that package as it is and goes on with the others, where a hook could only stop the whole run.
//!
//! A preference names a version and cannot say "before 4.0", so each version that apt knows of and may not choose is
//! named. They are written anew after each `apt update`, and when another baseline counts.

use model::stored::{Baseline, PackageScheme, PackageVersion};
use servicing::compare;
use servicing::guard;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

/// Where they are. Of several files that speak of a version the first by name counts.
pub const FILE: &str = "/etc/apt/preferences.d/00steadfast";

/// The packages of which apt is to be asked what it knows.
#[must_use]
pub fn packages(baseline: &Baseline) -> Vec<String> {
    let least = guard::least(baseline).into_values().filter(|it| it.scheme == PackageScheme::Dpkg);
    least.map(|it| it.name).collect()
}

/// What `apt-cache madison` knows: versions, by package.
#[must_use]
pub fn known(madison: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in madison.lines() {
        let mut parts = line.split('|').map(str::trim);
        let (Some(name), Some(version)) = (parts.next(), parts.next()) else { continue };
        known.entry(name.to_owned()).or_default().insert(version.to_owned());
    }
    known
}

/// The file.
#[must_use]
pub fn text(baseline: &Baseline, known: &BTreeMap<String, BTreeSet<String>>) -> String {
    let generation = baseline.generation;
    let mut text = format!(
        "# Written by Steadfast, and written anew when its baseline changes or apt's lists do.\n\
         # What is older than baseline {generation} validated, or was taken back, is not to be chosen.\n"
    );
    let withdrawn = guard::withdrawn(baseline);
    for (name, least) in guard::least(baseline) {
        if least.scheme != PackageScheme::Dpkg || !is_word(&name) {
            continue;
        }
        for version in known.get(&name).into_iter().flatten().filter(|version| is_word(version)) {
            let offered = PackageVersion { version: version.clone(), ..least.clone() };
            let is_older = compare::packages(&least, &offered) == Some(Ordering::Less);
            let is_withdrawn = withdrawn.get(&name).is_some_and(|all| all.contains(version));
            if is_older || is_withdrawn {
                let why =
                    if is_older { format!("older than {}", least.version) } else { "taken back".to_owned() };
                let _ = write!(
                    text,
                    "\nExplanation: {why} (baseline {generation})\nPackage: {name}\nPin: version {version}\n\
                     Pin-Priority: -1\n"
                );
            }
        }
    }
    text
}

/// Asks apt what it knows, and writes the file if it says something else than is there: how many versions it names.
///
/// # Errors
/// apt-cache cannot be run, or the file cannot be written.
pub fn refresh(baseline: &Baseline) -> io::Result<Option<usize>> {
    let names = packages(baseline).into_iter().filter(|name| is_word(name) && !name.starts_with('-'));
    let asked = Command::new("apt-cache").arg("madison").args(names).stdin(Stdio::null()).output()?;
    let text = text(baseline, &known(&String::from_utf8_lossy(&asked.stdout)));
    let path = Path::new(FILE);
    if std::fs::read_to_string(path).is_ok_and(|there| there == text) {
        return Ok(None);
    }
    // Readable by all, as apt wants it; and whole, since apt may read it now. apt passes over names with `.new`.
    let fresh = path.with_extension("new");
    std::fs::write(&fresh, &text)?;
    std::fs::rename(&fresh, path)?;
    Ok(Some(text.matches("Pin-Priority").count()))
}

/// Nothing that could be read as another line, or as a pattern.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.~:".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::tests::baseline;

    #[test]
    fn what_apt_may_not_choose_is_named_and_nothing_else() {
        let known = known(
            "    helper |      5.0-1 | http://a b/main amd64 Packages\n    helper | 4.0-1 | x\n helper | 3.0-1 | x\n\
             \n other | 1 | x\nnonsense\n helper | 2.0\u{1b} | x\n",
        );
        let text = text(&baseline(), &known);
        assert!(text.contains("Package: helper\nPin: version 3.0-1\nPin-Priority: -1\n"), "{text}");
        assert_eq!(text.matches("Pin-Priority").count(), 1, "{text}");
        assert_eq!(packages(&baseline()), ["helper"]);
    }
}
