//! What came of each step.

use crate::failure::Failure;
use crate::out::Out;
use crate::paint::{Tone, clean, tone};
use crate::render::wrap;
use serde::Serialize;
use std::time::Duration;

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Step {
    /// What was held.
    step: String,
    /// Whether it held.
    result: Held,
    /// Why not, or why nobody knows; of what held, what the type said besides.
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
    /// The end of what the type printed, if it did not hold.
    #[serde(skip_serializing_if = "String::is_empty")]
    output: String,
    took_ms: u64,
}

/// Whether something held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Held {
    Passed,
    Failed,
    Skipped,
}

/// All steps so far.
pub(super) struct Report {
    json: bool,
    steps: Vec<Step>,
}

impl Report {
    pub(super) fn new(json: bool) -> Self {
        Self { json, steps: Vec::new() }
    }

    pub(super) fn failed(&self) -> usize {
        self.count(Held::Failed)
    }

    fn count(&self, held: Held) -> usize {
        self.steps.iter().filter(|step| step.result == held).count()
    }

    pub(super) fn passed(&mut self, out: &mut Out, what: &str, took: Duration) -> Result<(), Failure> {
        self.add(out, what, Held::Passed, String::new(), String::new(), took)
    }

    /// It holds, and there is something to say about it.
    pub(super) fn noted(
        &mut self,
        out: &mut Out,
        what: &str,
        note: &str,
        took: Duration,
    ) -> Result<(), Failure> {
        self.add(out, what, Held::Passed, note.to_owned(), String::new(), took)
    }

    pub(super) fn skipped(&mut self, out: &mut Out, what: &str, why: &str) -> Result<(), Failure> {
        self.add(out, what, Held::Skipped, why.to_owned(), String::new(), Duration::ZERO)
    }

    pub(super) fn fell(
        &mut self,
        out: &mut Out,
        what: &str,
        reason: String,
        output: String,
        took: Duration,
    ) -> Result<(), Failure> {
        self.add(out, what, Held::Failed, reason, output, took)
    }

    fn add(
        &mut self,
        out: &mut Out,
        what: &str,
        result: Held,
        reason: String,
        output: String,
        took: Duration,
    ) -> Result<(), Failure> {
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let step = Step { step: what.to_owned(), result, reason, output, took_ms };
        if !self.json {
            out.data(&line(&step, out.width()))?;
        }
        self.steps.push(step);
        Ok(())
    }

    /// The sum, or the document.
    pub(super) fn end(&self, out: &mut Out) -> Result<(), Failure> {
        if self.json {
            return out.json(&self.steps);
        }
        let [passed, failed, skipped] =
            [Held::Passed, Held::Failed, Held::Skipped].map(|held| self.count(held));
        out.say(&format!("{passed} passed, {failed} failed, {skipped} skipped"));
        Ok(())
    }
}

/// Where the text of a step begins.
const TEXT: usize = 7;

fn line(step: &Step, width: Option<u16>) -> String {
    let word = match step.result {
        Held::Passed => tone("ok    ", Tone::Good),
        Held::Failed => tone("FAILED", Tone::Bad),
        Held::Skipped => tone("-     ", Tone::Doubt),
    };
    let mut said = clean(&step.step);
    if !step.reason.is_empty() {
        said.push_str(&format!(": {}", clean(&step.reason)));
    }
    let mut text = format!("{word} {}\n", wrap(&said, width, TEXT));
    // What it printed, as it printed it, but beside the rest.
    for printed in step.output.lines() {
        text.push_str(&format!("       | {}\n", clean(printed)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paint::paint;

    #[test]
    fn long_lines_are_folded_beside_the_word_and_what_was_printed_is_left_as_it_was() {
        let printed = "x".repeat(60);
        let step = Step {
            step: "its parameters are valid here".to_owned(),
            result: Held::Failed,
            reason: "`command` is no list".to_owned(),
            output: printed.clone(),
            took_ms: 1,
        };
        let folded = "FAILED its parameters are valid here:\n       `command` is no list\n";
        assert_eq!(paint(&line(&step, Some(40)), false), format!("{folded}       | {printed}\n"));
        assert_eq!(paint(&line(&step, None), false).lines().count(), 2);
    }
}
