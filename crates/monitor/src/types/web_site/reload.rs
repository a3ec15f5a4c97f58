//! Changed parameters, taken up by a site that is served.
//!
//! nginx does it without losing a connection: its master reads the configuration again, starts new
//! workers, and lets the old ones finish. What it cannot use it leaves aside and goes on as before, but
//! says so only in its log. So the new configuration is tested first, and then seen to be in use: by new
//! workers, and by a good answer. Otherwise the old one is put back.

use super::super::port;
use super::super::server::{TRY, TRY_INTERVAL};
use super::{Served, failed};
use resource_api::Outcome;
use rustix::process::Signal;
use std::fs;
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// nginx takes milliseconds. If its new workers have not answered well by now they will not.
const PATIENCE: Duration = Duration::from_secs(5);

/// Part of the deadline is for putting the old configuration back.
pub(super) async fn reload(served: &Served, deadline: Duration) -> Result<(), Outcome> {
    let until = Instant::now() + PATIENCE.min(deadline / 2);
    let Some(master) = served.server.program.watched() else {
        return Err(failed("it does not run, so there is nothing to reload; `online` starts it".to_owned()));
    };
    let before = served.server.program.members();
    port::is_free(served.server.listen, &before)?;
    let nginx = served.fits().await?;
    let (config, new, old) = (served.config(), served.folder.join("new"), served.folder.join("old"));
    served.configure(&nginx, &new).await.map_err(still)?;
    let exchange = || {
        fs::copy(&config, &old)?;
        fs::rename(&new, &config)
    };
    exchange().map_err(|error| still(failed(format!("cannot write {}: {error}", config.display()))))?;
    let (mark, hup) = (served.server.program.log_length(), || master.signal(Signal::HUP));
    let taken_up = match hup() {
        Ok(()) => is_taken_up(served, &before, mark, until).await,
        Err(error) => Err(failed(format!("cannot signal nginx: {error}"))),
    };
    let Err(why) = taken_up else { return Ok(()) };
    put_back(&old, &config)?;
    let with_new = served.server.program.members();
    hup().map_err(|error| failed(format!("{why}; and nginx cannot be told to go back: {error}")))?;
    // It may be busy for some seconds with what it could not use. Whoever asks next meets it at rest.
    let until = Instant::now() + PATIENCE.min(deadline / 3);
    while Instant::now() < until && !has_new_workers(served, &with_new) {
        sleep(TRY_INTERVAL).await;
    }
    Err(still(why))
}

/// There are new workers, and those of before take no connection any more. They may have some left for
/// long; then they say in their title that they are about to end.
fn has_new_workers(served: &Served, before: &[i32]) -> bool {
    let (old, new): (Vec<i32>, Vec<i32>) =
        served.server.program.members().into_iter().partition(|pid| before.contains(pid));
    let titled = |pid: &i32, state: &str| {
        let title = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&title).contains(state)
    };
    let takes_more = |pid| titled(pid, "worker process") && !titled(pid, "is shutting down");
    new.iter().any(|pid| titled(pid, "worker process")) && !old.iter().any(takes_more)
}

fn put_back(old: &Path, config: &Path) -> Result<(), Outcome> {
    let from = old.display();
    fs::rename(old, config).map_err(|error| failed(format!("cannot put {from} back: {error}")))
}

/// New workers serve, and well.
async fn is_taken_up(served: &Served, before: &[i32], mark: u64, until: Instant) -> Result<(), Outcome> {
    loop {
        let why = if has_new_workers(served, before) {
            match timeout(TRY, served.health.check(&served.expected)).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(why)) => why,
                Err(_) => format!("no answer within {} ms", TRY.as_millis()),
            }
        } else {
            "nginx has not taken up its new configuration".to_owned()
        };
        let said = served.server.program.log_since(mark);
        if let Some(refused) = said.lines().find(|line| line.contains("[emerg]")) {
            return Err(failed(format!("nginx refuses its new configuration: {refused}")));
        }
        if Instant::now() >= until || served.server.program.watched().is_none() {
            return Err(failed(why).with_output(&said));
        }
        sleep(TRY_INTERVAL).await;
    }
}

/// With what is the case then.
fn still(why: Outcome) -> Outcome {
    Outcome { text: format!("{}; it is served as before", why.text), ..why }
}
