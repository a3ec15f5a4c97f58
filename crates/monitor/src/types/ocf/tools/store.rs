//! What agents noted: scores and attributes, as long as this monitor lives.
//!
//! Attributes are this node's own: what an agent sets for another node is seen by agents here alone.
//! Agents set both again when they start, and most whenever they look, so a new monitor learns them anew.

use super::command::{Command, What, understand};
use crate::shim::{Answered, Asked};
use resource_api::{FromMonitor, ResourceId};
use std::collections::BTreeMap;

/// An agent that needs more is mad.
const VALUES_MAX: usize = 1_000;
/// The longest value of a known agent is a list of hosts.
const TEXT_MAX: usize = 4 << 10;
/// What Pacemaker calls infinite.
const INFINITY: i64 = 1_000_000;

const OK: u8 = 0;
const REFUSED: u8 = 1;
const USAGE: u8 = 64;
/// Pacemaker's `CRM_EX_NOSUCH`.
const NO_SUCH: u8 = 105;

pub(super) struct Store {
    node: String,
    scores: BTreeMap<ResourceId, i64>,
    /// By node and name.
    attributes: BTreeMap<(String, String), String>,
}

impl Store {
    pub(super) fn new(node: String) -> Self {
        Self { node, scores: BTreeMap::new(), attributes: BTreeMap::new() }
    }

    /// Does what a tool was called for; and what the daemon is to hear of it.
    pub(super) fn answer(&mut self, asked: &Asked) -> (Answered, Option<FromMonitor>) {
        let done = understand(&asked.tool, &asked.args).map_err(|why| (USAGE, why));
        let done = done.and_then(|command| match command {
            Command::NodeName => Ok((format!("{}\n", self.node), None)),
            Command::Nodes => Ok((format!("1 {} member\n", self.node), None)),
            Command::Score { node, what } => self.score(&asked.resource, node, what),
            Command::Attribute { node, name, what } => {
                Ok((self.attribute(asked, node.unwrap_or_else(|| self.node.clone()), name, what)?, None))
            }
        });
        match done {
            Ok((out, news)) => (Answered { code: OK, out, err: String::new() }, news),
            Err((code, why)) => {
                (Answered { code, out: String::new(), err: format!("{}: {why}\n", asked.tool) }, None)
            }
        }
    }

    fn score(
        &mut self,
        resource: &str,
        node: Option<String>,
        what: What,
    ) -> Said<(String, Option<FromMonitor>)> {
        let id = resource_of(resource).ok_or_else(|| (REFUSED, format!("{resource:?} is no resource")))?;
        if let Some(other) = node.filter(|node| *node != self.node) {
            return Err((REFUSED, format!("the score on {other} is {other}'s own to set and to tell")));
        }
        let known = self.scores.get(&id).copied();
        let score = match what {
            What::Query { quiet, default } => {
                let value = known.map(score_text).or(default).ok_or_else(no_such)?;
                return Ok((shown("promotion", &value, quiet), None));
            }
            What::Set(text) => {
                let score = score_of(&text).ok_or_else(|| (USAGE, format!("{text:?} is no score")))?;
                if known.is_none() && self.scores.len() >= VALUES_MAX {
                    return Err((REFUSED, format!("there are {VALUES_MAX} scores already")));
                }
                self.scores.insert(id.clone(), score);
                Some(score)
            }
            What::Delete => {
                self.scores.remove(&id);
                None
            }
        };
        // Agents say it at each look; it is news when it changes.
        let news = (score != known).then_some(FromMonitor::Score { id, score });
        Ok((String::new(), news))
    }

    fn attribute(&mut self, asked: &Asked, node: String, name: String, what: What) -> Said<String> {
        let key = (node, name);
        match what {
            What::Query { quiet, default } => {
                let value = self.attributes.get(&key).cloned().or(default).ok_or_else(no_such)?;
                let (node, name) = key;
                Ok(match asked.tool.as_str() {
                    "attrd_updater" => format!("name={name:?} host={node:?} value={value:?}\n"),
                    _ => shown(&name, &value, quiet),
                })
            }
            What::Set(value) => {
                let full = self.attributes.len() >= VALUES_MAX && !self.attributes.contains_key(&key);
                if full || [&key.0, &key.1, &value].iter().any(|text| text.len() > TEXT_MAX) {
                    return Err((REFUSED, "too many attributes, or too long".to_owned()));
                }
                self.attributes.insert(key, value);
                Ok(String::new())
            }
            What::Delete => {
                self.attributes.remove(&key);
                Ok(String::new())
            }
        }
    }
}

/// A result, or an exit code and why.
type Said<T> = Result<T, (u8, String)>;

