//! A million files written elsewhere, and many in the very folder that is looked after: no alarm, and none missed.

use super::known::Gone;
use super::stand::{Stand, not_ready};
use crate::cluster::{Cluster, Place};
use crate::problem::{Doing as _, Problem};
use crate::report::{Figure, Target};
use api::EventQuery;
use std::path::Path;
use std::time::{Duration, Instant};

/// Files that are written elsewhere, and beside the components.
const ELSEWHERE: usize = 1_000_000;
const BESIDE: usize = 100_000;
/// So many are there at a time.
const AT_ONCE: usize = 2_000;

/// Measures.
pub(crate) async fn measure(place: &Place) -> Result<Vec<Figure>, Problem> {
    let dir = place.dir.join(format!("noise-{}", std::process::id()));
    let _gone = Gone(&dir);
    let stand = Stand::build(&dir)?;
    let elsewhere = dir.join("else");
    std::fs::create_dir_all(&elsewhere).doing(|| format!("make {}", elsewhere.display()))?;
    let mut cluster = stand.validated(place).await?;
    let mut figures = Vec::new();
    for (name, dir, count) in [("elsewhere", &elsewhere, ELSEWHERE), ("beside it", &stand.dir, BESIDE)] {
        let before = cpu(&cluster)?;
        let begun = Instant::now();
        let dir = dir.clone();
        let written = tokio::task::spawn_blocking(move || write(&dir, count)).await;
        written
            .map_err(|error| std::io::Error::other(error.to_string()))
            .and_then(|it| it)
            .doing(|| "write files".to_owned())?;
        let took = begun.elapsed();
        // Whatever is told late is told by now.
        tokio::time::sleep(Duration::from_secs(5)).await;
        let used = cpu(&cluster)?.saturating_sub(before);
        let alarms = alarms(&mut cluster).await?;
        let note = format!(
            "while {count} files were written {name} in {:.0} s; three daemons used {:.1} s of processor time",
            took.as_secs_f64(),
            used.as_secs_f64()
        );
        #[expect(clippy::cast_precision_loss, reason = "there are few")]
        let figure = Figure::number(format!("false alarms, {name}"), alarms as f64, "");
        figures.push(figure.against(Target::Below(0.5)).note(note));
    }
    let begun = Instant::now();
    stand.put(1)?;
    cluster.status(1, "it to be not ready", |status| not_ready(status) == 1).await?;
    figures.push(Figure::time("found afterwards", begun.elapsed()));
    Ok(figures)
}

fn write(dir: &Path, count: usize) -> std::io::Result<()> {
    let name = |number: usize| dir.join(format!("noise{}", number % AT_ONCE));
    for number in 0..count {
        if number >= AT_ONCE {
            std::fs::remove_file(name(number))?;
        }
        std::fs::write(name(number), [0])?;
    }
    (0..AT_ONCE.min(count)).try_for_each(|number| std::fs::remove_file(name(number)))
}

fn cpu(cluster: &Cluster) -> Result<Duration, Problem> {
    cluster.daemons.iter().map(crate::daemon::Daemon::cpu).sum()
}

/// How many differences were told of, and nodes not ready.
async fn alarms(cluster: &mut Cluster) -> Result<usize, Problem> {
    let status = cluster.status(1, "an answer", |_| true).await?;
    let asked = EventQuery::default();
    let told = cluster.daemons[1].client().events(&asked).await.doing(|| "asking for events".to_owned())?;
    let of_components = |id: u32| (21_010..=21_012).contains(&id);
    Ok(not_ready(&status) + told.events.iter().filter(|event| of_components(event.id)).count())
}
