//! The machine, by example: `machine/*.txt` hold commands (lines that begin with `> `) and what
//! became of them. `UPDATE_GOLDEN=1` writes the answers anew; look at the difference before it is
//! committed.
//!
//! Every command is judged too: a refused one changes nothing but the memory of requests, an
//! accepted one adds one to the revision at most, and a state that went through JSON decides alike.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails its test")]
#![allow(clippy::disallowed_methods, reason = "the examples are files")]

use model::desired::{ClusterSpec, GroupSpec};
use model::stored::{
    Actor, ClusterRecord, ClusterState, Command, CredentialKind, NewNode, Outcome, Proposal, ProtocolRange,
    Role, SoftwareVersion, TypeProblem,
};
use model::{
    ClusterId, Endpoint, Incarnation, NodeId, NodeName, RequestId, Revision, Secret, Timestamp, TokenId,
    TypeName,
};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use store::machine::apply;

#[test]
fn the_machine_does_what_the_examples_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/machine");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 5);
    for file in files {
        let expected = std::fs::read_to_string(&file).unwrap();
        let played = play(&expected);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&file, &played).unwrap();
        } else {
            assert_eq!(played, expected, "{}: UPDATE_GOLDEN=1 writes it anew", file.display());
        }
    }
}

/// The script with the answers that it gets now.
fn play(script: &str) -> String {
    let mut stage = Stage::default();
    let mut out = String::new();
    for line in script.lines() {
        if line.is_empty() || line.starts_with('#') {
            writeln!(out, "{line}").unwrap();
        } else if let Some(command) = line.strip_prefix("> ") {
            writeln!(out, "{line}").unwrap();
            out.push_str(&stage.run(command));
        }
    }
    out
}

#[derive(Default)]
struct Stage {
    state: ClusterState,
    at: u64,
    requests: u8,
    last: Option<Proposal>,
}

impl Stage {
    fn run(&mut self, line: &str) -> String {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[0] {
            "at" => {
                self.at = words[1].parse().unwrap();
                String::new()
            }
            "show" => show(&self.state),
            "again" => {
                let proposal = self.last.clone().unwrap();
                self.propose(proposal)
            }
            _ => {
                self.requests += 1;
                let n1 = "n1".parse().unwrap();
                let actor = match words[0] {
                    "update" | "types" => Actor::Node(n1),
                    _ => Actor::Local { node: n1, uid: 0 },
                };
                let proposal = Proposal {
                    request: RequestId([self.requests; 16]),
                    at: Timestamp::from_unix_ms(self.at),
                    actor,
                    command: command(&words),
                };
                self.propose(proposal)
            }
        }
    }

    fn propose(&mut self, proposal: Proposal) -> String {
        let before = self.state.clone();
        let (outcome, notices) = apply(&mut self.state, &proposal);

        let mut same: ClusterState = serde_json::from_slice(&serde_json::to_vec(&before).unwrap()).unwrap();
        assert_eq!(apply(&mut same, &proposal).0, outcome, "a state from JSON decides alike");
        assert_eq!(same, self.state);
        let forget = |state: &ClusterState| ClusterState { recent: Default::default(), ..state.clone() };
        match &outcome {
            Outcome::Refused(_) => {
                assert_eq!(forget(&self.state), forget(&before), "a refusal changes nothing");
            }
            Outcome::Done { revision, .. } if *revision == before.revision => {
                assert_eq!(forget(&self.state), forget(&before), "no revision without a change");
            }
            Outcome::Done { revision, .. } => assert!(*revision <= self.state.revision),
            Outcome::Nothing => panic!("every command has an outcome"),
        }
        assert!(self.state.revision.0 <= before.revision.0 + 1);

        self.last = Some(proposal);
        let mut out = match outcome {
            Outcome::Done { revision, node: Some(node) } => {
                format!("done: revision {revision}, node {node}\n")
            }
            other => format!("{other}\n").replace("done at revision", "done: revision"),
        };
        for notice in notices {
            writeln!(out, "  {} {}", notice.entry.name, notice.text()).unwrap();
        }
        out
    }
}

