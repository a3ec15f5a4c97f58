//! Asking a DNS server, signed, and believing only what it has signed (RFC 8945).
//!
//! Over UDP, again while nothing comes, and over TCP when an answer is cut off. Every try is signed anew:
//! its time is part of the signature. That an answer belongs to its question is what the signature says;
//! the number of a message only tells a late answer from one that is waited for.

use super::message::{Answer, Unsigned};
use domain::base::iana::{Rtype, TsigRcode};
use domain::base::message_builder::PushError;
use domain::rdata::tsig::Time48;
use domain::tsig::{ClientTransaction, Key, ValidationError};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, timeout_at};

/// How long the first try waits; each further one waits twice as long. A server in the same data centre
/// answers within milliseconds, and a lost packet must not cost a takeover much.
const FIRST_TRY: Duration = Duration::from_millis(500);

/// The longest wait of one try, so that a server that comes back is met soon.
const TRY_MAX: Duration = Duration::from_secs(4);

/// Longer answers over UDP come only to those who ask for them.
const DATAGRAM_MAX_BYTES: usize = 4096;

/// A server, and the key that it shares with us.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) key: Key,
}

/// Why there is no answer that could be believed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswered {
    #[error("{server} does not answer ({why}); `dig @{} -p {} +norec . SOA` asks it too", server.ip(), server.port())]
    Silent { server: SocketAddr, why: String },
    #[error(
        "this node's clock and that of {server} are {seconds} s apart, which makes every signature void; \
         set them right: `timedatectl` on both"
    )]
    Clocks { server: SocketAddr, seconds: u64 },
    #[error(
        "{server} does not know the key `{key}`, or not with this algorithm; include the key's file in its \
         configuration, then `rndc reconfig`"
    )]
    UnknownKey { server: SocketAddr, key: String },
    #[error("{server} has another secret for the key `{key}`; copy the key's file from it")]
    OtherSecret { server: SocketAddr, key: String },
    #[error("what {server} answers ({code}) is not to be believed: {why}")]
    NotSigned { server: SocketAddr, code: String, why: String },
    #[error(
        "{server} does not say what it has under that name ({code}); look at `allow-query` and at its log"
    )]
    Refused { server: SocketAddr, code: String },
    #[error("the message cannot be made: its names are too long")]
    TooLong,
}

impl Server {
    /// Asks until there is an answer that it has signed, or time is up.
    pub(super) async fn ask(
        &self,
        what: impl Fn(u16) -> Result<Unsigned, PushError>,
        until: Instant,
    ) -> Result<Answer, Unanswered> {
        let mut wait = FIRST_TRY;
        loop {
            let why = match self.over_udp(&what, until.min(Instant::now() + wait)).await? {
                Ok(answer) if answer.header().tc() => match self.over_tcp(&what, until).await? {
                    Ok(answer) => return Ok(answer),
                    Err(why) => why,
                },
                Ok(answer) => return Ok(answer),
                Err(why) => why,
            };
            if Instant::now() + FIRST_TRY >= until {
                let why = match why.kind() {
                    io::ErrorKind::TimedOut => "nothing came back".to_owned(),
                    _ => why.to_string(),
                };
                return Err(Unanswered::Silent { server: self.address, why });
            }
            // A refused packet comes back at once: the rest of the try is waited for all the same.
            tokio::time::sleep(if why.kind() == io::ErrorKind::TimedOut {
                Duration::ZERO
            } else {
                FIRST_TRY
            })
            .await;
            wait = (wait * 2).min(TRY_MAX);
        }
    }

