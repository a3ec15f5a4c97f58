//! How every story begins: three nodes form a cluster.

use super::Failed;
use super::machines::{COUNT, name};
use super::stage::Stage;
use api::NodeState;

/// The file that is applied first.
pub(super) const DECLARATION: &str = "\
[cluster]
name = \"demo\"

[[group]]
name = \"web\"
preferred_owners = [\"n1\", \"n2\"]
[[group.resource]]
name = \"app\"
type = \"dummy\"
";

/// Starts three daemons; one forms a cluster, the others join, and a declaration is applied.
pub(super) fn tell(stage: &mut Stage) -> Result<(), Failed> {
    stage.teller.step("On each machine, a file says what a node must know before the cluster does.")?;
    for node in 1..=COUNT {
        stage.machines.write(node, "steadfast.toml", &config(stage, node))?;
    }
    stage.types(1, "cat $STEADFAST_CONFIG")?;

    stage.teller.step("The daemon is started. It answers at once, also without a cluster.")?;
    for node in 1..=COUNT {
        stage.starts(node)?;
    }
    stage.types(1, "steadfast status")?;

    stage.teller.step("n1 forms a cluster. (Tokens are cut short here, and only here.)")?;
    stage.types(1, "steadfast init --name demo")?;

    stage.teller.step("n2 and n3 join, each with a token that is good once.")?;
    let [address, _] = stage.machines.addresses(1);
    let join = format!("steadfast join {address}:{} --token -", stage.machines.port());
    for node in 2..=COUNT {
        let made = stage.types(1, &format!("steadfast token create --node {}", name(node)))?;
        let token = made.lines().find(|line| line.starts_with("sfj1_")).unwrap_or_default();
        stage.types_with(node, &join, token)?;
    }

    stage.teller.step("Any node answers for the cluster.")?;
    for node in 1..=COUNT {
        stage.until(node, "three nodes are up, and all vote", |status| {
            let votes = status.nodes.iter().all(|node| node.voter && node.state == NodeState::Up);
            votes && status.nodes.len() == usize::from(COUNT) && status.quorum.has
        })?;
    }
    stage.types(3, "steadfast status")?;
    stage.teller.held("each of the three sees three nodes that are up and vote")?;

    stage.teller.step("What the cluster shall do is said in one file, on any node: all or nothing.")?;
    stage.machines.write(2, "demo.toml", DECLARATION)?;
    stage.types(2, "cat demo.toml")?;
    stage.types(2, "steadfast apply -f demo.toml")?;
    Ok(())
}

fn config(stage: &Stage, node: u8) -> String {
    let (folder, port) = (stage.machines.folder(node), stage.machines.port());
    let [first, second] = stage.machines.addresses(node);
    format!(
        "node     = \"{}\"\ndata_dir = \"{folder}/data\"\nsocket   = \"{folder}/socket\"\n\
         listen   = \"{first}:{port}\"\nnetworks = [\"{first}\", \"{second}\"]\n",
        name(node)
    )
}
