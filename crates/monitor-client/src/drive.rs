//! The life of a monitor: its hello, what it says, whether it is still there, its end.

use crate::monitor::Inner;
use crate::program::{Spawned, StartError};
use resource_api::frame::{Decoder, FrameError, encode};
use resource_api::message::{Hello, LoadStage};
use resource_api::{FromMonitor, ToMonitor};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::Child;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

/// From a start to the hello. Loading a program takes milliseconds; this is for a machine that swaps.
const HELLO_MAX: Duration = Duration::from_secs(20);

/// From one question whether it is there to the next.
const PING_EVERY: Duration = Duration::from_secs(5);

/// So many questions in a row unanswered, and it is taken to hang. More than one, because a machine that
/// stood still for a while finds one unanswered that was never given the time.
const PINGS_MISSED_MAX: u32 = 2;

/// After the end of the process, or of its socket, the other one is waited for so long.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How a monitor ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// What happened to it, as it follows on "the monitor": "ended by signal 9".
    pub how: String,
    /// The end of what it printed.
    pub said: String,
    /// Why it could not load its plug-in, if that is what it ended for.
    pub not_loaded: Option<NotLoaded>,
}

/// Why the library of a native plug-in cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotLoaded {
    /// It.
    pub library: PathBuf,
    /// How far it came.
    pub stage: LoadStage,
    /// What is wrong: a sentence each.
    pub problems: Vec<String>,
}

/// Waits for the hello and looks after the monitor from then on, in the background.
pub(crate) async fn begin(
    mut spawned: Spawned,
    inner: Arc<Inner>,
    to_write: mpsc::UnboundedReceiver<ToMonitor>,
) -> Result<(), StartError> {
    let (reader, writer) = spawned.socket.into_split();
    let mut reader = Reader::of(reader);
    tokio::spawn(write(writer, to_write));
    let hello = match timeout(HELLO_MAX, reader.next()).await {
        Err(_) => {
            end(&mut spawned.child).await;
            return Err(StartError::Silent(HELLO_MAX.as_secs()));
        }
        Ok(Ok(Some(FromMonitor::Hello { hello }))) => hello,
        Ok(other) => {
            let how = match other {
                Ok(Some(_)) => "did not say hello, and was killed".to_owned(),
                Ok(None) => how_ended(&mut spawned.child).await,
                Err(error) => format!("{error}, and was killed"),
            };
            end(&mut spawned.child).await;
            return Err(StartError::Ended { how, said: spawned.printed.end() });
        }
    };
    if hello.common(&Hello::ours("")).is_none() {
        end(&mut spawned.child).await;
        let Hello { oldest, newest, software } = hello;
        return Err(StartError::Versions { software, oldest, newest });
    }
    let (child, printed) = (spawned.child, spawned.printed);
    tokio::spawn(async move {
        let how = live(child, reader, &inner).await;
        inner.end(how, printed.end());
    });
    Ok(())
}

/// Until its end, and how that came.
async fn live(mut child: Child, mut reader: Reader, inner: &Inner) -> String {
    let how = tokio::select! {
        how = listen(&mut reader, inner) => how,
        how = watch(inner) => Some(how),
        why = condemned(inner) => Some(why),
        status = child.wait() => {
            // What it said before its end is still to be read.
            let _ = timeout(LAST_WORDS, listen(&mut reader, inner)).await;
            return status.map_or_else(|error| error.to_string(), describe);
        }
    };
    let how = match how {
        Some(how) => how,
        None => how_ended(&mut child).await,
    };
    end(&mut child).await;
    how
}

/// Waits until somebody wants it killed, and why.
async fn condemned(inner: &Inner) -> String {
    let mut condemned = inner.condemned.subscribe();
    match condemned.wait_for(Option::is_some).await.map(|why| why.clone()) {
        Ok(Some(why)) => why,
        // The sender lives as long as this.
        _ => std::future::pending().await,
    }
}

