//! Hours of the day: `22-04`.

/// From the first hour until before the second, both from 0 to 23 and different.
pub(super) fn hours(text: &str) -> Option<(u8, u8)> {
    let hour = |text: &str| {
        let digits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u8>().ok().filter(|hour| digits && *hour < 24)
    };
    let (first, until) = text.split_once('-')?;
    let (first, until) = (hour(first)?, hour(until)?);
    (first != until).then_some((first, until))
}
