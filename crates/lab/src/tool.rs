//! Runs the helper programs: `ip` and `nft`, which get their whole job on standard input, and `mount`.

use std::io::{ErrorKind, Write};
use std::process::{Command, Stdio};

use crate::LabError;
use crate::error::Doing;

/// Where programs are looked for. Said explicitly because root's own search path lacks the `sbin`
/// folders after some ways of becoming root.
pub(crate) const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The Debian package of each helper program.
const PACKAGES: [(&str, &str); 5] =
    [("ip", "iproute2"), ("mount", "mount"), ("nft", "nftables"), ("setsid", "util-linux"), ("sh", "dash")];

/// Runs `program args` in the calling thread's namespaces, with `given` on its standard input.
pub(crate) fn feed(program: &str, args: &[&str], given: &str) -> Result<(), LabError> {
    let mut child = Command::new(program)
        .args(args)
        .env("PATH", SEARCH_PATH)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed_to_start(program, error))?;
    let stdin = child.stdin.take();
    // A helper that stops reading says why on its standard error, which is the better message; so
    // a broken pipe here is not reported.
    if let Some(mut stdin) = stdin {
        let _ = stdin.write_all(given.as_bytes());
    }
    let output = child.wait_with_output().doing(|| format!("wait for `{program}`"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(LabError::Tool {
        program: format!("{program} {}", args.join(" ")),
        status: output.status.to_string(),
        said: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        given: given.to_owned(),
    })
}

/// The error for a program that did not even start.
pub(crate) fn failed_to_start(program: &str, error: std::io::Error) -> LabError {
    let package = PACKAGES.iter().find(|(name, _)| *name == program).map(|(_, package)| package);
    match package {
        Some(package) if error.kind() == ErrorKind::NotFound => {
            LabError::Missing { program: program.to_owned(), package: (*package).to_owned() }
        }
        _ => LabError::System { what: format!("start `{program}`"), source: error },
    }
}
