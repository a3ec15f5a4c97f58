//! What came of a command on a host.

use std::process::Output;

/// A command that has ended.
#[derive(Debug)]
pub(crate) struct Ran {
    /// Host and arguments, for the messages of failed tests.
    pub(crate) what: String,
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn new(what: String, output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the command line writes text");
        Self { what, code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// It ended with this exit code.
    #[track_caller]
    pub(crate) fn exited(self, code: i32) -> Self {
        let Self { what, stdout, stderr, .. } = &self;
        assert_eq!(self.code, Some(code), "{what}\n-- stdout\n{stdout}-- stderr\n{stderr}");
        self
    }

    /// It succeeded; what it printed.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        self.exited(0).stdout
    }

    /// It was refused (exit code 1), with every one of these in its words.
    #[track_caller]
    pub(crate) fn refused(self, words: &[&str]) -> String {
        let ran = self.exited(1);
        for word in words {
            assert!(ran.stderr.contains(word), "{}: no {word:?} in\n{}", ran.what, ran.stderr);
        }
        ran.stderr
    }
}
