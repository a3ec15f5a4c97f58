//! What a tool was called with, understood.
//!
//! Only what agents use: each tool's options as Pacemaker has them, short ones also written together.

/// What a tool is to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// To the resource's rating of itself as a future primary.
    Score { node: Option<String>, what: What },
    /// To an attribute of a node; to be kept over its next start, or not.
    Attribute { node: Option<String>, name: String, what: What, lasting: bool },
    /// What is this node called?
    NodeName,
    /// Which nodes are there?
    Nodes,
    /// What are those called that are up?
    Partition,
    /// Is this node of a majority?
    Quorum,
    /// How is the cluster? In the older form of the document, or the newer.
    Status { older: bool },
    /// A resource is to be kept away from a node, or no more.
    Ban { resource: String, node: Option<String>, on: bool },
    /// What is configured? Nothing that a monitor knows of.
    Configuration,
    /// How old is the cluster's software?
    Version,
}

/// What is to be done to a value.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum What {
    Query { quiet: bool, default: Option<String> },
    Set(String),
    Delete,
}

/// The options of a tool: its letter, its long name, and what it does.
type Options = &'static [(char, &'static str, Does)];

/// What was given to a tool, understood; the error is for its caller.
type Meaning = fn(&str, &Given) -> Result<Command, String>;

#[derive(Clone, Copy, PartialEq)]
enum Does {
    Update,
    Delete,
    Query,
    Quiet,
    Default,
    Name,
    Node,
    /// Which part of a cluster's configuration it is about.
    Type,
    /// A score; a resource may be named right behind it.
    Promotion,
    /// About which we care not; with a value.
    WithValue,
    /// The same, without.
    Alone,
    /// Of `crm_node`.
    NodeName,
    Nodes,
    Partition,
    Quorum,
    /// For how long an attribute is meant.
    Lifetime,
    /// Of `crm_mon`.
    Form,
    OlderForm,
    /// Of `crm_resource`.
    Ban,
    Clear,
    Resource,
    Utilization,
    /// Of `pacemakerd`.
    Version,
}

impl Does {
    fn takes_value(self) -> bool {
        use Does::{Default, Form, Lifetime, Name, Node, Resource, Type, Update, WithValue};
        matches!(self, Update | Default | Name | Node | Type | Lifetime | Form | Resource | WithValue)
    }
}

const CRM_ATTRIBUTE: Options = &[
    ('v', "update", Does::Update),
    ('D', "delete", Does::Delete),
    ('G', "query", Does::Query),
    ('q', "quiet", Does::Quiet),
    ('Q', "", Does::Quiet),
    ('d', "default", Does::Default),
    ('n', "name", Does::Name),
    ('N', "node", Does::Node),
    ('U', "uname", Does::Node),
    ('t', "type", Does::Type),
    ('p', "promotion", Does::Promotion),
    ('l', "lifetime", Does::Lifetime),
    ('s', "set-name", Does::WithValue),
    ('i', "id", Does::WithValue),
    ('r', "resource", Does::WithValue),
    ('z', "utilization", Does::Alone),
    ('V', "verbose", Does::Alone),
    ('!', "inhibit-policy-engine", Does::Alone),
];

const ATTRD_UPDATER: Options = &[
    ('U', "update", Does::Update),
    ('B', "update-both", Does::Update),
    ('v', "", Does::Update),
    ('D', "delete", Does::Delete),
    ('Q', "query", Does::Query),
    ('n', "name", Does::Name),
    ('N', "node", Does::Node),
    ('d', "delay", Does::WithValue),
    ('Y', "update-delay", Does::WithValue),
    ('S', "set", Does::WithValue),
    ('l', "lifetime", Does::WithValue),
    ('A', "all", Does::Alone),
    ('p', "private", Does::Alone),
    ('R', "refresh", Does::Alone),
    ('q', "quiet", Does::Alone),
    ('V', "verbose", Does::Alone),
];

