//! What package managers call. Whatever goes wrong here, they go on: only a refusal stops them.

use super::now;
use crate::context::data_dir;
use crate::settings::{self, Global};
use ::guard::folder::Folder;
use ::guard::{Change, answer, apt, apt_json, dpkg};
use rustix::process::{ForeignRawFd, PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
use std::io::{self, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// What a hook ends with if something is refused; its caller takes everything else for a yes, so a program that
/// cannot run any more is in nobody's way (packaging/deb).
const REFUSED: u8 = 77;

/// So long a package manager waits for an answer at most.
const LIMIT: Duration = Duration::from_secs(2);

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Caller {
    /// apt, before it runs dpkg
    Apt,
    /// apt, before it asks whether to go on
    AptJson,
    /// dpkg, before it does anything
    Dpkg,
}

/// Answers a package manager.
pub(crate) fn run(caller: Caller, global: &Global) -> ExitCode {
    std::thread::spawn(|| {
        std::thread::sleep(LIMIT);
        say("steadfast: the guard took too long, and lets everything through\n");
        std::process::exit(0);
    });
    match std::panic::catch_unwind(|| answered(caller, global)) {
        Ok(true) => ExitCode::from(REFUSED),
        Ok(false) | Err(_) => ExitCode::SUCCESS,
    }
}

/// Whether something is refused.
fn answered(caller: Caller, global: &Global) -> bool {
    let folder = match data_dir(global, &settings::from_process) {
        Ok(data_dir) => Folder::of(&data_dir),
        Err(failure) => {
            say(&format!("steadfast: the guard lets everything through: {}", failure.render()));
            return false;
        }
    };
    match caller {
        Caller::Apt => {
            let mut input = Vec::new();
            let read = io::stdin().take(apt::INPUT_MAX).read_to_end(&mut input);
            let request = apt::read(&input);
            for problem in request.problems.iter().cloned().chain(read.err().map(|error| error.to_string())) {
                say(&format!("steadfast: not looked at: {problem}\n"));
            }
            !request.elsewhere && is_refused(&folder, &request.changes, "apt")
        }
        Caller::Dpkg => {
            let unpacks = std::env::var("DPKG_HOOK_ACTION").is_ok_and(|it| it == "install" || it == "unpack");
            let is_ours = |variable: &str| {
                std::env::var(variable).map_or(true, |root| matches!(root.as_str(), "" | "/"))
            };
            if !unpacks || !is_ours("DPKG_ROOT") {
                return false;
            }
            let changes = dpkg::Run::of_this_process().and_then(|run| run.changes());
            is_refused(&folder, &changes.unwrap_or_default(), "dpkg")
        }
        Caller::AptJson => {
            if let Err(error) = converse(&folder) {
                say(&format!("steadfast: apt was not understood: {error}\n"));
            }
            false
        }
    }
}

fn is_refused(folder: &Folder, changes: &[Change], installer: &str) -> bool {
    let now = now();
    let mut answer = answer::decide(folder, changes, Path::new("/"), now);
    answer.note(folder, installer, now);
    say(&answer.text());
    !answer.refused.is_empty()
}

/// apt hands over a socket by its number.
fn converse(folder: &Folder) -> io::Result<()> {
    let number: ForeignRawFd = std::env::var("APT_HOOK_SOCKET")
        .ok()
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| io::Error::other("APT_HOOK_SOCKET names no socket"))?;
    let this = pidfd_open(getpid(), PidfdFlags::empty())?;
    let socket = UnixStream::from(pidfd_getfd(&this, number, PidfdGetfdFlags::empty())?);
    let mut input = BufReader::new(socket.try_clone()?);
    apt_json::serve(&mut input, &mut &socket, |changes| {
        let answer = answer::decide(folder, changes, Path::new("/"), now());
        let text = answer.text();
        // Nothing is decided yet: it is said as what will be.
        say(&text.replace("Nothing was changed.", "If you go on, it will be refused."));
    })
}

/// If nobody hears it, the exit code says it too.
fn say(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}
