//! Collecting: one file leads to the next.

use crate::script::{self, Meaning, Variables};
use crate::{Closure, Ground, Reason, Root, paths, unit};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A closure has some hundred files; one that has more than this is of no use to anybody.
const FILES_MAX: usize = 4_000;

/// Scripts that scripts call are read so far down.
const DEPTH_MAX: usize = 2;

/// What of a file tells what it is.
const HEAD: usize = 256;

pub(crate) struct Collect<'g> {
    ground: &'g Ground,
    images: &'g elf::Images,
    pub(crate) closure: Closure,
    /// What was looked into already.
    done: BTreeSet<PathBuf>,
}

impl<'g> Collect<'g> {
    pub(crate) fn new(ground: &'g Ground, images: &'g elf::Images) -> Self {
        // Its cache is made anew by whoever installs libraries.
        let closure = Closure { folders: BTreeSet::from([PathBuf::from("/etc")]), ..Closure::default() };
        Self { ground, images, closure, done: BTreeSet::new() }
    }

    pub(crate) fn root(&mut self, root: &Root) {
        match root {
            Root::Program(name) => match self.find_program(name) {
                Some(path) => self.program(&path, Reason::Root, 0),
                None => self.problem(format!("there is no program {name}")),
            },
            Root::Library { path, host } => {
                if let Some(host) = host {
                    self.program(host, Reason::Root, 0);
                }
                self.binary(path, host.as_deref(), Reason::Root);
            }
            Root::Agent { provider, name, parameters } => {
                let path = self.ground.ocf_root.join("resource.d").join(provider).join(name);
                let mut variables = Variables::default();
                let ocf_root = self.ground.ocf_root.display().to_string();
                variables.set("OCF_ROOT", ocf_root.clone());
                variables.set("OCF_FUNCTIONS_DIR", format!("{ocf_root}/lib/heartbeat"));
                for (name, value) in parameters {
                    variables.set(&format!("OCF_RESKEY_{name}"), value.clone());
                }
                self.file(&path, Reason::Root, 0, &mut variables);
            }
            Root::Used(path) if !path.exists() => {}
            Root::Used(path) => drop(self.note(path, Reason::Used)),
            Root::Unit(name) => {
                let files = unit::files(&self.ground.unit_folders, name);
                if files.is_empty() {
                    self.problem(format!("there is no unit {name}"));
                }
                for file in files {
                    self.note(&file, Reason::Root);
                    for program in unit::programs(&file) {
                        if let Some(path) = self.find_program(&program) {
                            self.program(&path, Reason::Called(file.clone()), 0);
                        }
                    }
                }
            }
        }
    }

    fn problem(&mut self, problem: String) {
        self.closure.problems.insert(problem);
    }

    /// Notes a file with the links that lead to it; where it is in the end.
    fn note(&mut self, path: &Path, reason: Reason) -> Option<PathBuf> {
        let Some(chain) = paths::chain(path) else {
            self.problem(format!("{} leads nowhere", path.display()));
            return None;
        };
        let mut reason = reason;
        for link in &chain {
            self.closure.folders.extend(link.parent().map(Path::to_owned));
            if self.closure.files.len() >= FILES_MAX {
                self.problem(format!("it stands on more than {FILES_MAX} files; only these are known"));
                return None;
            }
            self.closure.files.entry(link.clone()).or_insert(reason);
            reason = Reason::Linked(link.clone());
        }
        chain.into_iter().next_back()
    }

    /// Where a program is. The folders before it are of interest too: another one may come there.
    fn find_program(&mut self, name: &str) -> Option<PathBuf> {
        if name.contains('/') {
            return Some(PathBuf::from(name)).filter(|path| path.is_absolute() && paths::is_program(path));
        }
        let mut before = Vec::new();
        for folder in &self.ground.path {
            before.push(folder.clone());
            if paths::is_program(&folder.join(name)) {
                self.closure.folders.extend(before.iter().filter_map(|it| std::fs::canonicalize(it).ok()));
                return Some(folder.join(name));
            }
        }
        None
    }

    fn program(&mut self, path: &Path, reason: Reason, depth: usize) {
        self.file(path, reason, depth, &mut Variables::default());
    }

    /// A program or script, with what it stands on.
    fn file(&mut self, path: &Path, reason: Reason, depth: usize, variables: &mut Variables) {
        let Some(real) = self.note(path, reason) else { return };
        if self.done.contains(&real) {
            return;
        }
        match head(&real) {
            Ok(head) if head.starts_with(b"\x7fELF") => self.binary(path, None, Reason::Root),
            Ok(head) if head.starts_with(b"#!") => {
                self.done.insert(real.clone());
                self.script(&real, &head, depth, variables);
            }
            Ok(_) => drop(self.done.insert(real)),
            Err(error) => self.problem(format!("{} cannot be read: {error}", real.display())),
        }
    }