/// The word behind `key`.
fn after<'a>(words: &[&'a str], key: &str) -> Option<&'a str> {
    words.iter().position(|word| *word == key).and_then(|at| words.get(at + 1)).copied()
}

fn command(words: &[&str]) -> Command {
    let node = |name: &str| name.parse::<NodeName>().unwrap();
    let number = |text: &str| text.parse::<u64>().unwrap();
    match words[0] {
        "form" => Command::Form {
            cluster: ClusterRecord {
                id: ClusterId([1; 16]),
                name: words[1].parse().unwrap(),
                formed: Timestamp::from_unix_ms(0),
                ca_certificate: String::new(),
                ca_key: Secret::new(""),
                heartbeat_key: Secret::new(""),
            },
            node: new_node(words[2], words),
        },
        "token" => Command::CreateToken {
            token: token(words[1]),
            secret_hash: "right".to_owned(),
            node: after(words, "for").map(node),
            expires: Timestamp::from_unix_ms(number(after(words, "until").unwrap())),
        },
        "admit" => Command::Admit {
            token: token(after(words, "with").unwrap()),
            secret_hash: after(words, "secret").unwrap_or("right").to_owned(),
            node: new_node(words[1], words),
        },
        "confirm" => Command::Confirm { node: NodeId(number(words[1])) },
        "update" => Command::UpdateNode {
            node: NodeId(number(words[1])),
            endpoints: endpoints(words),
            protocol: protocol(words),
            software: SoftwareVersion(after(words, "software").unwrap_or("1.0").to_owned()),
            incarnation: Incarnation([number(after(words, "life").unwrap_or("1")) as u8; 8]),
        },
        "types" => Command::ReportTypes {
            node: NodeId(number(words[1])),
            types: words[2..].iter().map(|word| type_report(word)).collect(),
        },
        "evict" => Command::Evict { node: node(words[1]) },
        "credential" => Command::CreateCredential {
            name: words[1].parse().unwrap(),
            kind: CredentialKind::Token { hash: "h".to_owned() },
            role: Role::Administrator,
            expires: after(words, "until").map(|at| Timestamp::from_unix_ms(number(at))),
        },
        "revoke" => Command::RevokeCredential { name: words[1].parse().unwrap() },
        "configure" => Command::Configure {
            cluster: words[1].parse().unwrap(),
            spec: ClusterSpec {
                groups: after(words, "groups").unwrap_or("").split_terminator(',').map(group).collect(),
                profile: serde_json::from_str(&format!("{:?}", after(words, "profile").unwrap_or("default")))
                    .unwrap(),
                ..ClusterSpec::default()
            },
            text: words.join(" "),
            if_revision: after(words, "if").map(|revision| Revision(number(revision))),
        },
        other => panic!("no such command: {other}"),
    }
}

fn token(number: &str) -> TokenId {
    TokenId([number.trim_start_matches('t').parse().unwrap(); 8])
}

fn endpoints(words: &[&str]) -> Vec<Endpoint> {
    let at = after(words, "at").unwrap();
    at.split(',').map(|one| format!("10.0.0.{one}:7400").parse().unwrap()).collect()
}

fn protocol(words: &[&str]) -> ProtocolRange {
    let (min, max) = after(words, "protocol").unwrap_or("1-1").split_once('-').unwrap();
    ProtocolRange { min: min.parse().unwrap(), max: max.parse().unwrap() }
}

fn new_node(name: &str, words: &[&str]) -> NewNode {
    NewNode {
        name: name.parse().unwrap(),
        endpoints: endpoints(words),
        certificate: after(words, "certificate").map_or_else(|| words.join("-"), str::to_owned),
        protocol: protocol(words),
        software: SoftwareVersion("1.0".to_owned()),
    }
}

/// `web` or `web:3`, a group with a description to tell its versions apart.
fn group(text: &str) -> GroupSpec {
    let (name, version) = text.split_once(':').unwrap_or((text, "1"));
    serde_json::from_value(serde_json::json!({ "name": name, "description": version, "resources": [] }))
        .unwrap()
}

