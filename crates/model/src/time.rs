//! Wall-clock time as a value.
//!
//! Shown to people, compared with token expiries, and used for nothing else: no safety rule
//! depends on a wall clock, which may be a day off or jump (leases use CLOCK_BOOTTIME, and only
//! differences of it).

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

/// Milliseconds since 1970-01-01T00:00:00Z, written as RFC 3339 in UTC with milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp {
    unix_ms: u64,
}

/// 9999-12-31T23:59:59.999Z, the last instant RFC 3339 can write.
const LAST_UNIX_MS: u64 = 253_402_300_799_999;

impl Timestamp {
    /// From milliseconds since the epoch; later than the year 9999 becomes its last instant.
    #[must_use]
    pub fn from_unix_ms(unix_ms: u64) -> Self {
        Self { unix_ms: unix_ms.min(LAST_UNIX_MS) }
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub fn unix_ms(self) -> u64 {
        self.unix_ms
    }

    /// This instant, later by `by`.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        let ms = u64::try_from(by.as_millis()).unwrap_or(LAST_UNIX_MS);
        Self::from_unix_ms(self.unix_ms.saturating_add(ms))
    }

    /// How much later this is than `earlier`; zero if it is not later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.unix_ms.saturating_sub(earlier.unix_ms))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let format =
            format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
        let nanos = i128::from(self.unix_ms) * 1_000_000;
        let text = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok().and_then(|t| t.format(format).ok());
        f.pad(&text.ok_or(fmt::Error)?)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text is not a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a time: expected RFC 3339 such as 2026-11-22T18:30:00Z, not before 1970")]
pub struct InvalidTimestamp {
    given: String,
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;
    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        let wrong = || InvalidTimestamp { given: text.chars().take(80).collect() };
        let parsed = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| wrong())?;
        let ms = parsed.unix_timestamp_nanos() / 1_000_000;
        u64::try_from(ms).map(Self::from_unix_ms).map_err(|_| wrong())
    }
}

impl TryFrom<String> for Timestamp {
    type Error = InvalidTimestamp;
    fn try_from(text: String) -> Result<Self, InvalidTimestamp> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(t: Timestamp) -> String {
        t.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_3339_round_trips_to_the_millisecond() {
        let t = Timestamp::from_unix_ms(1_795_372_200_123);
        assert_eq!(t.to_string().parse::<Timestamp>().unwrap(), t);
        assert_eq!(
            "2026-11-22T19:30:00+01:00".parse::<Timestamp>().unwrap().to_string(),
            "2026-11-22T18:30:00.000Z"
        );
        assert!("yesterday".parse::<Timestamp>().is_err());
        assert!("1969-12-31T23:59:59Z".parse::<Timestamp>().is_err());
        assert_eq!(Timestamp::from_unix_ms(u64::MAX).to_string(), "9999-12-31T23:59:59.999Z");
    }
}
