//! Talking to systemd: a small client of D-Bus.
//!
//! * [`hail`]: the connection begins.
//! * [`message`]: what is said on it.
//! * [`wire`]: values in messages, and distrust of what comes.
//!
//! Over systemd's own socket, as `systemctl` does for root: it speaks D-Bus to each peer directly, so it is
//! there in a host without a message bus, before that is up, and while that is restarted. Its messages carry
//! a sender that only a bus could vouch for, which general clients refuse; and of all that such clients can,
//! a monitor needs six calls and four signals. One connection serves all units of a monitor; one task reads
//! from it, gives each answer to its caller and each signal to those who wait for that unit, so that a
//! thousand units are not woken by each other. When systemd is re-executed the connection ends; the next who
//! needs one makes another, and who waits on the old one is told that nothing will come.

mod hail;
mod message;
mod wire;

use message::{FIRST, Kind, Message};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, oneshot};
pub(super) use wire::Arg;
use wire::Value;

const MANAGER: &str = "/org/freedesktop/systemd1";
const INTERFACE: &str = "org.freedesktop.systemd1.Manager";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// So many calls wait for a systemd that does not read; more wait before this queue.
const QUEUE: usize = 64;

/// Why there is no answer, or not the one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Trouble {
    /// It says no: the name of the error, and its words.
    #[error("{1}")]
    Refused(String, String),
    /// It answers something else than this calls for.
    #[error("systemd answers `{0}` with what it should not be")]
    Odd(String),
    /// There is no connection any more, or none is to be had.
    #[error("{0}")]
    Broken(String),
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Signal {
    /// Properties of a unit may be others.
    Changed,
    /// This job is over, with this result.
    JobOver(String, String),
}

/// The way to systemd.
pub(super) struct Bus {
    socket: PathBuf,
    held: tokio::sync::Mutex<Option<Line>>,
}

/// An open connection. It ends with the last who has it.
#[derive(Clone)]
pub(super) struct Line {
    out: mpsc::Sender<Vec<u8>>,
    desk: Arc<Mutex<Desk>>,
}

/// Who waits for what.
#[derive(Default)]
struct Desk {
    /// The serial of the last call.
    last: u32,
    answers: HashMap<u32, oneshot::Sender<Message>>,
    /// By the path of a unit, or by the name of one whose job ends.
    signals: HashMap<String, Vec<mpsc::UnboundedSender<Signal>>>,
    /// Why the connection has ended.
    over: Option<String>,
}

