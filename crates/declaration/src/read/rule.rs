//! `[[group.rule]]`.

use super::Section;
use super::hours::hours;
use super::section::checked;
use super::values::{Word, own_text};
use crate::findings::Findings;
use crate::nearest::nearest;
use crate::place::{At, quoted};
use crate::value::{Node, kind_of, whole_number};
use model::desired::{Condition, Date, Day, Effect, Rule, SCORE_MAX, When};
use std::collections::{BTreeMap, BTreeSet};
use toml::de::DeValue;

/// The most rules of a group. Each is asked of every node whenever the group is placed; and nobody
/// understands a hundred of them together.
const RULES_MAX: usize = 100;

/// A rule, with the places of the attributes that it asks for.
pub(crate) struct PlacedRule {
    pub(crate) at: At<Rule>,
    /// How messages call it.
    pub(crate) what: String,
    pub(crate) attributes: Vec<At<String>>,
}

/// The rules of a group, as far as they could be read.
pub(super) fn rules(group: &Section<'_>, findings: &mut Findings<'_>) -> Vec<PlacedRule> {
    let tables = group.tables("rule", "group.rule", findings);
    if let Some((_, span)) = tables.get(RULES_MAX) {
        let message = format!("{} has more than {RULES_MAX} rules, which is the most", group.what);
        findings.error(span, message);
        return Vec::new();
    }
    let mut rules = Vec::new();
    for (number, (table, span)) in (1..).zip(tables) {
        let section = Section::new(table, span, format!("rule {number} of {}", group.what));
        rules.extend(rule(&section, findings));
    }
    rules
}

fn rule(section: &Section<'_>, findings: &mut Findings<'_>) -> Option<PlacedRule> {
    section.only_keys(&["node", "hours", "days", "from", "until", "primary", "then"], findings);
    let conditions = conditions(section, findings);
    let when = when(section, findings);
    let primary = section.flag("primary", findings).is_some_and(|at| at.value);
    let then = effect(section, findings);
    let attributes = conditions.iter().map(|(name, _)| name.clone()).collect();
    let node: BTreeMap<_, _> = conditions.into_iter().map(|(name, asked)| (name.value, asked)).collect();
    let rule = Rule { node, when, primary, then: then? };
    Some(PlacedRule {
        at: At { value: rule, span: section.span.clone() },
        what: section.what.clone(),
        attributes,
    })
}

fn conditions(section: &Section<'_>, findings: &mut Findings<'_>) -> Vec<(At<String>, Condition)> {
    let example = "{ rack = \"a\", memory = \">= 64\" }";
    let Some(table) = section.small_table("node", example, findings) else { return Vec::new() };
    let mut conditions = Vec::new();
    for (name, value) in table.entries() {
        let what = format!("what {} asks of `{}`", section.what, quoted(name.value));
        let asked = own_text(value, &what, findings).and_then(|text| match text.value.parse::<Condition>() {
            Ok(asked) => Some(asked),
            Err(error) => {
                findings.error(&text.span, error.to_string());
                None
            }
        });
        let name = checked::<Word>(&name, findings);
        conditions.extend(name.zip(asked).map(|(name, asked)| {
            let name = At { value: name.value.0, span: name.span };
            (name, asked)
        }));
    }
    conditions
}

fn when(section: &Section<'_>, findings: &mut Findings<'_>) -> When {
    let hours = section.text("hours", findings).and_then(|text| {
        let read = hours(text.value);
        if read.is_none() {
            let message = format!(
                "`hours` of {} cannot be `{}`; expected two different hours of the day such as \"22-04\"",
                section.what,
                quoted(text.value)
            );
            findings.error(&text.span, message);
        }
        read
    });
    let days = days(section, findings);
    let from: Option<At<Date>> = section.parsed("from", findings);
    let until: Option<At<Date>> = section.parsed("until", findings);
    if let (Some(from), Some(until)) = (&from, &until)
        && from.value > until.value
    {
        let message =
            format!("{} ends before it begins: until {}, from {}", section.what, until.value, from.value);
        findings.error(&until.span, message);
    }
    When { hours, days, from: from.map(|at| at.value), until: until.map(|at| at.value) }
}

fn days(section: &Section<'_>, findings: &mut Findings<'_>) -> Vec<Day> {
    let expected = "a list of days, such as [\"sat\", \"sun\"]";
    let words = Day::ALL.map(Day::as_str);
    let mut days = Vec::new();
    let mut seen = BTreeSet::new();
    for item in section.list("days", expected, findings).unwrap_or_default() {
        let Some(text) = section.text_in("days", item, expected, &mut seen, findings) else { continue };
        match Day::ALL.into_iter().find(|day| day.as_str() == text.value) {
            Some(day) => days.push(day),
            None => {
                let message = format!(
                    "`days` of {} cannot name `{}`; expected some of: \"{}\"",
                    section.what,
                    quoted(text.value),
                    words.join("\", \"")
                );
                findings.error_near(&text.span, message, text.value, words);
            }
        }
    }
    days
}

fn effect(section: &Section<'_>, findings: &mut Findings<'_>) -> Option<Effect> {
    let expected = format!("a score from -{SCORE_MAX} to {SCORE_MAX}, \"never\" or \"only\"");
    let Some(value) = section.get("then") else {
        findings.error(&section.span, format!("{} lacks `then`: expected {expected}", section.what));
        return None;
    };
    let read = match value.get_ref() {
        DeValue::String(text) if text == "never" => Some(Effect::Never),
        DeValue::String(text) if text == "only" => Some(Effect::Only),
        DeValue::Integer(number) => whole_number(number)
            .and_then(|number| i32::try_from(number).ok())
            .filter(|score| score.unsigned_abs() <= SCORE_MAX.unsigned_abs())
            .map(Effect::Score),
        _ => None,
    };
    if read.is_none() {
        let message = format!("`then` of {} must be {expected}, not {}", section.what, shown(value));
        findings.error_with(&value.span(), message, effect_meant(value));
    }
    read
}

fn shown(value: &Node<'_>) -> String {
    match value.get_ref() {
        DeValue::String(text) => format!("`{}`", quoted(text)),
        DeValue::Integer(number) => quoted(&number.to_string()),
        other => kind_of(other).to_owned(),
    }
}

fn effect_meant(value: &Node<'_>) -> Option<String> {
    let text = value.get_ref().as_str()?;
    let bare = text.parse::<i32>().ok().map(|score| score.to_string());
    bare.or_else(|| nearest(text, ["never", "only"]).map(|word| format!("\"{word}\"")))
}
