//! A conversation with the kernel about interfaces and addresses.
//!
//! The kernel answers a request within the call that sends it, so nothing here waits: an address is
//! added, or a thousand of them listed, in microseconds, on the thread that asks.

use super::message::{self, Held, Link, Message};
use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, sockopt};
use std::io;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::time::Duration;
use tokio::net::unix::pipe::Receiver;

/// The groups of notices: interfaces, IPv4 addresses, IPv6 addresses.
const NOTICES: u32 = 0x1 | 0x10 | 0x100;

/// The kernel's datagrams are no longer than this if they are read with such a buffer.
const BUFFER: usize = 32 << 10;

/// A list that changed while it was read is read again; so often, then it is taken as it is. Whoever
/// changes addresses without a pause must not keep us from looking.
const TRIES: u32 = 5;

/// For questions and orders.
pub(super) struct Netlink {
    socket: OwnedFd,
    sequence: u32,
}

impl Netlink {
    pub(super) fn open() -> io::Result<Self> {
        let socket = open(SocketFlags::CLOEXEC, 0)?;
        // A guard: a kernel that did not answer would block this monitor.
        sockopt::set_socket_timeout(&socket, sockopt::Timeout::Recv, Some(Duration::from_secs(1)))?;
        Ok(Self { socket, sequence: 0 })
    }

    pub(super) fn links(&mut self) -> io::Result<Vec<Link>> {
        let all = self.list(message::all_links)?.into_iter();
        Ok(all.filter_map(|said| if let Message::Link(link) = said { Some(link) } else { None }).collect())
    }

    /// All addresses of the family of this one.
    pub(super) fn addresses(&mut self, like: IpAddr) -> io::Result<Vec<Held>> {
        let all = self.list(|sequence| message::all_addresses(sequence, like))?.into_iter();
        Ok(all.filter_map(|said| if let Message::Address(held) = said { Some(held) } else { None }).collect())
    }

    /// Adds an address; that it is there already is as good.
    pub(super) fn add(&mut self, held: &Held) -> io::Result<()> {
        match self.ask(|sequence| message::add(sequence, held)) {
            Err(error) if Errno::from_io_error(&error) == Some(Errno::EXIST) => Ok(()),
            other => other.map(drop),
        }
    }

    /// Takes an address away; that it is gone already, or its interface, is as good.
    pub(super) fn remove(&mut self, held: &Held) -> io::Result<()> {
        match self.ask(|sequence| message::remove(sequence, held)) {
            Err(error)
                if matches!(Errno::from_io_error(&error), Some(Errno::ADDRNOTAVAIL | Errno::NODEV)) =>
            {
                Ok(())
            }
            other => other.map(drop),
        }
    }

    fn list(&mut self, request: impl Fn(u32) -> Vec<u8>) -> io::Result<Vec<Message>> {
        let mut last = self.ask(&request)?;
        for _ in 1..TRIES {
            if !last.interrupted {
                break;
            }
            last = self.ask(&request)?;
        }
        Ok(last.messages)
    }

    fn ask(&mut self, request: impl Fn(u32) -> Vec<u8>) -> io::Result<Answer> {
        self.sequence = self.sequence.wrapping_add(1);
        rustix::net::send(&self.socket, &request(self.sequence), SendFlags::empty())?;
        let mut answer = Answer { messages: Vec::new(), interrupted: false };
        let mut buffer = vec![0; BUFFER];
        loop {
            let (count, _) = rustix::net::recv(&self.socket, buffer.as_mut_slice(), RecvFlags::empty())?;
            for received in message::read(&buffer[..count]) {
                if received.sequence != self.sequence {
                    continue;
                }
                answer.interrupted |= received.interrupted;
                match received.message {
                    Message::End(0) => return Ok(answer),
                    Message::End(error) => return Err(io::Error::from_raw_os_error(error)),
                    message => answer.messages.push(message),
                }
            }
        }
    }
}

struct Answer {
    messages: Vec<Message>,
    interrupted: bool,
}

/// For what the kernel says by itself. tokio waits for any such thing as it waits for a pipe, and this is
/// the form in which it takes one without `unsafe`.
pub(super) struct Notices(Receiver);

impl Notices {
    pub(super) fn open() -> io::Result<Self> {
        let socket = open(SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, NOTICES)?;
        Ok(Self(Receiver::from_owned_fd_unchecked(socket)?))
    }

    /// The next ones; nothing: some were lost.
    pub(super) async fn next(&self) -> io::Result<Option<Vec<Message>>> {
        let mut buffer = vec![0; BUFFER];
        loop {
            self.0.readable().await?;
            match self.0.try_read(&mut buffer) {
                Ok(count) => {
                    let all = message::read(&buffer[..count]).into_iter();
                    return Ok(Some(all.map(|received| received.message).collect()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if Errno::from_io_error(&error) == Some(Errno::NOBUFS) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }
}

fn open(flags: SocketFlags, groups: u32) -> io::Result<OwnedFd> {
    // The protocol of interfaces and addresses is number zero: none.
    let socket = rustix::net::socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
    rustix::net::bind(&socket, &SocketAddrNetlink::new(0, groups))?;
    Ok(socket)
}
