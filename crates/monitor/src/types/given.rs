//! The parameters of a built-in type's resource, read.
//!
//! The daemon has checked them against the type's table when the file was applied. This is the second
//! line: a daemon of another version, or a test client, may send anything, and gets an answer.

use model::desired::{Value, parse_duration};
use resource_api::{Failure, Instance, Kind, Outcome, Parameter, TypeDescription, Verb};
use std::time::Duration;

/// What every built-in type can.
pub(super) const VERBS: [Verb; 7] = [
    Verb::Validate,
    Verb::Probe,
    Verb::Online,
    Verb::Offline,
    Verb::Terminate,
    Verb::LooksAlive,
    Verb::IsAlive,
];

/// A built-in type's description.
pub(super) fn described(name: &str, summary: &str, parameters: Vec<Parameter>) -> TypeDescription {
    TypeDescription {
        name: name.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        summary: summary.to_owned(),
        description: String::new(),
        parameters,
        verbs: VERBS.into_iter().map(|verb| (verb, None)).collect(),
        promotable: false,
    }
}

/// A row of a type's table.
pub(super) fn parameter(name: &str, kind: Kind, summary: &str) -> Parameter {
    Parameter {
        name: name.to_owned(),
        kind,
        required: false,
        default: None,
        unique: false,
        reloadable: false,
        summary: summary.to_owned(),
        replaced_by: None,
    }
}

/// Whoever has this parameter must give it.
pub(super) fn required(parameter: Parameter) -> Parameter {
    Parameter { required: true, ..parameter }
}

/// What holds where it is not given.
pub(super) fn or(default: &str, parameter: Parameter) -> Parameter {
    Parameter { default: Some(default.to_owned()), ..parameter }
}

/// A parameter is wrong on every node.
pub(super) fn wrong(name: &str, why: &str) -> Outcome {
    Outcome::failed(Failure::NotConfigured, format!("`{name}` {why}"))
}

/// A text that says something.
pub(super) fn text<'a>(instance: &'a Instance, name: &str) -> Result<Option<&'a str>, Outcome> {
    match instance.parameters.get(name) {
        None => Ok(None),
        Some(Value::Text(text)) if !text.is_empty() && !text.contains('\0') => Ok(Some(text)),
        Some(_) => Err(wrong(name, "is no text")),
    }
}

/// The same, of one that must be there.
pub(super) fn needed<'a>(instance: &'a Instance, name: &str) -> Result<&'a str, Outcome> {
    text(instance, name)?.ok_or_else(|| wrong(name, "is missing"))
}

/// A list of texts; empty if it is not given.
pub(super) fn list<'a>(instance: &'a Instance, name: &str) -> Result<&'a [String], Outcome> {
    match instance.parameters.get(name) {
        None => Ok(&[]),
        Some(Value::List(list)) if list.iter().all(|text| !text.contains('\0')) => Ok(list),
        Some(_) => Err(wrong(name, "is no list of texts, such as [\"/usr/bin/sleep\", \"60\"]")),
    }
}

/// A time such as `10s`.
pub(super) fn duration(instance: &Instance, name: &str, default: Duration) -> Result<Duration, Outcome> {
    match text(instance, name)? {
        None => Ok(default),
        Some(text) => parse_duration(text).ok_or_else(|| wrong(name, "is no time such as \"10s\"")),
    }
}

/// A whole number that is not negative.
pub(super) fn number(instance: &Instance, name: &str, default: u32) -> Result<u32, Outcome> {
    match instance.parameters.get(name) {
        None => Ok(default),
        Some(Value::Number(number)) => u32::try_from(*number).map_err(|_| wrong(name, "is out of range")),
        Some(_) => Err(wrong(name, "is no number")),
    }
}
