//! Events: numbered, durable, from every node, each once.

use crate::cluster::{Node, eventually};
use api::Phase;
use events::{DaemonStarted, DaemonStopped, NodeJoined, TokenCreated, UncleanStop};
use model::stored::EventRecord;
use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixDatagram;
use std::sync::mpsc;

/// A node's own events, all of them.
fn own(node: Node<'_>) -> Vec<EventRecord> {
    node.events(&format!("--node {} --limit 10000", node.name()))
}

#[test]
fn the_events_of_all_nodes_are_merged_and_a_change_of_the_cluster_is_shown_once() {
    let cluster = formed!(3);
    let nodes = cluster.all::<3>();
    cluster.settled(&nodes);
    for asked in nodes {
        let all = asked.events("");
        let starts: Vec<_> = all
            .iter()
            .filter(|event| event.id == DaemonStarted::ENTRY.id)
            .map(|event| event.node.as_str())
            .collect();
        assert_eq!(starts.len(), 3, "each node started once: {starts:?}");
        let joins =
            all.iter().filter(|event| event.id == NodeJoined::ENTRY.id && event.fields["node"] == "n2");
        assert_eq!(joins.count(), 1, "told by every node, shown once");
        assert!(all.is_sorted_by_key(|event| event.time), "oldest first");
    }
    for node in nodes {
        let joins = node.told(NodeJoined::ENTRY.id);
        assert!(joins.iter().any(|event| event.fields["node"] == "n3"), "each node has told it: {joins:?}");
    }
}

#[test]
fn filters_choose_by_number_name_node_level_time_and_count() {
    let cluster = formed!(2);
    let [n1, n2] = cluster.all();
    let all = n1.events("");
    let same = |options: &str, keep: &dyn Fn(&EventRecord) -> bool| {
        let kept: Vec<_> = all.iter().filter(|event| keep(event)).map(|event| &event.text).collect();
        let found = n1.events(options);
        let found: Vec<_> = found.iter().map(|event| &event.text).collect();
        assert_eq!(found, kept, "{options}");
        assert!(!found.is_empty(), "{options}");
    };
    same("--id 20001", &|event| event.id == 20001);
    same("--id daemon_started", &|event| event.id == 20001);
    same("--level information", &|_| true);
    same("--since 1h", &|_| true);
    let middle = all[all.len() / 2].time;
    same(&format!("--since {middle}"), &|event| event.time >= middle);
    assert_eq!(n1.events("--limit 2").len(), 2);
    assert_eq!(n1.events("--limit 2").last(), all.last(), "the latest");
    assert!(n1.events("--node n2").iter().all(|event| event.node.as_str() == "n2"));
    n2.kill();
    n2.start();
    n2.tells(UncleanStop::ENTRY);
    let grave = n1.events("--level warning");
    assert!(grave.iter().any(|event| event.id == UncleanStop::ENTRY.id), "{grave:?}");
    assert!(grave.iter().all(|event| event.level != "information"), "{grave:?}");
    n1.run("events --level grave").exited(2);
    n1.run("events --since yesterday").exited(2);
}

#[test]
fn following_shows_what_happens_on_any_node_once() {
    let cluster = formed!(3);
    let [n1, n2, n3] = cluster.all();
    let mut follow = n1.spawn("events --follow --json");
    let (tell, told) = mpsc::channel();
    let lines = BufReader::new(follow.stdout.take().unwrap()).lines();
    let reader = std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            let event: EventRecord = serde_json::from_str(&line).expect("one document a line");
            if tell.send(event).is_err() {
                return;
            }
        }
    });
    let mut seen = Vec::new();
    // It begins with the latest few, so from the first on it is known to follow.
    seen.push(told.recv().unwrap());
    n2.token("--node n8");
    n3.kill();
    n3.start();
    n3.until("a member again", |status| status.standing.phase == Phase::Member);
    n3.token("--node n9");
    let tokens = |seen: &[EventRecord]| -> Vec<String> {
        let made = seen.iter().filter(|event| event.id == TokenCreated::ENTRY.id);
        made.filter_map(|event| event.fields["node"].as_str().map(str::to_owned)).collect()
    };
    let unclean =
        |seen: &[EventRecord]| seen.iter().filter(|event| event.id == UncleanStop::ENTRY.id).count();
    eventually("both tokens and the restart to be shown", || {
        seen.extend(told.try_iter());
        tokens(&seen).len() >= 2 && unclean(&seen) >= 1
    });
    // One more from elsewhere, after which everything before it has had its time.
    n1.token("--node n7");
    eventually("the last token to be shown", || {
        seen.extend(told.try_iter());
        tokens(&seen).contains(&"n7".to_owned())
    });
    assert_eq!(tokens(&seen), ["n8", "n9", "n7"]);
    assert_eq!(unclean(&seen), 1);
    follow.kill().unwrap();
    follow.wait().unwrap();
    drop(told);
    reader.join().unwrap();
}

