//! Nobody has an address twice: an owner that is cut off, or frozen and woken, has it no more.

use super::{DUMMY, elsewhere, file, pause, two_owners};
use crate::cluster::Place;
use crate::hosts::{Hosts, MEMBERS};
use crate::problem::Problem;
use crate::report::Figure;
use lab::{Host, Verdict};

/// Measures.
pub(crate) async fn measure(place: &Place) -> Result<Vec<Figure>, Problem> {
    let hosts = Hosts::form(&place.binary, &file("default", DUMMY)).await?;
    let (mut cut, mut frozen) = (Vec::new(), Vec::new());
    for round in 0..place.rounds {
        cut.push(cut_off(&hosts, round % MEMBERS).await?);
        frozen.push(freeze(&hosts, (round + 1) % MEMBERS).await?);
    }
    Ok(vec![
        two_owners("two owners after a partition", &cut, "Pacemaker without fencing: about 1000"),
        two_owners("two owners when a frozen one wakes", &frozen, "Pacemaker without fencing: 8800 to 10300"),
    ])
}

/// Its clients still reach it: nothing but its lease ends what it does.
async fn cut_off(hosts: &Hosts, victim: usize) -> Result<Verdict, Problem> {
    hosts.place(victim).await?;
    let referee = hosts.referee()?;
    pause().await;
    let others: Vec<&Host> =
        (0..MEMBERS).filter(|index| *index != victim).map(|index| hosts.host(index)).collect();
    hosts.lab().split(&[hosts.host(victim)], &others)?;
    elsewhere(hosts, victim).await?;
    pause().await;
    hosts.lab().heal()?;
    hosts.calm().await?;
    Ok(referee.end())
}

async fn freeze(hosts: &Hosts, victim: usize) -> Result<Verdict, Problem> {
    hosts.place(victim).await?;
    let referee = hosts.referee()?;
    pause().await;
    hosts.host(victim).freeze()?;
    elsewhere(hosts, victim).await?;
    pause().await;
    hosts.host(victim).thaw()?;
    hosts.calm().await?;
    Ok(referee.end())
}
