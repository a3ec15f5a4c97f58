//! What an event means. Needs no daemon: the catalogue is in the program.

use crate::commands::Format;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use serde_json::json;

pub(super) fn run(what: &str, format: Format, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let entry = ::events::find(what).map_err(|error| {
        let nearest = error.nearest;
        Failure::new(format!("no event `{}`", error.given))
            .because(format!("the nearest is {} {}", nearest.id, nearest.name))
            .next(format!("steadfast explain {}", nearest.id))
    })?;
    if format.json {
        let fields: Vec<_> = entry
            .fields
            .iter()
            .map(|field| json!({ "name": field.name, "meaning": field.meaning }))
            .collect();
        context.out.json(&json!({
            "id": entry.id, "name": entry.name, "level": entry.level.as_str(), "message": entry.message,
            "cause": entry.cause, "remedy": entry.remedy, "fields": fields,
        }))?;
    } else {
        let text = ::events::explain(what).map_err(|error| Failure::new(error.to_string()))?;
        context.out.data(&text)?;
    }
    Ok(Exit::Done)
}