const CRM_NODE: Options = &[
    ('n', "name", Does::NodeName),
    ('l', "list", Does::Nodes),
    ('p', "partition", Does::Partition),
    ('q', "quorum", Does::Quorum),
    ('V', "verbose", Does::Alone),
    ('Q', "quiet", Does::Alone),
];

const CRM_MON: Options = &[
    ('1', "one-shot", Does::Alone),
    ('r', "inactive", Does::Alone),
    ('X', "as-xml", Does::OlderForm),
    ('\0', "output-as", Does::Form),
];

const CRM_RESOURCE: Options = &[
    ('B', "ban", Does::Ban),
    ('U', "clear", Does::Clear),
    ('r', "resource", Does::Resource),
    ('N', "node", Does::Node),
    ('z', "utilization", Does::Utilization),
    ('g', "get-parameter", Does::WithValue),
    ('p', "set-parameter", Does::WithValue),
    ('d', "delete-parameter", Does::WithValue),
    ('v', "parameter-value", Does::WithValue),
    ('Q', "quiet", Does::Alone),
];

const CIBADMIN: Options = &[('Q', "query", Does::Query)];

const PACEMAKERD: Options = &[('$', "version", Does::Version)];

/// Understands the arguments of this tool.
///
/// # Errors
/// Why not, for its caller.
pub(super) fn understand(tool: &str, args: &[String]) -> Result<Command, String> {
    let (options, meaning): (Options, Meaning) = match tool {
        "crm_master" | "crm_attribute" => (CRM_ATTRIBUTE, note),
        "attrd_updater" => (ATTRD_UPDATER, note),
        "crm_node" => (CRM_NODE, node),
        "crm_mon" => (CRM_MON, status),
        "crm_resource" => (CRM_RESOURCE, resource),
        "cibadmin" => (CIBADMIN, |_, given| {
            given
                .has(Does::Query)
                .then_some(Command::Configuration)
                .ok_or("only -Q is answered here".to_owned())
        }),
        "pacemakerd" => (PACEMAKERD, |_, given| {
            given
                .has(Does::Version)
                .then_some(Command::Version)
                .ok_or("only its version is told here".to_owned())
        }),
        _ => return Err(format!("there is no tool `{tool}`")),
    };
    meaning(tool, &Given(split(options, args)?))
}

/// What was given, in its order.
struct Given(Vec<(Does, Option<String>)>);

impl Given {
    fn has(&self, what: Does) -> bool {
        self.0.iter().any(|(does, _)| *does == what)
    }

    /// The last of them holds.
    fn value(&self, what: Does) -> Option<String> {
        self.0.iter().rev().find(|(does, _)| *does == what).and_then(|(_, value)| value.clone())
    }
}

fn node(_: &str, given: &Given) -> Result<Command, String> {
    let meant = [
        (Does::NodeName, Command::NodeName),
        (Does::Nodes, Command::Nodes),
        (Does::Partition, Command::Partition),
        (Does::Quorum, Command::Quorum),
    ];
    let found = meant.into_iter().find(|(does, _)| given.has(*does));
    // A number of a node would be taken for a key that no two nodes share and none ever changes.
    found.map(|(_, command)| command).ok_or_else(|| "only -n, -l, -p and -q are answered here".to_owned())
}

fn status(_: &str, given: &Given) -> Result<Command, String> {
    match given.value(Does::Form).as_deref() {
        Some("xml") => Ok(Command::Status { older: false }),
        None if given.has(Does::OlderForm) => Ok(Command::Status { older: true }),
        _ => Err("the status is told as XML alone; `steadfast status` is for people".to_owned()),
    }
}

fn resource(_: &str, given: &Given) -> Result<Command, String> {
    if given.has(Does::Utilization) {
        // The words by which agents see that there is no configuration to write to.
        return Err("not connected: what a resource uses is not kept by a monitor".to_owned());
    }
    if !given.has(Does::Ban) && !given.has(Does::Clear) {
        return Err("only --ban and --clear are answered here".to_owned());
    }
    let resource = given.value(Does::Resource).ok_or("a resource has to be named with -r")?;
    Ok(Command::Ban { resource, node: given.value(Does::Node), on: given.has(Does::Ban) })
}

