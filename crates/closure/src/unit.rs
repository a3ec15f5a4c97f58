//! The programs that a systemd unit names (systemd.service(5)).

use std::path::{Path, PathBuf};

/// A unit file is a page of text; what is longer is none.
const BYTES_MAX: usize = 256 << 10;

/// So many drop-ins are read.
const DROP_INS_MAX: usize = 256;

/// The unit's own file and its drop-ins, as far as they are there.
pub(crate) fn files(folders: &[PathBuf], name: &str) -> Vec<PathBuf> {
    let name = if name.contains('.') { name.to_owned() } else { format!("{name}.service") };
    // `a@b.service` is made from `a@.service`.
    let template = name.split_once('@').and_then(|(before, after)| {
        let (_, kind) = after.rsplit_once('.')?;
        Some(format!("{before}@.{kind}"))
    });
    let names: Vec<&str> = std::iter::once(name.as_str()).chain(template.as_deref()).collect();
    let own =
        names.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|it| it.is_file()));
    let mut files: Vec<PathBuf> = own.into_iter().collect();
    for name in &names {
        for folder in folders {
            let entries = std::fs::read_dir(folder.join(format!("{name}.d"))).into_iter().flatten().flatten();
            let drop_ins = entries
                .map(|entry| entry.path())
                .filter(|path| path.extension().is_some_and(|it| it == "conf"));
            let mut drop_ins: Vec<PathBuf> = drop_ins.take(DROP_INS_MAX).collect();
            drop_ins.sort();
            files.append(&mut drop_ins);
        }
    }
    files
}

/// The programs in its `Exec…=` lines.
pub(crate) fn programs(file: &Path) -> Vec<String> {
    let bytes = std::fs::read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(bytes.get(..BYTES_MAX).unwrap_or(&bytes)).into_owned();
    read(&text)
}

pub(crate) fn read(text: &str) -> Vec<String> {
    let mut programs = Vec::new();
    // A line that ends with a backslash goes on with the next.
    for line in text.replace("\\\n", " ").lines() {
        let Some((key, value)) = line.trim().split_once('=') else { continue };
        let is_exec =
            key.trim().strip_prefix("Exec").is_some_and(|rest| rest.chars().all(|c| c.is_ascii_alphabetic()));
        if !is_exec {
            continue;
        }
        let value = value.trim_start_matches(|c: char| c.is_whitespace() || "-@:+!|".contains(c));
        let program: String = match value.strip_prefix(['"', '\'']) {
            Some(quoted) => quoted.chars().take_while(|c| !"\"'".contains(*c)).collect(),
            None => value.chars().take_while(|c| !c.is_whitespace()).collect(),
        };
        // `%` begins what is filled in when it starts.
        if !program.is_empty() && !program.contains('%') {
            programs.push(program);
        }
    }
    programs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_behind_prefixes_and_quotes() {
        let text = "[Service]\n# ExecStart=/no/comment\nExecStartPre=-/bin/mkdir -p /run/x\nExecStart=+\"/opt/a b/x\" -f\n\
                    ExecStop=@/bin/kill kill \\\n  -9\nExecReload=%h/bin/x\nEnvironment=A=b\n";
        assert_eq!(read(text), ["/bin/mkdir", "/opt/a b/x", "/bin/kill"]);
    }

    #[test]
    fn a_unit_made_from_a_template_is_that_file_and_both_kinds_of_drop_ins_count() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("a@.service"), "").unwrap();
        for name in ["a@.service.d", "a@b.service.d"] {
            std::fs::create_dir(at(name)).unwrap();
            std::fs::write(at(name).join("x.conf"), "").unwrap();
            std::fs::write(at(name).join("x.bak"), "").unwrap();
        }
        let found = files(&[at("nowhere"), folder.path().to_owned()], "a@b");
        assert_eq!(found, [at("a@.service"), at("a@b.service.d/x.conf"), at("a@.service.d/x.conf")]);
        assert!(files(&[folder.path().to_owned()], "other.service").is_empty());
    }
}
