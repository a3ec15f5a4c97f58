//! One of two networks fails, which is no loss; then a whole node is cut off, which knows it.

use super::Failed;
use super::machines::{COUNT, name};
use super::stage::Stage;
use api::{NodeState, Phase, UpDown};
use lab::{Host, Lab, Network, Traffic};

/// Tells it.
pub(super) fn tell(stage: &mut Stage) -> Result<(), Failed> {
    stage.teller.title("Networks fail")?;
    let all: Vec<u8> = (1..=COUNT).collect();
    let leader = stage.leader_of(&all)?;
    one_of_two(stage, &all, leader)?;
    cut_off(stage, &all, leader)
}

fn lab(stage: &Stage) -> Result<&Lab, Failed> {
    stage.machines.lab().ok_or_else(|| Failed::Expectation("machines with networks of their own".to_owned()))
}

fn host(lab: &Lab, node: u8) -> &Host {
    &lab.hosts()[usize::from(node) - 1]
}

fn one_of_two(stage: &mut Stage, all: &[u8], leader: u8) -> Result<(), Failed> {
    stage
        .teller
        .step("The switch of the first network, 10.99.0.0/24, fails: no frame passes it any more.")?;
    let lab = lab(stage)?;
    for node in all {
        lab.cut(Traffic::of(host(lab, *node)).on(Network::First))?;
    }
    for node in all {
        stage.until(*node, "the others are up on the second network alone", |status| {
            status.nodes.iter().filter(|other| other.name != name(*node)).all(|other| {
                let states: Vec<_> = other.networks.iter().map(|network| network.state).collect();
                other.state == NodeState::Up && states == [UpDown::Down, UpDown::Up]
            })
        })?;
    }
    stage.types(1, "steadfast status")?;
    stage.types(1, "steadfast token create --node n8")?;
    let after = stage.leader_of(all)?;
    stage.expects(after == leader, || format!("{} goes on leading", name(leader)))?;
    stage.teller.held(&format!("all nodes are up, {} goes on leading, nothing has moved", name(leader)))?;
    heal(stage, all, "The switch works again.")
}

fn cut_off(stage: &mut Stage, all: &[u8], leader: u8) -> Result<(), Failed> {
    let others: Vec<u8> = all.iter().copied().filter(|node| *node != leader).collect();
    let cut = name(leader);
    stage.teller.step(&format!("{cut}, which leads, is cut off from both networks."))?;
    let lab = lab(stage)?;
    lab.isolate(host(lab, leader))?;
    let new = stage.leader_of(&others)?;
    stage.until(leader, "it has no quorum, and misses the others", |status| {
        status.standing.phase == Phase::NoQuorum && status.quorum.missing.len() == others.len()
    })?;
    stage.types(leader, "steadfast status")?;
    let refusal = stage.is_refused(leader, "steadfast token create")?;
    let named = refusal.contains("no quorum") && others.iter().all(|node| refusal.contains(&name(*node)));
    stage.expects(named, || "the refusal names who is missing".to_owned())?;
    stage.teller.held(&format!("{cut} knows that it is alone: it answers, and changes nothing"))?;

    stage.teller.step("The other two have a majority, and go on.")?;
    stage.types(new, "steadfast token create --node n9")?;
    stage.teller.held(&format!("{} leads them", name(new)))?;

    let revision = stage.until(new, "it leads", |status| status.quorum.has)?.revision;
    heal(stage, all, &format!("{cut} is connected again, and follows."))?;
    stage.until(leader, "it has caught up", |status| status.revision >= revision)?;
    let after = stage.leader_of(all)?;
    stage.expects(after == new, || format!("{} goes on leading", name(new)))?;
    let tokens = stage.types(leader, "steadfast token list")?;
    stage.expects(tokens.contains("n9"), || format!("{cut} has what was changed without it"))?;
    stage.teller.held(&format!("{cut} has what was changed without it; {} goes on leading", name(new)))
}

fn heal(stage: &mut Stage, all: &[u8], what: &str) -> Result<(), Failed> {
    stage.teller.step(what)?;
    lab(stage)?.heal()?;
    for node in all {
        stage.until(*node, "all nodes are up on all networks", |status| {
            let up = |node: &api::NodeShown| {
                let networks = node.networks.iter().all(|network| network.state == UpDown::Up);
                networks && node.state == NodeState::Up
            };
            status.quorum.has && status.nodes.iter().all(up)
        })?;
    }
    stage.types(1, "steadfast node list")?;
    Ok(())
}