fn note(tool: &str, given: &Given) -> Result<Command, String> {
    let kind = given.value(Does::Type);
    if let Some(kind) = &kind
        && !matches!(kind.as_str(), "nodes" | "status" | "reboot" | "forever")
    {
        return Err(format!(
            "attributes of type {kind:?} belong to a whole cluster and are not kept by a monitor"
        ));
    }
    let what = match given.value(Does::Update) {
        Some(value) => What::Set(value),
        None if given.has(Does::Delete) => What::Delete,
        // `crm_master -Q` asks, as does a tool that is told nothing.
        None => What::Query { quiet: given.has(Does::Quiet), default: given.value(Does::Default) },
    };
    let node = given.value(Does::Node);
    if tool == "crm_master" || given.has(Does::Promotion) {
        return Ok(Command::Score { node, what });
    }
    let name = given.value(Does::Name).ok_or("an attribute has to be named with -n")?;
    let term = given.value(Does::Lifetime).or(kind);
    let lasting = tool == "crm_attribute" && !matches!(term.as_deref(), Some("reboot" | "status"));
    Ok(Command::Attribute { node, name, what, lasting })
}

/// Takes the arguments apart.
fn split(options: Options, args: &[String]) -> Result<Vec<(Does, Option<String>)>, String> {
    let mut given = Vec::new();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let unknown = || format!("the option {arg:?} is not known");
        let lacks = || format!("the option {arg:?} lacks its value");
        if let Some(long) = arg.strip_prefix("--") {
            let (name, value) =
                long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
            // Pacemaker's older names for the same.
            let name = match name {
                "attr-value" => "update",
                "get-value" => "query",
                "attr-name" => "name",
                "delete-attr" => "delete",
                "master" => "promotion",
                name => name,
            };
            let found = options.iter().find(|option| !name.is_empty() && option.1 == name);
            let does = found.ok_or_else(unknown)?.2;
            let value = match value {
                None if does.takes_value() => Some(args.next().ok_or_else(lacks)?.clone()),
                value => value.map(str::to_owned),
            };
            given.push((does, value));
        } else if let Some(mut letters) = arg.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            while let Some(letter) = letters.chars().next() {
                letters = &letters[letter.len_utf8()..];
                let does = options.iter().find(|option| option.0 == letter).ok_or_else(unknown)?.2;
                if does.takes_value() && letters.is_empty() {
                    given.push((does, Some(args.next().ok_or_else(lacks)?.clone())));
                } else if does.takes_value() || does == Does::Promotion {
                    given.push((does, (!letters.is_empty()).then(|| letters.to_owned())));
                    break;
                } else {
                    given.push((does, None));
                }
            }
        } else {
            return Err(format!("{arg:?} is no option"));
        }
    }
    Ok(given)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Result<Command, String> {
        let mut words = line.split(' ').map(str::to_owned);
        let tool = words.next().unwrap();
        understand(&tool, &words.collect::<Vec<_>>())
    }

    #[test]
    fn what_agents_write_is_understood() {
        let set = |value: &str| What::Set(value.to_owned());
        let ask = |quiet| What::Query { quiet, default: None };
        let mine = |what| Ok(Command::Score { node: None, what });
        assert_eq!(of("crm_master -l reboot -v 5"), mine(set("5")));
        assert_eq!(of("crm_master -Q -l reboot -v -INFINITY"), mine(set("-INFINITY")));
        assert_eq!(of("crm_master -v -10 -l reboot"), mine(set("-10")));
        assert_eq!(of("crm_master -l reboot -D"), mine(What::Delete));
        assert_eq!(of("crm_attribute -p -v 100"), mine(set("100")));
        assert_eq!(of("crm_attribute --promotion=x --update=100"), mine(set("100")));
        assert_eq!(of("crm_attribute -p -G --quiet"), mine(ask(true)));
        let other = Some("n2".to_owned());
        assert_eq!(
            of("crm_master -N n2 -l reboot -G"),
            Ok(Command::Score { node: other.clone(), what: ask(false) })
        );
        let a = |node: &Option<String>, what, lasting| {
            Ok(Command::Attribute { node: node.clone(), name: "a-b".to_owned(), what, lasting })
        };
        assert_eq!(of("crm_attribute -N n2 -l reboot --name a-b -v true"), a(&other, set("true"), false));
        assert_eq!(of("crm_attribute -l forever -n a-b -v true"), a(&None, set("true"), true));
        assert_eq!(of("crm_attribute -N n2 -n a-b -Gq -d 7"), {
            a(&other, What::Query { quiet: true, default: Some("7".to_owned()) }, true)
        });
        assert_eq!(of("crm_attribute --type nodes --node n2 -na-b -G -q"), a(&other, ask(true), true));
        assert_eq!(of("attrd_updater -n a-b -U 3 -q"), a(&None, set("3"), false));
        assert_eq!(of("attrd_updater --query -n a-b -N n2"), a(&other, ask(false), false));
        assert_eq!(of("crm_node -n"), Ok(Command::NodeName));
        assert_eq!(of("crm_node --list"), Ok(Command::Nodes));
        assert_eq!([of("crm_node -p"), of("crm_node -q")], [Ok(Command::Partition), Ok(Command::Quorum)]);
    }

    #[test]
    fn what_agents_ask_about_the_cluster_is_understood() {
        for (line, older) in [
            ("crm_mon -1 --output-as=xml", false),
            ("crm_mon -1 --output-as xml", false),
            ("crm_mon -1X", true),
            ("crm_mon -r --as-xml", true),
        ] {
            assert_eq!(of(line), Ok(Command::Status { older }), "{line}");
        }
        let ban = |node: Option<&str>, on| {
            let (resource, node) = ("g.db".to_owned(), node.map(str::to_owned));
            Ok(Command::Ban { resource, node, on })
        };
        assert_eq!(of("crm_resource -B -r g.db -N n1 -Q"), ban(Some("n1"), true));
        assert_eq!(of("crm_resource --clear --resource=g.db"), ban(None, false));
        assert_eq!(of("cibadmin -Q"), Ok(Command::Configuration));
        assert_eq!(of("pacemakerd -$"), Ok(Command::Version));
    }

    #[test]
    fn what_is_not_understood_is_said() {
        for (line, why) in [
            ("crm_attribute -n", "lacks its value"),
            ("crm_attribute -n a --wrong", "\"--wrong\" is not known"),
            ("crm_attribute --", "\"--\" is not known"),
            ("crm_attribute -G", "named with -n"),
            ("crm_attribute -t crm_config -n x -v 1", "belong to a whole cluster"),
            ("crm_master ä", "is no option"),
            ("crm_master -ä", "is not known"),
            ("crm_node -i", "is not known"),
            ("crm_node -V", "only -n, -l, -p and -q"),
            ("crm_mon -1", "as XML alone"),
            ("crm_mon -1 --output-as=html", "as XML alone"),
            ("crm_mon -p /run/x -d", "is not known"),
            ("crm_resource -Q -r vm -z -g cpu", "not connected"),
            ("crm_resource -r vm -m", "is not known"),
            ("crm_resource -r vm", "only --ban and --clear"),
            ("crm_resource -B", "named with -r"),
            ("cibadmin -Q --xpath //x", "is not known"),
            ("pacemakerd -S", "is not known"),
            ("crm_node ", "is no option"),
            ("rm -rf", "no tool `rm`"),
        ] {
            let error = of(line).unwrap_err();
            assert!(error.contains(why), "{line}: {error}");
        }
    }
}
