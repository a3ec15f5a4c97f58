//! What the guard adds to a run of apt or dpkg.
//!
//! On a host of its own, with a baseline of 500 files of 100 packages. Each hook is run as apt and dpkg run it, with
//! everything that it reads in memory; and `dpkg -i` of one small package is run whole, with the hook and without, in
//! turn.

use crate::cluster::Place;
use crate::problem::{Doing as _, Problem};
use crate::report::{Figure, Target};
use ::guard::folder::Folder;
use lab::{Host, Lab};
use model::stored::{
    Baseline, BaselineOrigin, Component, Content, GuardPolicy, PackageScheme, PackageVersion, SignedBaseline,
    SignerRecord, Subject, Versioned,
};
use model::{AbsolutePath, BaselineGeneration, ClusterId, ContentHash, Timestamp};
use packages::deb::{NewFile, write};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const LIMIT_MS: f64 = 100.0;
const SEED: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const ROUNDS: usize = 21;
const FILES: usize = 500;
const PACKAGES: usize = 100;
/// Packages of a large upgrade.
const MANY: usize = 500;
const CONFIG: &str = "/steadfast/steadfast.toml";
const HOOK: &str = "/etc/dpkg/dpkg.cfg.d/steadfast";

/// Measures.
pub(crate) fn measure(place: &Place) -> Result<Vec<Figure>, Problem> {
    let lab = Lab::new(1)?;
    let host = &lab.hosts()[0];
    host.within(prepare)?.doing(|| "prepare the host".to_owned())?;
    let mut figures = Vec::new();
    for (name, count) in [("apt, 1 package", 1), ("apt, 500 packages", MANY)] {
        let input = said_by_apt(count);
        let mut all = Vec::new();
        for _ in 0..ROUNDS {
            all.push(hook(host, &place.binary, &input)?);
        }
        let note = format!("median of {ROUNDS}; a baseline of {FILES} files of {PACKAGES} packages");
        figures.push(
            Figure::time(format!("hook of {name}"), median(all)).against(Target::AtMost(LIMIT_MS)).note(note),
        );
    }
    let line = format!(
        "pre-invoke={0} --config {CONFIG} guard hook dpkg || test $? -ne 77\n",
        place.binary.display()
    );
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        host.within(|| std::fs::write(HOOK, &line))?.doing(|| format!("write {HOOK}"))?;
        with.push(dpkg(host)?);
        host.within(|| std::fs::remove_file(HOOK))?.doing(|| format!("remove {HOOK}"))?;
        without.push(dpkg(host)?);
    }
    let (with, without) = (median(with), median(without));
    figures.push(
        Figure::time("dpkg -i of one package, without the guard", without)
            .note(format!("median of {ROUNDS}")),
    );
    figures.push(
        Figure::time("added to it by the guard", with.saturating_sub(without))
            .against(Target::AtMost(LIMIT_MS))
            .note("in turn with those before"),
    );
    Ok(figures)
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort();
    all.get(all.len() / 2).copied().unwrap_or_default()
}

/// A baseline, the node's own file, and packages to install.
fn prepare() -> std::io::Result<()> {
    std::fs::create_dir_all("/steadfast/debs")?;
    std::fs::create_dir_all("/etc/dpkg/dpkg.cfg.d")?;
    std::fs::write(
        CONFIG,
        "node = \"n1\"\ndata_dir = \"/steadfast/data\"\nsocket = \"/run/steadfast.sock\"\nlisten = \"127.0.0.1:7400\"\n",
    )?;
    Folder::of(Path::new("/steadfast/data")).set_policy(Some(&policy()))?;
    for index in 0..MANY {
        let control = format!(
            "Package: other{index}\nVersion: 1.0\nArchitecture: all\nMaintainer: x <x@x>\nDescription: x\n"
        );
        let path = format!("usr/share/other{index}/file");
        let deb = write(&control, &[NewFile { path: &path, content: &[7; 20_000], mode: 0o644 }])?;
        std::fs::write(format!("/steadfast/debs/other{index}.deb"), deb)?;
    }
    Ok(())
}

