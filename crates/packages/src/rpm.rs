//! The database of rpm, asked by `rpm` itself: Berkeley DB, ndb and SQLite were its formats within ten years.
//!
//! It is asked about some files at a time, under a deadline, and told to touch nothing: `--query` takes no lock
//! that an installation waits for. What it prints is asked for in a form of our own.

use crate::DatabaseError;
use model::stored::{PackageScheme, PackageVersion};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

/// A query of some hundred files takes 20 to 100 ms; one that takes longer than this hangs.
const LIMIT: Duration = Duration::from_secs(20);

/// So many files at once: an argument list may have 2 MiB, and a path 4 KiB.
const FILES_AT_ONCE: usize = 256;

/// What an answer may have.
const ANSWER_MAX: u64 = 4 << 20;

/// One line for each file, in the order of the question.
const FORM: &str = "%{NAME}\\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\\n";

/// Where the database is: today's place, and the one before.
const FOLDERS: [&str; 2] = ["usr/lib/sysimage/rpm", "var/lib/rpm"];

/// Its files, by format.
const FILES: [&str; 4] = ["rpmdb.sqlite", "rpmdb.sqlite-wal", "Packages.db", "Packages"];

/// A machine's.
#[derive(Debug)]
pub struct Rpm {
    root: PathBuf,
    folder: &'static str,
    stamp: Option<SystemTime>,
}

impl Rpm {
    /// That of the system whose root is there; nothing, if it has none.
    #[must_use]
    pub fn of(root: &Path) -> Option<Self> {
        let folder = FOLDERS.into_iter().find(|folder| stamp(root, folder).is_some())?;
        Some(Self { root: root.to_owned(), folder, stamp: stamp(root, folder) })
    }

    pub(crate) fn stamp(&self) -> Option<SystemTime> {
        self.stamp
    }

    pub(crate) fn stamp_now(&self) -> Option<SystemTime> {
        stamp(&self.root, self.folder)
    }

    /// The packages of these files.
    ///
    /// # Errors
    /// [`DatabaseError::Rpm`]: it does not answer.
    pub fn owners(
        &self,
        paths: &BTreeSet<PathBuf>,
    ) -> Result<BTreeMap<PathBuf, PackageVersion>, DatabaseError> {
        // A path with a line feed could not be told from two, and rpm knows none that is no text.
        let is_plain = |path: &&PathBuf| path.to_str().is_some_and(|text| !text.contains('\n'));
        let plain: Vec<&PathBuf> = paths.iter().filter(is_plain).collect();
        let mut owners = BTreeMap::new();
        for some in plain.chunks(FILES_AT_ONCE) {
            let mut command = self.query();
            command.args(["--file", "--queryformat", FORM, "--"]).args(some);
            let answer = ask(command)?;
            // What belongs to nobody is said in a sentence, on a line of its own. A file of several packages has
            // a line for each, and then lines cannot be told apart: such files are asked for alone.
            let lines: Vec<&str> = answer.lines().collect();
            if lines.len() == some.len() {
                let read =
                    some.iter().zip(lines).filter_map(|(path, line)| Some(((*path).clone(), package(line)?)));
                owners.extend(read);
            } else if let [path] = some {
                owners.extend(
                    lines.into_iter().filter_map(package).next_back().map(|it| ((*path).clone(), it)),
                );
            } else {
                for path in some {
                    owners.append(&mut self.owners(&BTreeSet::from([(*path).clone()]))?);
                }
            }
        }
        Ok(owners)
    }

    /// Which of these packages are installed. Nothing, if it does not answer: then nobody is newer.
    #[must_use]
    pub fn installed(&self, names: &BTreeSet<&str>) -> BTreeMap<String, PackageVersion> {
        let plain: Vec<&&str> = names.iter().filter(|name| !name.starts_with('-')).collect();
        if plain.is_empty() {
            return BTreeMap::new();
        }
        let mut command = self.query();
        command.args(["--queryformat", FORM, "--"]).args(plain);
        let answer = ask(command).unwrap_or_default();
        answer.lines().filter_map(package).map(|it| (it.name.clone(), it)).collect()
    }

    fn query(&self) -> Command {
        let mut command = Command::new("rpm");
        // Named, because not every distribution's `rpm` looks there by itself.
        let folder = format!("/{}", self.folder);
        command.arg("--root").arg(&self.root).args(["--dbpath", &folder, "--noplugins", "--query"]);
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LC_ALL", "C");
        command
    }
}

/// A line of the form; a sentence is none.
fn package(line: &str) -> Option<PackageVersion> {
    let (name, version) = line.split_once('\t')?;
    (!name.is_empty() && !version.contains('\t')).then(|| PackageVersion {
        name: name.to_owned(),
        version: version.to_owned(),
        scheme: PackageScheme::Rpm,
    })
}

fn stamp(root: &Path, folder: &str) -> Option<SystemTime> {
    let files = FILES.map(|file| root.join(folder).join(file)).into_iter();
    files.filter_map(|file| std::fs::metadata(file).and_then(|found| found.modified()).ok()).max()
}

