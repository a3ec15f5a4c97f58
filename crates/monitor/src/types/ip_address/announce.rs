//! Tells neighbours, and switches, where the address is from now on.

use super::frames::{self, Mac};
use super::message::Link;
use super::wire::Mouth;
use std::io;
use std::net::IpAddr;
use std::time::Duration;
use tokio::task::JoinHandle;

/// After the first, which is part of coming online, it is said so often again, for those who did not
/// hear it: a port of a switch that was still blocked, a host that was busy.
const AGAIN: u32 = 4;

/// From one to the next; as in RFC 5227, and the least that RFC 4861 asks for.
const EVERY: Duration = Duration::from_secs(1);

/// Announcements in the background. They end with this.
pub(super) struct Announcing(JoinHandle<()>);

impl Drop for Announcing {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Says it now, and again in the background. Nothing is said on an interface without hardware addresses.
pub(super) fn announce(link: &Link, address: IpAddr) -> io::Result<Option<Announcing>> {
    let Some(own) = link.mac.map(Mac) else { return Ok(None) };
    let mouth = Mouth::open(link)?;
    let frames = frames::announcements(own, address);
    let say = move || frames.iter().try_for_each(|frame| mouth.say(frame));
    say()?;
    let name = link.name.clone();
    let again = async move {
        for _ in 0..AGAIN {
            tokio::time::sleep(EVERY).await;
            if let Err(error) = say() {
                // The interface may be down for a moment; the looks see to that.
                tracing::warn!(%address, interface = name, %error, "the address was not announced again");
            }
        }
    };
    Ok(Some(Announcing(tokio::spawn(again))))
}
