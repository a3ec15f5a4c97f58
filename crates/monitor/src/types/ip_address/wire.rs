//! Frames to and from an interface.
//!
//! A socket of this kind is bound by an address of the link layer. The safe way to one of those is the
//! system's list of interfaces, which has them ready-made, one for each interface.

use super::frames::{self, Mac};
use super::message::Link;
use nix::sys::socket::SockaddrStorage;
use rustix::net::{AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType, eth, ipproto};
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsRawFd as _, OwnedFd};
use tokio::net::unix::pipe::Receiver;

/// Sends frames over one interface.
pub(super) struct Mouth(OwnedFd);

impl Mouth {
    pub(super) fn open(link: &Link) -> io::Result<Self> {
        // Without a protocol it receives nothing.
        Ok(Self(packets(link, None)?))
    }

    pub(super) fn say(&self, frame: &[u8]) -> io::Result<()> {
        rustix::net::send(&self.0, frame, SendFlags::empty())?;
        Ok(())
    }
}

/// Hears who claims an address.
pub(super) struct Ear {
    /// As tokio takes anything readable without `unsafe`.
    socket: Receiver,
    address: IpAddr,
}

impl Ear {
    pub(super) fn open(link: &Link, address: IpAddr) -> io::Result<Self> {
        let socket = match address {
            IpAddr::V4(_) => packets(link, Some(eth::ARP))?,
            // Not as frames: all traffic of the interface would come by.
            IpAddr::V6(_) => {
                let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
                let protocol = Some(ipproto::ICMPV6);
                rustix::net::socket_with(AddressFamily::INET6, SocketType::RAW, flags, protocol)?
            }
        };
        // What came before the socket was bound may be from another interface.
        while rustix::net::recv(&socket, &mut [0; 1][..], RecvFlags::empty()).is_ok() {}
        Ok(Self { socket: Receiver::from_owned_fd_unchecked(socket)?, address })
    }

    /// The next claim: a hardware address, if one is told.
    pub(super) async fn claim(&self) -> io::Result<Option<Mac>> {
        loop {
            self.socket.readable().await?;
            let Some(bytes) = self.take()? else { continue };
            let claim = match self.address {
                IpAddr::V4(address) => frames::arp_claim(&bytes, address).map(Some),
                IpAddr::V6(address) => frames::neighbour_claim(&bytes, address),
            };
            if let Some(mac) = claim {
                return Ok(mac);
            }
        }
    }

    /// What has come; nothing, if nothing has.
    fn take(&self) -> io::Result<Option<Vec<u8>>> {
        let mut buffer = vec![0; 256];
        match self.socket.try_read(&mut buffer) {
            Ok(count) => {
                buffer.truncate(count);
                Ok(Some(buffer))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn packets(link: &Link, protocol: Option<Protocol>) -> io::Result<OwnedFd> {
    let all = nix::ifaddrs::getifaddrs()?;
    let addresses = all.filter_map(|found| found.address);
    let of_link = |address: &SockaddrStorage| {
        address.as_link_addr().is_some_and(|found| u32::try_from(found.ifindex()) == Ok(link.index))
    };
    let gone = || io::Error::other(format!("{} is gone", link.name));
    let address = addresses.into_iter().find(of_link).ok_or_else(gone)?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::PACKET, SocketType::RAW, flags, protocol)?;
    // The address names no protocol, so the socket keeps its own.
    nix::sys::socket::bind(socket.as_raw_fd(), &address)?;
    Ok(socket)
}
