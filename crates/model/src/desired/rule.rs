//! Rules: what a node's attributes, or the calendar, mean for where a group may be.

use super::placing::{Score, is_default};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// What holds for a group on nodes, and at times, that a rule describes. A rule that describes
/// nothing describes everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Attributes that the node must have, all of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub node: BTreeMap<String, Condition>,
    /// When it holds.
    #[serde(default, skip_serializing_if = "is_default")]
    pub when: When,
    /// It speaks of the group's primary alone.
    #[serde(default, skip_serializing_if = "is_default")]
    pub primary: bool,
    /// What holds there and then.
    pub then: Effect,
}

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The place is worth so much more, or less.
    Score(Score),
    /// The group is not there.
    Never,
    /// The group is nowhere else.
    Only,
}

/// What an attribute must be: `"a"`, `"!= a"`, `">= 64"`, `"< 10"`, `"set"` or `"not set"`.
///
/// The four that compare sizes compare whole numbers, and never hold for what is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Condition {
    /// It is this.
    Is(String),
    /// It is not this, or not set.
    IsNot(String),
    /// It is less.
    Below(i64),
    /// It is less or the same.
    AtMost(i64),
    /// It is more or the same.
    AtLeast(i64),
    /// It is more.
    Above(i64),
    /// It is set to anything.
    Set,
    /// It is not set.
    NotSet,
}

/// A text is not a condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no condition: expected a value, `!= VALUE`, `< 8`, `<= 8`, `> 8`, `>= 8`, `set` or `not set`"
)]
pub struct InvalidCondition(String);

impl Condition {
    /// Whether it holds for an attribute of this value.
    #[must_use]
    pub fn holds(&self, value: Option<&str>) -> bool {
        let number = || value.and_then(|value| value.parse::<i64>().ok());
        match self {
            Self::Is(wanted) => value == Some(wanted.as_str()),
            Self::IsNot(unwanted) => value != Some(unwanted.as_str()),
            Self::Below(limit) => number().is_some_and(|number| number < *limit),
            Self::AtMost(limit) => number().is_some_and(|number| number <= *limit),
            Self::AtLeast(limit) => number().is_some_and(|number| number >= *limit),
            Self::Above(limit) => number().is_some_and(|number| number > *limit),
            Self::Set => value.is_some(),
            Self::NotSet => value.is_none(),
        }
    }
}

impl FromStr for Condition {
    type Err = InvalidCondition;
    fn from_str(text: &str) -> Result<Self, InvalidCondition> {
        let wrong = || InvalidCondition(text.chars().take(80).collect());
        let number = |text: &str| text.trim().parse::<i64>().map_err(|_| wrong());
        Ok(match text.trim() {
            "" => return Err(wrong()),
            "set" => Self::Set,
            "not set" => Self::NotSet,
            other => match other.as_bytes() {
                [b'!', b'=', ..] if !other[2..].trim().is_empty() => {
                    Self::IsNot(other[2..].trim().to_owned())
                }
                [b'<', b'=', ..] => Self::AtMost(number(&other[2..])?),
                [b'>', b'=', ..] => Self::AtLeast(number(&other[2..])?),
                [b'<', ..] => Self::Below(number(&other[1..])?),
                [b'>', ..] => Self::Above(number(&other[1..])?),
                [b'!' | b'=', ..] => return Err(wrong()),
                _ => Self::Is(other.to_owned()),
            },
        })
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(value) => f.write_str(value),
            Self::IsNot(value) => write!(f, "!= {value}"),
            Self::Below(limit) => write!(f, "< {limit}"),
            Self::AtMost(limit) => write!(f, "<= {limit}"),
            Self::AtLeast(limit) => write!(f, ">= {limit}"),
            Self::Above(limit) => write!(f, "> {limit}"),
            Self::Set => f.write_str("set"),
            Self::NotSet => f.write_str("not set"),
        }
    }
}

impl TryFrom<String> for Condition {
    type Error = InvalidCondition;
    fn try_from(text: String) -> Result<Self, InvalidCondition> {
        text.parse()
    }
}

impl From<Condition> for String {
    fn from(condition: Condition) -> Self {
        condition.to_string()
    }
}

/// Times, in the cluster's local time. What is not given does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct When {
    /// Hours of the day: from the first until before the second. A first that is greater runs over
    /// midnight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<(u8, u8)>,
    /// Days of the week.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Day>,
    /// From this date on, as year, month and day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// Until the end of this date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Day {
    /// Every day, beginning with Monday.
    pub const ALL: [Self; 7] = [Self::Mon, Self::Tue, Self::Wed, Self::Thu, Self::Fri, Self::Sat, Self::Sun];

    /// Its word in the declarative file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][self as usize]
    }
}

/// A date: `2026-12-24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Date {
    /// The year, 1970 to 9999.
    pub year: u16,
    /// The month, 1 to 12.
    pub month: u8,
    /// The day, 1 to 31.
    pub day: u8,
}

/// A text is not a date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no date: expected one such as `2026-12-24`")]
pub struct InvalidDate(String);

impl FromStr for Date {
    type Err = InvalidDate;
    fn from_str(text: &str) -> Result<Self, InvalidDate> {
        let number = |part: Option<&str>, digits: usize| {
            let part =
                part.filter(|part| part.len() == digits && part.bytes().all(|b| b.is_ascii_digit()))?;
            part.parse::<u16>().ok()
        };
        let mut parts = text.splitn(3, '-');
        let read = || {
            let (year, month) = (number(parts.next(), 4)?, number(parts.next(), 2)?);
            let day = number(parts.next(), 2)?;
            let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
            let last = match month {
                2 if leap => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                1..=12 => 31,
                _ => return None,
            };
            let date = Self { year, month: u8::try_from(month).ok()?, day: u8::try_from(day).ok()? };
            (year >= 1970 && (1..=last).contains(&day)).then_some(date)
        };
        let mut read = read;
        read().ok_or_else(|| InvalidDate(text.chars().take(80).collect()))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl TryFrom<String> for Date {
    type Error = InvalidDate;
    fn try_from(text: String) -> Result<Self, InvalidDate> {
        text.parse()
    }
}

impl From<Date> for String {
    fn from(date: Date) -> Self {
        date.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_round_trip_and_hold() {
        for text in ["a", "!= a", "< 8", "<= 8", "> -8", ">= 8", "set", "not set"] {
            assert_eq!(text.parse::<Condition>().unwrap().to_string(), text);
        }
        for bad in ["", "!", "!=", "= a", "< a", ">=", "<= 1.5"] {
            assert!(bad.parse::<Condition>().is_err(), "{bad}");
        }
        let holds = |text: &str, value| text.parse::<Condition>().unwrap().holds(value);
        assert!(holds("a", Some("a")) && !holds("a", Some("b")) && !holds("a", None));
        assert!(holds("!= a", None) && holds("not set", None) && holds("set", Some("")));
        assert!(holds(">= 8", Some("8")) && !holds("> 8", Some("8")) && !holds("< 8", Some("few")));
    }

    #[test]
    fn dates_round_trip() {
        for text in ["2026-12-24", "2024-02-29", "1970-01-01"] {
            assert_eq!(text.parse::<Date>().unwrap().to_string(), text);
        }
        for bad in ["", "2026-2-1", "2026-02-29", "2026-13-01", "2026-00-10", "26-01-01", "2026-01-01T00"] {
            assert!(bad.parse::<Date>().is_err(), "{bad}");
        }
    }
}
