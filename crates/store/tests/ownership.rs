//! Ownerships under commands drawn by chance: late ones, repeated ones, those of nodes that are gone, and those
//! that contradict each other. What must hold afterwards is judged by a second bookkeeping that knows nothing
//! of how the machine decides: it sees the state before and after, and the command.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails its test")]

use model::desired::ClusterSpec;
use model::stored::{
    Actor, ClusterRecord, ClusterState, Command, CopyRecord, CopyStage, GroupChange, NewNode, Outcome,
    Proposal, ProtocolRange, SoftwareVersion,
};
use model::{
    ClusterId, Generation, GroupName, NodeId, NodeName, RequestId, ResourceName, Secret, Timestamp, TokenId,
};
use std::collections::{BTreeMap, BTreeSet};
use store::machine::apply;

/// One that is one node's, and one of which there are three, with one primary.
const GROUPS: [&str; 2] = ["single", "copies"];
const NODES: u64 = 3;

/// A fixed sequence for each seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

fn group(name: &str) -> GroupName {
    name.parse().unwrap()
}

fn node_name(number: u64) -> NodeName {
    format!("n{number}").parse().unwrap()
}

fn new_node(number: u64) -> NewNode {
    NewNode {
        name: node_name(number),
        endpoints: vec![format!("10.0.0.{number}:7400").parse().unwrap()],
        certificate: format!("certificate {number}"),
        protocol: ProtocolRange { min: 1, max: 1 },
        software: SoftwareVersion("1.0".to_owned()),
    }
}

fn spec() -> ClusterSpec {
    let groups = serde_json::json!([
        { "name": "single", "resources": [{ "name": "ip", "type": "dummy", "exclusive": "gate" }] },
        { "name": "copies", "resources": [{ "name": "db", "type": "dummy", "exclusive": "none" }] },
    ]);
    let mut spec = ClusterSpec { groups: serde_json::from_value(groups).unwrap(), ..Default::default() };
    let clones = serde_json::json!({ "max": 3, "primaries": 1 });
    let mut copies = serde_json::to_value(&spec.groups[1]).unwrap();
    copies["policy"]["clones"] = clones;
    if let Ok(group) = serde_json::from_value(copies) {
        spec.groups[1] = group;
    }
    assert!(spec.groups[1].policy.clones.is_some_and(|clones| clones.primaries == 1), "a group of copies");
    spec
}

/// A cluster of three full members with both groups.
fn formed(world: &mut World) {
    let cluster = ClusterRecord {
        id: ClusterId([1; 16]),
        name: "shop".parse().unwrap(),
        formed: Timestamp::from_unix_ms(0),
        ca_certificate: String::new(),
        ca_key: Secret::new(""),
        heartbeat_key: Secret::new(""),
    };
    world.must(Command::Form { cluster, node: new_node(1) });
    for number in 2..=NODES {
        let token = TokenId([u8::try_from(number).unwrap(); 8]);
        let (secret_hash, expires) = ("right".to_owned(), Timestamp::from_unix_ms(u64::from(u32::MAX)));
        world.must(Command::CreateToken { token, secret_hash: secret_hash.clone(), node: None, expires });
        world.must(Command::Admit { token, secret_hash, node: new_node(number) });
        world.must(Command::Confirm { node: NodeId(number) });
    }
    world.must(Command::Configure {
        cluster: "shop".parse().unwrap(),
        spec: spec(),
        text: String::new(),
        if_revision: None,
    });
}

struct World {
    state: ClusterState,
    at_ms: u64,
    requests: u64,
    /// Every generation that was ever given, of any group.
    given: BTreeSet<Generation>,
    /// Which groups' copies were revoked, by generation: such a one is never held again.
    revoked: BTreeSet<(GroupName, Generation)>,
    owned: usize,
    refused: usize,
}