/// `disk` can be used, `disk:why` cannot.
fn type_report(word: &str) -> (TypeName, Option<TypeProblem>) {
    let (kind, reason) = word.split_once(':').map_or((word, None), |(kind, why)| (kind, Some(why)));
    let problem = reason.map(|reason| TypeProblem { reason: reason.to_owned(), event: Some(1058) });
    (kind.parse().unwrap(), problem)
}

fn show(state: &ClusterState) -> String {
    let mut out = format!("revision {}, last node {}\n", state.revision, state.last_node);
    for (id, node) in &state.nodes {
        let how = if node.confirmed { "member" } else { "joining" };
        let at: Vec<String> = node.endpoints.iter().map(Endpoint::to_string).collect();
        let token = node.token.map_or_else(String::new, |token| format!(", token {token}"));
        let software = &node.software;
        writeln!(out, "  node {id} {}: {how} at {}, {software}{token}", node.name, at.join(" ")).unwrap();
        for (kind, problem) in &node.types {
            let standing = problem.as_ref().map_or("can be used", |problem| &problem.reason);
            writeln!(out, "    type {kind}: {standing}").unwrap();
        }
    }
    for (id, gone) in &state.evicted {
        writeln!(out, "  evicted {id} {}: by {}", gone.name, gone.by).unwrap();
    }
    for (id, token) in &state.tokens {
        let node = token.node.as_ref().map_or("anybody", NodeName::as_str);
        let used = token.used.as_ref().map_or_else(String::new, |(by, _)| format!(", used by {by}"));
        writeln!(out, "  token {id} for {node}, until {}{used}", token.expires.unix_ms()).unwrap();
    }
    for name in state.credentials.keys() {
        writeln!(out, "  credential {name}").unwrap();
    }
    let groups: Vec<&str> = state.spec.groups.iter().map(|group| group.name.as_str()).collect();
    writeln!(out, "  groups [{}], text {:?}", groups.join(" "), state.declaration).unwrap();
    writeln!(out, "  {} requests remembered", state.recent.len()).unwrap();
    out
}

mod chance {
    //! Commands drawn by chance, and what must hold of every state.

    use super::*;
    use std::collections::BTreeSet;

    /// A fixed sequence for each seed.
    struct Chance(u64);

    impl Chance {
        fn below(&mut self, end: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % end
        }
    }

    /// Few names, addresses, tokens and certificates, so that they collide.
    fn line(chance: &mut Chance) -> String {
        let mut pick = |end| chance.below(end);
        match pick(11) {
            0 => format!("at {}", pick(60)),
            1 => format!("token t{} until {}", pick(60), pick(90)),
            2 => format!("token t{} until {} for n{}", pick(60), pick(90), pick(5)),
            3..6 => {
                let (name, at, token, certificate) = (pick(5), pick(5) + 1, pick(60), pick(90));
                format!(
                    "admit n{name} at {at} with t{token} certificate c{certificate} protocol {}-2",
                    pick(2) + 1
                )
            }
            6..8 => format!("confirm {}", pick(40)),
            8 => {
                format!("update {} at {} life {} protocol {}-3", pick(40), pick(5) + 1, pick(3), pick(3) + 1)
            }
            9 => format!("evict n{}", pick(5)),
            _ => "again".to_owned(),
        }
    }

    #[test]
    fn no_sequence_of_commands_leads_to_a_state_that_contradicts_itself() {
        let mut joined = 0;
        for seed in 0..40 {
            let mut chance = Chance(seed);
            let mut stage = Stage::default();
            stage.run("form shop n0 at 1 certificate c0");
            let mut numbers = BTreeSet::new();
            for _ in 0..400 {
                let line = line(&mut chance);
                stage.requests = 0;
                if line != "again" && !line.starts_with("at") {
                    // Requests of their own, though there are only so many numbers.
                    stage.state.recent.clear();
                }
                stage.run(&line);
                check(&stage.state, &mut numbers, &format!("seed {seed}, after `{line}`"));
            }
            joined += numbers.len() - 1;
        }
        assert!(joined > 100, "hardly anybody joined: {joined}");
    }

