//! A database file that is not what it should be: refused, named, never overwritten; the node
//! answers, the cluster goes on, and the repair is what the message says.

use crate::cluster::Node;
use api::{NodeState, Phase};
use events::{DatabaseForeign, DatabaseUnreadable, Entry, NeitherJoinNorForm};

const FILE: &str = "[cluster]\nname = \"shop\"\n# a mark to find again\n";
const MARK: &[u8] = b"a mark to find again";

/// Replaces n3's database by what `damage` makes of it and of n2's, while the daemon is down.
/// Checks everything that must hold then, and that the repair works.
fn is_refused_and_repaired(entry: &Entry, reason: &str, damage: impl FnOnce(Vec<u8>, Vec<u8>) -> Vec<u8>) {
    let cluster = formed!(3);
    let nodes = cluster.all::<3>();
    let [n1, n2, n3] = nodes;
    n1.apply(FILE).ok();
    cluster.settled(&nodes);
    n2.stop();
    n3.stop();
    let path = n3.data("cluster.redb");
    let damaged = damage(n3.read_file(&path), n2.read_file(&n2.data("cluster.redb")));
    n3.write_file(&path, &damaged);
    n2.start();

    n3.start();
    let status = n3.until("why", |status| status.standing.phase == Phase::DatabaseUnusable);
    assert_eq!(status.database.state, "unusable");
    let problem = status.database.reason.expect("why");
    assert!(problem.contains(&path) && problem.contains(reason), "{problem}");
    assert_eq!((status.cluster.as_deref(), status.quorum.has), (Some("shop"), false));
    assert!(n3.tells(entry).text.contains(&path));
    let told = n3.tells(NeitherJoinNorForm::ENTRY);
    assert!(told.fields["cause"].as_str().unwrap().contains(reason), "{told:?}");
    n3.apply(FILE).refused(&[reason, "steadfast node evict n3"]);

    // It does not count as there, and the others go on.
    n1.until("n3 is down", |status| status.nodes[2].state == NodeState::Down && status.quorum.has);
    n1.apply("[cluster]\nname = \"shop\"\n# without n3\n").ok();
    assert!(n3.read_file(&path) == damaged, "the file was touched");
    // A restart finds the same.
    n3.stop();
    n3.start();
    n3.until("why, again", |status| status.standing.phase == Phase::DatabaseUnusable);
    assert!(n3.read_file(&path) == damaged, "the file was touched");

    repair_as_told(n3, n1);
    cluster.settled(&nodes);
    assert_eq!(n3.ok("export"), "[cluster]\nname = \"shop\"\n# without n3\n");
    let kept = n3.within(|| {
        let mut folders = std::fs::read_dir("/steadfast/data").unwrap().flatten().map(|entry| entry.path());
        let aside = folders.find(|path| path.to_string_lossy().contains("set-aside")).expect("it is kept");
        std::fs::read(aside.join("cluster.redb")).unwrap()
    });
    assert!(kept == damaged, "what was kept is not what was there");
}

/// Runs the commands that `status` of the broken node names, as they stand there.
fn repair_as_told(broken: Node<'_>, member: Node<'_>) {
    let next = broken.status().standing.next.expect("a way out");
    let commands: Vec<&str> = next.split('`').skip(1).step_by(2).collect();
    let [evict, token, join] = commands[..] else { panic!("three commands: {next}") };
    let arguments = |command: &str| command.strip_prefix("steadfast ").expect("ours").to_owned();
    member.ok(&arguments(evict));
    let token = member.ok(&arguments(token));
    let join = arguments(join).replace("ADDRESS", &member.address());
    broken.run_with(&join, &token).ok();
}

/// Flips one bit in each place where the text stands.
fn flip_in(mut bytes: Vec<u8>, text: &[u8]) -> Vec<u8> {
    let places: Vec<usize> =
        (0..bytes.len() - text.len()).filter(|at| bytes[*at..].starts_with(text)).collect();
    assert!(!places.is_empty(), "the mark is not in the file");
    places.into_iter().for_each(|at| bytes[at] ^= 0x10);
    bytes
}

