//! Reading all of `/usr`: what it costs, beside AIDE, which looks after files on many machines.
//!
//! Both read the same files in the same run. AIDE is told to take the checks of its `NORMAL` group as Debian
//! configures it (SHA-256 and SHA-512 among them); here each file's BLAKE3, mode, owner and group are taken, by two
//! threads.

use crate::cluster::Place;
use crate::problem::{Doing as _, Problem};
use crate::report::{Figure, Target};
use inventory::{Looker, Raw};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// So many times less processor time.
const LESS: f64 = 6.0;
const FOLDER: &str = "/usr";
const THREADS: usize = 2;

/// Why it cannot be measured here; nothing if it can.
pub(crate) fn missing() -> Option<String> {
    let is_there = Command::new("aide").arg("--version").output().is_ok();
    (!is_there)
        .then(|| "not installed: aide (Debian: apt-get install --no-install-recommends aide)".to_owned())
}

/// Measures.
pub(crate) fn measure(place: &Place) -> Result<Vec<Figure>, Problem> {
    let mut files = Vec::new();
    walk(Path::new(FOLDER), &mut files);
    // What a disk is fast at is another question: everything is in memory before anything is measured.
    let _ = own(&files);
    let (ours, bytes) = own(&files);
    let aide = aide(&place.dir)?;
    let ratio = aide.cpu.as_secs_f64() / ours.cpu.as_secs_f64();
    let note = |it: &Cost| {
        format!("{} files, {} MiB; {:.1} s by the clock", files.len(), bytes >> 20, it.wall.as_secs_f64())
    };
    let figure = |name: &str, it: &Cost| Figure::number(name, it.cpu.as_secs_f64(), "s").note(note(it));
    Ok(vec![
        figure("processor time, of this", &ours),
        figure("processor time, of AIDE", &aide),
        Figure::number("AIDE, to this", ratio, "times").against(Target::AtLeast(LESS)),
    ])
}

struct Cost {
    cpu: Duration,
    wall: Duration,
}

/// Files and links below a folder, on the same file system.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(&entry.path(), files),
            Ok(kind) if kind.is_file() || kind.is_symlink() => files.push(entry.path()),
            _ => {}
        }
    }
}

fn own(files: &[PathBuf]) -> (Cost, u64) {
    let (begun, before) = (Instant::now(), cpu());
    let part = files.len().div_ceil(THREADS).max(1);
    let bytes = std::thread::scope(|scope| {
        let read = |part| {
            scope.spawn(move || {
                let mut looker = Looker::default();
                let read = |path: &PathBuf| {
                    let look = looker.look_closely(path);
                    matches!(look.raw, Raw::There { .. }).then_some(look.bytes).unwrap_or(0)
                };
                <[PathBuf]>::iter(part).map(read).sum::<u64>()
            })
        };
        let threads: Vec<_> = files.chunks(part).map(read).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or(0)).sum()
    });
    (Cost { cpu: cpu().saturating_sub(before), wall: begun.elapsed() }, bytes)
}

/// What this process has used.
fn cpu() -> Duration {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let nanos = u32::try_from(used.tv_nsec).unwrap_or(0);
    Duration::new(u64::try_from(used.tv_sec).unwrap_or(0), nanos)
}

fn aide(dir: &Path) -> Result<Cost, Problem> {
    let (conf, database) = (dir.join("aide.conf"), dir.join("aide.db"));
    let checks = "p+i+n+u+g+s+m+c+acl+xattrs+sha256+sha512+rmd160";
    let text = format!(
        "database_out=file:{}\ngzip_dbout=no\nlog_level=error\nreport_url=stdout\nChecks = {checks}\n{FOLDER} Checks\n",
        database.display()
    );
    std::fs::write(&conf, text).doing(|| format!("write {}", conf.display()))?;
    let begun = Instant::now();
    let before = of_children();
    let output = Command::new("aide").arg("--init").arg("--config").arg(&conf).output();
    let output = output.doing(|| "start aide".to_owned())?;
    let cost = Cost { cpu: of_children().saturating_sub(before), wall: begun.elapsed() };
    let _ = (std::fs::remove_file(&conf), std::fs::remove_file(&database));
    if output.status.success() {
        return Ok(cost);
    }
    let why = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    Err(Problem::Command { command: "aide --init".to_owned(), why })
}

/// What children that have ended have used: fields 16 and 17 of `/proc/self/stat`, in hundredths of a second.
fn of_children() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = text.rsplit(") ").next().unwrap_or_default();
    let fields: Vec<i64> = after.split(' ').filter_map(|field| field.parse().ok()).collect();
    // The state, which is no number, comes before these: the first of them is field 4.
    let ticks = fields.get(12).zip(fields.get(13)).map_or(0, |(user, system)| user + system);
    Duration::from_millis(u64::try_from(ticks).unwrap_or(0) * 10)
}
