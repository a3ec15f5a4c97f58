//! `kill -9` of the leader, to the next acknowledged write on another node.

use crate::cluster::{Cluster, Place};
use crate::problem::Problem;
use crate::report::{Figure, Target, in_ms};
use crate::sample::Sample;
use crate::writer::write;
use std::time::{Duration, Instant};

/// How many leaders are lost.
const ROUNDS: usize = 10;
/// The longest election time-out of the profile `default` (`membership::timers`).
const ELECTION: Duration = Duration::from_millis(300);
/// How many of them a loss may cost.
const TIMES: u32 = 3;
/// For how long no write is asked for; then the loss has failed to heal.
const LOST_FOR_GOOD: Duration = Duration::from_secs(30);

/// Measures.
pub(crate) async fn measure(place: &Place) -> Result<Vec<Figure>, Problem> {
    let mut cluster = Cluster::form(place).await?;
    let mut losses = Vec::new();
    for round in 0..ROUNDS {
        let leader = cluster.whole().await?;
        let survivor = (leader + 1 + round % 2) % 3;
        losses.push(lose(&mut cluster, leader, survivor).await?);
        cluster.spawn(leader)?;
    }
    let losses = Sample::from(losses);
    let target = Target::AtMost(in_ms(ELECTION * TIMES));
    let note = format!("{TIMES} x the election time-out of {} ms; {ROUNDS} losses", ELECTION.as_millis());
    Ok(vec![
        Figure::time("leader killed to next write, least", losses.least()),
        Figure::time("leader killed to next write, median", losses.median()).against(target).note(note),
        Figure::time("leader killed to next write, most", losses.most()).against(target),
    ])
}

async fn lose(cluster: &mut Cluster, leader: usize, survivor: usize) -> Result<Duration, Problem> {
    let client = cluster.daemons[survivor].client();
    write(&client).await?;
    let begun = Instant::now();
    cluster.kill(leader)?;
    loop {
        match write(&client).await {
            Ok(_) => return Ok(begun.elapsed()),
            Err(problem) if begun.elapsed() > LOST_FOR_GOOD => return Err(problem),
            // Refused while there is no leader: what a client does then is to ask again.
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}
