//! `steadfast-plugin-host LIBRARY`: loads one native plug-in, and serves its resource types.
//!
//! The daemon is statically linked, which is why it starts where libraries are broken, and why it cannot
//! load any. This program can, and does nothing else: a socket to the daemon is its standard input, the
//! library its only argument. It speaks the protocol of the resource monitors (crate `resource-api`).
//!
//! * [`house`] is the main loop: one thread that owns everything, and is told everything as an event. It
//!   never calls the library, so it answers whatever the library does.
//! * [`looked_after`] is one resource: what waits, what runs and until when, and when to look next.
//! * [`worker`] is the thread of one resource, on which the library's functions are called.
//! * [`library`] loads the library, starts it up, and reads its tables with suspicion.
//! * [`callbacks`] is what the library may call.
//!
//! The library shares the process: what it overwrites is overwritten. So nothing here is kept over the
//! end of the process, the daemon trusts no frame from it, and a call that does not come back ends the
//! process (why, the header `steadfast_plugin.h` says). Before this program is started, the daemon has
//! had the library's files checked without running anything of them (crate `elf`).
//!
//! Deliberately absent: an asynchronous runtime. Foreign code blocks, and needs threads anyway.

mod callbacks;
mod house;
mod library;
mod looked_after;
mod stdio;
mod text;
mod wire;
mod worker;

use house::{Event, House};
use resource_api::abi::exit;
use resource_api::message::Hello;
use resource_api::{FromMonitor, ToMonitor};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use wire::{Reader, Writer};

fn main() {
    let code = match serve() {
        Ok(code) => code,
        Err(Ending { code, why }) => {
            let _ = writeln!(std::io::stderr(), "steadfast-plugin-host: {why}");
            code
        }
    };
    // Not by way of the library's own exit handlers, which may hang while its threads run.
    stdio::end(code);
}

/// Why there is nothing to serve.
struct Ending {
    code: u8,
    why: String,
}

fn serve() -> Result<u8, Ending> {
    let protocol = |why: String| Ending { code: exit::PROTOCOL, why };
    let mut arguments = std::env::args_os().skip(1);
    let (Some(library), None) = (arguments.next().map(PathBuf::from), arguments.next()) else {
        let why = "expected one argument, the path of a plug-in's library, and a socket of a \
                   Steadfast daemon as standard input; `steadfast run` starts it";
        return Err(Ending { code: exit::USAGE, why: why.to_owned() });
    };
    let library = std::path::absolute(&library).unwrap_or(library);
    let socket = stdio::take_socket().map_err(|error| Ending {
        code: exit::USAGE,
        why: format!("standard input is no socket: {error}"),
    })?;
    let clone = socket.try_clone().map_err(|error| protocol(error.to_string()))?;
    let (mut reader, mut writer) = (Reader::new(clone), Writer::new(socket));
    let ours = Hello::ours(concat!("steadfast-plugin-host ", env!("CARGO_PKG_VERSION")));
    writer.tell(&FromMonitor::Hello { hello: ours.clone() });
    let place = match reader.next().map_err(&protocol)? {
        None => return Ok(exit::DONE),
        Some(ToMonitor::Hello { hello, place }) if ours.common(&hello).is_some() => place,
        Some(ToMonitor::Hello { hello, .. }) => {
            return Err(protocol(format!(
                "the daemon ({}) speaks versions {} to {} of the monitors' protocol, this program {} to {}",
                hello.software, hello.oldest, hello.newest, ours.oldest, ours.newest
            )));
        }
        Some(_) => return Err(protocol("the daemon did not say hello".to_owned())),
    };
    let (events, taken) = mpsc::channel();
    callbacks::tell_of_failures(events.clone());
    let said = events.clone();
    let reading = thread::Builder::new().name("reader".to_owned()).spawn(move || {
        loop {
            let event = match reader.next() {
                Ok(Some(message)) => Event::Said(message),
                Ok(None) => Event::Left(None),
                Err(why) => Event::Left(Some(why)),
            };
            let is_last = matches!(event, Event::Left(_));
            if said.send(event).is_err() || is_last {
                return;
            }
        }
    });
    let (loaded, path) = (events.clone(), library.clone());
    let loading = thread::Builder::new().name("startup".to_owned()).spawn(move || {
        let _ = loaded.send(Event::Loaded(library::load(&path)));
    });
    reading.and(loading).map_err(|error| protocol(format!("cannot start a thread: {error}")))?;
    Ok(House::new(library, place, writer, events, house::LOAD_MAX).live(&taken))
}
