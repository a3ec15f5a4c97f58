//! What holds for every text, not only for those somebody thought of.

use declaration::{Severity, check_against, diff, parse, render, starting_file};
use model::desired::{
    Clones, ClusterSpec, FoundTwice, GroupPolicy, GroupSpec, NodeSpec, Place, ResourceSpec,
};
use model::{ClusterName, NodeName};
use proptest::prelude::*;

const FULL: &str = include_str!("cases/accepted_everything_that_can_be_said.toml");
const POLICIES: &str = include_str!("cases/accepted_every_policy.toml");
const CONTRACT: &str = include_str!("cases/accepted_the_example_of_the_contract.toml");

/// Whatever the text: no panic, an answer that is one, and places that are places.
fn check(text: &str) {
    match parse(text) {
        Ok(parsed) => {
            assert_eq!(parsed.spec.groups.len(), count(text, "group"), "no group is dropped: {text}");
            let again: Option<ClusterSpec> =
                serde_json::to_string(&parsed.spec).ok().and_then(|json| serde_json::from_str(&json).ok());
            assert_eq!(again.as_ref(), Some(&parsed.spec), "what was accepted can be stored");
            let _ = check_against(&parsed, &parsed.cluster, &[]);
        }
        Err(problems) => {
            assert!(problems.iter().any(|one| one.severity == Severity::Error), "refused for no reason");
            let lines = text.split('\n').count();
            for one in &problems {
                assert!((1..=lines).contains(&(one.line as usize)) && one.column >= 1 && one.length >= 1);
            }
            let shown = render(&problems, "f.toml");
            assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{shown:?}");
        }
    }
}

/// An independent count of the sections of a valid text.
fn count(text: &str, key: &str) -> usize {
    let table: toml::Table = toml::from_str(text).expect("valid TOML");
    table.get(key).and_then(toml::Value::as_array).map_or(0, Vec::len)
}

fn one_of_the_good() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just(FULL), Just(POLICIES)]
}

/// A text that is almost a declaration: a good one with pieces cut out, doubled, replaced.
fn mutated() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[\\[\\]{}=\",.'#\\n\\\\a-z0-9 ]{0,6}",
        any::<char>().prop_map(String::from),
        Just("[[group.resource]]\n".to_owned()),
        Just("name = \"web\"\n".to_owned()),
        Just("depends_on = [\"disk\"]\n".to_owned()),
        Just("1.5".to_owned()),
        Just("\"\"".to_owned()),
        Just("[]".to_owned()),
    ];
    let edit = (any::<prop::sample::Index>(), 0_usize..40, piece);
    (one_of_the_good(), prop::collection::vec(edit, 1..6)).prop_map(|(good, edits)| {
        let mut text: Vec<char> = good.chars().collect();
        for (at, length, piece) in edits {
            let from = at.index(text.len() + 1).min(text.len());
            let to = (from + length).min(text.len());
            text.splice(from..to, piece.chars());
            if text.is_empty() {
                break;
            }
        }
        text.into_iter().collect()
    })
}

