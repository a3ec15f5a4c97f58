//! What a tool was called with, understood.
//!
//! Only what agents use: each tool's options as Pacemaker has them, short ones also written together.

/// What a tool is to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// To the resource's rating of itself as a future primary.
    Score { node: Option<String>, what: What },
    /// To an attribute of a node.
    Attribute { node: Option<String>, name: String, what: What },
    /// What is this node called?
    NodeName,
    /// Which nodes are there?
    Nodes,
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
}

impl Does {
    fn takes_value(self) -> bool {
        matches!(self, Self::Update | Self::Default | Self::Name | Self::Node | Self::Type | Self::WithValue)
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
    ('l', "lifetime", Does::WithValue),
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
    ('V', "verbose", Does::Alone),
    ('Q', "quiet", Does::Alone),
];

/// Understands the arguments of this tool.
///
/// # Errors
/// Why not, for its caller.
pub(super) fn understand(tool: &str, args: &[String]) -> Result<Command, String> {
    let options = match tool {
        "crm_master" | "crm_attribute" => CRM_ATTRIBUTE,
        "attrd_updater" => ATTRD_UPDATER,
        "crm_node" => CRM_NODE,
        _ => return Err(format!("there is no tool `{tool}`")),
    };
    let given = split(options, args)?;
    let has = |what: Does| given.iter().any(|(does, _)| *does == what);
    let value = |what: Does| given.iter().rev().find(|(does, _)| *does == what).and_then(|(_, v)| v.clone());
    match (has(Does::NodeName), has(Does::Nodes)) {
        (true, _) => return Ok(Command::NodeName),
        (_, true) => return Ok(Command::Nodes),
        _ if tool == "crm_node" => return Err("only -n and -l are answered here".to_owned()),
        _ => {}
    }
    if let Some(kind) = value(Does::Type)
        && !matches!(kind.as_str(), "nodes" | "status" | "reboot" | "forever")
    {
        return Err(format!(
            "attributes of type {kind:?} belong to a whole cluster and are not kept by a monitor"
        ));
    }
    let what = match value(Does::Update) {
        Some(value) => What::Set(value),
        None if has(Does::Delete) => What::Delete,
        // `crm_master -Q` asks, as does a tool that is told nothing.
        None => What::Query { quiet: has(Does::Quiet), default: value(Does::Default) },
    };
    let node = value(Does::Node);
    if tool == "crm_master" || has(Does::Promotion) {
        return Ok(Command::Score { node, what });
    }
    let name = value(Does::Name).ok_or("an attribute has to be named with -n")?;
    Ok(Command::Attribute { node, name, what })
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
        let a = |node: &Option<String>, what| {
            Ok(Command::Attribute { node: node.clone(), name: "a b".replace(' ', "-"), what })
        };
        assert_eq!(of("crm_attribute -N n2 -l reboot --name a-b -v true"), a(&other, set("true")));
        assert_eq!(of("crm_attribute -N n2 -n a-b -Gq -d 7"), {
            a(&other, What::Query { quiet: true, default: Some("7".to_owned()) })
        });
        assert_eq!(of("crm_attribute --type nodes --node n2 -na-b -G -q"), a(&other, ask(true)));
        assert_eq!(of("attrd_updater -n a-b -U 3 -q"), a(&None, set("3")));
        assert_eq!(of("attrd_updater --query -n a-b -N n2"), a(&other, ask(false)));
        assert_eq!(of("crm_node -n"), Ok(Command::NodeName));
        assert_eq!(of("crm_node --list"), Ok(Command::Nodes));
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
            ("crm_node -q", "is not known"),
            ("crm_node ", "is no option"),
            ("rm -rf", "no tool `rm`"),
        ] {
            let error = of(line).unwrap_err();
            assert!(error.contains(why), "{line}: {error}");
        }
    }
}
