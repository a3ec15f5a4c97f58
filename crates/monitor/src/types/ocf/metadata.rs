//! What an agent says of itself, understood: versions 1.0 and 1.1 of the OCF resource agent API.

use super::xml::{self, Element};
use resource_api::{Kind, Parameter, TypeDescription, Verb};
use std::collections::{BTreeMap, BTreeSet};

/// More than any agent prints: the longest known is 13 KB.
pub(super) const METADATA_MAX_BYTES: usize = 256 << 10;
/// The longest text that is kept of a description; the longest known is 3 KB.
const TEXT_MAX: usize = 16 << 10;
/// A line, with room.
const LINE_MAX: usize = 400;
/// The agent with the most parameters has 60.
const PARAMETERS_MAX: usize = 500;

/// An agent's metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Metadata {
    /// In the words of all types.
    pub(super) description: TypeDescription,
    /// The names of its actions.
    actions: BTreeSet<String>,
    /// The levels at which it can be looked at, the deepest first; level 0 always.
    pub(super) levels: Vec<u32>,
}

impl Metadata {
    /// Understands a document, of the type of this name.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn read(name: &str, text: &str) -> Result<Self, String> {
        let root = xml::read(text)?;
        if root.name != "resource-agent" {
            let found: String = root.name.chars().take(40).flat_map(char::escape_debug).collect();
            return Err(format!("it is a <{found}>, not a <resource-agent>"));
        }
        let mut parameters: Vec<Parameter> = match root.first("parameters") {
            Some(all) if all.all("parameter").count() > PARAMETERS_MAX => {
                return Err(format!("it has more than {PARAMETERS_MAX} parameters"));
            }
            Some(all) => all.all("parameter").map(parameter).collect::<Result<_, _>>()?,
            None => Vec::new(),
        };
        let actions: Vec<Action> = root
            .first("actions")
            .map(|all| all.all("action").filter_map(Action::of).collect())
            .unwrap_or_default();
        let monitors = actions.iter().filter(|action| action.name == "monitor");
        let levels: BTreeSet<u32> = monitors.map(|action| action.depth).chain([0]).collect();
        let levels: Vec<u32> = levels.into_iter().rev().collect();
        let deepest = levels.first().copied().unwrap_or(0);
        let names: BTreeSet<String> = actions.iter().map(|action| action.name.clone()).collect();
        // `reload` is for the service's own files: only with `reload-agent` is a parameter taken up.
        if !names.contains("reload-agent") {
            parameters.iter_mut().for_each(|parameter| parameter.reloadable = false);
        }
        let description = TypeDescription {
            name: name.to_owned(),
            version: line(root.attribute("version").unwrap_or_default()),
            summary: root.first("shortdesc").map(|text| line(&text.text)).unwrap_or_default(),
            description: root.first("longdesc").map(|text| clean(&text.text, TEXT_MAX)).unwrap_or_default(),
            parameters,
            verbs: verbs(&actions, deepest),
            promotable: names.contains("promote"),
        };
        Ok(Self { description, actions: names, levels })
    }

    /// Whether the agent has this action.
    pub(super) fn has(&self, action: &str) -> bool {
        self.actions.contains(action)
    }
}

fn verbs(actions: &[Action], deepest: u32) -> BTreeMap<Verb, Option<u64>> {
    let mut verbs = BTreeMap::from([(Verb::Terminate, None)]);
    for action in actions {
        let found: &[Verb] = match action.name.as_str() {
            "start" => &[Verb::Online],
            "stop" => &[Verb::Offline],
            "monitor" if action.depth != 0 && action.depth == deepest => &[Verb::IsAlive],
            "monitor" if deepest != 0 && action.depth == 0 => &[Verb::Probe, Verb::LooksAlive],
            "monitor" if action.depth == 0 => &[Verb::Probe, Verb::LooksAlive, Verb::IsAlive],
            "promote" => &[Verb::Promote],
            "demote" => &[Verb::Demote],
            "notify" => &[Verb::Notify],
            "migrate_to" => &[Verb::MigrateTo],
            "migrate_from" => &[Verb::MigrateFrom],
            "reload" | "reload-agent" => &[Verb::Reload],
            "validate-all" => &[Verb::Validate],
            _ => &[],
        };
        for verb in found {
            // A monitor for each role may be listed: the longest of their times.
            let known = verbs.entry(*verb).or_insert(None);
            *known = (*known).max(action.timeout_ms);
        }
    }
    verbs
}

