//! What daemons cost that have nothing to do: memory, processor time.
//!
//! The proportional set size shares pages that several processes map among them, here the binary
//! among three daemons; the resident set counts them in full, and is what a machine with one daemon
//! sees at most.

use crate::cluster::{Cluster, Place};
use crate::problem::Problem;
use crate::report::{Figure, Target};
use crate::writer::write;
use std::time::{Duration, Instant};

/// How long daemons are left alone before they are looked at.
const SETTLE: Duration = Duration::from_secs(10);
/// For how long processor time is counted: the kernel counts it in hundredths of a second.
const SPAN: Duration = Duration::from_secs(30);
/// Memory, in MiB.
const PSS_MIB: f64 = 30.0;
/// Processor time, in percent of one core.
const CPU_PERCENT: f64 = 0.5;
/// Writes after which memory is looked at once more.
const WRITES: usize = 2_000;
/// Measured on Debian 12 with its packages, per node; shown for comparison, not measured here.
const PEERS: &str = "for comparison, Pacemaker + Corosync idle (8 daemons): 144 MB PSS, 0.9 % of a core";

/// Measures.
pub(crate) async fn measure(place: &Place) -> Result<Vec<Figure>, Problem> {
    let mut cluster = Cluster::form(place).await?;
    tokio::time::sleep(SETTLE).await;
    let leader = cluster.whole().await?;
    let follower = (leader + 1) % 3;
    let roles = [("leader", leader), ("follower", follower)];
    let mut figures = memory(&cluster, roles, "")?;

    let begun = Instant::now();
    let before = roles.map(|(_, index)| cluster.daemons[index].cpu());
    tokio::time::sleep(SPAN).await;
    let elapsed = begun.elapsed();
    for ((role, index), before) in roles.into_iter().zip(before) {
        let used = cluster.daemons[index].cpu()?.saturating_sub(before?);
        let percent = used.as_secs_f64() / elapsed.as_secs_f64() * 100.0;
        let figure = Figure::number(format!("{role}: processor time"), percent, "%");
        let note = format!("of one core, over {} s", SPAN.as_secs());
        figures.push(figure.against(Target::Below(CPU_PERCENT)).note(note));
    }

    let client = cluster.daemons[leader].client();
    for _ in 0..WRITES {
        write(&client).await?;
    }
    tokio::time::sleep(SETTLE).await;
    figures.extend(memory(&cluster, roles, &format!(", after {WRITES} writes"))?);
    if let Some(last) = figures.last_mut() {
        last.note += &format!("\n  {PEERS}");
    }
    Ok(figures)
}

fn memory(cluster: &Cluster, roles: [(&str, usize); 2], when: &str) -> Result<Vec<Figure>, Problem> {
    let one = |(role, index): (&str, usize)| {
        let (pss, rss) = cluster.daemons[index].memory_mib()?;
        let figure = Figure::number(format!("{role}: memory (PSS){when}"), pss, "MiB");
        Ok(figure.against(Target::Below(PSS_MIB)).note(format!("resident set {rss:.1} MiB")))
    };
    roles.into_iter().map(one).collect()
}
