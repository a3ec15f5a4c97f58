//! Clients: they write, ask again when they got no answer, and remember what they were told.

use crate::history::{Answer, Operation};
use crate::node::request_of;
use crate::world::{World, now, sleep};
use model::desired::ClusterSpec;
use model::stored::{Actor, Command, CredentialKind, Outcome, Proposal, Role};
use model::{CredentialName, NodeId, Timestamp, TokenId};
use std::time::Duration;
use store::engine::ProposeError;

/// How long a client waits for an answer before it asks elsewhere.
const PATIENCE: Duration = Duration::from_millis(400);

/// How often it asks before it gives up, never to learn what became of it.
const ATTEMPTS: u32 = 12;

/// Writes until it is told to stop.
pub(crate) async fn client(world: World) {
    while !world.lock().clients_stop {
        write(&world, ATTEMPTS).await;
        let pause = world.dice.millis(10, 150);
        sleep(pause).await;
    }
}

/// One operation, tried so often. Whether it was answered.
pub(crate) async fn write(world: &World, attempts: u32) -> bool {
    let (number, what, command) = draw(world);
    let proposal = proposal(number, command);
    world.lock().history.operations.insert(number, Operation { what, invoked: now(), answered: None });
    let mut guess = None;
    for attempt in 0..attempts {
        let Some(node) = guess.take().or_else(|| anybody(world)) else {
            sleep(world.dice.millis(10, 50)).await;
            continue;
        };
        match ask(world, node, &proposal).await {
            Ok(outcome) => {
                answered(world, number, node, &outcome);
                return true;
            }
            Err(leader) => guess = leader,
        }
        // A retry reaches whoever leads by then; the first ones come fast, to race with the change itself.
        sleep(world.dice.millis(1, 20 * u64::from(attempt) + 2)).await;
    }
    world.note(format_args!("operation {number} is given up"));
    false
}

/// Asks one node: an outcome, or whom to ask next.
async fn ask(world: &World, node: NodeId, proposal: &Proposal) -> Result<Outcome, Option<NodeId>> {
    let Some(process) = world.process(node) else { return Err(None) };
    let result = process.engine.propose(proposal.clone(), PATIENCE).await;
    // An answer from a machine without power does not arrive.
    if !process.power.is_on() {
        return Err(None);
    }
    match result {
        Ok(outcome) => {
            world.note_leaders();
            Ok(outcome)
        }
        Err(ProposeError::NotLeader { leader }) => Err(leader),
        Err(_) => Err(None),
    }
}

fn answered(world: &World, number: u64, node: NodeId, outcome: &Outcome) {
    let answer = match outcome {
        Outcome::Done { revision, .. } => Answer::Done(*revision),
        Outcome::Refused(_) | Outcome::Nothing => Answer::Refused,
    };
    world.note(format_args!("operation {number} answered by {node}: {answer:?}"));
    if let Some(operation) = world.lock().history.operations.get_mut(&number) {
        operation.answered = Some((now(), answer));
    }
}

fn anybody(world: &World) -> Option<NodeId> {
    let running: Vec<NodeId> = world.processes().into_iter().map(|(node, _)| node).collect();
    world.dice.pick(&running).copied()
}

/// Draws an operation that no other can be mistaken for.
fn draw(world: &World) -> (u64, &'static str, Command) {
    let number = {
        let mut inner = world.lock();
        inner.next_operation += 1;
        inner.next_operation
    };
    let (what, command) = match world.dice.between(0, 10) {
        0..5 => ("token", token(number)),
        5..8 => ("credential", credential(number)),
        _ => ("configure", configure(number)),
    };
    (number, what, command)
}

pub(crate) fn token(number: u64) -> Command {
    Command::CreateToken {
        token: TokenId(number.to_be_bytes()),
        secret_hash: "00".to_owned(),
        node: None,
        expires: Timestamp::from_unix_ms(u64::MAX / 2),
    }
}

fn credential(number: u64) -> Command {
    let kind = CredentialKind::Token { hash: "00".to_owned() };
    Command::CreateCredential { name: name(number), kind, role: Role::Administrator, expires: None }
}

fn configure(number: u64) -> Command {
    // Of a size that fills pages and tears well.
    let text = format!("# {number}\n{}", "#".repeat((number as usize * 97) % 3_000));
    let cluster = "sim".parse().expect("a cluster's name");
    Command::Configure { cluster, spec: ClusterSpec::default(), text, if_revision: None }
}

/// The credential that proposes an operation, and the one that it makes.
pub(crate) fn name(number: u64) -> CredentialName {
    CredentialName::new(format!("o{number}")).expect("a credential's name")
}

pub(crate) fn proposal(number: u64, command: Command) -> Proposal {
    Proposal {
        request: request_of(number),
        at: Timestamp::from_unix_ms(now() / 1_000_000),
        actor: Actor::Credential(name(number)),
        command,
    }
}
