//! What a tool answers: from what the daemon told this monitor, and what agents noted since.
//!
//! What an agent notes holds at once for the agents of this node, and the daemon is told. It keeps it, and
//! tells it to other nodes and to the next monitor.

use super::command::{Command, What, understand};
use super::status;
use crate::kind::Known;
use crate::shim::{Answered, Asked};
use resource_api::{FromMonitor, Note, ResourceId};

/// What Pacemaker calls infinite.
const INFINITY: i64 = 1_000_000;

const OK: u8 = 0;
const REFUSED: u8 = 1;
const USAGE: u8 = 64;
/// Pacemaker's `CRM_EX_NOSUCH`.
const NO_SUCH: u8 = 105;

/// The version whose words these tools have; agents read the second of them alone.
const VERSION: &str = "Pacemaker 2.1.5\nAnswered by a resource monitor of Steadfast\n";

/// What is configured, for agents that hand it on to `crm_mon` again. They find out nothing by it.
const CONFIGURATION: &str = "<cib validate-with=\"none\"/>\n";

/// Does what a tool was called for; and what the daemon is to hear of it.
pub(super) fn answer(here: &str, known: &mut Known, asked: &Asked) -> (Answered, Option<FromMonitor>) {
    let command = understand(&asked.tool, &asked.args).map_err(|why| (USAGE, why));
    match command.and_then(|command| Asking { here, known, asked }.command(command)) {
        Ok((out, news)) => (Answered { code: OK, out, err: String::new() }, news),
        Err((code, why)) => {
            (Answered { code, out: String::new(), err: format!("{}: {why}\n", asked.tool) }, None)
        }
    }
}

/// A result, or an exit code and why.
type Said<T> = Result<T, (u8, String)>;

struct Asking<'a> {
    here: &'a str,
    known: &'a mut Known,
    asked: &'a Asked,
}

impl Asking<'_> {
    fn command(&mut self, command: Command) -> Said<(String, Option<FromMonitor>)> {
        let here = self.here.to_owned();
        let cluster = &self.known.cluster;
        let out = match command {
            Command::NodeName => format!("{here}\n"),
            Command::Nodes => {
                let state = |online| if online { "member" } else { "lost" };
                let all = (1..).zip(&cluster.nodes);
                all.map(|(number, node)| format!("{number} {} {}\n", node.name, state(node.online))).collect()
            }
            Command::Partition => {
                let up = cluster.nodes.iter().filter(|node| node.online);
                format!("{}\n", up.map(|node| node.name.as_str()).collect::<Vec<_>>().join(" "))
            }
            Command::Quorum => format!("{}\n", u8::from(cluster.quorate)),
            Command::Status { older } => status::xml(cluster, older),
            Command::Configuration => CONFIGURATION.to_owned(),
            Command::Version => VERSION.to_owned(),
            Command::Score { node, what } => return self.score(node.unwrap_or(here), what),
            Command::Ban { resource, node, on } => {
                let id = self.own(&resource)?;
                return Ok((String::new(), self.note(Note::Ban { id, node: node.unwrap_or(here), on })?));
            }
            Command::Attribute { node, name, what, lasting } => {
                let node = node.unwrap_or(here);
                // A score is an attribute of this name, for those that set it for other nodes.
                if let Some(of) = name.strip_prefix("master-")
                    && self.own(of).is_ok()
                {
                    return self.score(node, what);
                }
                return self.attribute(node, name, what, lasting);
            }
        };
        Ok((out, None))
    }

    /// The resource whose agent this is, and which it calls so.
    fn own(&self, name: &str) -> Said<ResourceId> {
        let id = self.id()?;
        let own = id.agent_name();
        (name == own).then_some(id).ok_or_else(|| (REFUSED, format!("{name:?} is not the resource {own:?}")))
    }

    fn id(&self) -> Said<ResourceId> {
        let text = &self.asked.resource;
        let id = text.split_once('/').and_then(|(group, resource)| {
            Some(ResourceId { group: group.parse().ok()?, resource: resource.parse().ok()? })
        });
        id.ok_or_else(|| (REFUSED, format!("{text:?} is no resource")))
    }

    fn score(&mut self, node: String, what: What) -> Said<(String, Option<FromMonitor>)> {
        let id = self.id()?;
        let score = match what {
            What::Query { quiet, default } => {
                let known = self.known.notes.score(&id, &node).map(score_text);
                let value = known.or(default).ok_or_else(no_such)?;
                return Ok((shown("promotion", &value, quiet), None));
            }
            What::Set(text) => Some(score_of(&text).ok_or_else(|| (USAGE, format!("{text:?} is no score")))?),
            What::Delete => None,
        };
        Ok((String::new(), self.note(Note::Score { id, node, score })?))
    }

    fn attribute(
        &mut self,
        node: String,
        name: String,
        what: What,
        lasting: bool,
    ) -> Said<(String, Option<FromMonitor>)> {
        let value = match what {
            What::Query { quiet, default } => {
                let known = self.known.notes.attribute(&node, &name).map(str::to_owned);
                let value = known.or(default).ok_or_else(no_such)?;
                let out = match self.asked.tool.as_str() {
                    "attrd_updater" => format!("name={name:?} host={node:?} value={value:?}\n"),
                    _ => shown(&name, &value, quiet),
                };
                return Ok((out, None));
            }
            What::Set(value) => Some(value),
            What::Delete => None,
        };
        Ok((String::new(), self.note(Note::Attribute { node, name, value, lasting })?))
    }

    /// Agents say the same at each look; it is news when it changes.
    fn note(&mut self, note: Note) -> Said<Option<FromMonitor>> {
        let new = self.known.notes.take(note.clone()).map_err(|error| (REFUSED, error.to_string()))?;
        Ok(new.then_some(FromMonitor::Note { note }))
    }
}