struct Action {
    name: String,
    timeout_ms: Option<u64>,
    depth: u32,
}

impl Action {
    fn of(element: &Element) -> Option<Self> {
        let depth = element.attribute("depth").and_then(|depth| depth.trim().parse().ok()).unwrap_or(0);
        let timeout_ms = element.attribute("timeout").and_then(milliseconds);
        Some(Self { name: element.attribute("name")?.to_owned(), timeout_ms, depth })
    }
}

fn parameter(element: &Element) -> Result<Parameter, String> {
    let name = element.attribute("name").ok_or("a parameter has no name")?;
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    if name.is_empty() || name.len() > 128 || !name.chars().all(good) {
        let shown: String = name.chars().take(40).flat_map(char::escape_debug).collect();
        return Err(format!("`{shown}` is no name for a parameter"));
    }
    let content = element.first("content");
    let default = content.and_then(|content| content.attribute("default"));
    let words = content.into_iter().flat_map(|content| content.all("option"));
    let words: Vec<String> = words.filter_map(|word| word.attribute("value")).map(line).collect();
    let kind = match content.and_then(|content| content.attribute("type")).unwrap_or_default() {
        "integer" => Kind::Number,
        "boolean" => Kind::Flag,
        "time" | "duration" => Kind::Duration,
        "select" if !words.is_empty() => Kind::OneOf { words },
        _ => Kind::Text,
    };
    let described = ["shortdesc", "longdesc"].iter().filter_map(|name| element.first(name));
    let summary = described.map(|text| line(&text.text)).find(|text| !text.is_empty());
    let replaced_by =
        element.first("deprecated").and_then(|old| old.first("replaced-with")?.attribute("name")).map(line);
    Ok(Parameter {
        name: name.to_owned(),
        kind,
        required: is_true(element.attribute("required")),
        default: default.map(|text| clean(text, TEXT_MAX)),
        // In 1.1: unique together with the others of the same group. It is enough of a warning for each.
        unique: is_true(element.attribute("unique")) || element.attribute("unique-group").is_some(),
        reloadable: is_true(element.attribute("reloadable")),
        summary: summary.unwrap_or_default(),
        replaced_by,
    })
}

fn is_true(text: Option<&str>) -> bool {
    text.is_some_and(|text| matches!(text.trim(), "1" | "true" | "yes"))
}

/// A time as metadata gives it: seconds if there is no unit.
fn milliseconds(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = text[..digits].parse().ok()?;
    let factor = match text[digits..].trim() {
        "ms" | "msec" => 1,
        "" | "s" | "sec" => 1_000,
        "m" | "min" => 60_000,
        "h" | "hr" => 3_600_000,
        _ => return None,
    };
    number.checked_mul(factor)
}

/// Its first line that says something, of words with a space between.
fn line(text: &str) -> String {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    clean(&first.split_whitespace().collect::<Vec<_>>().join(" "), LINE_MAX)
}

