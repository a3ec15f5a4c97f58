//! Whether an installer may do what it is about to do.
//!
//! What is stopped is what broke clusters in 1999 and does so every week: *something older over something newer*
//! that was validated, and what is below its floor or was taken back. Nothing else: security updates must flow, and
//! a guard that cries wolf is removed. So what cannot be ordered is let through, and found by [`crate::judge`]
//! afterwards.
//!
//! | Refused | When |
//! |---|---|
//! | [`Why::Older`] | the version is before the validated one, and before the one that is installed, if one is |
//! | [`Why::BelowFloor`] | the version is before the package's floor |
//! | [`Why::Withdrawn`] | the version is one from which the cluster went back |
//! | [`Why::OlderFile`] | another package brings a file of the baseline, and brings it older |
//!
//! It decides for nobody who has a [`Permit`].

use crate::compare::{self, Relation};
use crate::inventory::Seen;
use model::stored::{Baseline, Component, KnownContent, PackageVersion, Permit};
use model::{AbsolutePath, Timestamp};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// What an installer is about to do with one package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The package, in the version that would be there afterwards.
    pub package: PackageVersion,
    /// The version that is installed now, if one is.
    pub installed: Option<String>,
    /// Files of the baseline that it would put there, as far as that is known.
    pub files: BTreeMap<AbsolutePath, Component>,
    /// What it is read from, for people.
    pub source: String,
}

/// Why something is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It is older than what was validated.
    Older {
        /// What was.
        validated: String,
    },
    /// It is older than what is fit for use at all.
    BelowFloor {
        /// What is.
        floor: String,
        /// Why, as whoever set it said.
        reason: String,
    },
    /// It is what the cluster went back from.
    Withdrawn {
        /// What was validated instead.
        validated: String,
    },
    /// It brings a file older than the one that was validated, which another package brought, or none.
    OlderFile {
        /// What it would put there.
        brings: String,
        /// What was validated.
        validated: String,
    },
}

/// One package that is not to be installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Which.
    pub package: PackageVersion,
    /// The version that is installed now, if one is.
    pub installed: Option<String>,
    /// What it is read from.
    pub source: String,
    /// A file of the baseline that stands on it, where one is known.
    pub file: Option<AbsolutePath>,
    /// Which kinds of resources stand on that file.
    pub subjects: Vec<String>,
    /// Why.
    pub why: Why,
}

/// What an installer may not do.
#[must_use]
pub fn refusals(baseline: &Baseline, offers: &[Offer], permits: &[Permit], now: Timestamp) -> Vec<Refusal> {
    let is_permitted = |offer: &Offer| permits.iter().any(|permit| permits_it(permit, &offer.package, now));
    offers.iter().filter(|offer| !is_permitted(offer)).filter_map(|offer| refusal(baseline, offer)).collect()
}

/// Whether a permit covers this.
#[must_use]
pub fn permits_it(permit: &Permit, package: &PackageVersion, now: Timestamp) -> bool {
    permit.package == package.name
        && now < permit.until
        && permit.version.as_ref().is_none_or(|version| *version == package.version)
}

fn refusal(baseline: &Baseline, offer: &Offer) -> Option<Refusal> {
    let (file, why) = by_version(baseline, offer).or_else(|| by_file(baseline, offer))?;
    let stands =
        |subject: &&model::stored::Subject| file.as_ref().is_some_and(|it| subject.files.contains(it));
    let subjects = baseline.subjects.iter().filter(|(_, subject)| stands(subject));
    Some(Refusal {
        package: offer.package.clone(),
        installed: offer.installed.clone(),
        source: offer.source.clone(),
        subjects: subjects.map(|(name, _)| name.clone()).collect(),
        file,
        why,
    })
}

/// By the versions of the package itself.
fn by_version(baseline: &Baseline, offer: &Offer) -> Option<(Option<AbsolutePath>, Why)> {
    let validated = validated(baseline, &offer.package);
    let file = validated.map(|(path, _)| path.clone());
    if let Some(floor) = baseline.floors.get(&offer.package.name) {
        let least =
            PackageVersion { version: floor.version.clone(), scheme: floor.scheme, ..offer.package.clone() };
        if order(&offer.package, &least) == Some(Ordering::Less) {
            let (floor, reason) = (floor.version.clone(), floor.reason.clone());
            return Some((file, Why::BelowFloor { floor, reason }));
        }
    }
    let (_, validated) = validated?;
    let is_later_than_installed = offer.installed.as_ref().is_some_and(|installed| {
        let installed = PackageVersion { version: installed.clone(), ..offer.package.clone() };
        order(&offer.package, &installed) != Some(Ordering::Less)
    });
    match order(&offer.package, validated)? {
        // Whoever has something older still comes nearer to what was validated.
        Ordering::Less if !is_later_than_installed => {
            Some((file, Why::Older { validated: validated.version.clone() }))
        }
        Ordering::Greater if is_withdrawn(baseline, &offer.package) => {
            Some((file, Why::Withdrawn { validated: validated.version.clone() }))
        }
        _ => None,
    }
}