fn no_such() -> (u8, String) {
    // The words that Pacemaker has for it.
    (NO_SUCH, "Error performing operation: No such device or address".to_owned())
}

fn shown(name: &str, value: &str, quiet: bool) -> String {
    if quiet { format!("{value}\n") } else { format!("scope=status  name={name} value={value}\n") }
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
    use resource_api::cluster::{ClusterInstance, ClusterNode};
    use resource_api::{Cluster, Notes, Role};

    fn known() -> Known {
        Known { notes: Notes::default(), cluster: Cluster::alone("n1") }
    }

    fn asked(line: &str) -> Asked {
        let mut words = line.split(' ').map(str::to_owned);
        Asked { resource: "g/db".to_owned(), tool: words.next().unwrap(), args: words.collect() }
    }

    fn says(known: &mut Known, line: &str) -> (u8, String) {
        let (answered, _) = answer("n1", known, &asked(line));
        (answered.code, answered.out)
    }

    fn tells(known: &mut Known, line: &str) -> Option<Note> {
        match answer("n1", known, &asked(line)) {
            (Answered { code: OK, .. }, Some(FromMonitor::Note { note })) => Some(note),
            (Answered { code: OK, .. }, None) => None,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn scores_are_kept_for_each_resource_and_node_and_told_when_they_change() {
        let mut known = known();
        let score = |node: &str, score| {
            let id = ResourceId { group: "g".parse().unwrap(), resource: "db".parse().unwrap() };
            Some(Note::Score { id, node: node.to_owned(), score })
        };
        assert_eq!(says(&mut known, "crm_master -G -q").0, NO_SUCH);
        assert_eq!(tells(&mut known, "crm_master -l reboot -v 5"), score("n1", Some(5)));
        assert_eq!(tells(&mut known, "crm_master -l reboot -v 5"), None, "no news");
        let other = Asked { resource: "g/other".to_owned(), ..asked("crm_master -G") };
        assert_eq!(answer("n1", &mut known, &other).0.code, NO_SUCH);
        assert_eq!(says(&mut known, "crm_master -G -q"), (OK, "5\n".to_owned()));
        says(&mut known, "crm_attribute -p -v -INFINITY");
        assert_eq!(says(&mut known, "crm_attribute -p -G -q"), (OK, "-INFINITY\n".to_owned()));
        assert_eq!(tells(&mut known, "crm_master -D"), score("n1", None));
        assert_eq!(says(&mut known, "crm_master -v much").0, USAGE);
        let nobody = Asked { resource: "no".to_owned(), ..asked("crm_master -v 5") };
        assert_eq!(answer("n1", &mut known, &nobody).0.code, REFUSED);
        // A primary rates those that follow it, as pgsql does.
        let line = "crm_attribute -l reboot -N n2 -n master-g.db -v -INFINITY";
        assert_eq!(tells(&mut known, line), score("n2", Some(-INFINITY)));
        assert_eq!(says(&mut known, "crm_master -N n2 -G -q"), (OK, "-INFINITY\n".to_owned()));
        let line = "crm_attribute -l reboot -N n2 -n master-g.db -G -q";
        assert_eq!(says(&mut known, line), (OK, "-INFINITY\n".to_owned()));
        assert_eq!(says(&mut known, "crm_attribute -p -G").0, NO_SUCH);
    }

    #[test]
    fn attributes_are_kept_for_each_node_and_bounded() {
        let mut known = known();
        assert_eq!(says(&mut known, "crm_attribute -n a -v 1"), (OK, String::new()));
        assert_eq!(says(&mut known, "crm_attribute -N n1 -n a -G -q"), (OK, "1\n".to_owned()));
        assert_eq!(says(&mut known, "crm_attribute -n a").1, "scope=status  name=a value=1\n");
        assert_eq!(says(&mut known, "attrd_updater -Q -n a").1, "name=\"a\" host=\"n1\" value=\"1\"\n");
        assert_eq!(says(&mut known, "crm_attribute -N n2 -n a -G -q").0, NO_SUCH);
        assert_eq!(says(&mut known, "crm_attribute -N n2 -n a -G -q -d 0"), (OK, "0\n".to_owned()));
        says(&mut known, "crm_attribute -n a -D");
        assert_eq!(says(&mut known, "crm_attribute -n a -G").0, NO_SUCH);
        let long = "x".repeat(Notes::TEXT_MAX_BYTES + 1);
        assert_eq!(says(&mut known, &format!("crm_attribute -n a1 -v {long}")).0, REFUSED);
        let (node, name, value) = ("n2".to_owned(), "a".to_owned(), Some("1".to_owned()));
        let note = Note::Attribute { node, name, value, lasting: true };
        assert_eq!(tells(&mut known, "crm_attribute -l forever -N n2 -n a -v 1"), Some(note));
    }

    #[test]
    fn what_the_daemon_told_of_the_cluster_is_what_agents_hear() {
        let mut known = known();
        assert_eq!(says(&mut known, "crm_node -n").1, "n1\n");
        assert_eq!(says(&mut known, "crm_node -l").1, "1 n1 member\n");
        assert!(!says(&mut known, "crm_mon -1 --output-as=xml").1.contains("<resource "));
        let node = |name: &str, online| ClusterNode { name: name.to_owned(), online };
        known.cluster = Cluster {
            nodes: vec![node("n1", true), node("n2", false), node("n3", true)],
            quorate: true,
            instances: vec![ClusterInstance {
                id: ResourceId { group: "g".parse().unwrap(), resource: "db".parse().unwrap() },
                kind: "ocf:heartbeat:pgsql".parse().unwrap(),
                node: "n3".to_owned(),
                role: Role::Primary,
            }],
        };
        assert_eq!(says(&mut known, "crm_node -l").1, "1 n1 member\n2 n2 lost\n3 n3 member\n");
        assert_eq!(says(&mut known, "crm_node -p").1, "n1 n3\n");
        assert_eq!(says(&mut known, "crm_node -q").1, "1\n");
        assert!(says(&mut known, "crm_mon -1 --output-as=xml").1.contains("role=\"Promoted\""));
        assert!(says(&mut known, "pacemakerd -$").1.starts_with("Pacemaker 2.1.5\n"));
        assert_eq!(says(&mut known, "cibadmin -Q"), (OK, CONFIGURATION.to_owned()));
    }

    #[test]
    fn an_agent_bans_its_own_resource_and_no_other() {
        let mut known = known();
        let id = ResourceId { group: "g".parse().unwrap(), resource: "db".parse().unwrap() };
        let ban = |on| Some(Note::Ban { id: id.clone(), node: "n1".to_owned(), on });
        assert_eq!(tells(&mut known, "crm_resource -B -r g.db -N n1 -Q"), ban(true));
        assert_eq!(tells(&mut known, "crm_resource -U -r g.db -Q"), ban(false));
        assert_eq!(says(&mut known, "crm_resource -B -r g.other -N n1").0, REFUSED);
    }
}