fn open(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Bus {
    pub(super) fn at(socket: PathBuf) -> Self {
        Self { socket, held: tokio::sync::Mutex::default() }
    }

    /// A connection that was open a moment ago.
    ///
    /// # Errors
    /// If there is none, and none can be made.
    pub(super) async fn line(&self) -> Result<Line, Trouble> {
        let mut held = self.held.lock().await;
        if let Some(line) = &*held
            && open(&line.desk).over.is_none()
        {
            return Ok(line.clone());
        }
        *held = None;
        let stream = hail::connect(&self.socket).await;
        let stream =
            stream.map_err(|error| Trouble::Broken(format!("{}: {error}", self.socket.display())))?;
        let (out, calls) = mpsc::channel(QUEUE);
        let desk = Arc::<Mutex<Desk>>::default();
        tokio::spawn(serve(stream, calls, desk.clone()));
        let line = Line { out, desk };
        *held = Some(line.clone());
        Ok(line)
    }
}

/// Reads and writes until either is not possible; then nobody waits any more.
async fn serve(stream: UnixStream, calls: mpsc::Receiver<Vec<u8>>, desk: Arc<Mutex<Desk>>) {
    let (from, to) = stream.into_split();
    let why = tokio::select! {
        why = hear(from, &desk) => why,
        why = speak(to, calls) => why,
    };
    *open(&desk) =
        Desk { over: Some(format!("the connection to systemd has ended: {why}")), ..Desk::default() };
}

async fn speak(mut to: OwnedWriteHalf, mut calls: mpsc::Receiver<Vec<u8>>) -> String {
    while let Some(call) = calls.recv().await {
        if let Err(error) = to.write_all(&call).await {
            return error.to_string();
        }
    }
    "nobody needs it any more".to_owned()
}

async fn hear(mut from: OwnedReadHalf, desk: &Mutex<Desk>) -> String {
    loop {
        match next(&mut from).await {
            Ok(message) => open(desk).give(message),
            Err(error) => return error.to_string(),
        }
    }
}

async fn next(from: &mut OwnedReadHalf) -> std::io::Result<Message> {
    let mut first = [0; FIRST];
    from.read_exact(&mut first).await?;
    let whole = message::whole(&first).map_err(std::io::Error::other)?;
    let mut bytes = first.to_vec();
    // What is announced takes memory only as it comes.
    from.take((whole - FIRST) as u64).read_to_end(&mut bytes).await?;
    Message::read(&bytes).map_err(std::io::Error::other)
}

impl Desk {
    fn give(&mut self, message: Message) {
        match (message.kind, message.member.as_str(), message.body.as_slice()) {
            (Kind::Return | Kind::Error, ..) => {
                if let Some(caller) = self.answers.remove(&message.answers) {
                    // Who was cut short does not hear it.
                    let _ = caller.send(message);
                }
            }
            (Kind::Signal, "PropertiesChanged", _) => self.tell(&message.path, &Signal::Changed),
            (Kind::Signal, "UnitRemoved", [_, Value::Text(_, path)]) => self.tell(path, &Signal::Changed),
            (
                Kind::Signal,
                "JobRemoved",
                [_, Value::Text(_, job), Value::Text(_, unit), Value::Text(_, result)],
            ) => {
                self.tell(unit, &Signal::JobOver(job.clone(), result.clone()));
            }
            (Kind::Signal, "Reloading", [Value::Flag(false)]) => {
                // Everything may be another.
                let all: Vec<String> = self.signals.keys().cloned().collect();
                all.iter().for_each(|of| self.tell(of, &Signal::Changed));
            }
            _ => {}
        }
    }

    fn tell(&mut self, of: &str, signal: &Signal) {
        if let Some(all) = self.signals.get_mut(of) {
            all.retain(|one| one.send(signal.clone()).is_ok());
            if all.is_empty() {
                self.signals.remove(of);
            }
        }
    }

    /// A serial and the place of its answer.
    fn expect(&mut self) -> Result<(u32, oneshot::Receiver<Message>), Trouble> {
        if let Some(why) = &self.over {
            return Err(Trouble::Broken(why.clone()));
        }
        // Of those who were cut short.
        self.answers.retain(|_, caller| !caller.is_closed());
        self.last = self.last.checked_add(1).unwrap_or(1);
        let (caller, answer) = oneshot::channel();
        self.answers.insert(self.last, caller);
        Ok((self.last, answer))
    }
}

impl Line {
    /// Calls, and awaits the answer.
    async fn call(
        &self,
        path: &str,
        of: &str,
        method: &str,
        args: &[Arg<'_>],
    ) -> Result<Vec<Value>, Trouble> {
        let (serial, answer) = open(&self.desk).expect()?;
        let sent = self.out.send(message::call(serial, path, of, method, args)).await;
        let broken = || {
            let why = open(&self.desk).over.clone();
            Trouble::Broken(why.unwrap_or_else(|| "the connection to systemd has ended".to_owned()))
        };
        sent.map_err(|_| broken())?;
        let answer = answer.await.map_err(|_| broken())?;
        if answer.kind == Kind::Return {
            return Ok(answer.body);
        }
        let said = match answer.body.into_iter().next() {
            Some(Value::Text(_, text)) => text,
            _ => answer.error.clone(),
        };
        Err(Trouble::Refused(answer.error, said))
    }

    /// Asks the manager for something.
    pub(super) async fn manager(&self, method: &str, args: &[Arg<'_>]) -> Result<(), Trouble> {
        self.call(MANAGER, INTERFACE, method, args).await.map(drop)
    }

    /// The same, of what answers with a path.
    pub(super) async fn path(&self, method: &str, args: &[Arg<'_>]) -> Result<String, Trouble> {
        match self.call(MANAGER, INTERFACE, method, args).await?.pop() {
            Some(Value::Text(b'o', path)) => Ok(path),
            _ => Err(Trouble::Odd(method.to_owned())),
        }
    }

    /// A property.
    pub(super) async fn get<T: Property>(&self, path: &str, of: &str, property: &str) -> Result<T, Trouble> {
        let asked = [Arg::Text(of), Arg::Text(property)];
        let value = self.call(path, PROPERTIES, "Get", &asked).await?.pop();
        value.and_then(T::from).ok_or_else(|| Trouble::Odd(property.to_owned()))
    }

    /// Signals of these, from now on. They end with the connection.
    pub(super) fn listen(&self, to: [&str; 2]) -> mpsc::UnboundedReceiver<Signal> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut desk = open(&self.desk);
        if desk.over.is_none() {
            for of in to {
                desk.signals.entry(of.to_owned()).or_default().push(sender.clone());
            }
        }
        receiver
    }
}

/// What a property may be.
pub(super) trait Property: Sized {
    /// From what came; nothing if it is something else.
    fn from(value: Value) -> Option<Self>;
}

impl Property for String {
    fn from(value: Value) -> Option<Self> {
        if let Value::Text(_, text) = value { Some(text) } else { None }
    }
}

impl Property for i32 {
    fn from(value: Value) -> Option<Self> {
        if let Value::Number(number) = value { number.try_into().ok() } else { None }
    }
}

impl Property for bool {
    fn from(value: Value) -> Option<Self> {
        if let Value::Flag(flag) = value { Some(flag) } else { None }
    }
}

impl Property for Vec<String> {
    fn from(value: Value) -> Option<Self> {
        if let Value::All(all) = value { all.into_iter().map(Property::from).collect() } else { None }
    }
}
