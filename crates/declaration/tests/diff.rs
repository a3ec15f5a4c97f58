//! What a diff says.

use declaration::{diff, parse};
use model::desired::ClusterSpec;

fn spec(text: &str) -> ClusterSpec {
    parse(text).expect("a good file").spec
}

const OLD: &str = r#"
[cluster]
name = "shop"
[[node]]
name = "n1"
[[group]]
name = "web"
description = "the shop"
preferred_owners = ["n1"]
[[group.resource]]
name = "ip"
type = "ip-address"
address = "10.99.0.100/24"
[[group.resource]]
name = "site"
type = "web-site"
depends_on = ["ip"]
root = "/srv/site"
listen = "10.99.0.100:80"
[[group]]
name = "old"
[[group.resource]]
name = "a"
type = "dummy"
"#;

const NEW: &str = r#"
[cluster]
name = "shop"
profile = "fast"
[[node]]
name = "n1"
failure_domain = "rack-1"
[[group]]
name = "new"
[[group.resource]]
name = "agent"
type = "ocf:heartbeat:Dummy"
parameters = { fake = "x" }
[[group]]
name = "web"
preferred_owners = ["n1", "n2"]
[[group.resource]]
name = "ip"
type = "ip-address"
address = "10.99.0.101/24"
interface = "eth1"
"#;

#[test]
fn everything_added_changed_and_removed_is_said() {
    let expected = r#"~ cluster
~   profile = "default" -> "fast"
~ node n1
~   failure_domain = "rack-1"
+ group new
+   failback = "never"
+ resource new/agent
+   type = "ocf:heartbeat:Dummy"
+   exclusive = "none"
+   parameters.fake = "x"
~ group web
~   preferred_owners = ["n1"] -> ["n1", "n2"]
~   description = "the shop" -> (left out)
~ resource web/ip
~   address = "10.99.0.100/24" -> "10.99.0.101/24"
~   interface = "eth1"
- resource web/site
- group old
- resource old/a
what the file omits is removed: 3 in all
"#;
    assert_eq!(diff(&spec(OLD), &spec(NEW), true).to_string(), expected);
}

#[test]
fn nothing_and_comments_alone_are_said_plainly() {
    let old = spec(OLD);
    let nothing = diff(&old, &spec(OLD), false);
    assert!(nothing.is_empty());
    assert_eq!(nothing.to_string(), "nothing changes: the cluster has exactly this declaration already\n");
    let comment = diff(&old, &spec(&format!("# a comment\n{OLD}")), true);
    assert!(!comment.is_empty() && comment.changes.is_empty());
    assert_eq!(comment.to_string(), "only comments or layout changed: the cluster does the same as before\n");
    assert_eq!(comment.summary(), comment.lines()[0]);
}

#[test]
fn another_order_is_a_change() {
    let mut other = spec(OLD);
    other.groups.reverse();
    other.groups[1].resources.reverse();
    let expected = "\
~ cluster
~   order of groups = web, old -> old, web
~ group web
~   order of resources = ip, site -> site, ip
";
    assert_eq!(diff(&spec(OLD), &other, true).to_string(), expected);
}

#[test]
fn the_summary_is_one_short_line() {
    assert_eq!(
        diff(&spec(OLD), &spec(NEW), true).summary(),
        "cluster changed, node n1 changed, group new added, resource new/agent added, group web changed, \
         and 4 more changes"
    );
}

#[test]
fn a_diff_survives_being_sent() {
    let sent = diff(&spec(OLD), &spec(NEW), true);
    let json = serde_json::to_string(&sent).unwrap();
    assert_eq!(serde_json::from_str::<declaration::Diff>(&json).unwrap(), sent);
}

#[test]
fn a_type_of_a_plug_in_is_told_with_its_library() {
    let file = |library: &str| {
        format!("[cluster]\nname = \"shop\"\n[[type]]\nname = \"vendor-disk\"\nlibrary = \"{library}\"\n")
    };
    let (bare, old, new) = (spec("[cluster]\nname = \"shop\"\n"), spec(&file("/a.so")), spec(&file("/b.so")));
    assert_eq!(diff(&bare, &old, true).lines(), ["+ type vendor-disk", "+   library = \"/a.so\""]);
    let changed = diff(&old, &new, true).lines();
    assert_eq!(changed, ["~ type vendor-disk", "~   library = \"/a.so\" -> \"/b.so\""]);
    let removed = diff(&new, &bare, true).lines();
    assert_eq!(removed, ["- type vendor-disk", "what the file omits is removed: 1 in all"]);
}

const POLICIES: &str = include_str!("cases/accepted_every_policy.toml");

#[test]
fn every_policy_is_told_as_the_file_writes_it() {
    let bare = spec("[cluster]\nname = \"shop\"\n");
    let told = diff(&bare, &spec(POLICIES), true).to_string();
    for line in [
        "~   maintenance = true",
        r#"~   one_at_a_time = [["db", "mail"], ["web", "cache", "mail"]]"#,
        r#"+   attributes."power.feed" = "2""#,
        "+   capacity.memory = 64000",
        "+   priority = 10",
        "+   scores.n2 = -50",
        r#"+   runs_with = ["db", "cache:primary"]"#,
        r#"+   near."cache:primary" = -50"#,
        r#"+   apart_by = "failure_domain""#,
        r#"+   start_after = ["db", ["web", "cache:primary"]]"#,
        r#"+   restarts = "3 in 15m""#,
        r#"+   found_twice = "keep_owner""#,
        r#"+   rule 1 = { node = { "power.feed" = ">= 2", rack = "a", ssd = "true" }, hours = "22-04", days = ["sat", "sun"], from = "2026-12-24", until = "2027-01-06", then = 100 }"#,
        r#"+   rule 3 = { hours = "01-03", then = "never" }"#,
        r#"+   rule 1 = { node = { rack = "a" }, primary = true, then = -20 }"#,
        "+   clones.max = 3",
        "+   clones.one_by_one = true",
        "+   clones.min = 1",
        r#"+   depends_on = ["store", ["spare", "store"]]"#,
        r#"+   on_fail = "demote""#,
        r#"+   looks_alive = "1500ms""#,
        r#"+   is_alive = "1m""#,
        r#"+   offline_within = "90m""#,
        "+   live_migration = true",
    ] {
        assert!(told.lines().any(|told| told == line), "{line}\nis not in\n{told}");
    }
}

#[test]
fn a_changed_policy_is_told_with_what_it_was() {
    let change = |old: &str, new: &str| {
        assert!(POLICIES.contains(old), "{old}");
        diff(&spec(POLICIES), &spec(&POLICIES.replacen(old, new, 1)), true).lines()
    };
    assert_eq!(
        change("n2 = -50 }", "n3 = -50 }"),
        ["~ group mail", "~   scores.n3 = -50", "~   scores.n2 = -50 -> (left out)"]
    );
    assert_eq!(change("primaries = 1", "primaries = 2"), ["~ group cache", "~   clones.primaries = 1 -> 2"]);
    assert_eq!(change("clones = {}\n", ""), ["~ group web", "~   clones.min = 1 -> (left out)"]);
    assert_eq!(
        change("is_alive = \"60s\"", "is_alive = \"1m\""),
        ["only comments or layout changed: the cluster does the same as before"]
    );
}