impl World {
    fn new() -> Self {
        let (state, given, revoked) = (ClusterState::default(), BTreeSet::new(), BTreeSet::new());
        let mut world = Self { state, at_ms: 0, requests: 0, given, revoked, owned: 0, refused: 0 };
        formed(&mut world);
        world
    }

    fn proposal(&mut self, command: Command) -> Proposal {
        self.requests += 1;
        self.at_ms += 10;
        let mut request = [0; 16];
        request[..8].copy_from_slice(&self.requests.to_be_bytes());
        let actor = Actor::Local { node: node_name(1), uid: 0 };
        Proposal { request: RequestId(request), at: Timestamp::from_unix_ms(self.at_ms), actor, command }
    }

    fn must(&mut self, command: Command) {
        let proposal = self.proposal(command);
        let (outcome, _) = apply(&mut self.state, &proposal);
        assert!(matches!(outcome, Outcome::Done { .. }), "{:?}: {outcome}", proposal.command);
    }

    /// Applies it, once more as if it came twice, and on a replica that got the state as JSON; judges it.
    fn propose(&mut self, proposal: &Proposal, when: &str) {
        let before = self.state.clone();
        let mut replica: ClusterState =
            serde_json::from_slice(&serde_json::to_vec(&before).unwrap()).unwrap();
        let (outcome, _) = apply(&mut self.state, proposal);
        assert_eq!(apply(&mut replica, proposal).0, outcome, "{when}: a replica decides alike");
        assert_eq!(replica, self.state, "{when}: a replica becomes the same");
        let once = self.state.clone();
        assert_eq!(apply(&mut self.state, proposal).0, outcome, "{when}: what comes twice is answered alike");
        assert_eq!(self.state, once, "{when}: what comes twice happens once");
        self.judge(&before, proposal, &outcome, when);
    }

    fn judge(&mut self, before: &ClusterState, proposal: &Proposal, outcome: &Outcome, when: &str) {
        let accepted = matches!(outcome, Outcome::Done { .. });
        self.refused += usize::from(!accepted);
        if !accepted {
            assert_eq!(before.groups, self.state.groups, "{when}: a refusal changes nothing");
        }
        for name in GROUPS.map(group) {
            let (was, is) = (copies(before, &name), copies(&self.state, &name));
            let held: Vec<&NodeId> =
                is.iter().filter(|(_, copy)| copy.stage == CopyStage::Held).map(|(id, _)| id).collect();
            assert!(name.as_str() != "single" || held.len() <= 1, "{when}: {name} is held by {held:?}");
            let primaries = is.values().filter(|copy| copy.primary).count();
            assert!(primaries <= 1, "{when}: {primaries} primaries of {name}");
            for (id, copy) in &is {
                self.judge_copy(&name, *id, copy, was.get(id), proposal, when);
            }
            for (id, copy) in was.iter().filter(|(id, _)| !is.contains_key(id)) {
                self.judge_loss(&name, *id, copy, proposal, when);
            }
        }
    }

    /// A copy that is there: new only by `Own`, under a generation above all before; changed only by who may.
    fn judge_copy(
        &mut self,
        group: &GroupName,
        id: NodeId,
        copy: &CopyRecord,
        was: Option<&CopyRecord>,
        proposal: &Proposal,
        when: &str,
    ) {
        match was.filter(|was| was.generation == copy.generation) {
            None => {
                let owns = matches!(&proposal.command, Command::Own { group: of, node, .. } if of == group && *node == id);
                assert!(owns, "{when}: {group} came to node {id} by another command");
                let above = self.given.last().is_none_or(|last| copy.generation > *last);
                assert!(above, "{when}: generation {} after {:?}", copy.generation, self.given.last());
                assert!(
                    was.is_none_or(|was| was.stage != CopyStage::Held),
                    "{when}: what {id} held was given anew"
                );
                self.given.insert(copy.generation);
                self.owned += 1;
            }
            Some(was) => {
                let revived = was.stage == CopyStage::Revoked && copy.stage == CopyStage::Held;
                assert!(!revived, "{when}: {group} of node {id} was revoked");
                let promoted = copy.primary && !was.primary;
                assert!(!promoted || copy.stage == CopyStage::Held, "{when}: who lost it is promoted");
            }
        }
        let key = (group.clone(), copy.generation);
        match copy.stage {
            CopyStage::Held => assert!(!self.revoked.contains(&key), "{when}: {key:?} was revoked"),
            CopyStage::Revoked => drop(self.revoked.insert(key)),
        }
    }

