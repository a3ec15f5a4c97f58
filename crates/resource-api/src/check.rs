//! Given parameters against what a type says of itself.
//!
//! What an agent would find out at its start, on some node at night, is told at `apply`. Nothing is
//! added to what is given: defaults are the type's own business.

use crate::instance::as_text;
use crate::metadata::{Kind, Parameter, TypeDescription};
use model::desired::Value;
use std::collections::BTreeMap;
use std::fmt;

/// What is wrong with a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParameterProblem {
    /// The type has none of that name.
    Unknown {
        /// The name as given.
        name: String,
        /// The most similar one that the type has, if one is similar.
        nearest: Option<String>,
    },
    /// It must be given.
    Missing {
        /// Its name.
        name: String,
    },
    /// It cannot be that.
    Wrong {
        /// Its name.
        name: String,
        /// The value as given.
        given: String,
        /// What it can be.
        expected: String,
    },
}

impl ParameterProblem {
    /// Which parameter it is about, as given.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Unknown { name, .. } | Self::Missing { name } | Self::Wrong { name, .. } => name,
        }
    }
}

impl fmt::Display for ParameterProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { name, nearest: None } => write!(f, "there is no parameter {name:?}"),
            Self::Unknown { name, nearest: Some(nearest) } => {
                write!(f, "there is no parameter {name:?}; did you mean `{nearest}`?")
            }
            Self::Missing { name } => write!(f, "the parameter `{name}` is missing"),
            Self::Wrong { name, given, expected } => {
                write!(f, "the parameter `{name}` is {given:?}, and is to be {expected}")
            }
        }
    }
}

/// Parameters of this beginning are about the resource, not of its type: what Pacemaker calls meta
/// attributes, which agents find in their environment beside their own.
pub const META_PREFIX: &str = "CRM_meta_";

impl TypeDescription {
    /// All that is wrong with these parameters; nothing: they can be tried.
    #[must_use]
    pub fn check(&self, given: &BTreeMap<String, Value>) -> Vec<ParameterProblem> {
        let known = |name: &str| self.parameters.iter().find(|parameter| parameter.name == name);
        let of_given = given.iter().filter(|(name, _)| !name.starts_with(META_PREFIX));
        let mut problems: Vec<_> = of_given
            .filter_map(|(name, value)| match known(name) {
                Some(parameter) => parameter.check(value),
                None => Some(ParameterProblem::Unknown { name: name.clone(), nearest: self.nearest(name) }),
            })
            .collect();
        let missing = self.parameters.iter().filter(|parameter| {
            let newer = parameter.replaced_by.as_ref().is_some_and(|newer| given.contains_key(newer));
            let older = |old: &&Parameter| old.replaced_by.as_ref() == Some(&parameter.name);
            let older = self.parameters.iter().filter(older).any(|old| given.contains_key(&old.name));
            parameter.required && !given.contains_key(&parameter.name) && !newer && !older
        });
        problems.extend(missing.map(|parameter| ParameterProblem::Missing { name: parameter.name.clone() }));
        problems
    }

    fn nearest(&self, given: &str) -> Option<String> {
        let likeness = |name: &str| strsim::jaro_winkler(&given.to_lowercase(), &name.to_lowercase());
        let names = self.parameters.iter().map(|parameter| parameter.name.as_str());
        let best = names.max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
        // Below this, names share hardly more than some letters.
        (likeness(best) >= 0.75).then(|| best.to_owned())
    }
}

impl Parameter {
    /// What is wrong with this value. A parameter's default is never wrong, whatever its type.
    fn check(&self, value: &Value) -> Option<ParameterProblem> {
        let text = as_text(value);
        if self.default.as_ref() == Some(&text) {
            return None;
        }
        let word = text.to_ascii_lowercase();
        let expected = match &self.kind {
            Kind::Text => return None,
            Kind::Number if text.trim().parse::<i64>().is_ok() => return None,
            Kind::Flag if FLAGS.contains(&word.as_str()) => return None,
            Kind::Duration if is_duration(&word) => return None,
            Kind::OneOf { words } if words.contains(&text) => return None,
            Kind::Number => "a whole number".to_owned(),
            Kind::Flag => "true or false".to_owned(),
            Kind::Duration => "a time such as 30s or 5min".to_owned(),
            Kind::OneOf { words } => format!("one of {}", words.join(", ")),
        };
        Some(ParameterProblem::Wrong { name: self.name.clone(), given: text, expected })
    }
}