/// Its socket is closed: has it ended?
async fn how_ended(child: &mut Child) -> String {
    match timeout(LAST_WORDS, child.wait()).await {
        Ok(Ok(status)) => describe(status),
        Ok(Err(error)) => format!("ended: {error}"),
        Err(_) => "closed its socket, and was killed".to_owned(),
    }
}

fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, signal) => format!("was ended by signal {}", signal.unwrap_or_default()),
    }
}

/// The process alone: what its resources run is not its own.
async fn end(child: &mut Child) {
    // It has ended already, or cannot refuse.
    let _ = child.start_kill();
    let _ = timeout(LAST_WORDS, child.wait()).await;
}

/// Takes what it says; ends with nothing if it closed its socket, or with what is wrong with it.
pub(crate) async fn listen(reader: &mut Reader, inner: &Inner) -> Option<String> {
    loop {
        match reader.next().await {
            Ok(Some(message)) => take(inner, message),
            Ok(None) => return None,
            Err(error) => return Some(format!("{error}, and was killed")),
        }
    }
}

fn take(inner: &Inner, message: FromMonitor) {
    match message {
        FromMonitor::Hello { .. } => {}
        FromMonitor::LoadFailed { library, stage, problems } => {
            inner.calls().not_loaded(NotLoaded { library, stage, problems });
        }
        FromMonitor::Pong { nonce } => {
            inner.pongs.send_replace(nonce);
        }
        FromMonitor::Types { types } => inner.calls().listed(types),
        FromMonitor::Described { kind, description, reason } => {
            inner.calls().described(&kind, description.ok_or(reason));
        }
        FromMonitor::Answer { call, outcome, .. } => inner.calls().answered(call, outcome),
        FromMonitor::Changed { id, outcome, noticed_by, left_out } => {
            if inner.calls().is_open(&id) {
                inner.news.changed(id, outcome, noticed_by, left_out);
            }
        }
        FromMonitor::Note { note } => inner.news.noted(note),
    }
}

/// Asks whether it is there, until it is not.
async fn watch(inner: &Inner) -> String {
    let (mut nonce, mut missed) = (0, 0);
    loop {
        nonce += 1;
        let _ = inner.to.send(ToMonitor::Ping { nonce });
        sleep(PING_EVERY).await;
        missed = if *inner.pongs.borrow() == nonce { 0 } else { missed + 1 };
        if missed >= PINGS_MISSED_MAX {
            let silence = PING_EVERY.as_secs() * u64::from(missed);
            return format!("was silent for {silence} s, and was killed");
        }
    }
}

async fn write(mut to: OwnedWriteHalf, mut messages: mpsc::UnboundedReceiver<ToMonitor>) {
    while let Some(message) = messages.recv().await {
        let Ok(bytes) = encode(&message) else {
            tracing::error!("a message to a resource monitor is too long and was not sent");
            continue;
        };
        if to.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

/// An error may repeat what the monitor said: only a sentence of it, and nothing that commands a terminal.
fn told(error: &FrameError) -> String {
    error.to_string().chars().filter(|c| !c.is_control()).take(200).collect()
}

/// What it says, cut into messages.
pub(crate) struct Reader {
    from: OwnedReadHalf,
    decoder: Decoder,
}

impl Reader {
    pub(crate) fn of(from: OwnedReadHalf) -> Self {
        Self { from, decoder: Decoder::default() }
    }

    /// The next message; nothing at the end; or what is wrong with it, as it follows on "the monitor".
    async fn next(&mut self) -> Result<Option<FromMonitor>, String> {
        let mut buffer = vec![0; 16 << 10];
        loop {
            match self.decoder.take() {
                Ok(Some(message)) => return Ok(Some(message)),
                Ok(None) => {}
                Err(error) => return Err(format!("sent {}", told(&error))),
            }
            match self.from.read(&mut buffer).await {
                // A process that was killed resets its socket.
                Ok(0) | Err(_) if !self.decoder.is_in_the_middle() => return Ok(None),
                Ok(0) | Err(_) => return Err("ended in the middle of a message".to_owned()),
                Ok(count) => self.decoder.feed(&buffer[..count]),
            }
        }
    }
}
