//! `steadfast token`: join tokens.

use super::{Format, duration};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::paint::clean;
use crate::table::table;
use api::{TokenRequest, TokenShown};
use model::NodeName;
use std::time::Duration;

/// What to do with tokens.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Make a join token: the only thing on standard output
    ///
    /// It is good for one node and shown this once.
    Create {
        /// The only node that may use it; without this, its first user binds it
        #[arg(long, value_name = "NODE")]
        node: Option<NodeName>,
        /// For how long it is good: 1s to 7d [default: 1h]
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        ttl: Option<Duration>,
    },
    /// List the join tokens, without their secrets
    List(Format),
}

pub(crate) async fn run(command: Command, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let client = context.client()?;
    match command {
        Command::Create { node, ttl } => {
            let ttl_s = ttl.map(|ttl| ttl.as_secs());
            let made =
                client.token_create(&TokenRequest { node: node.clone().map(Into::into), ttl_s }).await?;
            context.out.data(&format!("{}\n", made.token))?;
            let node = node.map_or_else(|| "one node".to_owned(), |node| node.to_string());
            context
                .out
                .say(&format!("good for {node} until {}; there, with its daemon running:", made.expires));
            context.out.say(&format!("  steadfast join {} --token -", made.address));
        }
        Command::List(Format { json: true }) => context.out.json(&client.token_list().await?)?,
        Command::List(_) => {
            let tokens = client.token_list().await?;
            let width = context.out.width();
            context.out.data(&listed(&tokens, width))?;
        }
    }
    Ok(Exit::Done)
}

fn listed(tokens: &[TokenShown], width: Option<u16>) -> String {
    if tokens.is_empty() {
        return "no join tokens\n".to_owned();
    }
    let row = |token: &TokenShown| {
        let state = match &token.used_by {
            Some(node) => format!("used by {node}"),
            None => token.state.clone(),
        };
        let node = token.node.clone().unwrap_or_else(|| "any".to_owned());
        [&token.id, &node, &state, &token.expires, &token.by].map(|text| clean(text)).to_vec()
    };
    table(&["TOKEN", "NODE", "STATE", "EXPIRES", "MADE BY"], tokens.iter().map(row).collect(), width)
}
