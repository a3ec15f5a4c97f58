//! Figures, for people and for programs.

use crate::args::Wanted;
use crate::cluster::Place;
use crate::machine;
use serde_json::{Value, json};
use std::fmt;
use std::time::Duration;

/// What a figure is held against.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    /// It is shown, and promised nowhere.
    None,
    /// It should not be above.
    AtMost(f64),
    /// It should be below.
    Below(f64),
    /// It should not be below.
    AtLeast(f64),
}

/// One number.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    /// What it is.
    pub(crate) name: String,
    /// How much.
    pub(crate) measured: f64,
    /// Of what.
    pub(crate) unit: &'static str,
    /// What it is held against.
    pub(crate) target: Target,
    /// Where the target comes from, or what else to know.
    pub(crate) note: String,
}

impl Figure {
    /// A duration, in milliseconds.
    pub(crate) fn time(name: impl Into<String>, measured: Duration) -> Self {
        Self::number(name, in_ms(measured), "ms")
    }

    /// A number.
    pub(crate) fn number(name: impl Into<String>, measured: f64, unit: &'static str) -> Self {
        Self { name: name.into(), measured, unit, target: Target::None, note: String::new() }
    }

    /// The same, held against a target.
    pub(crate) fn against(mut self, target: Target) -> Self {
        self.target = target;
        self
    }

    /// The same, with a remark.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// Whether it reaches its target; nothing where there is none.
    pub(crate) fn reached(&self) -> Option<bool> {
        match self.target {
            Target::None => None,
            Target::AtMost(limit) => Some(self.measured <= limit),
            Target::Below(limit) => Some(self.measured < limit),
            Target::AtLeast(limit) => Some(self.measured >= limit),
        }
    }

    fn json(&self) -> Value {
        let (relation, limit) = match self.target {
            Target::None => (None, None),
            Target::AtMost(limit) => (Some("at most"), Some(limit)),
            Target::Below(limit) => (Some("below"), Some(limit)),
            Target::AtLeast(limit) => (Some("at least"), Some(limit)),
        };
        json!({
            "name": self.name, "measured": self.measured, "unit": self.unit, "relation": relation,
            "target": limit, "reached": self.reached(), "note": self.note,
        })
    }
}

/// A duration as the unit of most figures.
pub(crate) fn in_ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// Three digits that matter.
fn rounded(number: f64) -> String {
    match number.abs() {
        size if size >= 100.0 => format!("{number:.0}"),
        size if size >= 10.0 => format!("{number:.1}"),
        _ => format!("{number:.2}"),
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let measured = format!("{} {}", rounded(self.measured), self.unit);
        let target = match self.target {
            Target::None => String::new(),
            Target::AtMost(limit) => format!("at most {}", rounded(limit)),
            Target::Below(limit) => format!("below {}", rounded(limit)),
            Target::AtLeast(limit) => format!("at least {}", rounded(limit)),
        };
        let verdict = match self.reached() {
            None => "",
            Some(true) => "reached",
            Some(false) => "NOT REACHED",
        };
        let line = format!("  {:<42}{measured:>12}   {target:<15}{verdict:<13}{}", self.name, self.note);
        f.write_str(line.trim_end())
    }
}

/// Everything that was measured.
pub(crate) struct Report {
    machine: String,
    load_before: String,
    /// In their order.
    pub(crate) figures: Vec<Figure>,
    /// What was not measured, and why.
    pub(crate) not_measured: Vec<(Wanted, String)>,
}

impl Report {
    /// An empty one.
    pub(crate) fn begin(place: &Place) -> Self {
        let machine = format!(
            "{} processors, {}; data in {}",
            machine::processors(),
            machine::file_system(&place.dir),
            place.dir.display()
        );
        Self { machine, load_before: machine::load(), figures: Vec::new(), not_measured: Vec::new() }
    }

    /// The last lines: how many were reached, on what.
    pub(crate) fn summary(&self) -> String {
        let held: Vec<_> = self.figures.iter().filter_map(Figure::reached).collect();
        let reached = held.iter().filter(|reached| **reached).count();
        format!(
            "\n{reached} of {} targets reached. Measured on: {}; load average before {}, after {}.\n",
            held.len(),
            self.machine,
            self.load_before,
            machine::load()
        )
    }

    /// All of it.
    pub(crate) fn json(&self) -> String {
        let not_measured = self.not_measured.iter();
        let not_measured = not_measured.map(|(what, why)| json!({ "what": what.to_string(), "why": why }));
        let document = json!({
            "machine": self.machine,
            "load_before": self.load_before,
            "load_after": machine::load(),
            "figures": self.figures.iter().map(Figure::json).collect::<Vec<_>>(),
            "not_measured": not_measured.collect::<Vec<_>>(),
        });
        format!("{document:#}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_says_whether_it_is_reached() {
        let figure = Figure::time("commit, p50", Duration::from_micros(2_350));
        assert_eq!(
            figure.to_string().split_whitespace().collect::<Vec<_>>(),
            ["commit,", "p50", "2.35", "ms"]
        );
        let figure = figure.against(Target::AtMost(2.0));
        assert!(figure.to_string().contains("at most 2.00   NOT REACHED"), "{figure}");
        assert_eq!(figure.against(Target::AtMost(2.35)).reached(), Some(true));
        let exact = Figure::number("x", 2.0, "s");
        assert_eq!(exact.clone().against(Target::Below(2.0)).reached(), Some(false));
        assert_eq!(exact.against(Target::AtLeast(2.0)).reached(), Some(true));
    }
}