#[test]
fn a_truncated_database_is_refused_named_and_left_as_it_is() {
    is_refused_and_repaired(DatabaseUnreadable::ENTRY, "", |bytes, _| bytes[..bytes.len() / 2].to_vec());
}

#[test]
fn an_empty_database_file_is_refused_named_and_left_as_it_is() {
    is_refused_and_repaired(DatabaseUnreadable::ENTRY, "", |_, _| Vec::new());
}

#[test]
fn a_database_with_a_flipped_bit_is_refused_named_and_left_as_it_is() {
    is_refused_and_repaired(DatabaseUnreadable::ENTRY, "", |bytes, _| flip_in(bytes, MARK));
}

/// Of a file that was not closed in order, the last transaction may be torn: one that is damaged
/// cannot be told from one that was never completed. The node goes back by it, and the others make
/// it good.
#[test]
fn a_last_transaction_that_is_damaged_after_a_crash_is_made_good_by_the_others() {
    let cluster = formed!(3);
    let nodes = cluster.all::<3>();
    let follower = cluster.others(cluster.settled(&nodes))[0];
    nodes[0].apply(FILE).ok();
    cluster.settled(&nodes);
    follower.kill();
    let path = follower.data("cluster.redb");
    follower.write_file(&path, flip_in(follower.read_file(&path), MARK));
    follower.start();
    if follower.status().standing.phase == Phase::DatabaseUnusable {
        repair_as_told(follower, cluster.others(follower)[0]);
    }
    cluster.settled(&nodes);
    assert_eq!(follower.ok("export"), FILE);
}

#[test]
fn another_program_s_file_is_refused_named_and_left_as_it_is() {
    let foreign = b"SQLite format 3\0".repeat(4096);
    is_refused_and_repaired(DatabaseForeign::ENTRY, "", |_, _| foreign);
}

#[test]
fn another_node_s_database_is_refused_named_and_left_as_it_is() {
    is_refused_and_repaired(DatabaseForeign::ENTRY, "", |_, other| other);
}

#[test]
fn the_only_node_s_database_works_again_as_soon_as_it_is_put_back() {
    let cluster = formed!(1);
    let [n1] = cluster.all();
    n1.apply(FILE).ok();
    n1.kill();
    let path = n1.data("cluster.redb");
    let whole = n1.read_file(&path);
    n1.write_file(&path, &whole[..whole.len() / 2]);
    n1.start();
    n1.tells(DatabaseUnreadable::ENTRY);
    n1.write_file(&path, &whole);
    n1.until("a member again, without a restart", |status| status.standing.phase == Phase::Member);
    assert_eq!(n1.ok("export"), FILE);
}

#[test]
fn a_member_whose_database_is_gone_does_not_come_back_with_an_empty_one() {
    let cluster = formed!(3);
    let [n1, _, n3] = cluster.all();
    n3.kill();
    n3.within(|| std::fs::remove_file(n3.data("cluster.redb"))).unwrap();
    n3.start();
    let status = n3.until("why", |status| status.standing.phase == Phase::DatabaseUnusable);
    assert!(status.standing.text.contains("cluster.redb"), "{status:?}");
    n3.tells(DatabaseUnreadable::ENTRY);
    repair_as_told(n3, n1);
    cluster.settled(&cluster.all::<3>());
}

#[test]
fn a_damaged_identity_is_named_and_left_as_it_is_and_the_node_answers() {
    let cluster = formed!(2);
    let [n1, n2] = cluster.all();
    n2.kill();
    let path = n2.data("identity.json");
    n2.write_file(&path, "{\"version\":1,");
    n2.start();
    let status = n2.until("why", |status| status.standing.phase == Phase::DatabaseUnusable);
    assert!(status.standing.text.contains("identity.json is damaged"), "{status:?}");
    assert!(n2.tells(NeitherJoinNorForm::ENTRY).text.contains("identity.json"));
    assert_eq!(n2.read_file(&path), b"{\"version\":1,");
    assert_eq!(n1.status().cluster.as_deref(), Some("shop"));
}
