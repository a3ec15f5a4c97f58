//! `steadfast init`: the first node forms a cluster.

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use api::InitRequest;
use model::ClusterName;

/// Form a cluster of this one node
///
/// The daemon must be running. The line that makes another node join is printed on standard
/// output; it holds a token that is good for one node.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The cluster's name: 1 to 63 of a-z, 0-9 and -
    #[arg(long, value_name = "CLUSTER")]
    name: ClusterName,
}

pub(crate) async fn run(args: Args, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let done = context.client()?.init(&InitRequest { name: args.name.into() }).await?;
    let out = &mut *context.out;
    out.say(&format!("{} is formed, {} is its first node", done.cluster, done.node));
    out.say(
        "`join --token -` reads the token from standard input, which keeps it out of the list of processes",
    );
    out.say(&format!("on the next node, with its daemon running, until {}:", done.token_expires));
    out.data(&format!("steadfast join {} --token {}\n", done.address, done.token))?;
    Ok(Exit::Done)
}