/// The words that agents take for `true` and for `false`.
const FLAGS: [&str; 12] = ["true", "yes", "1", "on", "ja", "y", "false", "no", "0", "off", "nein", "n"];

fn is_duration(text: &str) -> bool {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let units = ["", "us", "usec", "ms", "msec", "s", "sec", "m", "min", "h", "hr", "d"];
    digits > 0 && units.contains(&text[digits..].trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(name: &str, kind: Kind, required: bool) -> Parameter {
        Parameter {
            name: name.to_owned(),
            kind,
            required,
            default: None,
            unique: false,
            reloadable: false,
            summary: String::new(),
            replaced_by: None,
        }
    }

    fn said(parameters: Vec<Parameter>, given: &[(&str, Value)]) -> Vec<String> {
        let description = TypeDescription {
            name: "t".to_owned(),
            version: String::new(),
            summary: String::new(),
            description: String::new(),
            parameters,
            verbs: BTreeMap::new(),
            promotable: false,
        };
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        description.check(&given).iter().map(ToString::to_string).collect()
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn the_unknown_and_the_missing_are_named() {
        let takes =
            || vec![parameter("cidr_netmask", Kind::Number, false), parameter("ip", Kind::Text, true)];
        assert_eq!(
            said(takes(), &[("cidr_netmsk", Value::Number(24)), ("CRM_meta_promotable", text("true"))]),
            [
                "there is no parameter \"cidr_netmsk\"; did you mean `cidr_netmask`?",
                "the parameter `ip` is missing"
            ]
        );
        assert_eq!(
            said(takes(), &[("ip", text("::1")), ("zzz\n", text(""))]),
            ["there is no parameter \"zzz\\n\""]
        );
    }

    #[test]
    fn a_value_of_the_wrong_type_is_told_what_it_should_be() {
        let words = vec!["a".to_owned(), "b".to_owned()];
        let takes = || {
            vec![
                parameter("n", Kind::Number, false),
                parameter("f", Kind::Flag, false),
                parameter("d", Kind::Duration, false),
                parameter("o", Kind::OneOf { words: words.clone() }, false),
            ]
        };
        let good = [("n", text("-7")), ("f", text("Yes")), ("d", text("10s")), ("o", text("a"))];
        assert!(said(takes(), &good).is_empty());
        let good = [("n", Value::Number(1)), ("f", Value::Flag(true)), ("d", Value::Number(3))];
        assert!(said(takes(), &good).is_empty());
        let bad = [("n", text("7x")), ("f", text("maybe")), ("d", text("soon")), ("o", text("c"))];
        assert_eq!(
            said(takes(), &bad),
            [
                "the parameter `d` is \"soon\", and is to be a time such as 30s or 5min",
                "the parameter `f` is \"maybe\", and is to be true or false",
                "the parameter `n` is \"7x\", and is to be a whole number",
                "the parameter `o` is \"c\", and is to be one of a, b",
            ]
        );
    }

    #[test]
    fn a_default_is_right_and_a_replaced_parameter_stands_for_its_successor() {
        let odd = Parameter { default: Some("30s".to_owned()), ..parameter("n", Kind::Number, false) };
        assert!(said(vec![odd], &[("n", text("30s"))]).is_empty());
        let old = Parameter { replaced_by: Some("new".to_owned()), ..parameter("old", Kind::Text, true) };
        let takes = vec![old, parameter("new", Kind::Text, true)];
        assert!(said(takes.clone(), &[("old", text("x"))]).is_empty());
        assert!(said(takes.clone(), &[("new", text("x"))]).is_empty());
        assert_eq!(said(takes, &[]).len(), 2);
    }
}
