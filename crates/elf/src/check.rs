//! Everything that a library needs, put together.

use crate::found::Found;
use crate::image::{Images, Wanted};
use crate::problem::{Problem, Version};
use crate::scope::{Loaded, Scope};
use crate::search::Search;
use std::collections::BTreeSet;
use std::path::Path;

/// More problems than this tell nothing that these do not.
const PROBLEMS_MAX: usize = 64;

/// What a library stands on, and what is wrong with it.
#[derive(Debug, Clone)]
#[must_use]
pub struct Check {
    /// The files that would be loaded, the library first, then breadth first what is needed.
    pub files: Vec<Found>,
    /// What keeps it from being loaded; nothing: it can be.
    pub problems: Vec<Problem>,
}

impl Check {
    /// Whether it can be loaded.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Checks a library by itself, on this machine.
pub fn check(library: &Path) -> Check {
    check_in(&Search::of_this_machine(), None, library)
}

/// Checks a library as it would be loaded by a program: what the program itself has loaded is there for
/// the library too, and comes first.
pub fn check_in(search: &Search, program: Option<&Path>, library: &Path) -> Check {
    check_with(search, &Images::default(), program, library)
}

/// The same, with files that were read for others before.
pub fn check_with(search: &Search, images: &Images, program: Option<&Path>, library: &Path) -> Check {
    let mut scope = Scope::new(search, images);
    if let Some(program) = program {
        // A program that runs has what it needs; only what it brings along is of interest.
        scope.load(program);
        scope.problems.clear();
        scope.as_it_is();
    }
    let begin = scope.all.len();
    scope.load(library);
    let mut problems = std::mem::take(&mut scope.problems);
    for asker in scope.all.iter().skip(begin) {
        let missing = versions(&scope, asker, &mut problems);
        symbols(&scope, asker, &missing, &mut problems);
    }
    if problems.len() > PROBLEMS_MAX {
        let count = problems.len() - PROBLEMS_MAX;
        problems.truncate(PROBLEMS_MAX);
        problems.push(Problem::More { count });
    }
    let files = scope.all.into_iter().skip(begin).map(|loaded| loaded.found).collect();
    Check { files, problems }
}

fn version_of(loaded: &Loaded) -> Version {
    Version {
        file: loaded.found.real_path.clone(),
        soname: loaded.image.soname.clone(),
        defines: loaded.image.versions.clone(),
    }
}

/// Needed versions that are not there, by library and version.
type Missing = BTreeSet<(String, String)>;

fn versions(scope: &Scope<'_>, asker: &Loaded, problems: &mut Vec<Problem>) -> Missing {
    let mut missing = Missing::new();
    for need in asker.image.needs.iter().filter(|need| !need.weak) {
        let Some(library) = scope.named(&need.library) else { continue };
        // One that defines no version at all passes here; its symbols may not.
        if library.image.versions.is_empty() || library.image.versions.contains(&need.version) {
            continue;
        }
        if missing.insert((need.library.clone(), need.version.clone())) {
            let wants = |wanted: &&Wanted| wanted.version.as_ref() == Some(need);
            problems.push(Problem::MissingVersion {
                library: need.library.clone(),
                needed_by: asker.found.path.clone(),
                expected: need.version.clone(),
                found: version_of(library),
                symbols: asker.image.undefined.iter().filter(wants).map(|it| it.symbol.clone()).collect(),
            });
        }
    }
    missing
}

fn symbols(scope: &Scope<'_>, asker: &Loaded, missing: &Missing, problems: &mut Vec<Problem>) {
    for wanted in &asker.image.undefined {
        let needed = wanted.version.as_ref();
        let is_told = needed.is_some_and(|need| {
            missing.contains(&(need.library.clone(), need.version.clone()))
                // That the library is nowhere has been told.
                || scope.named(&need.library).is_none()
        });
        let defined = || scope.all.iter().any(|it| it.image.defines(wanted, |name| it.is_named(name)));
        if is_told || defined() {
            continue;
        }
        let lacks_libraries = asker.image.needed.iter().any(|name| scope.named(name).is_none());
        if needed.is_none() && lacks_libraries {
            // It is as likely as not in the one that is missing, which has been told.
            continue;
        }
        let found = match needed {
            Some(need) => scope.named(&need.library).into_iter().map(version_of).collect(),
            None => candidates(scope, asker),
        };
        problems.push(Problem::MissingSymbol {
            symbol: wanted.symbol.clone(),
            needed_by: asker.found.path.clone(),
            expected: needed.map(|need| (need.library.clone(), need.version.clone())),
            found,
        });
    }
}

/// The libraries among which one should define a symbol without a version. What belongs to the C library
/// gives all its symbols versions, so it is none of them.
fn candidates(scope: &Scope<'_>, asker: &Loaded) -> Vec<Version> {
    let gives_versions_to_all =
        |it: &Loaded| it.image.versions.iter().any(|version| version == "GLIBC_PRIVATE");
    let needed = asker.image.needed.iter().filter_map(|name| scope.named(name));
    needed.filter(|it| !gives_versions_to_all(it)).map(version_of).collect()
}