fn policy() -> GuardPolicy {
    let path =
        |index: usize| -> AbsolutePath { format!("/usr/lib/bench/lib{index}.so").parse().expect("a path") };
    let component = |index: usize| Component {
        content: Content::Blake3(ContentHash(*blake3(index).as_bytes())),
        mode: 0o644,
        uid: 0,
        gid: 0,
        package: Some(PackageVersion {
            name: format!("package{}", index % PACKAGES),
            version: "4.0-1".to_owned(),
            scheme: PackageScheme::Dpkg,
        }),
        defines: Vec::new(),
        symbols: servicing::symbols::set((0..200).map(|_| "symbol")),
    };
    let components: BTreeMap<AbsolutePath, Component> =
        (0..FILES).map(|index| (path(index), component(index))).collect();
    let subject = Subject { files: components.keys().cloned().collect(), ..Subject::default() };
    let baseline = Baseline {
        cluster: ClusterId([1; 16]),
        generation: BaselineGeneration(1),
        made: Timestamp::from_unix_ms(0),
        by: "bench".to_owned(),
        origin: BaselineOrigin::Rules,
        reason: None,
        expires: None,
        components,
        subjects: BTreeMap::from([("process /x".to_owned(), subject)]),
        known: BTreeMap::new(),
        floors: BTreeMap::new(),
        order: Vec::new(),
        waivers: Vec::new(),
    };
    let text = String::from_utf8_lossy(&Versioned::encode(&baseline)).into_owned();
    let signature = servicing::signature::sign("cluster", SEED, &text).expect("a key");
    let signer = SignerRecord {
        public_key: servicing::signature::public_key(SEED).expect("a key"),
        private_key: None,
        added: Timestamp::from_unix_ms(0),
        by: "bench".to_owned(),
        expires: None,
    };
    GuardPolicy {
        cluster: "bench".parse().expect("a name"),
        node: "n1".parse().expect("a name"),
        baseline: SignedBaseline { text, signatures: vec![signature] },
        signers: BTreeMap::from([("cluster".to_owned(), signer)]),
        written: Timestamp::from_unix_ms(0),
    }
}

fn blake3(index: usize) -> blake3::Hash {
    blake3::hash(&index.to_le_bytes())
}

fn said_by_apt(count: usize) -> String {
    let mut text = "VERSION 3\nAPT::Architecture=amd64\nDir=/\n\n".to_owned();
    for index in 0..count {
        let _ = writeln!(text, "other{index} - - none < 1.0 all none /steadfast/debs/other{index}.deb");
    }
    text
}

fn hook(host: &Host, binary: &Path, input: &str) -> Result<Duration, Problem> {
    let what = || "guard hook apt".to_owned();
    let begun = Instant::now();
    let command = host.command(binary).args(["--config", CONFIG, "guard", "hook", "apt"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).doing(what)?;
    }
    let output = child.wait_with_output().doing(what)?;
    let took = begun.elapsed();
    if output.status.success() && output.stderr.is_empty() {
        return Ok(took);
    }
    Err(Problem::Command { command: what(), why: String::from_utf8_lossy(&output.stderr).into_owned() })
}

fn dpkg(host: &Host) -> Result<Duration, Problem> {
    host.within(|| {
        let begun = Instant::now();
        let done = Command::new("dpkg").args(["-i", "/steadfast/debs/other0.deb"]).output();
        let output = done.doing(|| "dpkg -i".to_owned())?;
        match output.status.success() {
            true => Ok(begun.elapsed()),
            false => Err(Problem::Command {
                command: "dpkg -i".to_owned(),
                why: String::from_utf8_lossy(&output.stderr).into_owned(),
            }),
        }
    })?
}
