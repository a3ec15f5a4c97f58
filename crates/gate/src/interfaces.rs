//! The interfaces of this network namespace, and word of new ones.

use crate::netlink::{Message, Netlink, Said, number, short, socket, text};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SocketFlags};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

const GET_LINK: u16 = 18;
const NEW_LINK: u16 = 16;
const UP: u32 = 0x1;

/// Groups of notices: interfaces, and traffic control (somebody took the gate's filter away).
const NOTICES: u32 = 0x1 | 0x8;

/// A network interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interface {
    pub(crate) index: u32,
    pub(crate) name: String,
    /// What its packets begin with (`ARPHRD_…`).
    pub(crate) kind: u16,
    pub(crate) is_up: bool,
}

/// All there are.
pub(crate) fn all(route: &mut Netlink) -> io::Result<Vec<Interface>> {
    let said = route.list(&Message::new(GET_LINK, 0, &[0; 16]))?;
    Ok(said.iter().filter_map(understood).collect())
}

fn understood(said: &Said) -> Option<Interface> {
    if said.kind != NEW_LINK {
        return None;
    }
    let (kind, index) = (short(&said.body, 2)?, number(&said.body, 4)?);
    let is_up = number(&said.body, 8)? & UP != 0;
    let name = said.attributes(16).find_map(|(kind, value)| (kind == 3).then(|| text(value)))?;
    Some(Interface { index, name, kind, is_up })
}

/// Says when interfaces come, go or change, or somebody changes traffic control.
///
/// Its descriptor is readable then: wait for it (`tokio::io::unix::AsyncFd`), [`Watch::clear`], and have the
/// gate cover what is there now ([`crate::Looker`]). What exactly changed does not matter, so nothing
/// is lost if notices are.
#[derive(Debug)]
pub struct Watch(OwnedFd);

impl Watch {
    /// Hears of the interfaces of the calling thread's network namespace from now on.
    ///
    /// # Errors
    /// If the kernel gives no such socket.
    pub fn open() -> io::Result<Self> {
        socket(None, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, NOTICES).map(Self)
    }

    /// Takes all notices that have come; whether there was any.
    ///
    /// # Errors
    /// If the socket fails. That notices were lost is no error, but one of them.
    pub fn clear(&self) -> io::Result<bool> {
        let mut any = false;
        loop {
            match rustix::net::recv(&self.0, &mut [0; 1][..], RecvFlags::empty()) {
                Ok(_) | Err(Errno::NOBUFS) => any = true,
                Err(Errno::AGAIN) => return Ok(any),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
