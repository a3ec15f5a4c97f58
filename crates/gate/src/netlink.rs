//! Netlink: messages put together and read, and conversations with the kernel.
//!
//! What the gate asks of traffic control, of nftables, of sockets and of addresses are messages of one
//! form: a header, a small structure, and a list of attributes, which may hold such lists themselves. The
//! kernel answers within the call that sends a request, so nothing here waits.

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType, sockopt};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

const HEADER: usize = 16;
const ERROR: u16 = 2;
const DONE: u16 = 3;

const REQUEST: u16 = 0x1;
const ACKNOWLEDGE: u16 = 0x4;
const DUMP: u16 = 0x300;
/// What is there already is an error.
pub(crate) const EXCLUSIVE: u16 = 0x200;
/// What is there already is replaced.
pub(crate) const REPLACE: u16 = 0x100;
/// What is not there is made.
pub(crate) const CREATE: u16 = 0x400;
/// After what is there already (of rules).
pub(crate) const APPEND: u16 = 0x800;
/// In answers: the tables changed while they were told, so that something may be missing.
const INTERRUPTED: u16 = 0x10;

/// The kernel's datagrams are no longer than this if they are read with such a buffer.
const BUFFER: usize = 32 << 10;

/// A list that changed while it was read is read again; so often, then it is taken as it is.
const TRIES: u32 = 5;

/// Says that an attribute is a list of attributes.
const NESTED: u16 = 0x8000;

/// A message, in the making.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    bytes: Vec<u8>,
}

impl Message {
    /// A request of that kind, that begins with this structure.
    pub(crate) fn new(kind: u16, flags: u16, structure: &[u8]) -> Self {
        let mut bytes = vec![0; HEADER];
        bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
        bytes[6..8].copy_from_slice(&(REQUEST | flags).to_ne_bytes());
        bytes.extend(structure);
        Self { bytes }
    }

    /// With one more attribute.
    pub(crate) fn with(mut self, kind: u16, value: &[u8]) -> Self {
        attribute(&mut self.bytes, kind, value);
        self
    }

    /// With one more attribute, a text.
    pub(crate) fn with_text(self, kind: u16, text: &str) -> Self {
        self.with(kind, &terminated(text))
    }

    /// With one more attribute, a list of attributes.
    pub(crate) fn with_list(self, kind: u16, list: &List) -> Self {
        self.with(kind | NESTED, &list.0)
    }

    fn numbered(mut self, sequence: u32, more_flags: u16) -> Vec<u8> {
        let length = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        let flags = short(&self.bytes, 6).unwrap_or_default() | more_flags;
        self.bytes[..4].copy_from_slice(&length.to_ne_bytes());
        self.bytes[6..8].copy_from_slice(&flags.to_ne_bytes());
        self.bytes[8..12].copy_from_slice(&sequence.to_ne_bytes());
        self.bytes
    }
}

/// A list of attributes, in the making.
#[derive(Debug, Default, Clone)]
pub(crate) struct List(Vec<u8>);

impl List {
    pub(crate) fn with(mut self, kind: u16, value: &[u8]) -> Self {
        attribute(&mut self.0, kind, value);
        self
    }

    /// With a number in the network's byte order, as nftables has them.
    pub(crate) fn with_number(self, kind: u16, value: u32) -> Self {
        self.with(kind, &value.to_be_bytes())
    }

    pub(crate) fn with_text(self, kind: u16, text: &str) -> Self {
        self.with(kind, &terminated(text))
    }

    pub(crate) fn with_list(self, kind: u16, list: &Self) -> Self {
        self.with(kind | NESTED, &list.0)
    }
}

fn terminated(text: &str) -> Vec<u8> {
    text.bytes().chain([0]).collect()
}

