//! A daemon is killed, and one is back within the lease.

use super::{DUMMY, MARGIN, file, of, outage, pause};
use crate::cluster::Place;
use crate::hosts::{Hosts, MEMBERS};
use crate::problem::Problem;
use crate::report::Figure;
use std::time::Duration;

/// Nobody notices.
const OUTAGE_MAX: Duration = Duration::ZERO;

/// Measures.
pub(crate) async fn measure(place: &Place) -> Result<Vec<Figure>, Problem> {
    let hosts = Hosts::form(&place.binary, &file("default", DUMMY)).await?;
    let mut outages = Vec::new();
    for round in 0..place.rounds {
        let victim = round % MEMBERS;
        hosts.place(victim).await?;
        let referee = hosts.referee()?;
        pause().await;
        hosts.kill_daemon(victim)?;
        // What restarts it, a service manager, waits as well.
        tokio::time::sleep(MARGIN).await;
        hosts.start(victim)?;
        hosts.calm().await?;
        outages.push(outage(&referee.end()));
    }
    let note = format!("started again after {} ms; peers: not measured", MARGIN.as_millis());
    Ok(vec![of("outage while a daemon is restarted", outages, OUTAGE_MAX, &note)])
}
