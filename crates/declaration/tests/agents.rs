//! Parameters of agents: checked by what the agents say, with their places.

use declaration::{Said, Severity, check_agents, parse};
use resource_api::{Kind, Parameter, TypeDescription, Verb};
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

fn said_of(kind: &str, parameters: &[(&str, Kind, bool)]) -> Said {
    let parameter = |(name, kind, required): &(&str, Kind, bool)| Parameter {
        name: (*name).to_owned(),
        kind: kind.clone(),
        required: *required,
        default: None,
        unique: false,
        reloadable: false,
        summary: String::new(),
        replaced_by: None,
    };
    let description = TypeDescription {
        name: kind.to_owned(),
        version: String::new(),
        summary: String::new(),
        description: String::new(),
        parameters: parameters.iter().map(parameter).collect(),
        verbs: BTreeMap::new(),
        promotable: false,
    };
    BTreeMap::from([(kind.parse().expect("a name"), Ok(description))])
}

fn said() -> Said {
    let parameters =
        [("ip", Kind::Text, true), ("cidr_netmask", Kind::Text, false), ("arp_count", Kind::Number, false)];
    said_of("ocf:heartbeat:IPaddr2", &parameters)
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
    let asked: Vec<_> = parsed.asked().into_iter().map(|(kind, library)| (kind.as_str(), library)).collect();
    assert_eq!(asked, [("ocf:heartbeat:IPaddr2", None)]);
    let nobody = BTreeMap::from([("ocf:heartbeat:IPaddr2".parse().unwrap(), Err("nobody".to_owned()))]);
    let found = check_agents(&parsed, &nobody);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].severity, found[0].line), (Severity::Warning, 7));
    assert!(found[0].message.contains("stored unchecked"));
}

const PLUGIN: &str = "\
[cluster]
name = \"shop\"
[[type]]
name = \"vendor-disk\"
library = \"/usr/lib/vendor/vendor_disk.so\"
[[group]]
name = \"db\"
[[group.resource]]
name = \"disk\"
type = \"vendor-disk\"
[group.resource.parameters]
devise = \"/dev/sdb\"
";

#[test]
fn what_a_plug_ins_type_does_not_take_is_told_as_an_agents_is() {
    let parsed = parse(PLUGIN).unwrap();
    let asked: Vec<_> = parsed.asked().into_iter().map(|(kind, library)| (kind.as_str(), library)).collect();
    assert_eq!(asked, [("vendor-disk", Some(&"/usr/lib/vendor/vendor_disk.so".parse().unwrap()))]);
    let found = check_agents(&parsed, &said_of("vendor-disk", &[("device", Kind::Text, true)]));
    let shown: Vec<_> =
        found.iter().map(|one| (one.line, one.message.as_str(), one.suggestion.as_deref())).collect();
    let expected = [
        (10, "resource `disk`, which is of type `vendor-disk`, lacks the parameter `device`", None),
        (12, "unknown parameter `devise` of resource `disk`, which is of type `vendor-disk`", Some("device")),
    ];
    assert_eq!(shown, expected);
}

#[test]
fn a_type_that_no_node_can_load_is_doubtful_at_its_registration_alone() {
    let nobody = BTreeMap::from([("vendor-disk".parse().unwrap(), Err("n1: no libvendor.so".to_owned()))]);
    let found = check_agents(&parse(PLUGIN).unwrap(), &nobody);
    let [one] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((one.severity, one.line, one.column), (Severity::Warning, 4, 8));
    assert!(one.message.ends_with("stored unchecked: n1: no libvendor.so"), "{}", one.message);
}

/// A group of one resource of this type, with these keys for the resource and after it.
fn of_type(kind: &str, resource: &str, clones: &str) -> String {
    format!(
        "[cluster]\nname = \"shop\"\n[[group]]\nname = \"g\"\n[[group.resource]]\nname = \"r\"\n\
         type = \"{kind}\"\n{resource}\n[group.clones]\n{clones}\n"
    )
}

#[test]
fn what_cannot_migrate_is_not_handed_over_while_it_runs() {
    let kind = "ocf:heartbeat:VirtualDomain";
    let text = of_type(kind, "live_migration = true", "").replace("[group.clones]\n", "");
    let parsed = parse(&text).unwrap();
    let mut said = said_of(kind, &[]);
    let found = check_agents(&parsed, &said);
    let [one] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((one.severity, one.line), (Severity::Error, 8));
    assert!(one.message.ends_with("`ocf:heartbeat:VirtualDomain` cannot do that"), "{}", one.message);
    for description in said.values_mut().flatten() {
        description.verbs.extend([(Verb::MigrateTo, None), (Verb::MigrateFrom, None)]);
    }
    assert_eq!(check_agents(&parsed, &said), []);
}

#[test]
fn a_group_has_primaries_only_where_something_of_it_can_be_promoted() {
    let kind = "ocf:heartbeat:pgsql";
    let parsed = parse(&of_type(kind, "", "primaries = 1")).unwrap();
    let mut said = said_of(kind, &[]);
    let found = check_agents(&parsed, &said);
    let [one] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((one.severity, one.line, one.column), (Severity::Error, 10, 13));
    assert!(one.message.contains("knows what a primary is"), "{}", one.message);
    said.values_mut().flatten().for_each(|description| description.promotable = true);
    assert_eq!(check_agents(&parsed, &said), []);
    assert_eq!(check_agents(&parsed, &Said::new()), [], "nobody could be asked");
    let builtin = parse(&of_type("dummy", "", "primaries = 1")).unwrap();
    assert_eq!(check_agents(&builtin, &Said::new()).len(), 1);
}