/// A file of the baseline with the version of its package that was validated: the latest, where files differ in it.
fn validated<'a>(
    baseline: &'a Baseline,
    package: &PackageVersion,
) -> Option<(&'a AbsolutePath, &'a PackageVersion)> {
    let of_it = baseline.components.iter().filter_map(|(path, it)| Some((path, it.package.as_ref()?)));
    of_it
        .filter(|(_, it)| it.name == package.name && it.scheme == package.scheme)
        .reduce(|one, other| if order(other.1, one.1) == Some(Ordering::Greater) { other } else { one })
}

/// Whether the cluster went back from this version: an earlier baseline had it, and the present one has an older one
/// because somebody said so.
fn is_withdrawn(baseline: &Baseline, package: &PackageVersion) -> bool {
    let is_it = |known: &KnownContent| known.package.as_ref() == Some(package);
    baseline.known.values().flatten().any(is_it)
}

/// By the files that a package would put in the place of another one's.
fn by_file(baseline: &Baseline, offer: &Offer) -> Option<(Option<AbsolutePath>, Why)> {
    offer.files.iter().find_map(|(path, brings)| {
        let validated = baseline.components.get(path)?;
        // What a package brings of its own is told by its version.
        if validated.package.as_ref().is_some_and(|package| package.name == offer.package.name) {
            return None;
        }
        let known = baseline.known.get(path).into_iter().flatten();
        let was_before = known.into_iter().any(|known| known.content == brings.content);
        let seen = Seen { component: brings.clone(), as_packaged: None };
        let is_older = was_before || compare::relation(validated, &seen) == Relation::Older;
        is_older.then(|| {
            let (brings, validated) = (compare::described(brings), compare::described(validated));
            (Some(path.clone()), Why::OlderFile { brings, validated })
        })
    })
}

fn order(one: &PackageVersion, other: &PackageVersion) -> Option<Ordering> {
    compare::packages(other, one)
}

/// The packages of a baseline, each with the oldest version that the guard lets through.
#[must_use]
pub fn least(baseline: &Baseline) -> BTreeMap<String, PackageVersion> {
    let mut least: BTreeMap<String, PackageVersion> = BTreeMap::new();
    let of_files = baseline.components.values().filter_map(|it| it.package.clone());
    let of_floors = baseline.floors.iter().map(|(name, floor)| PackageVersion {
        name: name.clone(),
        version: floor.version.clone(),
        scheme: floor.scheme,
    });
    for one in of_files.chain(of_floors) {
        match least.get(&one.name) {
            Some(there) if order(&one, there) != Some(Ordering::Greater) => {}
            _ => drop(least.insert(one.name.clone(), one)),
        }
    }
    least
}

/// Versions from which the cluster went back, by package.
#[must_use]
pub fn withdrawn(baseline: &Baseline) -> BTreeMap<String, Vec<String>> {
    let mut withdrawn: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in baseline.known.values().flatten().filter_map(|known| known.package.as_ref()) {
        let is_later = validated(baseline, package)
            .is_some_and(|(_, validated)| order(package, validated) == Some(Ordering::Greater));
        let versions = withdrawn.entry(package.name.clone()).or_default();
        if is_later && !versions.contains(&package.version) {
            versions.push(package.version.clone());
        }
    }
    withdrawn.retain(|_, versions| !versions.is_empty());
    withdrawn
}

impl Refusal {
    /// It, in a sentence without a full stop.
    #[must_use]
    pub fn sentence(&self, generation: u64) -> String {
        let PackageVersion { name, version, .. } = &self.package;
        let installed = match &self.installed {
            Some(installed) => format!("installed is {installed}"),
            None => "it is not installed".to_owned(),
        };
        let why = match &self.why {
            Why::Older { validated } => {
                format!("is older than {validated}, which baseline {generation} validated; {installed}")
            }
            Why::BelowFloor { floor, reason } if reason.is_empty() => {
                format!("is below the floor {floor} of baseline {generation}; {installed}")
            }
            Why::BelowFloor { floor, reason } => {
                format!("is below the floor {floor} of baseline {generation} ({reason}); {installed}")
            }
            Why::Withdrawn { validated } => format!(
                "is what the cluster went back from; baseline {generation} validated {validated}; {installed}"
            ),
            Why::OlderFile { brings, validated } => {
                let path = self.file.as_ref().map(ToString::to_string).unwrap_or_default();
                format!(
                    "would put an older {path} over the validated one: it brings {brings}; baseline {generation} \
                     has {validated}"
                )
            }
        };
        format!("{name} {version} {why}")
    }
}

#[cfg(test)]
mod tests;