    fn binary(&mut self, path: &Path, host: Option<&Path>, reason: Reason) {
        let Some(real) = self.note(path, reason) else { return };
        if !self.done.insert(real.clone()) {
            return;
        }
        let check = match self.images.get(path) {
            Ok(image) => {
                if let Some(loader) = &image.interpreter {
                    self.note(Path::new(loader), Reason::Interpreter(real));
                }
                elf::check_with(&self.ground.search, self.images, host, path)
            }
            // Linked statically: it needs nobody.
            Err(elf::ImageError::NotElf(why)) if why == elf::NO_DYNAMIC_TABLE => return,
            Err(_) => elf::check_with(&self.ground.search, self.images, host, path),
        };
        for found in &check.files {
            let reason = found.needed_by.clone().map_or(Reason::Root, Reason::Needed);
            self.note(&found.path, reason);
            self.shadow(found);
        }
        for problem in check.problems {
            self.problem(problem.to_string());
        }
    }

    /// A library that would be found first if the loader's cache were made anew: it will be, at the next
    /// installation of anything.
    fn shadow(&mut self, found: &elf::Found) {
        if found.needed_by.is_none() || found.name.contains('/') {
            return;
        }
        let other = self.ground.configured.first(&found.name);
        self.closure.folders.extend(self.ground.configured.folders_before(&found.path));
        let spelled = |path: &Path| std::fs::canonicalize(path).ok();
        if let Some(other) = other.filter(|other| spelled(other) != spelled(&found.path)) {
            self.note(&other, Reason::Shadow(found.path.clone()));
        }
    }

    fn script(&mut self, path: &Path, head: &[u8], depth: usize, variables: &mut Variables) {
        let line = head[2..].split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = String::from_utf8_lossy(line).into_owned();
        let mut words = line.split_whitespace();
        let interpreter = words.next().unwrap_or_default().to_owned();
        let mut name = interpreter.rsplit('/').next().unwrap_or_default().to_owned();
        if paths::is_program(Path::new(&interpreter)) {
            self.program(Path::new(&interpreter), Reason::Interpreter(path.to_owned()), DEPTH_MAX);
        } else {
            self.problem(format!("{} is to be run by {interpreter}, which is not there", path.display()));
        }
        // `env` looks for the one that is meant.
        if name == "env"
            && let Some(meant) = words.find(|word| !word.starts_with('-') && !word.contains('='))
        {
            name = meant.to_owned();
            if let Some(found) = self.find_program(meant) {
                self.program(&found, Reason::Interpreter(path.to_owned()), DEPTH_MAX);
            }
        }
        if matches!(name.as_str(), "sh" | "bash" | "dash" | "ash" | "ksh" | "mksh" | "zsh")
            && depth <= DEPTH_MAX
        {
            self.shell(path, depth, variables, &mut BTreeSet::new());
        }
    }

    /// A shell script and the files that it sources, in order: what these define holds for the rest of it.
    fn shell(
        &mut self,
        path: &Path,
        depth: usize,
        variables: &mut Variables,
        functions: &mut BTreeSet<String>,
    ) {
        let Ok(bytes) = std::fs::read(path) else {
            self.problem(format!("{} cannot be read", path.display()));
            return;
        };
        let script = script::read(&bytes);
        // Sourced files define functions and variables for those after them, so it is read twice: once for what it
        // sources, and once with what they say.
        let first = Meaning::of(&script, variables, functions);
        for sourced in &first.sourced {
            let sourced = Path::new(sourced);
            if !sourced.is_absolute() || !sourced.is_file() {
                continue;
            }
            let Some(real) = self.note(sourced, Reason::Sourced(path.to_owned())) else { continue };
            if self.done.insert(real.clone()) {
                self.shell(&real, depth, variables, functions);
            } else {
                // Who read it before has called what it calls; its variables are of interest again.
                let read = std::fs::read(&real).unwrap_or_default();
                Meaning::of(&script::read(&read), variables, functions);
            }
        }
        let meaning = Meaning::of(&script, variables, functions);
        for name in meaning.called.iter().filter(|name| !functions.contains(*name)) {
            if let Some(found) = self.find_program(name) {
                self.program(&found, Reason::Called(path.to_owned()), depth + 1);
            }
        }
    }
}

fn head(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let about = std::fs::metadata(path)?;
    let mut head = Vec::new();
    // A pipe or a device is no program, and nobody waits for it.
    if about.is_file() {
        std::fs::File::open(path)?.take(HEAD as u64).read_to_end(&mut head)?;
    }
    Ok(head)
}

#[cfg(test)]
mod tests;
