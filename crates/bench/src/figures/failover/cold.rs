//! Everything was without power: to all groups online.

use super::{file, of};
use crate::cluster::Place;
use crate::hosts::{Hosts, MEMBERS, is_online};
use crate::problem::Problem;
use crate::report::Figure;
use std::time::{Duration, Instant};

/// From the start of the daemons.
const ONLINE_MAX: Duration = Duration::from_secs(3);
/// Groups beside the one with an address.
const MORE: usize = 9;

/// Measures.
pub(crate) async fn measure(place: &Place) -> Result<Vec<Figure>, Problem> {
    let mut text = file("default", super::DUMMY);
    for number in 0..MORE {
        text += &format!(
            "[[group]]\nname = \"g{number}\"\n[[group.resource]]\nname = \"one\"\ntype = \"dummy\"\n"
        );
    }
    let hosts = Hosts::form(&place.binary, &text).await?;
    let mut all = Vec::new();
    for _ in 0..place.rounds {
        hosts.calm().await?;
        for index in 0..MEMBERS {
            hosts.host(index).kill()?;
        }
        for index in 0..MEMBERS {
            hosts.host(index).start()?;
        }
        let begun = Instant::now();
        for index in 0..MEMBERS {
            hosts.start(index)?;
        }
        let online = |all: &[Option<api::Status>]| {
            all.iter().flatten().any(|one| one.quorum.has && is_online(one)).then_some(())
        };
        hosts.until("all groups online", online).await?;
        all.push(begun.elapsed());
    }
    let note = format!("{} groups, after a loss of all power; Pacemaker 22000", MORE + 1);
    Ok(vec![of("three daemons started to all groups online", all, ONLINE_MAX, &note)])
}
