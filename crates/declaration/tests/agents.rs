//! Parameters of agents: checked by what the agents say, with their places.

use declaration::{Severity, check_agents, parse};
use model::TypeName;
use resource_api::{Kind, Parameter, TypeDescription};
use std::collections::BTreeMap;

const FILE: &str = "\
[cluster]
name = \"shop\"
[[group]]
name = \"web\"
[[group.resource]]
name = \"vip\"
type = \"ocf:heartbeat:IPaddr2\"
[group.resource.parameters]
ip = \"10.99.0.101\"
cidr_netmsk = \"24\"
arp_count = \"many\"
[[group.resource]]
name = \"unit\"
type = \"systemd:nginx.service\"
";

fn said() -> BTreeMap<TypeName, TypeDescription> {
    let parameter = |name: &str, kind, required| Parameter {
        name: name.to_owned(),
        kind,
        required,
        default: None,
        unique: false,
        summary: String::new(),
        replaced_by: None,
    };
    let description = TypeDescription {
        name: "IPaddr2".to_owned(),
        version: String::new(),
        summary: String::new(),
        description: String::new(),
        parameters: vec![
            parameter("ip", Kind::Text, true),
            parameter("cidr_netmask", Kind::Text, false),
            parameter("arp_count", Kind::Number, false),
        ],
        verbs: BTreeMap::new(),
        promotable: false,
    };
    BTreeMap::from([("ocf:heartbeat:IPaddr2".parse().expect("a name"), description)])
}

#[test]
fn what_an_agent_does_not_take_is_an_error_at_its_place_with_the_nearest() {
    let found = check_agents(&parse(FILE).unwrap(), &said());
    let shown: Vec<_> = found
        .iter()
        .map(|one| (one.line, one.column, one.message.as_str(), one.suggestion.as_deref()))
        .collect();
    let expected = [
        (
            10,
            1,
            "unknown parameter `cidr_netmsk` of resource `vip`, which is of type `ocf:heartbeat:IPaddr2`",
            Some("cidr_netmask"),
        ),
        (11, 13, "`arp_count` of resource `vip` must be a whole number, not `many`", None),
    ];
    assert_eq!(shown, expected);
    assert!(found.iter().all(|one| one.severity == Severity::Error));
}

#[test]
fn what_an_agent_lacks_is_told_at_its_type() {
    let found = check_agents(&parse(&FILE.replace("ip = \"10", "arp_count2 = \"10")).unwrap(), &said());
    let missing = found.iter().find(|one| one.message.contains("lacks")).unwrap();
    assert_eq!((missing.line, missing.column), (7, 8));
    assert!(missing.message.ends_with("lacks the parameter `ip`"), "{}", missing.message);
}

#[test]
fn an_agent_that_no_node_has_is_doubtful_and_a_unit_is_not() {
    let parsed = parse(FILE).unwrap();
    assert_eq!(parsed.agents().len(), 1);
    let found = check_agents(&parsed, &BTreeMap::new());
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].severity, found[0].line), (Severity::Warning, 7));
    assert!(found[0].message.contains("stored unchecked"));
}
