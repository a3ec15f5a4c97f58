//! A failure as it is told: what failed, why, and the next command.

use crate::exit::Exit;
use crate::paint::{Tone, clean, tone};
use api::client::ClientError;
use std::fmt::Display;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Whoever read our standard output has seen enough. That is no failure of ours.
    ReaderGone,
    /// Everything else.
    Told(Box<Told>),
}

/// A failure in words.
#[derive(Debug)]
pub(crate) struct Told {
    /// What the process exits with.
    pub(crate) exit: Exit,
    /// Told before the rest, as it is: places in a file.
    pub(crate) places: String,
    /// What failed, on what.
    pub(crate) what: String,
    /// Why, a line each.
    pub(crate) why: Vec<String>,
    /// The command that helps.
    pub(crate) next: Option<String>,
}

impl Failure {
    /// A failure of which nothing but its name is known yet.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        let what = what.into();
        let told = Told { exit: Exit::Failed, places: String::new(), what, why: Vec::new(), next: None };
        Self::Told(Box::new(told))
    }

    /// The arguments or settings are wrong.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self::new(what).into_usage()
    }

    /// The same, as a fault of the arguments.
    pub(crate) fn into_usage(self) -> Self {
        self.change(|told| told.exit = Exit::Usage)
    }

    /// The same, with a reason more.
    pub(crate) fn because(self, why: impl Display) -> Self {
        self.change(|told| told.why.push(why.to_string()))
    }

    /// The same, with the command that helps.
    pub(crate) fn next(self, command: impl Into<String>) -> Self {
        self.change(|told| told.next = Some(command.into()))
    }

    /// The same, with places in a file before it.
    pub(crate) fn places(self, places: String) -> Self {
        self.change(|told| told.places = places)
    }

    fn change(mut self, change: impl FnOnce(&mut Told)) -> Self {
        if let Self::Told(told) = &mut self {
            change(told);
        }
        self
    }

    /// What the process exits with.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::ReaderGone => Exit::Done,
            Self::Told(told) => told.exit,
        }
    }

    /// The text for standard error; empty if there is nothing to tell.
    pub(crate) fn render(&self) -> String {
        let Self::Told(told) = self else { return String::new() };
        let mut text = told.places.clone();
        text.push_str(&format!("{} {}\n", tone("error:", Tone::Bad), clean(&told.what)));
        for why in &told.why {
            text.push_str(&format!("  {}\n", clean(why)));
        }
        if let Some(next) = &told.next {
            text.push_str(&format!("  {} {}\n", tone("next:", Tone::Strong), clean(next)));
        }
        text
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let exit = match error {
            ClientError::Problem(_) => Exit::Failed,
            _ => Exit::NoAnswer,
        };
        let (what, why, next) = (error.what(), error.why(), error.next());
        Self::Told(Box::new(Told { exit, places: String::new(), what, why, next }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paint::paint;
    use api::client::Client;
    use api::{Problem, ProblemKind};

    fn shown(failure: &Failure) -> String {
        paint(&failure.render(), false)
    }

    #[test]
    fn a_failure_says_what_why_and_the_next_command() {
        let failure = Failure::new("cannot read a.toml").because("permission denied").next("sudo !!");
        assert_eq!(shown(&failure), "error: cannot read a.toml\n  permission denied\n  next: sudo !!\n");
        assert_eq!(failure.exit(), Exit::Failed);
        assert_eq!(shown(&Failure::ReaderGone), "");
        assert_eq!(Failure::ReaderGone.exit(), Exit::Done);
    }

    #[test]
    fn a_refusal_is_1_and_silence_is_4() {
        let refused: Failure = ClientError::from(Problem::new(ProblemKind::Conflict, "no")).into();
        assert_eq!(refused.exit(), Exit::Failed);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let silence = runtime.block_on(Client::unix("/nonexistent/s").status()).unwrap_err();
        let silence = Failure::from(silence);
        assert_eq!(silence.exit(), Exit::NoAnswer);
        assert_eq!(
            shown(&silence),
            "error: the Steadfast daemon of this machine cannot be reached\n  \
             /nonexistent/s: no such socket: the daemon is not running, or its `socket` is another path\n  \
             next: systemctl status steadfast; without systemd: steadfast run\n"
        );
    }

    #[test]
    fn what_others_say_cannot_move_the_cursor() {
        let refused: Failure =
            ClientError::from(Problem::new(ProblemKind::Conflict, "a\u{1b}[2Jb\nc")).into();
        assert_eq!(shown(&refused), "error: a\\u{1b}[2Jb c\n");
    }
}
