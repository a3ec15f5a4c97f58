//! Messages on a socket, without a runtime.

use resource_api::frame::{Decoder, encode};
use resource_api::{FromMonitor, ToMonitor};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;

pub(crate) struct Reader {
    from: UnixStream,
    decoder: Decoder,
}

impl Reader {
    pub(crate) fn new(from: UnixStream) -> Self {
        Self { from, decoder: Decoder::default() }
    }

    /// The next message; nothing, if the daemon is gone.
    pub(crate) fn next(&mut self) -> Result<Option<ToMonitor>, String> {
        let mut buffer = [0; 16 << 10];
        loop {
            if let Some(message) = self.decoder.take().map_err(|error| format!("the daemon sent {error}"))? {
                return Ok(Some(message));
            }
            match self.from.read(&mut buffer) {
                Ok(0) => return Ok(None),
                Ok(count) => self.decoder.feed(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(None),
                Err(error) => return Err(format!("cannot read from the daemon: {error}")),
            }
        }
    }
}

pub(crate) struct Writer {
    to: UnixStream,
}

impl Writer {
    pub(crate) fn new(to: UnixStream) -> Self {
        Self { to }
    }

    /// Says something. If the daemon is gone, the reader is told so too.
    pub(crate) fn tell(&mut self, message: &FromMonitor) {
        match encode(message) {
            Ok(bytes) => {
                let _ = self.to.write_all(&bytes);
            }
            Err(error) => {
                let _ = writeln!(std::io::stderr(), "steadfast-plugin-host: not sent: {error}");
            }
        }
    }
}
