//! A machine stands still for a second and goes on: its owner's, or all of them at once, as under one hypervisor.

use super::{DUMMY, file, pause};
use crate::cluster::Place;
use crate::hosts::{GROUP, Hosts, MEMBERS};
use crate::problem::Problem;
use crate::report::{Figure, Target};
use std::time::Duration;

/// What the profile `default` promises to survive.
const STALL: Duration = Duration::from_secs(1);

/// Measures.
pub(crate) async fn measure(place: &Place) -> Result<Vec<Figure>, Problem> {
    let hosts = Hosts::form(&place.binary, &file("default", DUMMY)).await?;
    let (mut alone, mut all) = (0, 0);
    for round in 0..place.rounds {
        let victim = round % MEMBERS;
        hosts.place(victim).await?;
        alone += usize::from(is_disturbed(&hosts, &[victim]).await?);
        hosts.place(victim).await?;
        all += usize::from(is_disturbed(&hosts, &(0..MEMBERS).collect::<Vec<_>>()).await?);
    }
    Ok(vec![
        figure("failovers when the owner stands still for 1 s", alone, place.rounds),
        figure("failovers when all nodes stand still for 1 s", all, place.rounds),
    ])
}

fn figure(name: &str, failovers: usize, rounds: usize) -> Figure {
    #[expect(clippy::cast_precision_loss, reason = "there are some dozens of rounds")]
    let failovers = failovers as f64;
    let note = format!("of {rounds} stalls, profile default; peers: not measured");
    Figure::number(name, failovers, "").against(Target::AtMost(0.0)).note(note)
}

/// Whether the group was given to anybody anew.
async fn is_disturbed(hosts: &Hosts, still: &[usize]) -> Result<bool, Problem> {
    let before = generation(hosts).await;
    for index in still {
        hosts.host(*index).freeze()?;
    }
    tokio::time::sleep(STALL).await;
    for index in still {
        hosts.host(*index).thaw()?;
    }
    pause().await;
    hosts.calm().await?;
    Ok(generation(hosts).await != before)
}

async fn generation(hosts: &Hosts) -> Option<u64> {
    let all = hosts.look().await;
    let groups = all.iter().flatten().flat_map(|status| &status.groups);
    groups.filter(|shown| shown.name == GROUP).map(|shown| shown.generation).max()
}