#[test]
fn numbers_have_no_gap_and_no_event_is_lost_over_kill_9() {
    let cluster = formed!(1);
    let [n1] = cluster.all();
    let mut last = Vec::new();
    for round in 1..=6 {
        // Killed while events are being written; those that were seen must be there afterwards.
        std::thread::scope(|scope| {
            let busy = scope.spawn(move || {
                for number in 0..8 {
                    drop(n1.run(&format!("credential create r{round}-{number}")));
                }
            });
            eventually("some of them", || n1.run("credential list").stdout.contains(&format!("r{round}-2")));
            let seen = own(n1);
            n1.kill();
            busy.join().unwrap();
            last = seen;
        });
        n1.start();
        let now = own(n1);
        let numbers: Vec<u64> = now.iter().map(|event| event.seq).collect();
        assert_eq!(numbers, (1..=now.len() as u64).collect::<Vec<_>>(), "round {round}");
        assert_eq!(now[..last.len()], last[..], "what was seen is as it was, round {round}");
        assert_eq!(now.iter().filter(|event| event.id == UncleanStop::ENTRY.id).count(), round);
        // Told once, however often the change behind it was applied again at a start.
        let changes: Vec<_> =
            now.iter().filter_map(|event| event.revision.map(|of| (of, event.id, &event.text))).collect();
        let mut once = changes.clone();
        once.dedup();
        assert_eq!(changes, once);
    }
    n1.stop();
    n1.start();
    let told: Vec<u32> = own(n1).iter().map(|event| event.id).collect();
    let stopped = told.iter().rposition(|id| *id == DaemonStopped::ENTRY.id).expect("it was stopped");
    assert_eq!(told[stopped + 1], DaemonStarted::ENTRY.id, "nothing is unclean: {told:?}");
}

#[test]
fn events_reach_the_journal_with_their_fields() {
    let cluster = hosts!(1);
    let [n1] = cluster.all();
    let journal = n1.within(|| {
        std::fs::create_dir_all("/run/systemd/journal").unwrap();
        UnixDatagram::bind("/run/systemd/journal/socket").unwrap()
    });
    journal.set_read_timeout(Some(crate::cluster::PATIENCE)).unwrap();
    n1.start();
    n1.ok("init --name shop");
    let expected = n1.tells(events::ClusterFormed::ENTRY);
    let mut buffer = vec![0; 1 << 16];
    let entry = loop {
        let length = journal.recv(&mut buffer).unwrap();
        let text = String::from_utf8(buffer[..length].to_vec()).unwrap();
        if text.contains("STEADFAST_EVENT_NAME=CLUSTER_FORMED\n") {
            break text;
        }
    };
    for line in [
        format!("MESSAGE={}", expected.text),
        "PRIORITY=6".to_owned(),
        "SYSLOG_IDENTIFIER=steadfast".to_owned(),
        format!("STEADFAST_EVENT={}", expected.id),
        format!("STEADFAST_SEQ={}", expected.seq),
        "STEADFAST_NODE=n1".to_owned(),
        "STEADFAST_FIELD_CLUSTER=shop".to_owned(),
        "STEADFAST_FIELD_NODE=n1".to_owned(),
    ] {
        assert!(entry.lines().any(|there| there == line), "no {line} in\n{entry}");
    }
}

#[test]
fn every_event_that_was_told_can_be_explained() {
    let cluster = formed!(2);
    let [n1, _] = cluster.all();
    for event in n1.events("") {
        let text = n1.ok(&format!("explain {}", event.id));
        assert!(text.contains(&event.name), "{text}");
        assert_eq!(n1.ok(&format!("explain {}", event.name)), text);
    }
    n1.run("explain 9999999").exited(1);
}
