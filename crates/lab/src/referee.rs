//! Who answers for an address, as the network sees it: asked every few milliseconds, from a host of its own.
//!
//! Each question is an ARP request to everybody, and whoever is the effective owner of the address answers it,
//! once. So an answer names an owner, two answers to one question name two, and no answer is an outage. The
//! referee knows nothing of the cluster: only what any neighbour would learn.

use crate::error::LabError;
use crate::host::Host;
use crate::network::Network;
use nix::sys::socket::SockaddrStorage;
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, eth};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Between two questions.
const EVERY: Duration = Duration::from_millis(5);

/// Asks, until it is ended.
pub struct Referee {
    ends: Arc<AtomicBool>,
    /// Who answered last; zero: nobody yet.
    latest: Arc<AtomicU8>,
    began: Instant,
    thread: JoinHandle<Vec<Question>>,
}

/// A question, and who answered it: the numbers of hosts.
#[derive(Debug, Clone)]
struct Question {
    at: Duration,
    answered: BTreeSet<u8>,
}

/// What a referee saw.
#[derive(Debug, Clone)]
pub struct Verdict {
    questions: Vec<Question>,
}

/// For so long nobody answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// From the last answer before it, since the referee began.
    pub from: Duration,
    /// Until the first one after it.
    pub lasted: Duration,
}

impl Host {
    /// Watches from this host who answers for an address on a network.
    ///
    /// # Errors
    /// If there is no raw socket to be had.
    pub fn watch_address(&self, address: Ipv4Addr, network: Network) -> Result<Referee, LabError> {
        let failed = |what: &str, source: std::io::Error| LabError::System { what: what.to_owned(), source };
        let opened = self.within(|| open(network.interface()))?;
        let socket = opened.map_err(|error| failed("watch an address", error.into()))?;
        let question = question(self.number(), network, self.ipv4(network), address);
        let (ends, began) = (Arc::new(AtomicBool::new(false)), Instant::now());
        let latest = Arc::new(AtomicU8::new(0));
        let heard = latest.clone();
        let ended = ends.clone();
        let thread = std::thread::Builder::new()
            .name(format!("referee of {address}"))
            .spawn(move || watch(&socket, &question, address, began, &ended, &heard))
            .map_err(|error| failed("start a referee", error))?;
        Ok(Referee { ends, latest, began, thread })
    }
}

impl Referee {
    /// Who answered last, by the number of the host; nothing: nobody has yet.
    #[must_use]
    pub fn latest(&self) -> Option<u8> {
        Some(self.latest.load(Ordering::Relaxed)).filter(|host| *host > 0)
    }

    /// How long it has been watching.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Ends it.
    ///
    /// # Panics
    /// If its thread did.
    #[must_use]
    pub fn end(self) -> Verdict {
        self.ends.store(true, Ordering::Relaxed);
        Verdict { questions: self.thread.join().expect("the referee's thread does not panic") }
    }
}

impl Verdict {
    /// When more than one answered, and who.
    #[must_use]
    pub fn several(&self) -> Vec<(Duration, Vec<u8>)> {
        let several = self.questions.iter().filter(|question| question.answered.len() > 1);
        several.map(|question| (question.at, question.answered.iter().copied().collect())).collect()
    }

    /// The owners one after another, by the numbers of their hosts.
    #[must_use]
    pub fn owners(&self) -> Vec<u8> {
        let mut owners: Vec<u8> =
            self.questions.iter().flat_map(|question| question.answered.iter().copied()).collect();
        owners.dedup();
        owners
    }

    /// Every time for which several questions in a row had no answer, in their order.
    #[must_use]
    pub fn outages(&self) -> Vec<Outage> {
        let mut outages = Vec::new();
        let mut last: Option<(usize, Duration)> = None;
        for (number, question) in
            self.questions.iter().enumerate().filter(|(_, question)| !question.answered.is_empty())
        {
            // One answer may be lost or late; two in a row are not.
            if let Some((before, from)) = last.filter(|(before, _)| number > before + 2) {
                let _ = before;
                outages.push(Outage { from, lasted: question.at.saturating_sub(from) });
            }
            last = Some((number, question.at));
        }
        outages
    }

    /// The longest of them.
    #[must_use]
    pub fn longest_outage(&self) -> Duration {
        self.outages().iter().map(|outage| outage.lasted).max().unwrap_or_default()
    }
}

fn open(interface: &str) -> rustix::io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::PACKET, SocketType::RAW, flags, Some(eth::ARP))?;
    let all = nix::ifaddrs::getifaddrs().map_err(|_| Errno::NODEV)?;
    let of_link = |address: &SockaddrStorage| address.as_link_addr().is_some();
    let mut found = all.filter(|found| found.interface_name == interface).filter_map(|found| found.address);
    let address = found.find(of_link).ok_or(Errno::NODEV)?;
    nix::sys::socket::bind(socket.as_raw_fd(), &address).map_err(|_| Errno::NODEV)?;
    Ok(socket)
}

fn mac(host: u8, network: Network) -> [u8; 6] {
    [2, 0x99, network.index(), 0, 0, host]
}

/// "Who has this address?"
fn question(me: u8, network: Network, own: Ipv4Addr, wanted: Ipv4Addr) -> Vec<u8> {
    let own_mac = mac(me, network);
    let head = [0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1];
    [&[0xff; 6][..], &own_mac, &head, &own_mac, &own.octets(), &[0; 6], &wanted.octets()].concat()
}

fn watch(
    socket: &OwnedFd,
    question: &[u8],
    address: Ipv4Addr,
    began: Instant,
    ended: &AtomicBool,
    latest: &AtomicU8,
) -> Vec<Question> {
    let mut questions: Vec<Question> = Vec::new();
    let mut next = Instant::now();
    let mut buffer = [0; 256];
    while !ended.load(Ordering::Relaxed) {
        // What could not be sent is not answered, which is what is counted.
        let _ = rustix::net::send(socket, question, SendFlags::empty());
        questions.push(Question { at: began.elapsed(), answered: BTreeSet::new() });
        next = (next + EVERY).max(Instant::now());
        loop {
            match rustix::net::recv(socket, &mut buffer[..], RecvFlags::empty()) {
                Ok((count, _)) => {
                    if let (Some(owner), Some(last)) =
                        (owner(&buffer[..count], address), questions.last_mut())
                    {
                        last.answered.insert(owner);
                        latest.store(owner, Ordering::Relaxed);
                    }
                }
                Err(_) if Instant::now() >= next => break,
                Err(_) => std::thread::sleep(Duration::from_micros(500)),
            }
        }
    }
    questions
}

/// The host that says in this frame that it has the address.
fn owner(frame: &[u8], address: Ipv4Addr) -> Option<u8> {
    let is_reply = frame.get(12..14)? == [0x08, 0x06] && frame.get(20..22)? == [0, 2];
    let has_it = frame.get(28..32)? == address.octets();
    // To us, not to everybody: what is announced without a question answers none.
    let to_us = frame.first()? & 1 == 0;
    (is_reply && has_it && to_us).then(|| frame.get(27).copied())?
}
