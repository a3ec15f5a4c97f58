//! Files and standard input, read within bounds; secrets, written for their owner alone.

use crate::failure::Failure;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Half of what a node takes in one request: in JSON every line end becomes two characters. A file
/// with thousands of groups is smaller.
const DECLARATION_BYTES_MAX: u64 = 2 << 20;

/// Reads a declarative file, `-` being standard input: its text, and how it is called in messages.
pub(crate) fn read_declaration(path: &Path) -> Result<(String, String), Failure> {
    if path.as_os_str() == "-" {
        let text = read_stdin("the declarative file", DECLARATION_BYTES_MAX)?;
        return Ok((text, "standard input".to_owned()));
    }
    let text = read_text(path, "the declarative file", DECLARATION_BYTES_MAX)?;
    Ok((text, path.display().to_string()))
}

/// Reads a text of at most `bytes_max` bytes; `what` names it in the error.
pub(crate) fn read_text(path: &Path, what: &str, bytes_max: u64) -> Result<String, Failure> {
    let named = format!("{what} {}", path.display());
    let bytes = File::open(path).and_then(|file| read_bounded(file, bytes_max));
    text(bytes, &named, bytes_max)
}

/// Reads one line of standard input, of at most `bytes_max` bytes. Neither a person nor a pipe that
/// stays open has to end the input for it.
pub(crate) fn read_stdin_line(what: &str, bytes_max: u64) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = BufReader::new(io::stdin().lock()).take(bytes_max + 1).read_until(b'\n', &mut bytes);
    text(read.map(|_| bytes), &format!("{what} from standard input"), bytes_max)
}

/// Reads standard input as a text of at most `bytes_max` bytes.
pub(crate) fn read_stdin(what: &str, bytes_max: u64) -> Result<String, Failure> {
    let bytes = read_bounded(io::stdin().lock(), bytes_max);
    text(bytes, &format!("{what} from standard input"), bytes_max)
}

/// Reads up to one byte more than allowed, so that too much is noticed and not read.
fn read_bounded(from: impl Read, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(bytes_max + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn text(bytes: io::Result<Vec<u8>>, named: &str, bytes_max: u64) -> Result<String, Failure> {
    let failure = || Failure::new(format!("cannot read {named}"));
    let bytes = bytes.map_err(|error| failure().because(error))?;
    if bytes.len() as u64 > bytes_max {
        return Err(failure().because(format!("it is longer than {} KiB", bytes_max >> 10)));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + good.iter().filter(|byte| **byte == b'\n').count();
        failure().because(format!("line {line} is not UTF-8"))
    })
}

/// New files in a folder, made before their contents are known, so that a secret that is shown
/// once is not lost to a full disk or a forbidden folder. Dropped before it is filled, it leaves
/// nothing behind.
pub(crate) struct NewFiles {
    files: Vec<(PathBuf, File)>,
}

impl NewFiles {
    /// Makes the folder, if need be, and in it the files, readable by their owner alone. None of
    /// them may exist.
    pub(crate) fn create(dir: &Path, names: &[&str]) -> Result<Self, Failure> {
        let wrong = |path: &Path, error: io::Error| {
            Failure::new(format!("cannot make {}", path.display())).because(error)
        };
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .map_err(|error| wrong(dir, error))?;
        let mut made = Self { files: Vec::new() };
        for name in names {
            let path = dir.join(name);
            let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
            let file = file.map_err(|error| wrong(&path, error))?;
            made.files.push((path, file));
        }
        Ok(made)
    }

    /// Fills them, in the order of their names, and hands back their paths.
    pub(crate) fn fill(mut self, contents: &[&str]) -> Result<Vec<PathBuf>, Failure> {
        let files = std::mem::take(&mut self.files);
        for ((path, file), content) in files.iter().zip(contents) {
            let mut file = file;
            file.write_all(content.as_bytes())
                .and_then(|()| file.sync_all())
                .map_err(|error| Failure::new(format!("cannot write {}", path.display())).because(error))?;
        }
        Ok(files.into_iter().map(|(path, _)| path).collect())
    }
}

impl Drop for NewFiles {
    fn drop(&mut self) {
        for (path, _) in &self.files {
            // They are empty; one that stays is named by the next attempt.
            let _ = std::fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_is_too_long_or_not_text_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::fs::write(&path, b"good\nb\xffd\n").unwrap();
        let render = |failure: Failure| failure.render();
        assert!(render(read_text(&path, "the file", 99).unwrap_err()).contains("line 2 is not UTF-8"));
        assert!(render(read_text(&path, "the file", 3).unwrap_err()).contains("longer than"));
        assert!(render(read_text(dir.path(), "the file", 99).unwrap_err()).contains("directory"));
        let zero = read_text(Path::new("/dev/zero"), "the file", 1 << 20).unwrap_err();
        assert!(render(zero).contains("longer than 1024 KiB"));
    }

    #[test]
    fn new_files_are_their_owners_and_replace_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("a/b");
        let made = NewFiles::create(&folder, &["x", "y"]).unwrap().fill(&["1", "2"]).unwrap();
        assert_eq!(std::fs::read_to_string(&made[1]).unwrap(), "2");
        assert_eq!(made[0].metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let again = NewFiles::create(&folder, &["z", "y"]).map(drop).unwrap_err();
        assert!(again.render().contains("a/b/y"), "{}", again.render());
        assert!(!folder.join("z").exists(), "nothing is left of an attempt that failed");
        assert_eq!(std::fs::read_to_string(&made[1]).unwrap(), "2");
    }
}
