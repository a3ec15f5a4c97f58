//! A moment, with what the calendar says of it.
//!
//! Rules and windows are in local time. Which offset from UTC a place has at a moment, its time zone
//! says, and whoever asks the planner knows it; the rest is arithmetic.

use crate::view::Now;
use model::desired::{Date, Day};

/// In milliseconds.
const DAY_MS: i64 = 86_400_000;

/// Days from 0000-03-01 to 1970-01-01. Years that begin in March have their leap day last.
const EPOCH: i64 = 719_468;

/// Days in 400 years, after which the calendar begins anew.
const ERA: i64 = 146_097;

/// The last moment that has a date here: the end of the year 9999.
const LAST_MS: i64 = 253_402_300_799_999;

impl Now {
    /// The moment so many milliseconds after 1970 (in UTC), where local time is so many seconds ahead of
    /// UTC. What is before 1970 there, or after 9999, counts as its first or last moment.
    #[must_use]
    pub fn at(unix_ms: u64, ahead_of_utc_s: i32) -> Self {
        let local_ms = i64::try_from(unix_ms)
            .unwrap_or(i64::MAX)
            .saturating_add(i64::from(ahead_of_utc_s) * 1_000)
            .clamp(0, LAST_MS);
        let (days, of_day_ms) = (local_ms / DAY_MS, local_ms % DAY_MS);
        // 1970-01-01 was a Thursday.
        const DAYS: [Day; 7] = [Day::Thu, Day::Fri, Day::Sat, Day::Sun, Day::Mon, Day::Tue, Day::Wed];
        Self {
            unix_ms,
            date: date(days),
            day: DAYS[usize::try_from(days % 7).unwrap_or_default()],
            hour: u8::try_from(of_day_ms / 3_600_000).unwrap_or_default(),
        }
    }
}

/// The date so many days after 1970-01-01, by the rules of the Gregorian calendar (ISO 8601).
fn date(days: i64) -> Date {
    let days = days + EPOCH;
    let (era, of_era) = (days / ERA, days % ERA);
    // A leap day every 4 years, but not every 100, but every 400.
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Five months from March on have 153 days, and so have the next five.
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    Date {
        year: u16::try_from(year).unwrap_or_default(),
        month: u8::try_from(month).unwrap_or_default(),
        day: u8::try_from(day).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(unix_ms: u64, ahead_of_utc_s: i32) -> String {
        let now = Now::at(unix_ms, ahead_of_utc_s);
        format!("{} {} {:02}", now.day.as_str(), now.date, now.hour)
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(shown(0, 0), "thu 1970-01-01 00");
        assert_eq!(shown(951_782_400_000, 0), "tue 2000-02-29 00");
        assert_eq!(shown(951_868_799_999, 0), "tue 2000-02-29 23");
        assert_eq!(shown(951_868_800_000, 0), "wed 2000-03-01 00");
        assert_eq!(shown(4_107_542_400_000, 0), "mon 2100-03-01 00");
        assert_eq!(shown(1_795_348_800_000, 0), "sun 2026-11-22 12");
        assert_eq!(shown(1_795_348_800_000, 7_200), "sun 2026-11-22 14");
        assert_eq!(shown(1_795_348_800_000, -46_800), "sat 2026-11-21 23");
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut last = date(0);
        for days in 1..200_000 {
            let next = date(days);
            let is_next_day = next.year == last.year && next.month == last.month && next.day == last.day + 1;
            let is_next_month = next.day == 1 && (28..=31).contains(&last.day);
            assert!(is_next_day || is_next_month, "{last} then {next}");
            last = next;
        }
        assert_eq!(last.to_string(), "2517-07-31");
    }

    #[test]
    fn what_is_out_of_reach_is_no_panic() {
        assert_eq!(shown(0, -3_600), "thu 1970-01-01 00");
        assert_eq!(shown(u64::MAX, i32::MAX), "fri 9999-12-31 23");
    }
}
