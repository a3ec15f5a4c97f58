//! The leader is killed. The cluster answers, and nothing is lost.

use super::Failed;
use super::form::DECLARATION;
use super::machines::{COUNT, name};
use super::stage::Stage;
use api::{NodeState, Status};

/// The second version of the file, applied while the old leader is dead.
const CHANGED: &str = "[cluster]\nname = \"demo\"\n# applied while the old leader was dead\n";

/// The number of the event that says that a node is missing.
const NODE_DOWN: &str = "1135";

/// The number of the one that says, after a start, that the daemon's life before ended abruptly.
const UNCLEAN_STOP: &str = "20002";

/// Tells it.
pub(super) fn tell(stage: &mut Stage) -> Result<(), Failed> {
    stage.teller.title("The leader is lost")?;
    let all: Vec<u8> = (1..=COUNT).collect();
    let old = stage.leader_of(&all)?;
    let others: Vec<u8> = all.iter().copied().filter(|node| *node != old).collect();
    let [one, other] = others[..] else { return Err(Failed::Expectation("two other nodes".to_owned())) };
    let dead = name(old);

    stage.teller.step(&format!("{dead} leads. Its daemon is killed, without a chance to say a word."))?;
    stage.types(old, "kill -9 $(cat data/lock)")?;

    stage.teller.step("The other two elect one of themselves, and see who is missing.")?;
    let new = stage.leader_of(&others)?;
    stage.until(one, &format!("{dead} is down"), |status| state(status, &dead) == Some(NodeState::Down))?;
    stage.types(one, "steadfast status")?;
    stage.teller.held(&format!("{} leads now, {dead} is down, and there is a quorum", name(new)))?;

    stage.teller.step("Nothing that was acknowledged is lost: the file is there, byte for byte.")?;
    let exported = stage.types(other, "steadfast export")?;
    stage.expects(exported == DECLARATION, || "the file is what was applied".to_owned())?;
    stage.teller.held("it is what was applied, byte for byte")?;

    stage.teller.step("And the two go on deciding.")?;
    stage.machines.write(other, "demo.toml", CHANGED)?;
    stage.types(other, "steadfast apply -f demo.toml")?;
    let revision = stage.until(new, "it leads", |status| status.quorum.has)?.revision;

    stage.teller.step(&format!("{dead} is started again. It learns by itself what it missed."))?;
    stage.starts(old)?;
    for node in &all {
        stage.until(*node, "three nodes are up and have all changes", |status| {
            let up = status.nodes.iter().all(|node| node.state == NodeState::Up);
            up && status.quorum.has && status.revision >= revision
        })?;
    }
    let leader = stage.leader_of(&all)?;
    stage.expects(leader == new, || format!("{} goes on leading", name(new)))?;
    stage.types(old, "steadfast status")?;
    let exported = stage.types(old, "steadfast export")?;
    stage.expects(exported == CHANGED, || format!("{dead} has what was applied while it was dead"))?;
    stage.teller.held(&format!("{dead} has what was applied without it; {} goes on leading", name(new)))?;

    stage
        .teller
        .step("What happened is on record, numbered, from every node; each number explains itself.")?;
    let events = stage.types(one, "steadfast events --level warning --since 10m")?;
    let told = events.contains(NODE_DOWN) && events.contains(UNCLEAN_STOP);
    stage.expects(told, || "the death of a daemon is told".to_owned())?;
    stage.types(one, &format!("steadfast explain {NODE_DOWN}"))?;
    Ok(())
}

fn state(status: &Status, name: &str) -> Option<NodeState> {
    status.nodes.iter().find(|node| node.name == name).map(|node| node.state)
}
