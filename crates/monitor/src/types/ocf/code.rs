//! What an agent's exit code means, and what it says about it.

use process::{Ended, How};
use resource_api::{Failure, Outcome, Role, Verb, Verdict};

/// The outcome of an agent's action.
///
/// A stop that says that it is done is believed, as OCF has it: another look would double the time of
/// each takeover, and agents that lie are found by `steadfast type test`, once, before they are used.
pub(super) fn outcome(verb: Verb, action: &str, promotable: bool, ended: &Ended) -> Outcome {
    let code = match ended.how {
        How::Exited(code) => code,
        How::Signalled(signal) => {
            let text = with_reason(format!("`{action}` ended by signal {signal}"), &ended.output);
            return Outcome::failed(Failure::Crashed, text).with_output(&ended.output);
        }
        How::TimedOut => {
            let text = with_reason(format!("`{action}` was ended at its deadline"), &ended.output);
            return Outcome::failed(Failure::TimedOut, text).with_output(&ended.output);
        }
    };
    let verdict = verdict(verb, promotable, code);
    let text = match (verdict, meaning(code)) {
        (Verdict::Failed { .. }, meaning) => {
            with_reason(format!("`{action}` exited with {code} ({meaning})"), &ended.output)
        }
        (Verdict::Running { .. }, meaning) if code >= 190 => with_reason(meaning.to_owned(), &ended.output),
        // Why it does not run may be worth a word.
        (Verdict::NotRunning, _) => exit_reason(&ended.output).unwrap_or_default(),
        _ => String::new(),
    };
    Outcome { text, ..Outcome::of(verdict) }.with_output(&ended.output)
}

fn verdict(verb: Verb, promotable: bool, code: i32) -> Verdict {
    let looks = matches!(verb, Verb::Probe | Verb::LooksAlive | Verb::IsAlive);
    let failed = |failure| Verdict::Failed { failure };
    match code {
        // Degraded is running: whoever took it for a failure would end what still serves.
        0 | 190 if looks && promotable => Verdict::Running { role: Role::Replica },
        0 | 190 if looks => Verdict::Running { role: Role::Started },
        0 => Verdict::Done,
        7 if looks => Verdict::NotRunning,
        // What was to be ended does not run; what was to become primary is one.
        7 if verb == Verb::Offline => Verdict::Done,
        8 | 191 if looks => Verdict::Running { role: Role::Primary },
        8 if verb == Verb::Promote => Verdict::Done,
        1 | 7 | 8 => failed(Failure::Generic),
        2 => failed(Failure::Arguments),
        3 => failed(Failure::Unimplemented),
        4 => failed(Failure::Permission),
        5 => failed(Failure::NotInstalled),
        6 => failed(Failure::NotConfigured),
        9 => failed(Failure::FailedPrimary),
        _ => failed(Failure::Undefined),
    }
}

/// The words of the standard.
fn meaning(code: i32) -> &'static str {
    match code {
        0 => "success",
        1 => "generic error",
        2 => "invalid arguments",
        3 => "unimplemented action",
        4 => "insufficient permissions",
        5 => "a required component is not installed",
        6 => "invalid configuration",
        7 => "not running",
        8 => "running as primary",
        9 => "failed as primary",
        190 => "running, degraded",
        191 => "running as primary, degraded",
        _ => "which OCF does not define",
    }
}

/// The longest reason that is repeated; the output has all of it.
const REASON_MAX: usize = 500;

fn with_reason(what: String, output: &str) -> String {
    let logged = || output.lines().rev().find_map(|line| Some(line.split_once("ERROR: ")?.1.to_owned()));
    let last = || output.lines().rev().find(|line| !line.trim().is_empty()).map(str::to_owned);
    match exit_reason(output).or_else(logged).or_else(last) {
        Some(reason) => {
            let reason: String = reason.trim().chars().filter(|c| !c.is_control()).take(REASON_MAX).collect();
            format!("{what}: {reason}")
        }
        None => what,
    }
}

/// What the agent says is the reason, in the form that the shell library of agents has for it.
fn exit_reason(output: &str) -> Option<String> {
    let reason = output.lines().rev().find_map(|line| line.strip_prefix("ocf-exit-reason:"))?;
    Some(reason.chars().filter(|c| !c.is_control()).take(REASON_MAX).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(verb: Verb, code: i32) -> Verdict {
        verdict(verb, true, code)
    }

    #[test]
    fn every_code_has_its_meaning() {
        let failed = |failure| Verdict::Failed { failure };
        assert_eq!(of(Verb::Probe, 0), Verdict::Running { role: Role::Replica });
        assert_eq!(verdict(Verb::Probe, false, 0), Verdict::Running { role: Role::Started });
        assert_eq!(of(Verb::IsAlive, 7), Verdict::NotRunning);
        assert_eq!(verdict(Verb::IsAlive, false, 190), Verdict::Running { role: Role::Started });
        assert_eq!(of(Verb::IsAlive, 191), Verdict::Running { role: Role::Primary });
        assert_eq!(of(Verb::Online, 190), failed(Failure::Undefined));
        assert_eq!(of(Verb::LooksAlive, 8), Verdict::Running { role: Role::Primary });
        assert_eq!([of(Verb::Online, 0), of(Verb::Offline, 7), of(Verb::Promote, 8)], [Verdict::Done; 3]);
        assert_eq!([of(Verb::Online, 7), of(Verb::Offline, 8)], [failed(Failure::Generic); 2]);
        for (code, failure) in [
            (1, Failure::Generic),
            (2, Failure::Arguments),
            (3, Failure::Unimplemented),
            (4, Failure::Permission),
            (5, Failure::NotInstalled),
            (6, Failure::NotConfigured),
            (9, Failure::FailedPrimary),
            (10, Failure::Undefined),
            (77, Failure::Undefined),
            (255, Failure::Undefined),
        ] {
            for verb in [Verb::Probe, Verb::Online, Verb::Offline, Verb::Validate] {
                assert_eq!(of(verb, code), failed(failure), "{verb} {code}");
            }
        }
    }

    #[test]
    fn the_reason_is_what_the_agent_says_it_is() {
        let said = |output: &str| {
            let ended = Ended {
                how: How::Exited(77),
                output: output.to_owned(),
                overflowed: false,
                errors: String::new(),
            };
            outcome(Verb::Online, "start", false, &ended).text
        };
        let begin = "`start` exited with 77 (which OCF does not define)";
        assert_eq!(said(""), begin);
        assert_eq!(said("one\ntwo\n\n"), format!("{begin}: two"));
        let logged = "x(y)[1]:\tNov 22 23:30:28 ERROR: no such disk\nx: Nov 22 INFO: bye\n";
        assert_eq!(said(logged), format!("{begin}: no such disk"));
        assert_eq!(said("ocf-exit-reason:no \u{1b}[2Jroom\nERROR: x"), format!("{begin}: no [2Jroom"));
    }
}
