//! Events as text: a line each, in columns that stay in place while events arrive.

use crate::paint::{Tone, clean, tone};
use model::stored::EventRecord;

/// One event: time, node, level, number, text.
pub(crate) fn line(event: &EventRecord) -> String {
    let level = match event.level.as_str() {
        "information" => "info".to_owned(),
        level => clean(level),
    };
    let how = match event.level.as_str() {
        "information" => Tone::Faint,
        "warning" => Tone::Doubt,
        _ => Tone::Bad,
    };
    let level = tone(&format!("{level:<8}"), how);
    format!("{}  {:<8}  {level}  {:>5}  {}\n", event.time, event.node, event.id, clean(&event.text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::check;
    use crate::paint::paint;
    use crate::render::samples;

    #[test]
    fn events_are_lines_in_columns() {
        let mut events = [samples::event("n1", 1, None), samples::event("database-17", 2, None)];
        events[1].level = "information".to_owned();
        events[1].id = 20501;
        let text: String = events.iter().map(line).collect();
        check("events.txt", &paint(&text, false));
    }
}
