//! One writer's acknowledged writes, beside the floor of this machine.
//!
//! A write is acknowledged when a majority has it on disk, so its floor is one fsync at the leader,
//! one at a follower, and a round trip between them. The promise is four times that. What the
//! client adds by connecting and speaking HTTP is measured by a request that writes nothing.

use super::floor;
use crate::cluster::{Cluster, Place};
use crate::problem::{Doing as _, Problem};
use crate::report::{Figure, Target, in_ms};
use crate::sample::Sample;
use crate::writer::write;
use std::time::Instant;

/// Writes before the measurement: connections are made, code is in memory.
const WARM_UP: usize = 50;
/// Writes that are measured.
const WRITES: usize = 500;
/// How many times the floor a write may take.
const TIMES: u32 = 4;

/// Measures.
pub(crate) async fn measure(place: &Place) -> Result<Vec<Figure>, Problem> {
    let mut cluster = Cluster::form(place).await?;
    let leader = cluster.whole().await?;
    let mut disk = floor::Disk::in_folder(&cluster.dir)?;
    let round_trip = floor::round_trip()?;
    let client = cluster.daemons[leader].client();
    for _ in 0..WARM_UP {
        write(&client).await?;
    }
    // In turns: what a disk does in a millisecond or in four depends on who else uses it just then.
    let (mut fsyncs, mut reads, mut writes) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..WRITES {
        fsyncs.push(disk.write()?);
        let begun = Instant::now();
        client.export().await.doing(|| "exporting".to_owned())?;
        reads.push(begun.elapsed());
        writes.push(write(&client).await?);
    }
    let (fsync, reads, writes) = (Sample::from(fsyncs), Sample::from(reads), Sample::from(writes));
    let floor = fsync.median() * 2 + round_trip.median();
    let target = Target::AtMost(in_ms(floor * TIMES));
    let from = format!("{TIMES} x (2 fsync + round trip); {} writes", writes.count());
    Ok(vec![
        Figure::time("floor: fsync of 4 KiB, p50", fsync.median()),
        Figure::time("floor: fsync of 4 KiB, p99", fsync.percentile(99)),
        Figure::time("floor: loopback round trip, p50", round_trip.median()),
        Figure::time("acknowledged write, p50", writes.median()).against(target).note(from),
        Figure::time("acknowledged write, p99", writes.percentile(99)),
        Figure::time("of it HTTP and client (a read), p50", reads.median()),
    ])
}
