//! Ends the sessions of an address, before its gate opens for a new generation.
//!
//! A session from before the gate closed is still there in this host's kernel, and would go on where it was
//! when the gate opens again; meanwhile another node may have served the same client. Its processes were
//! stopped by whoever calls this; what a process left behind, or never had (a session that nobody has
//! accepted), ends here.
//!
//! Only sessions end: sockets that listen, or that receive from anyone, have none. Sessions that are
//! translated to another network namespace (of a container) are that one's; they end with its processes.

use crate::error::{GateError, is, system};
use crate::netlink::{Message, Netlink, Said};
use rustix::io::Errno;
use rustix::net::netlink::SOCK_DIAG;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const BY_FAMILY: u16 = 20;
const DESTROY: u16 = 21;

const INET: u8 = 2;
const INET6: u8 = 10;
const TCP: u8 = 6;
const UDP: u8 = 17;

/// All states but those without a session: closed (7, that of an UDP socket without a peer) and
/// listening (10).
const SESSIONS: u32 = !(1 << 7 | 1 << 10);

/// A session that began while others were ended is ended in the next round. After so many something goes on
/// making them, and so its processes were not stopped.
const ROUNDS: u32 = 10;

/// Ends all TCP and UDP sessions of this address in the network namespace of the calling thread; how many.
/// The kernel lists all sockets of the host for it: where there are very many, let a thread of its own wait.
///
/// # Errors
/// If the kernel cannot (it was built without `CONFIG_INET_DIAG_DESTROY`) or this process may not, and if
/// new sessions come up as fast as they are ended. The gate has to stay closed then.
pub fn destroy_sockets(address: IpAddr) -> Result<usize, GateError> {
    let what = || format!("end the sessions of {address}");
    let mut diag = Netlink::open(Some(SOCK_DIAG)).map_err(system(what()))?;
    let mut ended = 0;
    for _ in 0..ROUNDS {
        let found = sessions(&mut diag, address).map_err(system(what()))?;
        if found.is_empty() {
            return Ok(ended);
        }
        for session in &found {
            ended += usize::from(end(&mut diag, session).map_err(system(what()))?);
        }
    }
    let source = io::Error::other("new ones come up as fast as they are ended: its processes still run");
    Err(GateError::System { what: what(), source })
}

#[derive(Debug, PartialEq, Eq)]
struct Session {
    family: u8,
    protocol: u8,
    /// As the kernel named it: ports, addresses, interface, and a number of its own.
    id: [u8; 48],
}

fn sessions(diag: &mut Netlink, address: IpAddr) -> io::Result<Vec<Session>> {
    let mut all = Vec::new();
    for protocol in [TCP, UDP] {
        // A socket of IPv6 may have an IPv4 address, mapped.
        for family in [INET, INET6] {
            let said = match diag.list(&Message::new(BY_FAMILY, 0, &request(family, protocol, &[0; 48]))) {
                // A kernel without IPv6 has none of it.
                Err(error) if family == INET6 && is(&error, Errno::NOENT) => Vec::new(),
                other => other?,
            };
            all.extend(said.iter().filter_map(|said| session(said, protocol, address)));
        }
    }
    Ok(all)
}

fn session(said: &Said, protocol: u8, wanted: IpAddr) -> Option<Session> {
    let family = *said.body.first()?;
    let id: [u8; 48] = said.body.get(4..52)?.try_into().ok()?;
    let own = match family {
        INET => IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(id.get(4..8)?).ok()?)),
        INET6 => Ipv6Addr::from(<[u8; 16]>::try_from(id.get(4..20)?).ok()?).to_canonical(),
        _ => return None,
    };
    (said.kind == BY_FAMILY && own == wanted).then_some(Session { family, protocol, id })
}

/// Whether it was there to be ended.
fn end(diag: &mut Netlink, session: &Session) -> io::Result<bool> {
    match diag.order(Message::new(DESTROY, 0, &request(session.family, session.protocol, &session.id))) {
        Ok(()) => Ok(true),
        // It ended by itself.
        Err(error) if is(&error, Errno::NOENT) => Ok(false),
        Err(error) => Err(error),
    }
}

fn request(family: u8, protocol: u8, id: &[u8; 48]) -> Vec<u8> {
    let mut bytes = vec![family, protocol, 0, 0];
    bytes.extend(SESSIONS.to_ne_bytes());
    bytes.extend(id);
    bytes
}