    /// A copy that is gone: released by its node in that generation, vouched for, or taken over after it had
    /// been revoked.
    fn judge_loss(&self, group: &GroupName, id: NodeId, copy: &CopyRecord, proposal: &Proposal, when: &str) {
        let by_right = match &proposal.command {
            Command::Release { node, copies } => {
                *node == id && copies.contains(&(group.clone(), copy.generation))
            }
            Command::ConfirmDown { node } => *node == node_name(id.0),
            Command::Own { group: of, .. } => of == group && copy.stage == CopyStage::Revoked,
            _ => false,
        };
        assert!(by_right, "{when}: node {id} lost {group} ({:?}) by {:?}", copy.stage, proposal.command);
    }
}

fn copies(state: &ClusterState, group: &GroupName) -> BTreeMap<NodeId, CopyRecord> {
    state.groups.get(group).map(|record| record.copies.clone()).unwrap_or_default()
}

/// A command about few things, so that most contradict each other; generations that are now, late or made up.
fn command(chance: &mut Chance, state: &ClusterState) -> Command {
    let name = group(GROUPS[usize::try_from(chance.below(2)).unwrap()]);
    let node = NodeId(chance.below(NODES + 1) + 1);
    let latest = state.groups.get(&name).map_or(Generation(0), |record| record.generation);
    let own = copies(state, &name).get(&node).map_or(latest, |copy| copy.generation);
    let mut near = |generation: Generation| match chance.below(4) {
        0 => Generation(generation.0.saturating_sub(chance.below(3))),
        _ => generation,
    };
    let (latest, own) = (near(latest), near(own));
    let resource: ResourceName = if name.as_str() == "single" { "ip" } else { "db" }.parse().unwrap();
    match chance.below(12) {
        0..5 => Command::Own { group: name, node, if_generation: latest, failover: chance.below(2) == 0 },
        5 | 6 => Command::Release { node, copies: vec![(name, own)] },
        7 => Command::Revoke { node, copies: vec![(name, own)] },
        8 | 9 => Command::SetPrimary { group: name, node, generation: own, primary: chance.below(3) > 0 },
        10 if chance.below(4) == 0 => Command::ConfirmDown { node: node_name(node.0) },
        10 => {
            let reason = "it failed".to_owned();
            Command::RecordFailure { group: name, resource, node, at_start: false, reason }
        }
        _ if chance.below(2) == 0 => Command::SetGroup { group: name, change: GroupChange::Offline },
        _ => Command::SetGroup { group: name, change: GroupChange::Online },
    }
}

#[test]
fn no_sequence_of_commands_gives_a_group_to_two() {
    let (mut owned, mut refused) = (0, 0);
    for seed in 0..40 {
        let (mut chance, mut world) = (Chance(seed), World::new());
        let mut late: Vec<Proposal> = Vec::new();
        for step in 0..400 {
            let next = command(&mut chance, &world.state);
            let proposal = world.proposal(next);
            // Some arrive much later, when everything is otherwise.
            let now = match chance.below(5) {
                0 => {
                    late.push(proposal);
                    let count = u64::try_from(late.len()).unwrap();
                    late.swap_remove(usize::try_from(chance.below(count)).unwrap())
                }
                _ => proposal,
            };
            world.propose(&now, &format!("seed {seed}, step {step}, {:?}", now.command));
        }
        owned += world.owned;
        refused += world.refused;
    }
    assert!(owned > 1_000 && refused > 1_000, "hardly anything happened: {owned} given, {refused} refused");
}