/// What a query prints. That a file belongs to nobody makes its exit code 1, so the code says nothing.
fn ask(mut command: Command) -> Result<String, DatabaseError> {
    let failed = |why: String| DatabaseError::Rpm { why };
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = spawned.map_err(|error| failed(error.to_string()))?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let reader = |pipe: Option<Box<dyn std::io::Read + Send>>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = pipe.map(|pipe| pipe.take(ANSWER_MAX).read_to_end(&mut bytes));
            bytes
        })
    };
    let out = reader(out.map(|pipe| Box::new(pipe) as Box<dyn std::io::Read + Send>));
    let err = reader(err.map(|pipe| Box::new(pipe) as Box<dyn std::io::Read + Send>));
    let until = Instant::now() + LIMIT;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Some(status),
            Ok(None) if Instant::now() < until => std::thread::sleep(Duration::from_millis(2)),
            Ok(None) | Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                break None;
            }
        }
    };
    let text = |thread: std::thread::JoinHandle<Vec<u8>>| {
        String::from_utf8_lossy(&thread.join().unwrap_or_default()).into_owned()
    };
    let (out, err) = (text(out), text(err));
    let Some(status) = status else { return Err(failed(format!("it took longer than {LIMIT:?}"))) };
    let broken = err.lines().find(|line| line.starts_with("error: ") && !line.contains("No such file"));
    match broken {
        Some(line) if !status.success() => Err(failed(line.trim_start_matches("error: ").to_owned())),
        _ => Ok(out),
    }
}

#[cfg(test)]
mod tests {
    //! With a database that rpm makes: a package is built and installed below a folder.

    use super::*;

    fn rpm_is_there() -> bool {
        let there = Command::new("rpmbuild").arg("--version").stdout(Stdio::null()).status().is_ok();
        if !there {
            eprintln!("SKIPPED: rpm is not installed");
        }
        there
    }

    fn rpm(root: &Path) -> Command {
        let mut command = Command::new("rpm");
        command.arg("--root").arg(root).args(["--dbpath", "/var/lib/rpm"]);
        command
    }

    fn run(command: &mut Command) {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn install(root: &Path, version: &str) {
        let work = tempfile::tempdir().unwrap();
        let spec = work.path().join("helper.spec");
        let text = format!(
            "Name: helper\nEpoch: 2\nVersion: {version}\nRelease: 1\nSummary: x\nLicense: x\nBuildArch: noarch\n\
             %description\nx\n%install\nmkdir -p %{{buildroot}}/opt/helper\necho {version} > \
             %{{buildroot}}/opt/helper/lib\n%files\n/opt/helper/lib\n"
        );
        std::fs::write(&spec, text).unwrap();
        let top = format!("_topdir {}", work.path().display());
        run(Command::new("rpmbuild").args(["--quiet", "-bb", "--define", &top]).arg(&spec));
        let built = work.path().join(format!("RPMS/noarch/helper-{version}-1.noarch.rpm"));
        run(rpm(root).args(["--nodeps", "--noplugins", "-U", "--oldpackage"]).arg(built));
    }

    #[test]
    fn files_belong_to_the_package_that_rpm_says() {
        if !rpm_is_there() {
            return;
        }
        let root = tempfile::tempdir().unwrap();
        run(rpm(root.path()).arg("--initdb"));
        install(root.path(), "4.0");
        let rpm = Rpm::of(root.path()).unwrap();
        let (lib, other) = (PathBuf::from("/opt/helper/lib"), PathBuf::from("/opt/helper/nobodys"));
        let owners = rpm.owners(&BTreeSet::from([lib.clone(), other])).unwrap();
        let owner = |version: &str| PackageVersion {
            name: "helper".to_owned(),
            version: version.to_owned(),
            scheme: PackageScheme::Rpm,
        };
        assert_eq!(owners, BTreeMap::from([(lib.clone(), owner("2:4.0-1"))]));
        assert_eq!(rpm.installed(&BTreeSet::from(["helper", "other"]))["helper"], owner("2:4.0-1"));
        install(root.path(), "3.0");
        assert_ne!(rpm.stamp_now(), rpm.stamp());
        assert_eq!(rpm.owners(&BTreeSet::from([lib.clone()])).unwrap()[&lib], owner("2:3.0-1"));
    }

    #[test]
    fn a_damaged_database_is_told_of() {
        if !rpm_is_there() {
            return;
        }
        let root = tempfile::tempdir().unwrap();
        run(rpm(root.path()).arg("--initdb"));
        let file = root.path().join("var/lib/rpm/rpmdb.sqlite");
        std::fs::write(&file, "this is no database").unwrap();
        for more in ["rpmdb.sqlite-wal", "rpmdb.sqlite-shm"] {
            let _ = std::fs::remove_file(root.path().join("var/lib/rpm").join(more));
        }
        let rpm = Rpm::of(root.path()).unwrap();
        let asked = rpm.owners(&BTreeSet::from([PathBuf::from("/opt/helper/lib")]));
        let said = asked.unwrap_err().to_string();
        assert!(said.contains("rpm does not answer") && said.contains("rebuilddb"), "{said}");
    }

    #[test]
    fn a_machine_without_it_has_none() {
        assert!(Rpm::of(tempfile::tempdir().unwrap().path()).is_none());
    }
}
