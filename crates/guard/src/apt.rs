//! What apt tells a program of `DPkg::Pre-Install-Pkgs` (apt.conf(5)), before dpkg runs.
//!
//! In version 3 of it: `VERSION 3`, apt's whole configuration as `KEY=VALUE`, an empty line, and a line for each
//! package that will be touched:
//!
//! ```text
//! NAME OLD-VERSION OLD-ARCH OLD-MULTIARCH DIRECTION NEW-VERSION NEW-ARCH NEW-MULTIARCH FILE|**CONFIGURE**|**REMOVE**
//! ```
//!
//! Version 2 has neither architectures nor multi-arch, version 1 the files alone. Root wrote it to root's program, so
//! it is hardly hostile, but a pipe may be cut: what is not understood is passed over and said, and everything that
//! is understood is looked at.

use crate::Change;
use std::path::PathBuf;

/// No upgrade is larger: a line has 200 bytes, and Debian 70,000 packages.
pub const INPUT_MAX: u64 = 64 << 20;

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// What will be installed.
    pub changes: Vec<Change>,
    /// Another system than this one is installed to.
    pub elsewhere: bool,
    /// What was not understood.
    pub problems: Vec<String>,
}

/// Reads what apt says.
#[must_use]
pub fn read(input: &[u8]) -> Request {
    let text = String::from_utf8_lossy(input);
    let mut lines = text.lines();
    let mut request = Request::default();
    let Some(first) = lines.next() else { return request };
    let Some(version) = first.strip_prefix("VERSION ") else {
        for line in std::iter::once(first).chain(lines).filter(|line| !line.is_empty()) {
            match file_alone(line) {
                Some(change) => request.changes.push(change),
                None => request.problems.push(format!("apt's line \"{}\" names no file", short(line))),
            }
        }
        return request;
    };
    let fields = match version {
        "2" => 5,
        "3" => 9,
        _ => {
            request.problems.push(format!("apt speaks version {} here; 1 to 3 are known", short(version)));
            return request;
        }
    };
    for line in lines.by_ref().take_while(|line| !line.is_empty()) {
        let to = line.strip_prefix("RootDir=").or_else(|| line.strip_prefix("Dir="));
        request.elsewhere |= to.is_some_and(|to| !matches!(to, "" | "/"));
    }
    for line in lines.filter(|line| !line.is_empty()) {
        match of_line(line, fields) {
            Some(change) => request.changes.extend(change),
            None => request.problems.push(format!("apt's line \"{}\" is cut off", short(line))),
        }
    }
    request
}

/// What a line says; what is only configured or removed is no matter.
fn of_line(line: &str, fields: usize) -> Option<Option<Change>> {
    let parts: Vec<&str> = line.splitn(fields, ' ').collect();
    let [name, installed, .., action] = parts.as_slice() else { return None };
    if parts.len() != fields {
        return None;
    }
    let version = *parts.get(if fields == 9 { 5 } else { 3 })?;
    if matches!(*action, "**CONFIGURE**" | "**REMOVE**" | "**ERROR**") {
        return Some(None);
    }
    if !action.starts_with('/') {
        return None;
    }
    let some = |text: &str| (text != "-" && !text.is_empty()).then(|| text.to_owned());
    Some(Some(Change {
        name: some(name),
        installed: some(installed),
        version: some(version),
        file: Some(PathBuf::from(action)),
    }))
}

fn file_alone(line: &str) -> Option<Change> {
    let file = Some(PathBuf::from(line)).filter(|path| path.is_absolute())?;
    Some(Change { name: None, installed: None, version: None, file: Some(file) })
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const V3: &str = "VERSION 3\nAPT::Architecture=amd64\nDir=/\nDPkg::Pre-Install-Pkgs::=x\n\n\
        helper 4.0-1 amd64 same > 3.0-1 amd64 same /var/cache/apt/archives/helper_3.0-1_amd64.deb\n\
        new - - none < 1:2.0 all none /tmp/a folder/new.deb\n\
        helper 4.0-1 amd64 same > 3.0-1 amd64 same **CONFIGURE**\n\
        gone 1.0 all none > - - none **REMOVE**\n";

    fn change(name: &str, installed: Option<&str>, version: &str, file: &str) -> Change {
        Change {
            name: Some(name.to_owned()),
            installed: installed.map(str::to_owned),
            version: Some(version.to_owned()),
            file: Some(PathBuf::from(file)),
        }
    }

    #[test]
    fn version_3_says_what_is_installed_and_what_it_will_be() {
        let request = read(V3.as_bytes());
        assert_eq!(
            request.changes,
            [
                change("helper", Some("4.0-1"), "3.0-1", "/var/cache/apt/archives/helper_3.0-1_amd64.deb"),
                change("new", None, "1:2.0", "/tmp/a folder/new.deb"),
            ]
        );
        assert_eq!((request.elsewhere, request.problems), (false, Vec::new()));
    }

    #[test]
    fn versions_2_and_1_are_read_too() {
        let two = read(b"VERSION 2\nDir=/\n\nhelper 4.0-1 > 3.0-1 /a.deb\n");
        assert_eq!(two.changes, [change("helper", Some("4.0-1"), "3.0-1", "/a.deb")]);
        let one = read(b"/a.deb\n/b.deb\n");
        assert_eq!(one.changes.len(), 2);
        assert_eq!(one.changes[1].file, Some(PathBuf::from("/b.deb")));
    }

    #[test]
    fn another_system_is_none_of_ours() {
        assert!(read(b"VERSION 3\nDir=/mnt/target/\n\na - - none < 1 all none /a.deb\n").elsewhere);
        assert!(read(b"VERSION 3\nRootDir=/mnt\n\n").elsewhere);
    }

    #[test]
    fn what_is_cut_off_is_said_and_the_rest_is_read() {
        for end in 0..V3.len() {
            let request = read(&V3.as_bytes()[..end]);
            assert!(request.changes.len() <= 2);
        }
        let cut = read(&V3.as_bytes()[..V3.find("/var/cache").unwrap() - 1]);
        assert!(cut.changes.is_empty() && cut.problems[0].contains("is cut off"), "{cut:?}");
        let unknown = read(b"VERSION 9\n\nwhatever\n");
        assert!(unknown.problems[0].contains("version 9"));
        assert_eq!(read(b""), Request::default());
        assert_eq!(read(&[0xff, 0xfe, b'\n', 0, b'\n']).problems.len(), 2);
    }
}