    /// One try. What goes wrong on the way is inside; what is wrong with the answer is outside.
    async fn over_udp(
        &self,
        what: impl Fn(u16) -> Result<Unsigned, PushError>,
        until: Instant,
    ) -> Result<io::Result<Answer>, Unanswered> {
        let (message, transaction, id) = self.signed(what)?;
        let exchanged = timeout_at(until, async {
            let any: IpAddr = match self.address {
                SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
                SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
            };
            let socket = UdpSocket::bind((any, 0)).await?;
            socket.connect(self.address).await?;
            socket.send(&message).await?;
            let mut buffer = vec![0; DATAGRAM_MAX_BYTES];
            loop {
                let count = socket.recv(&mut buffer).await?;
                if let Some(answer) = answer(buffer[..count].to_vec(), id) {
                    return Ok(answer);
                }
            }
        });
        self.believed(exchanged.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())), &transaction)
    }

    async fn over_tcp(
        &self,
        what: impl Fn(u16) -> Result<Unsigned, PushError>,
        until: Instant,
    ) -> Result<io::Result<Answer>, Unanswered> {
        let (message, transaction, id) = self.signed(what)?;
        let length = u16::try_from(message.len()).map_err(|_| Unanswered::TooLong)?;
        let exchanged = timeout_at(until, async {
            let mut stream = TcpStream::connect(self.address).await?;
            stream.write_all(&[&length.to_be_bytes()[..], &message].concat()).await?;
            let mut bytes = vec![0; usize::from(stream.read_u16().await?)];
            stream.read_exact(&mut bytes).await?;
            answer(bytes, id).ok_or_else(|| io::Error::other("what it says over TCP is no answer"))
        });
        self.believed(exchanged.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())), &transaction)
    }

    fn signed(
        &self,
        what: impl Fn(u16) -> Result<Unsigned, PushError>,
    ) -> Result<(Vec<u8>, ClientTransaction<&Key>, u16), Unanswered> {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let mut message = what(id).map_err(|_| Unanswered::TooLong)?;
        let transaction = ClientTransaction::request(&self.key, &mut message, Time48::now())
            .map_err(|_| Unanswered::TooLong)?;
        Ok((message.finish(), transaction, id))
    }

    fn believed(
        &self,
        answer: io::Result<Answer>,
        transaction: &ClientTransaction<&Key>,
    ) -> Result<io::Result<Answer>, Unanswered> {
        let mut answer = match answer {
            Ok(answer) => answer,
            Err(error) => return Ok(Err(error)),
        };
        let (server, key) = (self.address, self.key.name().to_string());
        let (code, now) = (answer.header().rcode().to_string(), Time48::now());
        // Taken before the signature is checked, and used for the words of an error alone: BIND signs the
        // answer by which it complains of the time in a way of its own.
        let their_clock = their_clock(&answer);
        Err(match transaction.answer(&mut answer, now) {
            Ok(()) => return Ok(Ok(answer)),
            Err(error)
                if let Some(theirs) = their_clock
                    && (theirs.complained || matches!(error, ValidationError::BadTime)) =>
            {
                Unanswered::Clocks { server, seconds: seconds(now).abs_diff(theirs.seconds) }
            }
            Err(ValidationError::ServerBadKey) => Unanswered::UnknownKey { server, key },
            Err(ValidationError::ServerBadSig) => Unanswered::OtherSecret { server, key },
            Err(other) => Unanswered::NotSigned { server, code, why: other.to_string() },
        })
    }
}

/// What was received, if it is the answer to the message of this number.
fn answer(bytes: Vec<u8>, id: u16) -> Option<Answer> {
    let answer = Answer::from_octets(bytes).ok()?;
    (answer.header().qr() && answer.header().id() == id).then_some(answer)
}

/// What a server's clock shows, as its answer says.
struct TheirClock {
    seconds: u64,
    /// Whether it refused the question for its time.
    complained: bool,
}

fn their_clock(answer: &Answer) -> Option<TheirClock> {
    let mut records = answer.additional().ok()?.flatten();
    let last = records.find(|record| record.rtype() == Rtype::TSIG)?;
    let record = last.to_record::<domain::rdata::Tsig<_, _>>().ok()??;
    let said = record.data();
    Some(match (said.error(), said.other_time()) {
        (TsigRcode::BADTIME, Some(time)) => TheirClock { seconds: seconds(time), complained: true },
        _ => TheirClock { seconds: seconds(said.time_signed()), complained: false },
    })
}

fn seconds(time: Time48) -> u64 {
    time.into_octets().into_iter().fold(0, |seconds, byte| seconds << 8 | u64::from(byte))
}
