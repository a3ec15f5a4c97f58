//! The files that would be in one process, in the loader's order.

use crate::found::Found;
use crate::image::{Image, ImageError, Images};
use crate::problem::Problem;
use crate::search::{Answer, Asker, Search};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Real closures have some dozens, a desktop's largest program some hundreds.
const FILES_MAX: usize = 1_024;

/// A file in the process.
pub(crate) struct Loaded {
    pub(crate) found: Found,
    pub(crate) image: Arc<Image>,
    /// By whom it was asked for, as a place in [`Scope::all`].
    parent: Option<usize>,
}

impl Loaded {
    /// Whether it is meant by a needed name.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.found.name == name || self.image.soname.as_deref() == Some(name)
    }
}

pub(crate) struct Scope<'s> {
    search: &'s Search,
    images: &'s Images,
    pub(crate) all: Vec<Loaded>,
    pub(crate) problems: Vec<Problem>,
    /// Names that were looked for in vain.
    missed: BTreeSet<String>,
}

impl<'s> Scope<'s> {
    pub(crate) fn new(search: &'s Search, images: &'s Images) -> Self {
        Self { search, images, all: Vec::new(), problems: Vec::new(), missed: BTreeSet::new() }
    }

    /// What was missed so far is looked for anew.
    pub(crate) fn as_it_is(&mut self) {
        self.missed.clear();
    }

    /// The file that is meant by a needed name.
    pub(crate) fn named(&self, name: &str) -> Option<&Loaded> {
        self.all.iter().find(|loaded| loaded.is_named(name))
    }

    /// Loads a file, and breadth first all that it needs.
    pub(crate) fn load(&mut self, path: &Path) {
        let mut at = self.all.len();
        self.add(path.to_string_lossy().into_owned(), path.to_owned(), None);
        while let Some(loaded) = self.all.get(at) {
            for name in loaded.image.needed.clone() {
                self.need(&name, at);
            }
            at += 1;
        }
    }

    fn need(&mut self, name: &str, by: usize) {
        if self.named(name).is_some() || self.missed.contains(name) {
            return;
        }
        let needed_by = self.all[by].found.path.clone();
        if self.all.len() >= FILES_MAX {
            self.missed.insert(name.to_owned());
            self.problems.push(Problem::More { count: 1 });
            return;
        }
        match self.search.find(name, &self.askers(by)) {
            Answer::At(path) => self.add(name.to_owned(), path, Some(by)),
            Answer::Nowhere => {
                self.missed.insert(name.to_owned());
                self.problems.push(Problem::MissingLibrary { library: name.to_owned(), needed_by });
            }
            Answer::WrongMachine(library, found) => {
                self.missed.insert(name.to_owned());
                self.wrong_machine(library, Some(needed_by), found);
            }
        }
    }

    /// The line of those who asked, the first one first.
    fn askers(&self, last: usize) -> Vec<Asker<'_>> {
        let mut line = Vec::new();
        let mut at = Some(last);
        while let Some(loaded) = at.and_then(|at| self.all.get(at)) {
            let (rpath, runpath) = (loaded.image.rpath.as_deref(), loaded.image.runpath.as_deref());
            line.push(Asker { path: &loaded.found.path, rpath, runpath });
            at = loaded.parent;
        }
        line.reverse();
        line
    }

    fn wrong_machine(&mut self, library: PathBuf, needed_by: Option<PathBuf>, found: crate::Machine) {
        if let Some(expected) = self.search.machine() {
            self.problems.push(Problem::WrongMachine { library, needed_by, expected, found });
        }
    }

    fn add(&mut self, name: String, path: PathBuf, parent: Option<usize>) {
        let needed_by = parent.map(|parent| self.all[parent].found.path.clone());
        let real_path = std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        match self.images.get(&path) {
            Ok(image) if self.search.machine().is_some_and(|ours| ours != image.machine) => {
                self.missed.insert(name);
                self.wrong_machine(path, needed_by, image.machine);
            }
            Ok(image) => {
                let found = Found { name, path, real_path, needed_by };
                self.all.push(Loaded { found, image, parent });
            }
            Err(error) => {
                self.missed.insert(name);
                let library = path;
                self.problems.push(match error {
                    ImageError::Unreadable(error) => {
                        Problem::Unreadable { library, needed_by, reason: error.to_string() }
                    }
                    ImageError::NotElf(reason) => Problem::NotElf { library, needed_by, reason },
                });
            }
        }
    }
}
