//! Resources that fail, as events: with what was being done, why it failed, and what was printed.

use events::Draft;
use model::TypeName;
use resource_api::message::NoticedBy;
use resource_api::{Failure, Outcome, ResourceId, Verb, Verdict};

/// How it came to light that a resource is not as it was, and how many changes before that were not told.
pub(super) fn noticed(by: NoticedBy, left_out: u64) -> String {
    let how = match by {
        NoticedBy::Event => "noticed at once",
        NoticedBy::LooksAlive => "noticed by a cheap look",
        NoticedBy::IsAlive => "noticed by a thorough look",
    };
    match left_out {
        0 => how.to_owned(),
        1 => format!("{how}; it flaps: 1 change before this was left out"),
        more => format!("{how}; it flaps: {more} changes before this were left out"),
    }
}

/// What a call was for, if its failure is the resource's. Whoever merely looks is told the answer, and
/// knows what to make of it.
pub(super) fn call(verb: Verb) -> Option<&'static str> {
    let looks = [Verb::Probe, Verb::LooksAlive, Verb::IsAlive, Verb::Validate, Verb::Control];
    (!looks.contains(&verb)).then(|| verb.as_str())
}

/// The event that tells of an outcome, if it is bad news.
pub(super) fn of(id: &ResourceId, kind: &TypeName, occasion: &str, outcome: &Outcome) -> Option<Draft> {
    let (resource, kind) = (id.to_string(), kind.clone());
    let output = Some(outcome.output.trim().to_owned()).filter(|output| !output.is_empty());
    let problem = outcome.to_string();
    Some(match outcome.verdict {
        Verdict::Done | Verdict::Running { .. } => return None,
        // The first is told as what it is; of the others nothing has failed.
        Verdict::Failed { failure: Failure::NotLoadable | Failure::Cancelled | Failure::Unimplemented } => {
            return None;
        }
        Verdict::Failed { failure: Failure::Conflict } if kind.as_str() == "ip-address" => {
            events::AddressInUse { resource, kind, problem }.into()
        }
        Verdict::Failed { failure: Failure::Corrupt } => {
            events::DataDamaged { resource, kind, problem, output }.into()
        }
        Verdict::NotRunning | Verdict::Failed { .. } => {
            let occasion = occasion.to_owned();
            events::ResourceFailed { resource, kind, occasion, problem, output }.into()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(kind: &str, outcome: &Outcome) -> Option<(u32, String)> {
        let id = ResourceId { group: "web".parse().unwrap(), resource: "ip".parse().unwrap() };
        let event = of(&id, &kind.parse().unwrap(), "online", outcome)?;
        Some((event.entry.id, event.text()))
    }

    #[test]
    fn a_failure_is_told_with_what_was_printed_and_an_address_and_data_have_numbers_of_their_own() {
        let failed = |failure| Outcome::failed(failure, "why").with_output("the agent said no\n");
        let (id, text) = told("ocf:heartbeat:nginx", &failed(Failure::Generic)).unwrap();
        assert_eq!(id, 1069);
        assert!(text.contains("web/ip") && text.contains("(online): why"), "{text}");
        assert!(text.contains("the agent said no"), "{text}");
        assert_eq!(told("ip-address", &failed(Failure::Conflict)).unwrap().0, 1049);
        assert_eq!(told("physical-disk", &failed(Failure::Conflict)).unwrap().0, 1069);
        assert_eq!(told("physical-disk", &failed(Failure::Corrupt)).unwrap().0, 1066);
        assert_eq!(told("dummy", &Outcome::not_running()).unwrap().0, 1069);
    }

    #[test]
    fn what_is_no_failure_of_the_resource_is_not_told() {
        assert_eq!(told("dummy", &Outcome::done()), None);
        for failure in [Failure::NotLoadable, Failure::Cancelled, Failure::Unimplemented] {
            assert_eq!(told("dummy", &Outcome::failed(failure, "")), None, "{failure}");
        }
        assert_eq!((call(Verb::Probe), call(Verb::Online)), (None, Some("online")));
    }

    #[test]
    fn however_much_was_printed_the_event_is_bounded() {
        let (_, text) = told("dummy", &Outcome::not_running().with_output(&"x".repeat(1 << 20))).unwrap();
        assert!(text.len() < 64 << 10, "{}", text.len());
    }
}
