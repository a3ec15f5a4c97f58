//! The parameters of a resource: those of a built-in type stand in the resource itself and are
//! checked by the type's table; those of an agent, a unit or a plug-in stand in a section of their
//! own, are free, and are checked by what the type says of itself.

use super::resource::common_keys;
use super::section::Section;
use crate::findings::Findings;
use crate::place::{At, quoted};
use crate::types::ResourceType;
use crate::value::{Node, in_quotes, kind_of, whole_number};
use model::TypeName;
use model::desired::Value;
use toml::de::DeValue;

/// Parameters with the places of their values.
pub(super) type Parameters = Vec<(String, At<Value>)>;

/// Parameters with the places of their names too.
pub(crate) type Free = Vec<(At<String>, At<Value>)>;

pub(super) fn of_builtin(
    section: &Section<'_>,
    kind: &ResourceType,
    findings: &mut Findings<'_>,
) -> Parameters {
    let own = kind.parameters.iter().map(|parameter| parameter.name);
    let known: Vec<&str> = common_keys().chain(own).collect();
    let what = format!("{}, which is of type `{}`", section.what, kind.name);
    section.only_keys_of(&what, &known, "", findings);
    let mut parameters = Vec::new();
    for parameter in kind.parameters {
        match section.get(parameter.name).map(|value| (value, parameter.kind.read(value))) {
            None if parameter.required => {
                let (name, kind) = (parameter.name, parameter.kind);
                findings.error(&section.span, format!("{what}, lacks `{name}`: expected {kind}"));
            }
            None => {}
            Some((value, Ok(read))) => {
                parameters.push((parameter.name.to_owned(), At { value: read, span: value.span() }));
            }
            Some((_, Err(wrong))) => {
                let (name, what) = (parameter.name, parameter.kind);
                let message = format!("`{name}` of {} must be {what}, not {}", section.what, wrong.found);
                findings.error_with(&wrong.span, message, wrong.instead);
            }
        }
    }
    exactly_one(section, kind, findings);
    parameters
}

fn exactly_one(section: &Section<'_>, kind: &ResourceType, findings: &mut Findings<'_>) {
    let given: Vec<&str> =
        kind.exactly_one.iter().copied().filter(|name| section.get(name).is_some()).collect();
    if !kind.exactly_one.is_empty() && given.len() != 1 {
        let found = if given.is_empty() { "none".to_owned() } else { given.join(" and ") };
        let message = format!(
            "{}, which is of type `{}`, needs exactly one of {}; it has {found}",
            section.what,
            kind.name,
            kind.exactly_one.join(", ")
        );
        findings.error(&section.span, message);
    }
}

pub(super) fn of_agent(section: &Section<'_>, kind: &TypeName, findings: &mut Findings<'_>) -> Free {
    let what = format!("{}, which is of type `{kind}`", section.what);
    let known: Vec<&str> = common_keys().chain(["parameters"]).collect();
    let hint = " (what is the agent's, the unit's or the plug-in's stands in `[group.resource.parameters]` below it)";
    section.only_keys_of(&what, &known, hint, findings);
    let Some((table, span)) = section.table("parameters", "group.resource.parameters", findings) else {
        return Vec::new();
    };
    let free = Section::new(table, span, format!("the parameters of {}", section.what));
    let mut parameters = Vec::new();
    for (key, value) in free.entries() {
        if !is_parameter_name(key.value) {
            let message = format!(
                "`{}` is not the name of a parameter: expected 1 to 64 letters, digits and `_`, `-` or `.`, \
                 not beginning with a digit",
                quoted(key.value)
            );
            findings.error(&key.span, message);
        }
        match free_value(value) {
            Ok(read) => {
                let name = At { value: key.value.to_owned(), span: key.span };
                parameters.push((name, At { value: read, span: value.span() }));
            }
            Err((at, instead)) => {
                let message = format!(
                    "`{}` of {} must be a text, a whole number, true, false, or a list of texts, not {}",
                    quoted(key.value),
                    free.what,
                    kind_of(at.get_ref())
                );
                findings.error_with(&at.span(), message, instead);
            }
        }
    }
    parameters
}

/// The name becomes a part of an environment variable's name for the agent.
fn is_parameter_name(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    (1..=64).contains(&name.len())
        && name.bytes().all(letter)
        && name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
}

/// The value of a free parameter, or the value that is none and what to write instead.
fn free_value<'a>(value: &'a Node<'a>) -> Result<Value, (&'a Node<'a>, Option<String>)> {
    let text = |node: &'a Node<'a>| match node.get_ref() {
        DeValue::String(text) if !text.contains('\0') => Ok(text.as_ref().to_owned()),
        other => Err((node, in_quotes(other))),
    };
    match value.get_ref() {
        DeValue::Boolean(flag) => Ok(Value::Flag(*flag)),
        DeValue::Integer(number) => whole_number(number).map(Value::Number).ok_or((value, None)),
        DeValue::Array(items) => items.iter().map(text).collect::<Result<_, _>>().map(Value::List),
        _ => text(value).map(Value::Text),
    }
}
