//! Sixteen writers at once against one: whether commits that meet share their fsync.

use crate::cluster::{Cluster, Place};
use crate::problem::Problem;
use crate::report::{Figure, Target};
use crate::sample::median;
use crate::writer::{write, write_until};
use api::client::Client;
use futures::future::try_join_all;
use std::time::{Duration, Instant};

/// How many write at once.
const MANY: usize = 16;
/// How much more they get done, at least.
const TIMES: f64 = 4.0;
/// For how long a throughput is measured.
const SPAN: Duration = Duration::from_secs(2);
/// How many times each is measured, in turns, so that a busy moment hits both.
const ROUNDS: usize = 3;

/// Measures.
pub(crate) async fn measure(place: &Place) -> Result<Vec<Figure>, Problem> {
    let mut cluster = Cluster::form(place).await?;
    let leader = cluster.whole().await?;
    let client = cluster.daemons[leader].client();
    for _ in 0..MANY {
        write(&client).await?;
    }
    let (mut alone, mut together, mut times) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let one = throughput(&client, 1).await?;
        let many = throughput(&client, MANY).await?;
        times.push(many / one);
        alone.push(one);
        together.push(many);
    }
    let note = format!("medians of {ROUNDS} rounds of {} s", SPAN.as_secs());
    Ok(vec![
        Figure::number("1 writer", median(alone), "/s"),
        Figure::number(format!("{MANY} writers"), median(together), "/s"),
        Figure::number(format!("{MANY} writers against 1"), median(times), "times")
            .against(Target::AtLeast(TIMES))
            .note(note),
    ])
}

/// Writes in a second, by so many at once.
async fn throughput(client: &Client, writers: usize) -> Result<f64, Problem> {
    let begun = Instant::now();
    let counts = try_join_all((0..writers).map(|_| write_until(client, begun + SPAN))).await?;
    Ok(counts.iter().sum::<u64>() as f64 / begun.elapsed().as_secs_f64())
}
