//! A moment, with what the calendar of this machine says of it.
//!
//! Hours and days in a declarative file are local time. The machine's zone is read by `jiff`, in this
//! process; where it cannot be read, it is UTC, and that is said.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use planner::Now;
use std::str::FromStr;

/// A moment as it is written on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// The present.
    Now,
    /// A moment anywhere in the world.
    At(Timestamp),
    /// What a clock on the wall here shows.
    Here(jiff::civil::DateTime),
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "now" {
            return Ok(Self::Now);
        }
        let at = text.parse().map(Self::At).or_else(|_| text.parse().map(Self::Here));
        let read = at.map_err(|_| "expected 2026-11-22T14:00, 2026-11-22T14:00:00Z or now".to_owned())?;
        let year = match read {
            Self::At(at) => at.to_zoned(TimeZone::UTC).year(),
            Self::Here(at) => at.year(),
            Self::Now => 1970,
        };
        // The last year would end in the next one, in some time zone.
        let known = (1970..9999).contains(&year);
        known.then_some(read).ok_or_else(|| "expected a year from 1970 to 9998".to_owned())
    }
}

/// This machine's time zone; none if it cannot be found out.
pub(super) fn zone() -> Option<TimeZone> {
    TimeZone::try_system().ok().filter(|zone| !zone.is_unknown())
}

/// What the planner has to know of a moment.
pub(super) fn now(when: When, zone: &TimeZone) -> Option<Now> {
    let at: Zoned = match when {
        When::Now => Timestamp::now().to_zoned(zone.clone()),
        When::At(at) => at.to_zoned(zone.clone()),
        // An hour that the clocks skip is taken as the one after it, one that they repeat as the first.
        When::Here(at) => at.to_zoned(zone.clone()).ok()?,
    };
    let unix_ms = u64::try_from(at.timestamp().as_millisecond()).ok()?;
    Some(Now::at(unix_ms, at.offset().seconds()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::desired::Day;

    fn zoned(text: &str, hours: i8) -> Now {
        now(text.parse().unwrap(), &TimeZone::fixed(jiff::tz::offset(hours))).unwrap()
    }

    #[test]
    fn a_wall_clock_is_local_and_an_offset_is_not() {
        let here = zoned("2026-11-22T14:00", 2);
        assert_eq!((here.date.to_string().as_str(), here.day, here.hour), ("2026-11-22", Day::Sun, 14));
        let there = zoned("2026-11-22T23:30:00Z", 2);
        assert_eq!((there.date.to_string().as_str(), there.day, there.hour), ("2026-11-23", Day::Mon, 1));
        assert_eq!(zoned("2026-11-22T12:00:00Z", 2), here);
        assert_eq!(here.unix_ms, 1_795_348_800_000);
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in ["", "14:00", "tomorrow", "2026-13-01T00:00", "1969-12-31T12:00", "9999-12-31T12:00"] {
            assert!(text.parse::<When>().is_err(), "{text}");
        }
        assert_eq!("now".parse(), Ok(When::Now));
    }

    #[test]
    fn an_hour_that_clocks_skip_or_repeat_is_one_hour_all_the_same() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let at = |text: &str| now(text.parse().unwrap(), &zone).unwrap();
        assert_eq!(at("2026-03-29T02:30").hour, 3);
        assert_eq!(at("2026-10-25T02:30").unix_ms, at("2026-10-25T00:30:00Z").unix_ms);
    }
}