fn no_such() -> (u8, String) {
    // The words that Pacemaker has for it.
    (NO_SUCH, "Error performing operation: No such device or address".to_owned())
}

fn shown(name: &str, value: &str, quiet: bool) -> String {
    if quiet { format!("{value}\n") } else { format!("scope=status  name={name} value={value}\n") }
}

fn resource_of(text: &str) -> Option<ResourceId> {
    let (group, resource) = text.split_once('/')?;
    Some(ResourceId { group: group.parse().ok()?, resource: resource.parse().ok()? })
}

fn score_of(text: &str) -> Option<i64> {
    match text {
        "INFINITY" | "+INFINITY" | "infinity" => Some(INFINITY),
        "-INFINITY" | "-infinity" => Some(-INFINITY),
        number => Some(number.parse::<i64>().ok()?.clamp(-INFINITY, INFINITY)),
    }
}

fn score_text(score: i64) -> String {
    match score {
        INFINITY => "INFINITY".to_owned(),
        score if score == -INFINITY => "-INFINITY".to_owned(),
        score => score.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(line: &str) -> Asked {
        let mut words = line.split(' ').map(str::to_owned);
        Asked { resource: "g/db".to_owned(), tool: words.next().unwrap(), args: words.collect() }
    }

    fn says(store: &mut Store, line: &str) -> (u8, String) {
        let (answered, _) = store.answer(&asked(line));
        (answered.code, answered.out)
    }

    #[test]
    fn scores_are_kept_for_each_resource_and_told_when_they_change() {
        let mut store = Store::new("n1".to_owned());
        let id = resource_of("g/db").unwrap();
        assert_eq!(says(&mut store, "crm_master -G -q").0, NO_SUCH);
        let set = asked("crm_master -l reboot -v 5");
        assert_eq!(store.answer(&set).1, Some(FromMonitor::Score { id: id.clone(), score: Some(5) }));
        assert_eq!(store.answer(&set).1, None, "no news");
        let other = Asked { resource: "g/other".to_owned(), ..asked("crm_master -G") };
        assert_eq!(store.answer(&other).0.code, NO_SUCH);
        assert_eq!(says(&mut store, "crm_master -G -q"), (OK, "5\n".to_owned()));
        says(&mut store, "crm_attribute -p -v -INFINITY");
        assert_eq!(says(&mut store, "crm_attribute -p -G -q"), (OK, "-INFINITY\n".to_owned()));
        let gone = store.answer(&asked("crm_master -D")).1;
        assert_eq!(gone, Some(FromMonitor::Score { id, score: None }));
        assert_eq!(says(&mut store, "crm_master -v much").0, USAGE);
        assert_eq!(says(&mut store, "crm_master -N n2 -v 5").0, REFUSED);
        let nobody = Asked { resource: "no".to_owned(), ..asked("crm_master -v 5") };
        assert_eq!(store.answer(&nobody).0.code, REFUSED);
    }

    #[test]
    fn attributes_are_kept_for_each_node_and_bounded() {
        let mut store = Store::new("n1".to_owned());
        assert_eq!(says(&mut store, "crm_node -n"), (OK, "n1\n".to_owned()));
        assert_eq!(says(&mut store, "crm_attribute -n a -v 1"), (OK, String::new()));
        assert_eq!(says(&mut store, "crm_attribute -N n1 -n a -G -q"), (OK, "1\n".to_owned()));
        assert_eq!(says(&mut store, "crm_attribute -n a").1, "scope=status  name=a value=1\n");
        assert_eq!(says(&mut store, "attrd_updater -Q -n a").1, "name=\"a\" host=\"n1\" value=\"1\"\n");
        assert_eq!(says(&mut store, "crm_attribute -N n2 -n a -G -q").0, NO_SUCH);
        assert_eq!(says(&mut store, "crm_attribute -N n2 -n a -G -q -d 0"), (OK, "0\n".to_owned()));
        says(&mut store, "crm_attribute -n a -D");
        assert_eq!(says(&mut store, "crm_attribute -n a -G").0, NO_SUCH);
        for number in 0..VALUES_MAX {
            assert_eq!(says(&mut store, &format!("crm_attribute -n a{number} -v 1")).0, OK);
        }
        assert_eq!(says(&mut store, "crm_attribute -n more -v 1").0, REFUSED);
        assert_eq!(says(&mut store, "crm_attribute -n a1 -v 2").0, OK);
        let long = "x".repeat(TEXT_MAX + 1);
        assert_eq!(says(&mut store, &format!("crm_attribute -n a1 -v {long}")).0, REFUSED);
    }
}
