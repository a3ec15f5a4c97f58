//! What the calendar says: windows of hours, days and dates.

use crate::view::Now;
use model::desired::{Failback, When};

/// Whether it is between these hours; a first that is greater runs over midnight.
pub(super) fn within(hour: u8, first: u8, until: u8) -> bool {
    match first <= until {
        true => (first..until).contains(&hour),
        false => hour >= first || hour < until,
    }
}

/// Whether a rule's time is now.
pub(super) fn holds(when: &When, now: &Now) -> bool {
    when.hours.is_none_or(|(first, until)| within(now.hour, first, until))
        && (when.days.is_empty() || when.days.contains(&now.day))
        && when.from.is_none_or(|from| from <= now.date)
        && when.until.is_none_or(|until| now.date <= until)
}

/// Whether a better place may draw a group away now.
pub(super) fn may_return(failback: Failback, now: &Now) -> bool {
    match failback {
        Failback::Never => false,
        Failback::Immediate => true,
        Failback::Window { first, until } => within(now.hour, first, until),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_run_over_midnight() {
        assert!(within(23, 22, 4) && within(3, 22, 4) && !within(4, 22, 4) && !within(12, 22, 4));
        assert!(within(8, 8, 18) && !within(18, 8, 18));
    }
}
