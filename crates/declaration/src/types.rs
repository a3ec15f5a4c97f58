//! The built-in resource types and their parameters, as data: the reader checks by it, and
//! `steadfast type list` prints it.
//!
//! The tables say what a file may hold. What a type does with it is its monitor's.

mod builtin;
mod kind;

pub use kind::Kind;

use model::TypeName;
use model::desired::Exclusive;
use serde::Serialize;

/// A built-in resource type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ResourceType {
    /// Its word in the file.
    pub name: &'static str,
    /// What a resource of it is, in a sentence.
    pub summary: &'static str,
    /// Its parameters, required ones first.
    pub parameters: &'static [Parameter],
    /// Parameters of which a resource has exactly one; empty where there is no such choice.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub exactly_one: &'static [&'static str],
}

impl ResourceType {
    /// How a resource of it is kept to one node where the file does not say.
    #[must_use]
    pub fn default_exclusive(&self) -> Exclusive {
        // The words of the tables are type names (a test holds it); what is none is guarded most.
        TypeName::new(self.name).map_or(Exclusive::Process, |name| Exclusive::default_for(&name))
    }
}

/// A parameter of a built-in type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Parameter {
    /// Its key in the file.
    pub name: &'static str,
    /// What its value is.
    pub kind: Kind,
    /// Whether a resource must have it.
    pub required: bool,
    /// What holds where it is left out, in the file's notation or in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<&'static str>,
    /// What it means, in a sentence.
    pub description: &'static str,
}

/// Every built-in type, by name.
#[must_use]
pub fn types() -> &'static [ResourceType] {
    builtin::TYPES
}

/// The built-in type of this name.
#[must_use]
pub fn resource_type(name: &str) -> Option<&'static ResourceType> {
    types().iter().find(|known| known.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_in_order_and_complete() {
        let names: Vec<&str> = types().iter().map(|kind| kind.name).collect();
        assert!(names.is_sorted(), "{names:?}");
        for kind in types() {
            assert!(TypeName::new(kind.name).is_ok(), "{}", kind.name);
            assert!(kind.summary.ends_with('.'), "{}", kind.name);
            for one in kind.exactly_one {
                assert!(kind.parameters.iter().any(|parameter| parameter.name == *one), "{one}");
            }
            for parameter in kind.parameters {
                let which = format!("{}.{}", kind.name, parameter.name);
                assert!(parameter.description.ends_with('.'), "{which}");
                assert!(!parameter.required || parameter.default.is_none(), "{which}: no default is used");
                let common = crate::read::common_keys().any(|key| key == parameter.name);
                assert!(!common, "{which}: every resource has a key of this name");
            }
            assert!(kind.parameters.is_sorted_by_key(|parameter| !parameter.required), "{}", kind.name);
        }
    }

    #[test]
    fn they_are_data_that_a_program_can_read() {
        let json = serde_json::to_value(resource_type("ip-address").unwrap()).unwrap();
        assert_eq!(json["parameters"][0]["name"], "address");
        assert_eq!(json["parameters"][0]["kind"]["is"], "network");
        assert_eq!(json["parameters"][0]["required"], true);
        assert!(serde_json::to_string(types()).unwrap().contains(r#"{"is":"one-of","words":["nfs","smb"]}"#));
    }

    #[test]
    fn the_defaults_of_exclusive_are_those_of_the_contract() {
        let default = |name: &str| resource_type(name).unwrap().default_exclusive();
        assert_eq!(default("ip-address"), Exclusive::Gate);
        assert_eq!(default("dummy"), Exclusive::None);
        assert_eq!(default("web-site"), Exclusive::None);
        assert_eq!(default("process"), Exclusive::Process);
    }
}
