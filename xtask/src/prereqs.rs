//! What is needed from the system, beyond a Rust toolchain.
//!
//! As root on Debian or Ubuntu it is installed; elsewhere the command to paste is printed. Without
//! a C compiler nothing can be built, so that ends the task. Without the rest, hosts cannot be made:
//! the tests that need them then say `SKIPPED`, by name. What a benchmark compares with is asked for only by
//! that benchmark.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Failure;

/// Something a package brings, by which we know that it is there.
enum Sign {
    /// A program in the search path.
    Program(&'static str),
    /// A file, relative to /usr.
    File(&'static str),
    /// A file in the folder of the architecture below /usr/lib, or in /usr/lib64.
    Library(&'static str),
    /// A file in the folder of any version below this folder of /usr/lib.
    OfAnyVersion(&'static str, &'static str),
}

/// Who cannot do without it.
#[derive(Clone, Copy, PartialEq)]
enum Need {
    /// The compiler.
    Build,
    /// The hosts of the end-to-end tests and of the demo.
    Hosts,
    /// A benchmark that compares with others.
    Peer,
}

struct Prereq {
    sign: Sign,
    package: &'static str,
    need: Need,
}

/// Debian's and Ubuntu's package names; both have all of them in their main archive (libfaketime in
/// Ubuntu's universe). What every installation of them has (`sh`, `find`, `setsid`) is not listed.
const TABLE: [Prereq; 23] = [
    Prereq { sign: Sign::Program("cc"), package: "gcc", need: Need::Build },
    Prereq { sign: Sign::File("include/stdio.h"), package: "libc6-dev", need: Need::Build },
    Prereq { sign: Sign::Program("ip"), package: "iproute2", need: Need::Hosts },
    Prereq { sign: Sign::Program("nft"), package: "nftables", need: Need::Hosts },
    Prereq { sign: Sign::Library("faketime/libfaketimeMT.so.1"), package: "libfaketime", need: Need::Hosts },
    // What resources are made of: agents, a server to run, and a device with a filesystem. The agent of
    // filesystems refuses to look at anything without `modprobe`.
    Prereq {
        sign: Sign::File("lib/ocf/resource.d/heartbeat/Dummy"),
        package: "resource-agents",
        need: Need::Hosts,
    },
    Prereq { sign: Sign::Program("nginx"), package: "nginx-light", need: Need::Hosts },
    // Its programs alone: no service, no configuration.
    Prereq { sign: Sign::Program("apache2"), package: "apache2-bin", need: Need::Hosts },
    Prereq { sign: Sign::OfAnyVersion("postgresql", "bin/initdb"), package: "postgresql", need: Need::Hosts },
    Prereq { sign: Sign::Program("modprobe"), package: "kmod", need: Need::Hosts },
    Prereq { sign: Sign::Program("mkfs.ext4"), package: "e2fsprogs", need: Need::Hosts },
    Prereq { sign: Sign::Program("mkfs.xfs"), package: "xfsprogs", need: Need::Hosts },
    Prereq { sign: Sign::Program("mkfs.btrfs"), package: "btrfs-progs", need: Need::Hosts },
    Prereq { sign: Sign::Program("mkfs.vfat"), package: "dosfstools", need: Need::Hosts },
    // A folder whose disk can be made to hang.
    Prereq { sign: Sign::Program("bindfs"), package: "bindfs", need: Need::Hosts },
    // Servers for names and shares, with clients of them to see by.
    Prereq { sign: Sign::Program("named"), package: "bind9", need: Need::Hosts },
    Prereq { sign: Sign::Program("nsupdate"), package: "bind9-dnsutils", need: Need::Hosts },
    Prereq { sign: Sign::Program("ganesha.nfsd"), package: "nfs-ganesha", need: Need::Hosts },
    Prereq { sign: Sign::Library("ganesha/libfsalvfs.so"), package: "nfs-ganesha-vfs", need: Need::Hosts },
    Prereq { sign: Sign::Program("nfs-ls"), package: "libnfs-utils", need: Need::Hosts },
    Prereq { sign: Sign::Program("smbd"), package: "samba", need: Need::Hosts },
    Prereq { sign: Sign::Program("smbclient"), package: "smbclient", need: Need::Hosts },
    // Databases of packages to read.
    Prereq { sign: Sign::Program("rpmbuild"), package: "rpm", need: Need::Hosts },
];

/// The benchmarks that run them, and what they run. They are asked for by name: nobody else gets a second cluster
/// server installed beside this one.
const PEERS: [(&str, &[Prereq]); 2] = [
    (
        "pacemaker-components",
        &[
            Prereq { sign: Sign::Program("corosync"), package: "corosync", need: Need::Peer },
            Prereq { sign: Sign::Program("pacemakerd"), package: "pacemaker", need: Need::Peer },
            Prereq { sign: Sign::Program("crm_mon"), package: "pacemaker-cli-utils", need: Need::Peer },
        ],
    ),
    ("verify", &[Prereq { sign: Sign::Program("aide"), package: "aide", need: Need::Peer }]),
];

/// Installs packages without starting their services.
const INSTALL: &str = include_str!("install.sh");

/// Sees to it that everything is there, as far as possible.
pub(crate) fn ensure() -> Result<(), Failure> {
    ensure_each(&TABLE)
}

/// Sees to it that everything is there, and what the benchmarks with these names compare with.
pub(crate) fn ensure_for_bench(args: &[&str]) -> Result<(), Failure> {
    ensure()?;
    let wanted = PEERS.iter().filter(|(bench, _)| args.contains(bench));
    wanted.into_iter().try_for_each(|(_, peers)| ensure_each(peers))
}

fn ensure_each(wanted: &[Prereq]) -> Result<(), Failure> {
    let missing = missing(wanted);
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<_> = missing.iter().map(|prereq| prereq.package).collect();
    let by_hand = format!("apt-get install --no-install-recommends {}", packages.join(" "));
    if may_install() {
        eprintln!("installing what is missing: {}", packages.join(" "));
        install(&packages);
    }
    let missing = self::missing(wanted);
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = missing.iter().map(|prereq| prereq.sign.name()).collect();
    let message =
        format!("missing: {}. To install it on Debian or Ubuntu, as root:\n    {by_hand}", names.join(", "));
    if missing.iter().any(|prereq| prereq.need == Need::Build) {
        return Err(message.into());
    }
    let skipped = if missing.iter().any(|prereq| prereq.need == Need::Peer) { "figures" } else { "tests" };
    eprintln!("{message}\nWithout it the {skipped} that need it are skipped.");
    Ok(())
}

fn missing(wanted: &[Prereq]) -> Vec<&Prereq> {
    wanted.iter().filter(|prereq| !prereq.sign.is_there()).collect()
}

impl Sign {
    fn name(&self) -> &'static str {
        match self {
            Self::Program(name) | Self::File(name) | Self::Library(name) | Self::OfAnyVersion(name, _) => {
                name
            }
        }
    }

    fn is_there(&self) -> bool {
        match self {
            Self::Program(name) => search_path().iter().any(|folder| folder.join(name).is_file()),
            Self::File(path) => Path::new("/usr").join(path).is_file(),
            Self::OfAnyVersion(folder, path) => {
                let versions =
                    fs::read_dir(Path::new("/usr/lib").join(folder)).into_iter().flatten().flatten();
                versions.map(|entry| entry.path().join(path)).any(|file| file.is_file())
            }
            Self::Library(path) => {
                let folders =
                    fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|entry| entry.path());
                folders.chain(["/usr/lib64".into()]).any(|folder| folder.join(path).is_file())
            }
        }
    }
}

/// The search path, with the folders of the administrator's programs even if they are not in it.
fn search_path() -> Vec<PathBuf> {
    let given = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&given).chain(["/usr/local/sbin".into(), "/usr/sbin".into(), "/sbin".into()]).collect()
}

fn may_install() -> bool {
    let id = Command::new("id").arg("-u").output();
    let root = id.is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    root && Sign::Program("apt-get").is_there()
}

/// Failing is no error here: what is still missing afterwards decides.
fn install(packages: &[&str]) {
    let installed =
        Command::new("sh").args(["-c", INSTALL, "install"]).args(packages).stdin(Stdio::null()).status();
    match installed {
        Ok(status) if status.success() => {}
        Ok(status) => eprintln!("apt-get did not succeed: {status}"),
        Err(error) => eprintln!("could not start sh: {error}"),
    }
}
