//! `steadfast join`: this node becomes a member.

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;
use crate::paint::{Tone, clean, tone};
use crate::settings;
use api::client::{Client, ClientError};
use api::{JoinCommand, JoinDone};
use model::Endpoint;
use std::io::IsTerminal;
use std::time::Duration;

/// Longer than any token, short enough that a wrong file is noticed.
const TOKEN_BYTES_MAX: u64 = 4096;

/// How often a person is told how far it is.
const PROGRESS: Duration = Duration::from_secs(1);

/// Make this node a member of a cluster
///
/// The daemon must be running. Ends with 0 when the node is a full member: it has the whole
/// database, and votes if the cluster has a vote for it. A join that fails leaves the token as
/// good as it was.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A member's address; without a port, 7400 is meant
    #[arg(value_name = "ADDRESS", value_parser = settings::address)]
    address: Endpoint,
    /// The join token; `-` reads it from standard input, which keeps it out of the list of processes
    #[arg(long, value_name = "TOKEN", allow_hyphen_values = true)]
    token: String,
}

pub(crate) async fn run(args: Args, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let client = context.client()?;
    let token = token(args.token, context)?;
    let command = JoinCommand { address: args.address.to_string(), token };
    let done = wait(&client, &command, context).await?;
    let out = &mut *context.out;
    let votes = if done.voter { "votes" } else { "does not vote: the cluster has all the voters it needs" };
    out.say(&format!("{} is a member of {} and {votes}", done.node, done.cluster));
    for warning in &done.warnings {
        out.say(&format!("{} {}", tone("warning:", Tone::Doubt), clean(warning)));
    }
    Ok(Exit::Done)
}

fn token(given: String, context: &mut Context<'_>) -> Result<String, Failure> {
    if given != "-" {
        return Ok(given);
    }
    if std::io::stdin().is_terminal() {
        context.out.say("paste the join token:");
    }
    let token = files::read_stdin_line("the join token", TOKEN_BYTES_MAX)?;
    let token = token.trim();
    if token.is_empty() {
        return Err(Failure::usage("there is no join token on standard input")
            .next("steadfast token create, on a member; it prints one"));
    }
    Ok(token.to_owned())
}

/// Waits for the join, and tells a person meanwhile what the daemon says it is doing.
async fn wait(
    client: &Client,
    command: &JoinCommand,
    context: &mut Context<'_>,
) -> Result<JoinDone, ClientError> {
    let mut join = std::pin::pin!(client.join(command));
    if !context.out.talks_to_terminal() {
        return join.await;
    }
    context.out.say(&format!("joining through {}", command.address));
    let mut said = String::new();
    loop {
        tokio::select! {
            done = &mut join => return done,
            () = tokio::time::sleep(PROGRESS) => {}
        }
        let asked = tokio::select! {
            done = &mut join => return done,
            asked = client.status() => asked,
        };
        if let Ok(status) = asked
            && status.standing.text != said
        {
            said = status.standing.text;
            context.out.say(&tone(&clean(&said), Tone::Faint));
        }
    }
}
