//! From a change on a node's disk to the verdict that another node has in its copy of the database.
//!
//! Three daemons share this machine and its disk. Meanwhile files are written beside those that are looked after, and
//! declarations are applied.

use super::stand::{Stand, not_ready};
use crate::cluster::{Cluster, Place};
use crate::problem::{Doing as _, Problem};
use crate::report::{Figure, Target};
use crate::sample::Sample;
use api::ApplyRequest;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Changes that are measured.
const CHANGES: usize = 150;
/// From a change to the verdict on another node, in milliseconds.
const KNOWN_MS: f64 = 50.0;
/// Between two looks at whether it is known. A look costs some 0.3 ms.
const LOOK: Duration = Duration::from_millis(1);
/// How many files are written each second beside them, and how many declarations are applied.
const FILES: u32 = 500;
const WRITES: u32 = 5;
/// From a write that the kernel does not tell of to the verdict, in seconds.
const MAPPED_S: f64 = 30.0;
const MAPPED_ROUNDS: usize = 3;
/// What looking after components may cost, in percent of one core; over so long.
const IDLE_PERCENT: f64 = 0.2;
const IDLE: Duration = Duration::from_secs(40);
/// Nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(90);

/// Writes to a file through a mapping, and to a page that it has written to before: all the time what is there
/// already, and, when the file of that name is there, something else.
const MAPPER: &str = "#include <fcntl.h>\n#include <sys/mman.h>\n#include <unistd.h>\n\
    int main(int count, char **names) {\n\
    int file = open(names[1], O_RDWR);\n\
    volatile char *bytes = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);\n\
    char was = bytes[900];\n\
    while (access(names[2], F_OK)) { bytes[900] = was; usleep(1000); }\n\
    bytes[900] = ~was;\n\
    for (;;) pause(); }\n";

/// Measures.
pub(crate) async fn measure(place: &Place) -> Result<Vec<Figure>, Problem> {
    let dir = place.dir.join(format!("components-{}", std::process::id()));
    let _gone = Gone(&dir);
    let stand = Stand::build(&dir)?;
    let mut cluster = stand.validated(place).await?;
    let mut figures = idle(&cluster).await?;
    figures.extend(under_load(&stand, &mut cluster).await?);
    figures.push(mapped(&stand, &mut cluster).await?);
    Ok(figures)
}

/// A folder that goes with the measurement.
pub(super) struct Gone<'p>(pub(super) &'p Path);

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        // What is left is in the build folder, and is no harm.
        let _ = std::fs::remove_dir_all(self.0);
    }
}

async fn idle(cluster: &Cluster) -> Result<Vec<Figure>, Problem> {
    // Everything was just read for the baseline.
    tokio::time::sleep(Duration::from_secs(10)).await;
    let cost = || cluster.daemons.iter().map(|it| of_thread(it.pid().unwrap_or(0))).collect::<Vec<_>>();
    let (begun, before) = (Instant::now(), cost());
    tokio::time::sleep(IDLE).await;
    let (elapsed, after) = (begun.elapsed(), cost());
    let used = before.iter().zip(&after).map(|(before, after)| after.saturating_sub(*before)).max();
    let percent = used.unwrap_or_default().as_secs_f64() / elapsed.as_secs_f64() * 100.0;
    let note = format!("of one core, over {} s; the daemon with the most", IDLE.as_secs());
    let figure = Figure::number("components: processor time, idle", percent, "%");
    Ok(vec![figure.against(Target::Below(IDLE_PERCENT)).note(note)])
}

/// What the thread that looks after components has used: the kernel counts it in nanoseconds.
fn of_thread(process: u32) -> Duration {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let is_it = |path: &Path| {
        std::fs::read_to_string(path.join("comm")).is_ok_and(|name| name.trim() == "components")
    };
    let used = tasks.map(|task| task.path()).filter(|path| is_it(path)).map(|path| {
        let text = std::fs::read_to_string(path.join("schedstat")).unwrap_or_default();
        text.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
    });
    Duration::from_nanos(used.sum())
}

async fn under_load(stand: &Stand, cluster: &mut Cluster) -> Result<Vec<Figure>, Problem> {
    let stop = Arc::new(AtomicBool::new(false));
    let (dir, end) = (stand.dir.join("beside"), stop.clone());
    std::fs::create_dir_all(&dir).doing(|| format!("make {}", dir.display()))?;
    let files = std::thread::spawn(move || write_files(&dir, &end));
    let applies = tokio::spawn(apply(cluster.daemons[2].client(), stand.declaration(0), stop.clone()));
    let measured = changes(stand, cluster).await;
    stop.store(true, Ordering::Relaxed);
    // What became of the load is not measured.
    let (_, _) = (applies.await, files.join());
    let (found, mended) = measured?;
    let note = |what: &str, all: &Sample| {
        format!(
            "{what}; median {:.1}, most {:.1}, {} times, with {FILES} files and {WRITES} writes a second beside it",
            all.median().as_secs_f64() * 1e3,
            all.most().as_secs_f64() * 1e3,
            all.count()
        )
    };
    let figure = |name: &str, all: &Sample, what: &str| {
        let figure = Figure::time(format!("{name}, p99"), all.percentile(99));
        figure.against(Target::Below(KNOWN_MS)).note(note(what, all))
    };
    Ok(vec![
        figure("change to verdict", &found, "known to another node"),
        figure("mended to verdict", &mended, "known to another node"),
    ])
}

