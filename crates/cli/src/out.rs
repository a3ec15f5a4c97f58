//! The one writer: data to standard output, talk to standard error.
//!
//! Nothing else in this crate prints. A reader that went away ends the command quietly; any
//! other failed write is a failure, because a script must not take half an answer for a whole one.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::paint::paint;
use crate::settings::{self, Color};
use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// Narrower than this nothing readable can be laid out, so a terminal that claims less is not believed.
const COLUMNS_MIN: u16 = 40;

/// Where a command's words go.
pub(crate) struct Out {
    stdout: Box<dyn Write>,
    stderr: Box<dyn Write>,
    /// Colours on standard output.
    colour: bool,
    /// Colours on standard error.
    talk_colour: bool,
    /// Columns for data; none when it does not go to a terminal.
    width: Option<u16>,
    /// Whether standard output is a terminal.
    terminal: bool,
    /// Whether standard error is a terminal.
    talk_terminal: bool,
}

impl Out {
    /// The process's own streams.
    pub(crate) fn of_process(color: Color) -> Self {
        let (stdout, stderr) = (io::stdout(), io::stderr());
        let (terminal, talk_terminal) = (stdout.is_terminal(), stderr.is_terminal());
        Self {
            colour: color.wanted(terminal, &settings::from_process),
            talk_colour: color.wanted(talk_terminal, &settings::from_process),
            width: settings::columns(&settings::from_process).or_else(|| terminal_columns(&stdout)),
            terminal,
            talk_terminal,
            stdout: Box::new(stdout),
            stderr: Box::new(stderr),
        }
    }

    /// How many columns there are for data; none when it does not go to a terminal.
    pub(crate) fn width(&self) -> Option<u16> {
        self.width.map(|columns| columns.max(COLUMNS_MIN))
    }

    /// Whether data goes to a person's screen.
    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Whether talk goes to a person's screen.
    pub(crate) fn talks_to_terminal(&self) -> bool {
        self.talk_terminal
    }

    /// Prints data as it is laid out, its tones as colours.
    pub(crate) fn data(&mut self, text: &str) -> Result<(), Failure> {
        let text = paint(text, self.colour);
        self.bytes(text.as_bytes())
    }

    /// Prints data byte for byte.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match self.stdout.write_all(bytes).and_then(|()| self.stdout.flush()) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failure::ReaderGone),
            Err(error) => Err(Failure::new("cannot write to standard output").because(error)),
        }
    }

    /// Prints a document in JSON, for programs and for people.
    pub(crate) fn json<T: Serialize>(&mut self, value: &T) -> Result<(), Failure> {
        self.json_as(serde_json::to_string_pretty(value))
    }

    /// Prints a document in JSON on one line, as one of many.
    pub(crate) fn json_line<T: Serialize>(&mut self, value: &T) -> Result<(), Failure> {
        self.json_as(serde_json::to_string(value))
    }

    fn json_as(&mut self, text: serde_json::Result<String>) -> Result<(), Failure> {
        let text =
            text.map_err(|error| Failure::new("the answer cannot be written as JSON").because(error))?;
        self.bytes(format!("{text}\n").as_bytes())
    }

    /// Says a line to whoever watches. If nobody can hear it, the command goes on.
    pub(crate) fn say(&mut self, line: &str) {
        self.talk(&format!("{line}\n"));
    }

    /// Says several lines; nothing if there are none.
    pub(crate) fn say_block(&mut self, lines: &str) {
        if !lines.is_empty() {
            self.talk(lines);
        }
    }

    /// Says how far something is, in place of what was said so before; for a person's screen.
    pub(crate) fn progress(&mut self, line: &str) {
        // Back to the first column, and nothing left of a longer line; the next word goes over it.
        let _ = write!(self.stderr, "\r\x1b[K{line}\r").and_then(|()| self.stderr.flush());
    }

    /// Tells a failure, and what to exit with.
    pub(crate) fn fail(&mut self, failure: &Failure) -> Exit {
        self.talk(&failure.render());
        failure.exit()
    }

    fn talk(&mut self, text: &str) {
        let text = paint(text, self.talk_colour);
        let _ = self.stderr.write_all(text.as_bytes()).and_then(|()| self.stderr.flush());
    }
}

fn terminal_columns(stdout: &io::Stdout) -> Option<u16> {
    let size = rustix::termios::tcgetwinsize(stdout).ok()?;
    (size.ws_col > 0).then_some(size.ws_col)
}
