//! Running the binary.

use crate::fake::Fake;
use std::io::Write;
use std::process::{Command, Output, Stdio};

/// What came of a command.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// The binary with these arguments (separated by spaces), in an environment without variables.
pub(crate) fn command(arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_steadfast"));
    command.env_clear().stdin(Stdio::null()).args(arguments.split(' ').filter(|word| !word.is_empty()));
    command
}

/// The same, asking a fake node.
pub(crate) fn asking(fake: &Fake, arguments: &str) -> Command {
    let mut command = command(arguments);
    command.arg("--socket").arg(fake.socket());
    command
}

/// Runs it to its end.
pub(crate) fn run(mut command: Command) -> Done {
    command.output().unwrap().into()
}

/// Runs it to its end with a text on its standard input.
pub(crate) fn run_with(mut command: Command, input: &str) -> Done {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap().into()
}
