//! The machines, the voice, and what every scenario does with both: type a command and show what
//! came of it, wait for a state, check an expectation.

use super::interrupt::Interrupt;
use super::machines::{COUNT, Machines, name};
use super::{Failed, Teller};
use api::Status;
use std::time::{Duration, Instant};

/// How long a state is waited for. It comes within seconds; a machine that does a hundred other
/// things may take longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// How much of each daemon's log a story shows that went wrong.
const TAIL_LINES: usize = 15;

/// Where a story is told.
pub(super) struct Stage {
    /// The machines.
    pub(super) machines: Machines,
    /// The voice.
    pub(super) teller: Teller,
    interrupt: Interrupt,
}

impl Stage {
    /// Makes the machines and says what they are.
    pub(super) fn set_up(mut teller: Teller, interrupt: Interrupt) -> Result<Self, Failed> {
        let (machines, text) = Machines::make()?;
        teller.title("Three machines")?;
        teller.say(&text)?;
        Ok(Self { machines, teller, interrupt })
    }

    /// Removes everything, and says how the story ended.
    pub(super) fn close(self, told: Result<(), Failed>) -> Result<(), Failed> {
        let Self { machines, mut teller, .. } = self;
        if let Err(failed) = &told
            && !matches!(failed, Failed::Interrupted)
        {
            for node in 1..=COUNT {
                let log = machines.log(node);
                let lines: Vec<_> = log.lines().collect();
                teller.say(&format!("\nThe end of the log of {}:", name(node)))?;
                teller.printed(&lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n"))?;
            }
        }
        drop(machines);
        teller.say("\nThe machines and all their files have been removed.")?;
        told
    }

    /// Types a command on a node and shows it with what it printed. It must succeed.
    pub(super) fn types(&mut self, node: u8, line: &str) -> Result<String, Failed> {
        self.types_with(node, line, "")
    }

    /// The same, with a text on its standard input.
    pub(super) fn types_with(&mut self, node: u8, line: &str, input: &str) -> Result<String, Failed> {
        let (output, done) = self.shows(node, line, input)?;
        if done {
            return Ok(output);
        }
        Err(Failed::Command { node: name(node), command: line.to_owned(), said: output })
    }

    /// Types a command that is refused, and shows what it said.
    pub(super) fn is_refused(&mut self, node: u8, line: &str) -> Result<String, Failed> {
        let (output, done) = self.shows(node, line, "")?;
        self.expects(!done, || format!("`{line}` on {} would be refused", name(node)))?;
        Ok(output)
    }

    fn shows(&mut self, node: u8, line: &str, input: &str) -> Result<(String, bool), Failed> {
        self.interrupt.check()?;
        self.teller.typed(&prompt(node), line)?;
        let output = self.machines.shell(node, line, input)?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        self.teller.printed(&text)?;
        self.interrupt.check()?;
        Ok((text, output.status.success()))
    }

    /// Starts the daemon of a node, as `steadfast run &` does, and waits until it answers.
    pub(super) fn starts(&mut self, node: u8) -> Result<(), Failed> {
        self.interrupt.check()?;
        self.teller.typed(&prompt(node), "steadfast run &")?;
        self.machines.start(node)?;
        self.until(node, "its daemon answers", |_| true)?;
        Ok(())
    }

    /// What a node says of the cluster, without a word about it.
    fn status(&self, node: u8) -> Result<Option<Status>, Failed> {
        let output = self.machines.shell(node, "steadfast status --json", "")?;
        Ok(serde_json::from_slice(&output.stdout).ok().filter(|_| output.status.success()))
    }

    /// Waits until a node sees the cluster so.
    pub(super) fn until(
        &self,
        node: u8,
        what: &str,
        holds: impl Fn(&Status) -> bool,
    ) -> Result<Status, Failed> {
        let begun = Instant::now();
        loop {
            self.interrupt.check()?;
            if let Some(status) = self.status(node)?
                && holds(&status)
            {
                return Ok(status);
            }
            if begun.elapsed() > PATIENCE {
                let text = format!("in the eyes of {}: {what}, within {PATIENCE:?}", name(node));
                return Err(Failed::Expectation(text));
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Waits until all of these nodes see one leader among them, and returns it.
    pub(super) fn leader_of(&self, nodes: &[u8]) -> Result<u8, Failed> {
        let [first, others @ ..] = nodes else { return Err(Failed::Expectation("a node".to_owned())) };
        let leads = |status: &Status| {
            let leader = status.leader.as_deref().filter(|_| status.quorum.has)?;
            nodes.iter().copied().find(|node| name(*node) == leader)
        };
        loop {
            let status = self.until(*first, "one of them leads", |status| leads(status).is_some())?;
            let seen: Result<Vec<_>, _> = others.iter().map(|node| self.status(*node)).collect();
            let agree = seen?.iter().flatten().filter(|seen| seen.leader == status.leader).count();
            if let Some(leader) = leads(&status).filter(|_| agree == others.len()) {
                return Ok(leader);
            }
        }
    }

    /// Fails the demonstration unless it holds; `what` completes "expected otherwise: …".
    pub(super) fn expects(&self, holds: bool, what: impl FnOnce() -> String) -> Result<(), Failed> {
        if holds { Ok(()) } else { Err(Failed::Expectation(what())) }
    }
}

/// What stands before a command: the node, and `#`, for it is root's or its owner's.
fn prompt(node: u8) -> String {
    format!("{}#", name(node))
}
