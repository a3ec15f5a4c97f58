//! Colours that layout does not see.
//!
//! A table must know how wide a text is, and a colour has no width. So texts carry marks instead
//! of colours while they are laid out: characters of no width (variation selectors that no font
//! uses) that [`paint`] turns into colours, or into nothing, when everything is in its place.
//! Texts from elsewhere pass through [`clean`] first, which takes away marks and everything else
//! that a terminal would obey.

use anstyle::{AnsiColor, Style};

/// What a text says about itself. Every one is readable without its colour: the word is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As it should be.
    Good,
    /// Needs a person.
    Bad,
    /// On its way, or worth a look.
    Doubt,
    /// A heading, or what to look at first.
    Strong,
    /// Of less interest.
    Faint,
}

const END: char = '\u{E0100}';
const TONES: [(Tone, char, Style); 5] = [
    (Tone::Good, '\u{E0101}', AnsiColor::Green.on_default()),
    (Tone::Bad, '\u{E0102}', AnsiColor::Red.on_default().bold()),
    (Tone::Doubt, '\u{E0103}', AnsiColor::Yellow.on_default()),
    (Tone::Strong, '\u{E0104}', Style::new().bold()),
    (Tone::Faint, '\u{E0105}', Style::new().dimmed()),
];

/// Gives `text` a tone.
pub(crate) fn tone(text: &str, tone: Tone) -> String {
    let mark = TONES.iter().find(|(known, ..)| *known == tone).map_or(END, |(_, mark, _)| *mark);
    format!("{mark}{text}{END}")
}

/// Turns the marks into colours, or takes them away.
pub(crate) fn paint(text: &str, colour: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match TONES.iter().find(|(_, mark, _)| *mark == c) {
            Some((.., style)) if colour => out.push_str(&style.render().to_string()),
            None if c == END && colour => out.push_str(&anstyle::Reset.render().to_string()),
            None if c != END => out.push(c),
            _ => {}
        }
    }
    out
}

/// A text from elsewhere as one line that a terminal only shows: line ends become spaces, control
/// characters, direction changes and marks become visible escapes.
pub(crate) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => out.push(' '),
            '\r' => {}
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
                out.extend(c.escape_unicode());
            }
            '\u{E0000}'..='\u{E0FFF}' => out.extend(c.escape_unicode()),
            c if c.is_control() => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_a_colour_or_nothing() {
        let text = format!("n1 is {}", tone("up", Tone::Good));
        assert_eq!(paint(&text, false), "n1 is up");
        assert_eq!(paint(&text, true), "n1 is \u{1b}[32mup\u{1b}[0m");
    }

    #[test]
    fn what_comes_from_elsewhere_has_no_power() {
        assert_eq!(clean("a\r\nb\tc"), "a b c");
        assert_eq!(clean("\u{1b}]0;x\u{7}"), "\\u{1b}]0;x\\u{7}");
        assert_eq!(paint(&clean(&tone("up", Tone::Good)), true), "\\u{e0101}up\\u{e0100}");
        assert_eq!(clean("Grüße, 東京"), "Grüße, 東京");
    }
}
