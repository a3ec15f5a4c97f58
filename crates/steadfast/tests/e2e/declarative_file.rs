//! The declarative file: all of it or nothing, back byte for byte.

use crate::cluster::eventually;
use events::{ConfigurationApplied, ConfigurationRefused};

const FILE: &str = "\
# Der Laden: ein Kommentar mit Umlauten, und ein Ende mit Leerzeichen   \n\
\n\
[cluster]\t# a tab\n\
name = \"shop\"\n\
\n\
[[group]]\n\
name = \"web\"\n\
preferred_owners = [\n  \"n1\", # first\n  \"n2\",\n]\n\
[[group.resource]]\n\
name = \"ip\"\n\
type = \"ip-address\"\n\
address = \"10.99.0.100/24\"\n\
[[group.resource]]\n\
name = \"site\"\n\
type = \"web-site\"\n\
depends_on = [\"ip\"]\n\
root = \"/srv/site\"\n\
listen = \"10.99.0.100:80\"\n\
# the end, without a line feed";

#[test]
fn export_returns_what_was_applied_byte_for_byte_and_applying_it_changes_nothing() {
    let cluster = formed!(2);
    let [n1, n2] = cluster.all();
    n1.apply(FILE).ok();
    cluster.settled(&[n1, n2]);
    assert_eq!(n2.ok("export"), FILE);
    let again = n2.apply(FILE).exited(0);
    assert!(again.stdout.contains("nothing changes"), "{again:?}");
    // The revision says nothing of it: what starts now is recorded too.
    cluster.settled(&[n1, n2]);
    assert_eq!(n1.told(ConfigurationApplied::ENTRY.id).len(), 1);

    // It outlives all daemons.
    for node in [n1, n2] {
        node.kill();
    }
    for node in [n1, n2] {
        node.start();
    }
    eventually("the same after a restart of all", || n1.ok("export") == FILE && n2.ok("export") == FILE);
}

#[test]
fn groups_and_built_in_types_are_stored_and_shown() {
    let cluster = formed!(1);
    let [n1] = cluster.all();
    n1.apply(FILE).ok();
    let status = n1.status();
    let group = &status.groups[0];
    assert_eq!(group.name, "web");
    let resources: Vec<_> = group.resources.iter().map(|one| (&*one.name, &*one.kind)).collect();
    assert_eq!(resources, [("ip", "ip-address"), ("site", "web-site")]);
    assert!(n1.ok("group list").contains("web"));
    assert!(n1.ok("group show web").contains("ip-address"));
    assert!(n1.ok("resource list").contains("web-site"));
}

#[test]
fn a_dry_run_exits_with_3_if_something_would_change_and_changes_nothing() {
    let cluster = formed!(1);
    let [n1] = cluster.all();
    let export = n1.ok("export");
    let dry = n1.run_with("apply --file - --dry-run", FILE).exited(3);
    assert!(dry.stdout.contains("+ group web"), "{}", dry.stdout);
    assert_eq!(n1.ok("export"), export);
    assert!(n1.told(ConfigurationApplied::ENTRY.id).is_empty());
    n1.apply(FILE).ok();
    n1.run_with("apply --file - --dry-run", FILE).exited(0);
    n1.tells(ConfigurationApplied::ENTRY);
}

#[test]
fn what_the_file_omits_is_removed_and_the_difference_says_so() {
    let cluster = formed!(1);
    let [n1] = cluster.all();
    n1.apply(FILE).ok();
    let said = n1.apply("[cluster]\nname = \"shop\"\nprofile = \"patient\"\n").ok();
    assert!(said.contains("- group web") && said.contains("what the file omits is removed"), "{said}");
    // Another profile means other timers, and the cluster goes on under them.
    let status = n1.until("its new profile", |status| status.quorum.has && status.profile == "patient");
    assert!(status.groups.is_empty(), "{status:?}");
}

#[test]
fn a_revision_that_has_moved_on_refuses_the_file() {
    let cluster = formed!(2);
    let [n1, n2] = cluster.all();
    let seen = n1.status().revision;
    let apply = |revision: u64| n2.run_with(&format!("apply --file - --if-revision {revision}"), FILE);
    n1.apply("[cluster]\nname = \"shop\"\n# in between\n").ok();
    apply(seen).refused(&[&format!("not {seen}: somebody changed it in between")]);
    apply(seen + 100).refused(&["somebody changed it"]);
    cluster.settled(&[n1, n2]);
    apply(n1.status().revision).ok();
}

#[test]
fn an_invalid_file_is_refused_as_a_whole_with_every_place_and_the_nearest_word() {
    let cluster = formed!(1);
    let [n1] = cluster.all();
    let before = n1.ok("export");
    let file = FILE.replace("preferred_owners", "prefered_owners").replace("\"web-site\"", "\"web-sight\"");
    n1.write_file("/tmp/shop.toml", &file);
    let said = n1.run("apply -f /tmp/shop.toml").refused(&[
        "/tmp/shop.toml:8:1: unknown key `prefered_owners`",
        "= try: preferred_owners",
        "/tmp/shop.toml:18:8: ",
        "= try: web-site",
        "2 mistakes; nothing was changed",
    ]);
    assert!(said.contains("8 | prefered_owners = ["), "the line itself: {said}");
    assert_eq!(n1.ok("export"), before, "not even what was right in it");
    n1.tells(ConfigurationRefused::ENTRY);
    n1.apply("[cluster]\nname = \"sohp\"\n").refused(&["standard input:2:", "`shop`"]);
    n1.apply("[cluster]\nname = \n").refused(&["standard input:2:"]);
    assert_eq!(n1.ok("export"), before);
}

#[test]
fn of_two_files_applied_at_once_one_is_the_result_as_a_whole() {
    let cluster = formed!(3);
    let nodes = cluster.all::<3>();
    let files = ["n1", "n2", "n3"].map(|name| FILE.replace("\"web\"", &format!("\"web-{name}\"")));
    std::thread::scope(|scope| {
        for (node, file) in nodes.into_iter().zip(&files) {
            scope.spawn(move || (0..5).for_each(|_| drop(node.apply(file).ok())));
        }
    });
    cluster.settled(&nodes);
    let result = nodes[0].ok("export");
    assert!(files.contains(&result), "{result}");
    eventually("the same everywhere", || nodes.iter().all(|node| node.ok("export") == result));
}