/// Keys with wrong values: mutation at random rarely leaves the syntax whole.
fn wrong_value() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just("1"),
        Just("-1"),
        Just("1.5"),
        Just("true"),
        Just("\"\""),
        Just("\"x\""),
        Just("[]"),
        Just("[\"n1\", 1]"),
        Just("[[]]"),
        Just("{}"),
        Just("{ a = 1 }"),
        Just("1979-05-27"),
        Just("{ a = \"x\", \"b:primary\" = [] }"),
        Just("[[\"db\"], [\"db\", 1]]"),
        Just("\"3 in 15m\""),
        Just("\"250ms\""),
        Just("\"db:primary\""),
        Just("9223372036854775807"),
        Just("\"10.99.0.7/24\""),
        Just("\"disk\""),
        Just("\"../x\""),
        Just("\"dummy\""),
        Just("\"\\u0000\""),
    ];
    (one_of_the_good(), any::<prop::sample::Index>(), value).prop_map(|(good, which, value)| {
        let mut lines: Vec<&str> = good.lines().collect();
        let which = which.index(lines.len());
        let key = lines[which].split('=').next().unwrap_or_default().to_owned();
        let changed = format!("{key}= {value}");
        if lines[which].contains('=') {
            lines[which] = &changed;
        }
        lines.join("\n")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn a_damaged_declaration_is_answered(text in mutated()) {
        check(&text);
    }

    #[test]
    fn a_declaration_with_a_wrong_value_is_answered(text in wrong_value()) {
        check(&text);
    }

    #[test]
    fn the_starting_file_of_every_cluster_is_its_default(name in "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?") {
        let name = ClusterName::new(name).unwrap();
        let parsed = parse(&starting_file(&name)).unwrap();
        prop_assert_eq!(parsed.cluster, name);
        prop_assert_eq!(parsed.spec, ClusterSpec::default());
        prop_assert_eq!(parsed.warnings, vec![]);
    }

    #[test]
    fn a_diff_is_empty_exactly_between_equal_declarations(old in any_spec(), new in any_spec()) {
        prop_assert!(diff(&old, &old, false).is_empty());
        let found = diff(&old, &new, true);
        prop_assert_eq!(found.changes.is_empty(), old == new, "{}", found);
        prop_assert!(!found.lines().is_empty() && !found.summary().is_empty());
        prop_assert!(!found.to_string().contains(|c: char| c.is_control() && c != '\n'));
    }
}

/// Parts of the full example in any order and number, some of them different.
fn any_spec() -> impl Strategy<Value = ClusterSpec> {
    let full = [FULL, POLICIES, CONTRACT].map(|text| parse(text).expect("a good file").spec);
    let resources: Vec<ResourceSpec> =
        full.iter().flat_map(|spec| &spec.groups).flat_map(|group| group.resources.clone()).collect();
    let groups: Vec<GroupSpec> = full.iter().flat_map(|spec| spec.groups.clone()).collect();
    let nodes: Vec<NodeSpec> = full.iter().flat_map(|spec| spec.nodes.clone()).collect();
    let some = |count: usize| prop::collection::vec((0..count, any::<u8>()), 0..5);
    (some(groups.len()), some(nodes.len()), some(resources.len()), any::<bool>()).prop_map(
        move |(chosen, named, held, patient)| {
            let said = &full[usize::from(patient)];
            let mut spec = ClusterSpec {
                profile: said.profile,
                maintenance: said.maintenance,
                one_at_a_time: said.one_at_a_time.clone(),
                ..ClusterSpec::default()
            };
            for (which, change) in chosen {
                let mut group = groups[which].clone();
                group.resources = unique(&held, &resources, |resource| resource.name.to_string());
                if change % 3 == 0 {
                    group.description = Some(format!("\n{change}"));
                }
                if change % 5 == 0 {
                    group.preferred_owners.reverse();
                }
                changed(&mut group.policy, change);
                if spec.group(&group.name).is_none() {
                    spec.groups.push(group);
                }
            }
            spec.types = unique(&named, &full[0].types, |one| one.name.to_string());
            spec.nodes = unique(&named, &nodes, |node| node.name.to_string());
            spec
        },
    )
}

/// The policies of a group, some of them different: every bit of `change` another.
fn changed(policy: &mut GroupPolicy, change: u8) {
    let bit = |which: u8| change & (1 << which) != 0;
    if bit(0) {
        policy.priority += 1;
        policy.scores.pop_first();
    }
    if bit(1) {
        policy.rules.reverse();
        policy.never_with.clear();
    }
    if bit(2) {
        policy.near.pop_last();
        policy.uses.insert("a.b".to_owned(), 7);
    }
    if bit(3) {
        policy.clones = policy.clones.map(|clones| Clones { min: clones.min + 1, max: None, ..clones });
    }
    if bit(4) {
        policy.start_after.pop();
        policy.unmanaged = !policy.unmanaged;
    }
    if bit(5) {
        policy.found_twice = FoundTwice::default();
        policy.restarts = Some("never".parse().expect("a limit"));
    }
    if bit(6) {
        policy.clones = Some(Clones::default()).filter(|_| policy.clones.is_none());
    }
    if bit(7) {
        policy.apart_by = Place::default();
        policy.stickiness += 1;
    }
}

fn unique<T: Clone>(chosen: &[(usize, u8)], from: &[T], name: impl Fn(&T) -> String) -> Vec<T> {
    let mut seen = std::collections::BTreeSet::new();
    let picked = chosen.iter().map(|(which, _)| from[*which % from.len()].clone());
    picked.filter(|one| seen.insert(name(one))).collect()
}

#[test]
fn the_file_that_says_everything_does_not_differ_from_itself() {
    for text in [FULL, POLICIES] {
        let (one, other) = (parse(text).unwrap(), parse(text).unwrap());
        assert_eq!(one.warnings, []);
        assert!(diff(&one.spec, &other.spec, false).is_empty());
    }
}

/// So that a word that is added later is added there too.
#[test]
fn the_file_that_says_every_policy_does() {
    let spec = parse(POLICIES).unwrap().spec;
    let json = serde_json::to_value(&spec).unwrap();
    let said = |value: &serde_json::Value| -> std::collections::BTreeSet<String> {
        value.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect()
    };
    let groups = json["groups"].as_array().unwrap();
    let group: std::collections::BTreeSet<String> =
        groups.iter().flat_map(|group| said(&group["policy"])).collect();
    assert_eq!(group.len(), 16, "{group:?}");
    let resources = groups.iter().flat_map(|group| group["resources"].as_array().unwrap());
    let care: std::collections::BTreeSet<String> =
        resources.flat_map(|resource| said(&resource["policy"])).collect();
    assert_eq!(care.len(), 9, "{care:?}");
}

#[test]
fn the_commented_example_of_the_starting_file_is_accepted_too() {
    let name = ClusterName::new("shop").unwrap();
    let text = starting_file(&name);
    let (head, example) = text.split_once("# [[group]]").unwrap();
    let example = format!("# [[group]]{example}").replace("\n# ", "\n").replace("# [[", "[[");
    let parsed =
        parse(&format!("{head}\n{example}")).unwrap_or_else(|problems| panic!("{}", render(&problems, "f")));
    assert_eq!(parsed.spec.groups.len(), 1);
    assert_eq!(parsed.spec.groups[0].resources.len(), 2);
}

#[test]
fn another_cluster_is_an_error_and_strange_nodes_are_doubtful() {
    let parsed = parse(CONTRACT).unwrap();
    let node = |name: &str| NodeName::new(name).unwrap();
    let shop = ClusterName::new("shop").unwrap();
    assert_eq!(check_against(&parsed, &shop, &[node("n1"), node("n2")]), vec![]);

    let found = check_against(&parsed, &ClusterName::new("shop2").unwrap(), &[node("n1"), node("m2")]);
    let told = render(&found, "cluster.toml");
    let expected = "\
error: cluster.toml:2:8: the file is for cluster `shop`, and this is cluster `shop2`
  |
2 | name = \"shop\"
  |        ^^^^^^
  = did you mean `shop2`?

warning: cluster.toml:8:27: no node named `n2` is a member of this cluster
  |
8 | preferred_owners = [\"n1\", \"n2\"]      # possible_owners, failback, anti_affinity, … as the docs say
  |                           ^^^^
  = did you mean `n1`?
";
    assert_eq!(told, expected);
}