fn attribute(bytes: &mut Vec<u8>, kind: u16, value: &[u8]) {
    bytes.extend(u16::try_from(value.len() + 4).unwrap_or(u16::MAX).to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

/// What the kernel said: the kind of the message, and all after its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) kind: u16,
    pub(crate) body: Vec<u8>,
}

impl Said {
    /// The attributes after a structure of that length.
    pub(crate) fn attributes(&self, structure: usize) -> impl Iterator<Item = (u16, &[u8])> {
        attributes(self.body.get(structure..).unwrap_or_default())
    }
}

/// A list of attributes. What is cut off is left out.
pub(crate) fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let (length, kind) = (usize::from(short(bytes, 0)?), short(bytes, 2)?);
        let value = bytes.get(4..length)?;
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        // The two highest bits say how the value is made, not what it is.
        Some((kind & 0x3fff, value))
    })
}

/// A text without the zero that ends it.
pub(crate) fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value.strip_suffix(&[0]).unwrap_or(value)).into_owned()
}

/// Two bytes, in the machine's order.
pub(crate) fn short(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

/// Four bytes, in the machine's order.
pub(crate) fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// A conversation with one part of the kernel. It stays in the network namespace of the thread that opened
/// it.
#[derive(Debug)]
pub(crate) struct Netlink {
    socket: OwnedFd,
    sequence: u32,
}

impl AsFd for Netlink {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Netlink {
    /// With that part; none is that of interfaces, addresses and traffic control.
    pub(crate) fn open(part: Option<Protocol>) -> io::Result<Self> {
        Self::with_socket(socket(part, SocketFlags::CLOEXEC, 0)?)
    }

    /// By a socket that is open already. What its former user was told and did not read, before it was killed,
    /// is thrown away: its numbers are those of the next questions.
    pub(crate) fn with_socket(socket: OwnedFd) -> io::Result<Self> {
        while rustix::net::recv(&socket, &mut [0; 1][..], RecvFlags::DONTWAIT).is_ok() {}
        // A guard: a kernel that did not answer would block the daemon.
        sockopt::set_socket_timeout(&socket, sockopt::Timeout::Recv, Some(Duration::from_secs(1)))?;
        Ok(Self { socket, sequence: 0 })
    }

    /// Orders something; done, or the kernel's error.
    pub(crate) fn order(&mut self, message: Message) -> io::Result<()> {
        self.converse(message, ACKNOWLEDGE).map(drop)
    }

    /// Asks for a list.
    pub(crate) fn list(&mut self, message: &Message) -> io::Result<Vec<Said>> {
        let mut answer = self.converse(message.clone(), DUMP)?;
        for _ in 1..TRIES {
            if !answer.1 {
                break;
            }
            answer = self.converse(message.clone(), DUMP)?;
        }
        Ok(answer.0)
    }

    fn converse(&mut self, message: Message, flags: u16) -> io::Result<(Vec<Said>, bool)> {
        let sequence = self.next_number();
        rustix::net::send(&self.socket, &message.numbered(sequence, flags), SendFlags::empty())?;
        let (mut said, mut interrupted) = (Vec::new(), false);
        loop {
            for received in self.receive()? {
                if received.sequence != sequence {
                    continue;
                }
                interrupted |= received.interrupted;
                match received.end() {
                    Some(0) => return Ok((said, interrupted)),
                    Some(error) => return Err(io::Error::from_raw_os_error(error)),
                    None => said.push(received.said),
                }
            }
        }
    }

    /// Orders several things at once: all of them, or none and the first error. `ends` are the messages
    /// that begin and end such a transaction.
    pub(crate) fn transact(&mut self, ends: (Message, Message), messages: Vec<Message>) -> io::Result<()> {
        let first = self.next_number();
        let mut bytes = ends.0.numbered(first, 0);
        let mut last = first;
        for message in messages {
            last = self.next_number();
            bytes.extend(message.numbered(last, ACKNOWLEDGE));
        }
        bytes.extend(ends.1.numbered(self.next_number(), 0));
        rustix::net::send(&self.socket, &bytes, SendFlags::empty())?;
        let mut error = None;
        loop {
            for received in self.receive()? {
                let Some(end) = received.end() else { continue };
                if !(first..=last).contains(&received.sequence) {
                    continue;
                }
                if end != 0 && error.is_none() {
                    error = Some(io::Error::from_raw_os_error(end));
                }
                // One who may not order anything is told so once, of the beginning.
                if received.sequence == last || received.sequence == first {
                    return error.map_or(Ok(()), Err);
                }
            }
        }
    }

    fn next_number(&mut self) -> u32 {
        // Small enough that a transaction's numbers follow each other without starting again at zero.
        self.sequence = self.sequence % 0x4000_0000 + 1;
        self.sequence
    }

    fn receive(&self) -> io::Result<Vec<Received>> {
        let mut buffer = vec![0; BUFFER];
        let (count, _) = rustix::net::recv(&self.socket, buffer.as_mut_slice(), RecvFlags::empty())?;
        Ok(read(&buffer[..count]))
    }
}

/// A socket for that part of the kernel, that hears these groups of notices.
pub(crate) fn socket(part: Option<Protocol>, flags: SocketFlags, groups: u32) -> io::Result<OwnedFd> {
    let socket = rustix::net::socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, part)?;
    rustix::net::bind(&socket, &SocketAddrNetlink::new(0, groups))?;
    Ok(socket)
}

struct Received {
    sequence: u32,
    interrupted: bool,
    said: Said,
}

impl Received {
    /// Zero or the number of the error, if it ends an answer.
    fn end(&self) -> Option<i32> {
        match self.said.kind {
            // An acknowledgement is an error of number zero; errors are negative.
            ERROR => Some(number(&self.said.body, 0)?.cast_signed().wrapping_neg()),
            DONE => Some(number(&self.said.body, 0).unwrap_or(0).cast_signed().wrapping_neg()),
            _ => None,
        }
    }
}

/// All messages of a datagram. What is cut off or makes no sense is left out.
fn read(mut bytes: &[u8]) -> Vec<Received> {
    let mut all = Vec::new();
    while let (Some(length), Some(kind), Some(flags), Some(sequence)) =
        (number(bytes, 0), short(bytes, 4), short(bytes, 6), number(bytes, 8))
    {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let Some(body) = bytes.get(HEADER..length) else { break };
        let said = Said { kind, body: body.to_vec() };
        all.push(Received { sequence, interrupted: flags & INTERRUPTED != 0, said });
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_reads_back_as_it_was_written() {
        let inner = List::default().with_number(1, 7).with_text(2, "x");
        let message = Message::new(44, CREATE, &[9; 4]).with(1, &[1, 2, 3]).with_list(2, &inner);
        let bytes = message.numbered(5, ACKNOWLEDGE);
        let received = read(&bytes).remove(0);
        assert_eq!((received.sequence, received.said.kind), (5, 44));
        let attributes: Vec<_> = received.said.attributes(4).collect();
        assert_eq!(attributes[0], (1, &[1, 2, 3][..]));
        let inner: Vec<_> = super::attributes(attributes[1].1).collect();
        assert_eq!((attributes[1].0, inner), (2, vec![(1, &[0, 0, 0, 7][..]), (2, &b"x\0"[..])]));
    }

    #[test]
    fn answers_that_a_former_user_of_the_socket_did_not_read_are_nobodys() {
        let interface = |index: u32| {
            let mut structure = [0; 16];
            structure[4..8].copy_from_slice(&index.to_ne_bytes());
            Message::new(18, 0, &structure)
        };
        let killed = Netlink::open(None).unwrap();
        // There is no such interface: an error would be the answer to the first question.
        let request = interface(u32::MAX >> 1).numbered(1, ACKNOWLEDGE);
        rustix::net::send(&killed.socket, &request, SendFlags::empty()).unwrap();
        let mut successor = Netlink::with_socket(killed.socket).unwrap();
        successor.order(interface(1)).expect("the loopback is there");
        successor.order(interface(u32::MAX >> 1)).expect_err("it is not");
    }

    #[test]
    fn bytes_that_are_cut_off_or_wrong_are_left_out() {
        let whole = Message::new(44, 0, &[0; 4]).with(1, &[1; 5]).numbered(1, 0);
        for length in 0..whole.len() {
            assert!(read(&whole[..length]).is_empty());
            let mut wrong = whole.clone();
            wrong[length] = 0xff;
            for received in read(&wrong) {
                received.said.attributes(4).count();
            }
        }
    }
}
