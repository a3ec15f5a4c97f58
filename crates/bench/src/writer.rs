//! Acknowledged writes: a declaration that differs from the one before.

use crate::problem::{Doing as _, Problem};
use api::ApplyRequest;
use api::client::Client;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A declaration that no other call has written: what an administrator's `apply` sends.
fn declaration() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!(
        "# {number}\n[cluster]\nname = \"bench\"\n\n[[group]]\nname = \"web\"\n[[group.resource]]\nname = \"ip\"\n\
         type = \"ip-address\"\naddress = \"10.99.0.{}/24\"\n",
        number % 250 + 1
    )
}

/// One write, and how long it took until it was acknowledged.
pub(crate) async fn write(client: &Client) -> Result<Duration, Problem> {
    let request = ApplyRequest { text: declaration(), dry_run: false, if_revision: None };
    let begun = Instant::now();
    client.apply(&request).await.doing(|| "applying a declaration".to_owned())?;
    Ok(begun.elapsed())
}

/// Writes one after the other until `until`, and returns how many there were.
pub(crate) async fn write_until(client: &Client, until: Instant) -> Result<u64, Problem> {
    let mut count = 0;
    while Instant::now() < until {
        write(client).await?;
        count += 1;
    }
    Ok(count)
}
