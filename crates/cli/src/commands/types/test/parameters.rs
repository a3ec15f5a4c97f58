//! `--set NAME=VALUE`, held against what the type takes.

use crate::failure::Failure;
use model::desired::Value;
use resource_api::{Kind, TypeDescription};
use std::collections::BTreeMap;

/// Reads `NAME=VALUE`.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected a parameter's name and its value, such as ip=10.0.0.100".to_owned()),
    }
}

/// The parameters as the type gets them.
pub(super) fn of(
    set: &[(String, String)],
    description: &TypeDescription,
) -> Result<BTreeMap<String, Value>, Failure> {
    let mut given = BTreeMap::new();
    for (name, text) in set {
        let kind = description.parameters.iter().find(|known| known.name == *name).map(|known| &known.kind);
        if given.insert(name.clone(), value(text, kind)).is_some() {
            return Err(Failure::usage(format!("`{name}` is set twice")));
        }
    }
    let problems = description.check(&given);
    if problems.is_empty() {
        return Ok(given);
    }
    let failure = Failure::usage(format!("{} cannot be tested with these parameters", description.name));
    let failure = problems.into_iter().fold(failure, Failure::because);
    Err(failure.next(format!("steadfast type show {}, which lists its parameters", description.name)))
}

/// As the declarative file would have it: a number or a flag where the type takes one, a list where one
/// is written, else the text.
fn value(text: &str, kind: Option<&Kind>) -> Value {
    #[derive(serde::Deserialize)]
    struct Line {
        list: Vec<String>,
    }
    if text.starts_with('[')
        && let Ok(Line { list }) = toml::from_str(&format!("list = {text}"))
    {
        return Value::List(list);
    }
    match (kind, text.parse(), text.parse()) {
        (Some(Kind::Number), Ok(number), _) => Value::Number(number),
        (Some(Kind::Flag), _, Ok(flag)) => Value::Flag(flag),
        _ => Value::Text(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use resource_api::Parameter;

    #[test]
    fn values_are_what_the_file_would_make_of_them() {
        assert_eq!(value("[\"a\", \"b c\"]", Some(&Kind::Text)), Value::List(vec!["a".into(), "b c".into()]));
        assert_eq!(value("[fe80::1]", Some(&Kind::Text)), Value::Text("[fe80::1]".into()));
        assert_eq!(value("24", Some(&Kind::Number)), Value::Number(24));
        assert_eq!(value("24", Some(&Kind::Text)), Value::Text("24".into()));
        assert_eq!(value("true", Some(&Kind::Flag)), Value::Flag(true));
        assert_eq!(value("yes", Some(&Kind::Flag)), Value::Text("yes".into()));
    }

    #[test]
    fn what_the_type_does_not_take_is_a_usage_error_with_the_nearest() {
        let parameter = Parameter {
            name: "cidr_netmask".to_owned(),
            kind: Kind::Number,
            required: false,
            default: None,
            unique: false,
            reloadable: false,
            summary: String::new(),
            replaced_by: None,
        };
        let description = TypeDescription {
            name: "t".to_owned(),
            version: String::new(),
            summary: String::new(),
            description: String::new(),
            parameters: vec![parameter],
            verbs: BTreeMap::new(),
            promotable: false,
        };
        let refused = |name: &str, value: &str| {
            let failure = of(&[(name.to_owned(), value.to_owned())], &description).unwrap_err();
            assert_eq!(failure.exit(), crate::exit::Exit::Usage);
            failure.render()
        };
        assert!(refused("cidr_netmsk", "24").contains("`cidr_netmask`"));
        assert!(refused("cidr_netmask", "wide").contains("a whole number"));
        assert!(pair("ip").is_err() && pair("=x").is_err());
        assert_eq!(pair("a=b=c").unwrap(), ("a".to_owned(), "b=c".to_owned()));
    }
}