/// Without what would command a terminal, and no longer than this.
fn clean(text: &str, at_most: usize) -> String {
    let mut out = String::new();
    for character in text.trim().chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')) {
        if out.len() + character.len_utf8() > at_most {
            break;
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: &str = r#"<?xml version="1.0"?>
<!DOCTYPE resource-agent SYSTEM "ra-api-1.dtd">
<resource-agent name="x" version="2.1">
  <version>1.1</version>
  <longdesc lang="en">
Long,
  and more.
</longdesc>
  <shortdesc lang="en">Short  one</shortdesc>
  <parameters>
    <parameter name="addr" unique-group="address" required="1" reloadable="0">
      <longdesc lang="en">The
address.</longdesc>
      <content type="string"/>
    </parameter>
    <parameter name="mode"><shortdesc>Mode</shortdesc>
      <content type="select" default="fast"><option value="fast"/><option value="slow"/></content>
    </parameter>
    <parameter name="wait" unique="1" reloadable="1"><content type="time" default="20s"/></parameter>
    <parameter name="old"><deprecated><replaced-with name="addr"/><desc>gone</desc></deprecated>
      <content type="integer"/></parameter>
    <parameter name="flag"><content type="boolean" default="false"/></parameter>
  </parameters>
  <actions>
    <action name="start" timeout="20s"/><action name="stop" timeout="1min"/>
    <action name="monitor" timeout="20" interval="10s" depth="0"/>
    <action name="monitor" timeout="30s" interval="11s" depth="0" role="Promoted"/>
    <action name="monitor" timeout="40s" interval="60s" depth="10"/>
    <action name="promote" timeout="10s"/><action name="demote"/>
    <action name="reload-agent" timeout="20s"/><action name="meta-data" timeout="5s"/>
  </actions>
</resource-agent>"#;

    #[test]
    fn version_1_1_is_understood() {
        let metadata = Metadata::read("ocf:p:x", NEW).unwrap();
        let it = &metadata.description;
        assert_eq!((it.name.as_str(), it.version.as_str()), ("ocf:p:x", "2.1"));
        assert_eq!((it.summary.as_str(), it.description.as_str()), ("Short one", "Long,\n  and more."));
        let [addr, mode, wait, old, flag] = it.parameters.as_slice() else { panic!("five") };
        assert!(addr.required && addr.unique && addr.summary == "The" && addr.kind == Kind::Text);
        assert_eq!(mode.kind, Kind::OneOf { words: vec!["fast".to_owned(), "slow".to_owned()] });
        assert!(wait.reloadable && !addr.reloadable);
        assert!(wait.unique && wait.kind == Kind::Duration && wait.default.as_deref() == Some("20s"));
        assert_eq!(old.replaced_by.as_deref(), Some("addr"));
        assert_eq!((&flag.kind, flag.required), (&Kind::Flag, false));
        let verbs: Vec<_> = it.verbs.iter().map(|(verb, time)| (verb.as_str(), *time)).collect();
        assert_eq!(
            verbs,
            [
                ("probe", Some(30_000)),
                ("online", Some(20_000)),
                ("offline", Some(60_000)),
                ("terminate", None),
                ("looks-alive", Some(30_000)),
                ("is-alive", Some(40_000)),
                ("promote", Some(10_000)),
                ("demote", None),
                ("reload", Some(20_000)),
            ]
        );
        assert!(it.promotable && metadata.levels == [10, 0]);
        assert!(metadata.has("reload-agent") && !metadata.has("reload"));
        // Without that action, what is said to be reloadable is not.
        let older = Metadata::read("ocf:p:x", &NEW.replace("reload-agent", "reload")).unwrap();
        assert!(older.has("reload") && older.description.parameters.iter().all(|it| !it.reloadable));
    }

    #[test]
    fn what_is_no_metadata_is_told_apart() {
        for (text, why) in [
            ("<html/>", "it is a <html>, not a <resource-agent>"),
            ("<resource-agent><parameters><parameter/></parameters></resource-agent>", "has no name"),
            (
                "<resource-agent><parameters><parameter name='a&#10;b'/></parameters></resource-agent>",
                "is no name for a parameter",
            ),
            ("usage: agent {start|stop}", "stands outside"),
        ] {
            let error = Metadata::read("ocf:p:x", text).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
        let many = "<parameter name='a'/>".repeat(501);
        let text = format!("<resource-agent><parameters>{many}</parameters></resource-agent>");
        assert!(Metadata::read("ocf:p:x", &text).unwrap_err().contains("more than 500"));
    }
}