/// Changes it and back, as different installers do.
async fn changes(stand: &Stand, cluster: &mut Cluster) -> Result<(Sample, Sample), Problem> {
    let (mut found, mut mended) = (Vec::new(), Vec::new());
    for number in 0..CHANGES {
        let (other, by_tar) = (1 + number % 2, number % 4 < 2);
        let change = |other| if by_tar { stand.unpack(other) } else { stand.put(other) };
        let begun = Instant::now();
        change(other)?;
        found.push(until(cluster, begun, false).await?);
        cluster.status(1, "it to be not ready", |status| not_ready(status) == 1).await?;
        // Nobody changes files faster than that, one by one.
        tokio::time::sleep(Duration::from_millis(120)).await;
        let begun = Instant::now();
        change(0)?;
        mended.push(until(cluster, begun, true).await?);
        cluster.status(1, "it to be ready", |status| not_ready(status) == 0).await?;
        tokio::time::sleep(Duration::from_millis(120)).await;
    }
    Ok((Sample::from(found), Sample::from(mended)))
}

/// How long it takes until `n2` knows it of `n1`.
async fn until(cluster: &Cluster, begun: Instant, ready: bool) -> Result<Duration, Problem> {
    let client = cluster.daemons[1].client();
    loop {
        let status = client.status().await.doing(|| "asking for the status".to_owned())?;
        let is_ready = status.nodes.iter().any(|node| node.name == "n1" && node.not_ready.is_empty());
        let elapsed = begun.elapsed();
        if is_ready == ready {
            return Ok(elapsed);
        }
        if elapsed > PATIENCE {
            let last = format!("{} nodes are not ready", not_ready(&status));
            return Err(Problem::Late { what: "the verdict".to_owned(), waited: PATIENCE, last });
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn write_files(dir: &Path, end: &AtomicBool) {
    for number in 0_u64.. {
        if end.load(Ordering::Relaxed) {
            return;
        }
        // A load that fails is a smaller load, which the measurement shows by itself.
        let _ = std::fs::write(dir.join(format!("{}", number % 1_000)), number.to_string());
        std::thread::sleep(Duration::from_secs(1) / FILES);
    }
}

async fn apply(client: api::client::Client, text: String, end: Arc<AtomicBool>) {
    for number in 1_u64.. {
        if end.load(Ordering::Relaxed) {
            return;
        }
        let request = ApplyRequest { text: format!("{text}# {number}\n"), dry_run: false, if_revision: None };
        // As above.
        let _ = client.apply(&request).await;
        tokio::time::sleep(Duration::from_secs(1) / WRITES).await;
    }
}

/// What is written through a mapping, to a page that was dirty already: nobody tells of it, and no time changes.
async fn mapped(stand: &Stand, cluster: &mut Cluster) -> Result<Figure, Problem> {
    stand.compile("mapper", MAPPER, false, &[])?;
    let go = stand.dir.join("go");
    let mut all = Vec::new();
    for _ in 0..MAPPED_ROUNDS {
        let mut command = Command::new(stand.dir.join("mapper"));
        let spawned = command.arg(stand.changed()).arg(&go).stdin(Stdio::null());
        let mut mapper = spawned.spawn().doing(|| "start the program that writes".to_owned())?;
        tokio::time::sleep(Duration::from_secs(3)).await;
        let begun = Instant::now();
        let found = match std::fs::write(&go, "").doing(|| format!("write {}", go.display())) {
            Ok(()) => until(cluster, begun, false).await,
            Err(problem) => Err(problem),
        };
        // It is ours, and ends by nothing else.
        let _ = mapper.kill().and_then(|()| mapper.wait());
        let _ = std::fs::remove_file(&go);
        all.push(found?);
        stand.put(0)?;
        cluster.status(1, "it to be ready", |status| not_ready(status) == 0).await?;
    }
    let all = Sample::from(all);
    let note = format!(
        "{:.1} to {:.1} s, {} times",
        all.least().as_secs_f64(),
        all.most().as_secs_f64(),
        all.count()
    );
    let figure = Figure::number("write through a mapping to verdict, most", all.most().as_secs_f64(), "s");
    Ok(figure.against(Target::Below(MAPPED_S)).note(note))
}
