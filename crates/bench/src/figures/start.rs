//! All three stopped, to the first answer of each, and to a quorum that each of them sees.

use crate::cluster::{Cluster, Place};
use crate::problem::Problem;
use crate::report::{Figure, Target, in_ms};
use crate::sample::Sample;
use api::client::Client;
use futures::future::try_join_all;
use std::time::{Duration, Instant};

/// How many times.
const ROUNDS: usize = 5;
/// To a quorum.
const QUORUM_MAX: Duration = Duration::from_secs(2);
/// To the first answer, whatever the cluster does.
const ANSWER_MAX: Duration = Duration::from_secs(1);
/// Between two looks; also the error of the measurement.
const LOOK: Duration = Duration::from_millis(2);
/// A daemon that has not seen a quorum by then has failed to start.
const NEVER: Duration = Duration::from_secs(60);

/// Measures.
pub(crate) async fn measure(place: &Place) -> Result<Vec<Figure>, Problem> {
    let mut cluster = Cluster::form(place).await?;
    let (mut answers, mut quorums) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        cluster.whole().await?;
        cluster.stop_all()?;
        let begun = Instant::now();
        cluster.spawn_all()?;
        let clients: Vec<Client> = cluster.daemons.iter().map(|daemon| daemon.client()).collect();
        let seen = try_join_all(clients.iter().map(|client| watch(client, begun))).await?;
        answers.extend(seen.iter().map(|(answer, _)| *answer));
        quorums.extend(seen.iter().map(|(_, quorum)| *quorum).max());
    }
    let (answers, quorums) = (Sample::from(answers), Sample::from(quorums));
    let quorum_max = Target::Below(in_ms(QUORUM_MAX));
    let answer_max = Target::AtMost(in_ms(ANSWER_MAX));
    Ok(vec![
        Figure::time("a quorum seen by all three, median", quorums.median())
            .against(quorum_max)
            .note(format!("{ROUNDS} rounds")),
        Figure::time("a quorum seen by all three, most", quorums.most()).against(quorum_max),
        Figure::time("first answer of a node, median", answers.median()).against(answer_max),
        Figure::time("first answer of a node, most", answers.most()).against(answer_max),
    ])
}

/// When it first answered, and when it first saw a quorum.
async fn watch(client: &Client, begun: Instant) -> Result<(Duration, Duration), Problem> {
    let mut answered = None;
    let mut last = "no answer".to_owned();
    while begun.elapsed() < NEVER {
        if let Ok(status) = client.status().await {
            let now = begun.elapsed();
            let answered = *answered.get_or_insert(now);
            if status.quorum.has {
                return Ok((answered, now));
            }
            last = status.standing.text;
        }
        tokio::time::sleep(LOOK).await;
    }
    Err(Problem::Late { what: "a quorum after a cold start".to_owned(), waited: NEVER, last })
}
