//! A group is moved by hand.

use super::{DUMMY, file, of, outage, pause};
use crate::cluster::Place;
use crate::hosts::{GROUP, Hosts, MEMBERS};
use crate::problem::Problem;
use crate::report::Figure;
use std::time::Duration;

/// An address and what depends on it, from one node to another.
const OUTAGE_MAX: Duration = Duration::from_millis(60);

/// Measures.
pub(crate) async fn measure(place: &Place) -> Result<Vec<Figure>, Problem> {
    let hosts = Hosts::form(&place.binary, &file("default", DUMMY)).await?;
    let mut outages = Vec::new();
    hosts.place(0).await?;
    for round in 1..=place.rounds {
        let target = hosts.host(round % MEMBERS).name();
        let referee = hosts.referee()?;
        pause().await;
        hosts.run(0, &["group", "move", GROUP, "--to", target], "")?;
        pause().await;
        outages.push(outage(&referee.end()));
        hosts.calm().await?;
    }
    Ok(vec![of("planned move, address and dummy", outages, OUTAGE_MAX, "Pacemaker 180 to 440")])
}
