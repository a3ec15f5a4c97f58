//! What dpkg is about to do, when it runs a program of `pre-invoke` (dpkg(1)).
//!
//! It tells that program what it was asked (`DPKG_HOOK_ACTION`) and not with which files; those are on its own command
//! line, which is read from `/proc`. Whatever is unpacked past dpkg is found afterwards.

use crate::Change;
use rustix::process::{Pid, getppid};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

/// dpkg starts a shell for it, which may start another.
const ANCESTORS_MAX: usize = 4;

/// More files than any command line names, also with `--recursive`.
const FILES_MAX: usize = 100_000;

/// Options with a value of their own, which may stand in a word after them.
const VALUES: [&str; 15] = [
    "--admindir",
    "--root",
    "--instdir",
    "--path-exclude",
    "--path-include",
    "--verify-format",
    "--status-fd",
    "--status-logger",
    "--log",
    "--ignore-depends",
    "--debug",
    "--force",
    "--no-force",
    "--refuse",
    "--abort-after",
];

/// A dpkg that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its arguments, without its name.
    pub arguments: Vec<OsString>,
    /// Where it was started.
    pub folder: PathBuf,
}

impl Run {
    /// The one that started this process; nothing: none did.
    #[must_use]
    pub fn of_this_process() -> Option<Self> {
        let mut process = getppid()?;
        for _ in 0..ANCESTORS_MAX {
            let of = |name: &str| PathBuf::from(format!("/proc/{}/{name}", process.as_raw_nonzero()));
            let line = std::fs::read(of("cmdline")).ok()?;
            let mut words = line.split(|byte| *byte == 0).map(|word| OsString::from_vec(word.to_vec()));
            let name = words.next()?;
            if Path::new(&name).file_name().is_some_and(|name| name == "dpkg") {
                let mut arguments: Vec<OsString> = words.collect();
                // After the last zero.
                arguments.pop();
                let folder = std::fs::read_link(of("cwd")).ok()?;
                return Some(Self { arguments, folder });
            }
            process = parent(&std::fs::read_to_string(of("stat")).ok()?)?;
        }
        None
    }

    /// What will be unpacked; nothing: another system than this one is installed to.
    #[must_use]
    pub fn changes(&self) -> Option<Vec<Change>> {
        let (mut named, mut recursive, mut only_names) = (Vec::new(), false, false);
        let mut words = self.arguments.iter();
        while let Some(word) = words.next() {
            let Some(text) = word.to_str().filter(|text| !only_names && text.starts_with('-')) else {
                named.push(self.folder.join(word));
                continue;
            };
            let (option, value) = match text.split_once('=') {
                Some((option, value)) => (option, Some(value.to_owned())),
                None if VALUES.contains(&text) => {
                    (text, words.next().map(|value| value.to_string_lossy().into_owned()))
                }
                None => (text, None),
            };
            match option {
                "--" => only_names = true,
                "--recursive" => recursive = true,
                "--root" | "--instdir" if value.as_deref().is_some_and(|to| !is_this_system(to)) => {
                    return None;
                }
                "-D" => drop(words.next()),
                // Letters together, as in `-iR`.
                _ if !option.starts_with("--") => recursive |= option.contains('R'),
                _ => {}
            }
        }
        let files = named.into_iter().flat_map(|path| if recursive { below(&path) } else { vec![path] });
        let is_file = |path: &PathBuf| path.is_file();
        let change = |file| Change { name: None, installed: None, version: None, file: Some(file) };
        Some(files.filter(is_file).take(FILES_MAX).map(change).collect())
    }
}

fn is_this_system(root: &str) -> bool {
    root.is_empty() || std::fs::canonicalize(root).is_ok_and(|root| root == Path::new("/"))
}

/// What dpkg looks for: every `*.deb` below a folder.
fn below(path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![path.to_owned()];
    let mut looked = 0;
    while let Some(path) = open.pop() {
        looked += 1;
        if looked > FILES_MAX {
            break;
        }
        match std::fs::read_dir(&path) {
            Ok(entries) => open.extend(entries.flatten().map(|entry| entry.path())),
            Err(_) if path.extension().is_some_and(|it| it == "deb") => found.push(path),
            Err(_) => {}
        }
    }
    found.sort();
    found
}

/// The parent in `/proc/PID/stat`: the second field after the name, which may hold anything but ends with the last
/// parenthesis.
fn parent(stat: &str) -> Option<Pid> {
    let after = stat.rsplit_once(')')?.1;
    Pid::from_raw(after.split_ascii_whitespace().nth(1)?.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(folder: &Path, words: &[&str]) -> Option<Vec<PathBuf>> {
        let arguments = words.iter().map(OsString::from).collect();
        let changes = Run { arguments, folder: folder.to_owned() }.changes()?;
        Some(changes.into_iter().map(|change| change.file.unwrap()).collect())
    }

    #[test]
    fn the_files_of_a_command_line_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let (a, deep) = (dir.path().join("a.deb"), dir.path().join("below/deep/b.deb"));
        std::fs::create_dir_all(deep.parent().unwrap()).unwrap();
        std::fs::write(&a, "").unwrap();
        std::fs::write(&deep, "").unwrap();
        std::fs::write(dir.path().join("below/readme"), "").unwrap();
        let of = |words: &[&str]| run(dir.path(), words);
        let only_a = Some(vec![a.clone()]);
        assert_eq!(of(&["-i", "a.deb"]), only_a);
        assert_eq!(of(&["--force-all", "--install", a.to_str().unwrap()]), only_a);
        assert_eq!(of(&["--status-fd", "21", "--no-triggers", "--unpack", "a.deb", "gone.deb"]), only_a);
        assert_eq!(of(&["--log=/dev/null", "-D", "2", "-i", "--", "a.deb"]), only_a);
        assert_eq!(of(&["-iR", "below"]), Some(vec![deep.clone()]));
        assert_eq!(of(&["--unpack", "--auto-deconfigure", "--recursive", "."]), Some(vec![a, deep]));
        assert_eq!(of(&["--configure", "-a"]), Some(Vec::new()));
        assert_eq!(of(&["--root=/", "-i", "a.deb"]), only_a);
        assert_eq!(of(&["--root", "/mnt", "-i", "a.deb"]), None, "another system");
        assert_eq!(of(&["--instdir=below", "-i", "a.deb"]), None);
        assert_eq!(of(&["-i", "--root"]), Some(Vec::new()), "cut off");
    }

    #[test]
    fn parents_are_found_whatever_a_process_is_called() {
        assert_eq!(parent("12 (a) S) R 7 12 12 0").map(|pid| pid.as_raw_nonzero().get()), Some(7));
        assert_eq!(parent("12 (a"), None);
        assert_eq!(parent("12 (a) S"), None);
        assert!(Run::of_this_process().is_none());
    }
}
