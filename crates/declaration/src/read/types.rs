//! `[[type]]`: a resource type that a native plug-in brings.

use super::Section;
use crate::findings::Findings;
use crate::parse::{LIBRARIES_MAX, TYPES_MAX};
use crate::place::At;
use crate::types::resource_type;
use model::{AbsolutePath, TypeName};
use std::collections::BTreeSet;

/// A `[[type]]`, as far as it could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlacedType {
    pub(crate) name: Option<At<TypeName>>,
    pub(crate) library: Option<At<AbsolutePath>>,
}

/// The `[[type]]` sections.
pub(crate) fn types(root: &Section<'_>, findings: &mut Findings<'_>) -> Vec<PlacedType> {
    let tables = root.tables("type", "type", findings);
    if let Some((_, span)) = tables.get(TYPES_MAX) {
        let count = tables.len();
        findings.error(span, format!("the file has {count} types; at most {TYPES_MAX} are accepted"));
        return Vec::new();
    }
    let sections = tables.into_iter().map(|(table, span)| Section::named(table, span, "type"));
    let types: Vec<PlacedType> = sections.map(|section| one(&section, findings)).collect();
    let mut libraries = BTreeSet::new();
    for library in types.iter().filter_map(|one| one.library.as_ref()) {
        if libraries.insert(&library.value) && libraries.len() == LIBRARIES_MAX + 1 {
            let message = format!(
                "the file has more than {LIBRARIES_MAX} libraries, which is the most: each is a process on \
                 every node"
            );
            findings.error(&library.span, message);
        }
    }
    types
}

fn one(section: &Section<'_>, findings: &mut Findings<'_>) -> PlacedType {
    section.only_keys(&["name", "library"], findings);
    let name: Option<At<TypeName>> =
        section.required("name", "the type's name, such as name = \"vendor-disk\"", findings);
    let name = name.filter(|name| is_free(name, findings));
    let example = "the plug-in's library, such as library = \"/usr/lib/vendor/vendor_disk.so\"";
    let library = section.required("library", example, findings);
    PlacedType { name, library }
}

/// Whether a plug-in may have this name: a name means one thing in every file and on every node.
fn is_free(name: &At<TypeName>, findings: &mut Findings<'_>) -> bool {
    let kind = name.value.as_str();
    let taken = match kind.split_once(':') {
        Some((class, _)) => format!("a name that begins with `{class}:` is an agent's or a unit's"),
        None if resource_type(kind).is_some() => format!("`{kind}` is a built-in type"),
        None => return true,
    };
    let vendors = format!("vendor-{kind}");
    let instead = TypeName::new(vendors.as_str()).is_ok().then_some(vendors);
    findings.error_with(
        &name.span,
        format!("a plug-in's type cannot be named `{kind}`: {taken}; choose a word that is free"),
        instead,
    );
    false
}
