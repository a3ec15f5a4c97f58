//! Is somebody else using the address? Asked before it is ours.
//!
//! As RFC 5227 and RFC 4862 say, but within 0.6 s instead of some seconds: their waits are for networks that
//! are still coming up, with hosts that all start at once. For IPv6 we ask too, and do not leave it to
//! the kernel: the kernel takes one to two seconds, does not say who the other is, and would take a
//! member that is about to lose the address for a stranger.

use super::frames::{self, Mac};
use super::message::Link;
use super::wire::{Ear, Mouth};
use std::io;
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::timeout;

/// So often is asked, so that two lost frames are no free address.
const QUESTIONS: u32 = 3;

/// After each question an answer is waited for so long. On a local network one comes within a
/// millisecond; hosts that sleep, and switches that learn, take some tens.
const PATIENCE: Duration = Duration::from_millis(200);

/// Somebody else has it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Holder(pub(super) Option<Mac>);

/// Who else claims the address on this interface, apart from those to be ignored. Nobody has one on an
/// interface without hardware addresses.
pub(super) async fn holder(link: &Link, address: IpAddr, ignored: &[Mac]) -> io::Result<Option<Holder>> {
    let Some(own) = link.mac.map(Mac) else { return Ok(None) };
    // Listens before it asks.
    let (ear, mouth) = (Ear::open(link, address)?, Mouth::open(link)?);
    let question = frames::question(own, address);
    for _ in 0..QUESTIONS {
        mouth.say(&question)?;
        let stranger = async {
            loop {
                match ear.claim().await? {
                    Some(mac) if mac == own || ignored.contains(&mac) => {}
                    mac => return io::Result::Ok(Holder(mac)),
                }
            }
        };
        if let Ok(found) = timeout(PATIENCE, stranger).await {
            return found.map(Some);
        }
    }
    Ok(None)
}
