//! A document of an agent, as a tree.
//!
//! Agents are foreign and so is what they print. The length is bounded by who reads it, depth and number
//! of elements here; no entity is expanded but the five that XML itself has and numbers of characters;
//! a document type may be named and is not fetched; a document that declares entities of its own is
//! refused.

use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The deepest element of an agent's metadata is at 6.
const DEPTH_MAX: usize = 16;
/// The longest metadata of a known agent has 300 elements.
const ELEMENTS_MAX: usize = 10_000;
/// No element of metadata has more than 7.
const ATTRIBUTES_MAX: usize = 32;

/// An element.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) children: Vec<Element>,
    /// The text directly in it.
    pub(super) text: String,
}

impl Element {
    /// The value of this attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// The elements of this name in it.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The first of this name in it.
    pub(super) fn first(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }
}

/// Reads a document.
///
/// # Errors
/// Why it is none, or too much of one.
pub(super) fn read(text: &str) -> Result<Element, String> {
    let mut reader = Reader::from_str(text);
    let mut reading = Reading { open: Vec::new(), root: None, count: 0 };
    loop {
        let event = reader.read_event();
        let at = reader.buffer_position();
        let taken = event.map_err(|error| error.to_string()).and_then(|event| reading.take(event));
        match taken {
            Ok(true) => {}
            Ok(false) => break,
            Err(why) => return Err(format!("{} (at byte {at})", told(&why))),
        }
    }
    match (reading.open.pop(), reading.root) {
        (None, Some(root)) => Ok(root),
        (Some(open), _) => Err(format!("it ends within <{}>", shown(&open.name))),
        (None, None) => Err("there is no element in it".to_owned()),
    }
}

struct Reading {
    /// From the root to where we are.
    open: Vec<Element>,
    root: Option<Element>,
    count: usize,
}

impl Reading {
    /// Takes an event; false: it was the last.
    fn take(&mut self, event: Event<'_>) -> Result<bool, String> {
        match event {
            Event::Start(start) => {
                let element = self.begin(&start)?;
                self.open.push(element);
            }
            Event::Empty(start) => {
                let element = self.begin(&start)?;
                self.end(element)?;
            }
            Event::End(_) => {
                if let Some(element) = self.open.pop() {
                    self.end(element)?;
                }
            }
            Event::Text(text) => self.text(&text.xml10_content())?,
            Event::CData(text) => self.text(&text.xml10_content())?,
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().map_err(|error| error.to_string())?;
                let name = reference.into_inner();
                match (character, resolve_xml_entity(&name)) {
                    (Some(character), _) => self.text(character.encode_utf8(&mut [0; 4]))?,
                    (None, Some(known)) => self.text(known)?,
                    (None, None) => return Err(format!("the entity `{}` is not known", shown(&name))),
                }
            }
            Event::DocType(kind) if kind.contains('[') => {
                return Err("it declares a document type of its own, which is refused".to_owned());
            }
            Event::DocType(_) | Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => return Ok(false),
        }
        Ok(true)
    }

    fn begin(&mut self, start: &BytesStart<'_>) -> Result<Element, String> {
        self.count += 1;
        if self.count > ELEMENTS_MAX {
            return Err(format!("it has more than {ELEMENTS_MAX} elements"));
        }
        if self.open.len() >= DEPTH_MAX {
            return Err(format!("its elements are more than {DEPTH_MAX} deep"));
        }
        let mut element = Element { name: start.name().into_inner().to_owned(), ..Element::default() };
        // Bounded before they are compared with each other, which takes a map and not a list of them.
        for (at, attribute) in start.attributes().with_checks(false).enumerate() {
            if at >= ATTRIBUTES_MAX {
                let name = shown(&element.name);
                return Err(format!("<{name}> has more than {ATTRIBUTES_MAX} attributes"));
            }
            let attribute = attribute.map_err(|error| error.to_string())?;
            let value: Cow<'_, str> = attribute
                .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                .map_err(|error| error.to_string())?;
            let name = attribute.key.into_inner().to_owned();
            if element.attributes.insert(name, value.into_owned()).is_some() {
                return Err(format!("<{}> has an attribute twice", shown(&element.name)));
            }
        }
        Ok(element)
    }

    fn end(&mut self, element: Element) -> Result<(), String> {
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None if self.root.is_some() => return Err("it has more than one root".to_owned()),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), String> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err(format!("`{}` stands outside of any element", shown(text.trim()))),
        }
        Ok(())
    }
}

/// A name from a document, for a message.
fn shown(name: &str) -> String {
    name.chars().take(40).flat_map(char::escape_debug).collect()
}

/// The parser's words, which may have some of the document in them: a sentence, without what would command
/// a terminal.
fn told(why: &str) -> String {
    why.chars().take(200).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_becomes_a_tree() {
        let text = "<?xml version=\"1.0\"?>\n<!DOCTYPE a SYSTEM \"a.dtd\">\n<!-- x -->\n<a x='1 &lt; 2'>s &amp;\n<b/><b y=\"&#65;\">t<![CDATA[<&>]]></b></a>\n";
        let tree = read(text).unwrap();
        assert_eq!(
            (tree.name.as_str(), tree.attribute("x"), tree.text.as_str()),
            ("a", Some("1 < 2"), "s &\n")
        );
        let second = tree.all("b").nth(1).unwrap();
        assert_eq!((second.attribute("y"), second.text.as_str()), (Some("A"), "t<&>"));
        assert_eq!(tree.first("b"), tree.children.first());
    }

    #[test]
    fn hostile_documents_are_refused_and_cost_little() {
        let laughs = "<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\">]><l>&b;</l>";
        let file = "<!DOCTYPE l [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><l>&x;</l>";
        let (deep, wide) = ("<a>".repeat(100_000), "<a/>".repeat(60_000));
        let attributes: String = (0..20_000).map(|n| format!(" a{n}=''")).collect();
        for (text, why) in [
            (laughs.to_owned(), "a document type of its own"),
            (file.to_owned(), "a document type of its own"),
            ("<l>&b;</l>".to_owned(), "the entity `b` is not known"),
            ("<l a='&b;'/>".to_owned(), "b"),
            (deep, "16 deep"),
            (format!("<l>{wide}</l>"), "more than 10000 elements"),
            (format!("<l{attributes}/>"), "more than 32 attributes"),
            ("<l a='1' a='2'/>".to_owned(), "twice"),
            ("<l>&#0;</l>".to_owned(), "at byte"),
            ("<l><m></l></m>".to_owned(), "at byte"),
            ("<l>".to_owned(), "it ends within <l>"),
            ("<l/><l/>".to_owned(), "more than one root"),
            ("no\nsuch file".to_owned(), "`no\\nsuch file` stands outside"),
            (String::new(), "no element"),
            ("</l>".to_owned(), "at byte"),
            ("<l \u{0}".to_owned(), "at byte"),
        ] {
            let error = read(&text).unwrap_err();
            assert!(error.contains(why), "{error}");
            assert!(error.len() < 300, "{error}");
        }
    }
}
