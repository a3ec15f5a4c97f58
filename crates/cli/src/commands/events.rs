//! `steadfast events`: what happened, on every node.

use super::{Format, follow};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::out::Out;
use crate::paint::{Tone, clean, tone};
use crate::render::events::line;
use api::{EventQuery, Events};
use model::{NodeName, Timestamp};

/// Show the events of every node
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Go on with each event as it happens, until interrupted
    #[arg(short, long)]
    follow: bool,
    /// Not before this: a time in RFC 3339, or a duration before now such as 15m
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<String>,
    /// Only this event: its number or its symbolic name
    #[arg(long, value_name = "ID", value_parser = event_id)]
    id: Option<u32>,
    /// Only of this node
    #[arg(long, value_name = "NODE")]
    node: Option<NodeName>,
    /// Only of this level or worse
    #[arg(long, value_name = "LEVEL", value_parser = LEVELS)]
    level: Option<String>,
    /// At most the latest so many: 1 to 10000 [default: 1000; with --follow and no --since: 10]
    #[arg(short = 'n', long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: Option<u32>,
    #[command(flatten)]
    format: Format,
}

const LEVELS: [&str; 4] = ["information", "warning", "error", "critical"];

pub(crate) async fn run(args: Args, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let client = context.client()?;
    let query = EventQuery {
        since: args.since,
        id: args.id,
        node: args.node.map(Into::into),
        level: args.level,
        limit: args.limit,
        after: None,
    };
    if args.follow {
        return follow::run(&client, query, args.format, context.out).await;
    }
    let found = client.events(&query).await?;
    if args.format.json {
        // An array: who is silent goes to standard error, where scripts do not trip over it.
        context.out.json(&found.events)?;
    } else {
        let lines: String = found.events.iter().map(line).collect();
        context.out.data(&lines)?;
    }
    name_silent(&found, context.out);
    Ok(Exit::Done)
}

/// Says whose events are missing.
pub(super) fn name_silent(found: &Events, out: &mut Out) {
    for silent in &found.silent {
        let who = tone("warning:", Tone::Doubt);
        let text = format!("{} did not answer, its events are missing: {}", silent.node, silent.reason);
        out.say(&format!("{who} {}", clean(&text)));
    }
}

/// Checked here, so that a slip is a usage error; what it means is the daemon's to say, by its own clock.
fn since(text: &str) -> Result<String, String> {
    if super::duration(text).is_ok() || text.parse::<Timestamp>().is_ok() {
        return Ok(text.to_owned());
    }
    Err("expected a duration such as 15m, or a time such as 2026-11-22T18:30:00Z".to_owned())
}

fn event_id(text: &str) -> Result<u32, String> {
    // A number need not be in the catalogue: a newer node may log what this version does not know.
    text.parse().or_else(|_| ::events::find(text).map(|entry| entry.id).map_err(|error| error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_levels_are_those_of_the_catalogue() {
        for entry in ::events::entries() {
            assert!(LEVELS.contains(&entry.level.as_str()), "{}", entry.level);
        }
    }

    #[test]
    fn filters_are_checked_before_anybody_is_asked() {
        assert!(since("15m").is_ok() && since("2026-11-22T18:30:00+01:00").is_ok());
        assert!(since("yesterday").is_err() && since("0s").is_err());
        assert_eq!(event_id("node_evicted").unwrap(), 1011);
        assert_eq!(event_id("39999").unwrap(), 39999);
        assert!(event_id("node_evictde").unwrap_err().contains("NODE_EVICTED"));
    }
}