    fn check(state: &ClusterState, numbers: &mut BTreeSet<NodeId>, when: &str) {
        let all_different = |what: &str, values: Vec<String>| {
            let different: BTreeSet<&String> = values.iter().collect();
            assert_eq!(different.len(), values.len(), "{when}: {what} {values:?}");
        };
        let members: Vec<_> = state.nodes.values().filter(|node| node.confirmed).collect();
        all_different("names", state.nodes.values().map(|node| node.name.to_string()).collect());
        let addresses = members.iter().flat_map(|node| node.endpoints.iter().map(Endpoint::to_string));
        all_different("addresses of members", addresses.collect());
        let certificates = state.nodes.values().map(|node| node.certificate.clone());
        let gone = state.evicted.values().map(|node| node.certificate.clone());
        all_different("certificates, former ones too", certificates.chain(gone).collect());
        let joining = state.nodes.values().filter_map(|node| node.token).map(|token| token.to_string());
        all_different("tokens of unfinished joins", joining.collect());

        assert!(!members.is_empty(), "{when}: nobody is left");
        assert!(state.nodes.keys().chain(state.evicted.keys()).all(|id| *id <= state.last_node), "{when}");
        assert!(state.nodes.keys().all(|id| !state.evicted.contains_key(id)), "{when}: here and gone");
        numbers.extend(state.nodes.keys());
        let known: BTreeSet<NodeId> = state.nodes.keys().chain(state.evicted.keys()).copied().collect();
        assert_eq!(*numbers, known, "{when}: nobody vanishes, and no number comes back");
        for node in &members {
            let common = members.iter().all(|other| other.protocol.common(node.protocol).is_some());
            assert!(common && node.token.is_none(), "{when}: {node:?}");
        }
        for used in state.tokens.values().filter_map(|token| token.used.as_ref()) {
            let existed = state
                .nodes
                .values()
                .map(|node| &node.name)
                .chain(state.evicted.values().map(|gone| &gone.name));
            assert!(existed.into_iter().any(|name| *name == used.0), "{when}: {used:?}");
        }
    }
}

mod limits {
    //! What the examples cannot show for their length.

    use super::*;

    fn propose(state: &mut ClusterState, number: u64, at: u64, command: Command) -> Outcome {
        let mut request = [0; 16];
        request[..8].copy_from_slice(&number.to_be_bytes());
        let actor = Actor::Node("n1".parse().unwrap());
        let at = Timestamp::from_unix_ms(at);
        apply(state, &Proposal { request: RequestId(request), at, actor, command }).0
    }

    fn formed() -> ClusterState {
        let mut stage = Stage::default();
        stage.run("form shop n1 at 1");
        stage.state
    }

    fn token(number: u64, expires: u64) -> Command {
        let (token, expires) = (TokenId(number.to_be_bytes()), Timestamp::from_unix_ms(expires));
        Command::CreateToken { token, secret_hash: String::new(), node: None, expires }
    }

    #[test]
    fn a_thousand_tokens_and_no_more_until_some_are_forgotten() {
        let week_ms = 7 * 86_400_000;
        let mut state = formed();
        for number in 0..1_000 {
            assert!(matches!(propose(&mut state, number, 0, token(number, 10)), Outcome::Done { .. }));
        }
        let refused = propose(&mut state, 1_000, week_ms + 10, token(1_000, 10));
        assert!(matches!(refused, Outcome::Refused(_)), "expired ones still explain their refusal");
        assert_eq!(state.tokens.len(), 1_000);
        propose(&mut state, 1_001, week_ms + 11, token(1_000, 10));
        assert_eq!(state.tokens.len(), 1, "the new one");
    }

    #[test]
    fn a_request_is_remembered_for_a_thousand_others_and_then_forgotten() {
        let mut state = formed();
        let first = propose(&mut state, 5_000, 0, token(0, 10));
        for number in 1..1_024 {
            propose(&mut state, 5_000 + number, 0, Command::Evict { node: "nobody".parse().unwrap() });
        }
        assert_eq!(state.recent.len(), 1_024);
        assert_eq!(propose(&mut state, 5_000, 0, token(0, 10)), first);
        propose(&mut state, 9_000, 0, Command::Evict { node: "nobody".parse().unwrap() });
        let decided_anew = propose(&mut state, 5_000, 0, token(0, 10));
        assert!(matches!(decided_anew, Outcome::Refused(_)), "{decided_anew:?}");
    }
}
