//! What Pacemaker says when it is asked, before anything is lost and after.
//!
//! Whether it noticed something is not a matter of taste: each question is put twice, and an answer that is not
//! word for word the same is a sign. Only the lines that tell the time of the answer are left out.

use super::peer::{LOG, Peer};
use crate::problem::Problem;
use lab::Host;
use std::fmt::Write as _;

/// What an administrator can ask. The last but one is what would happen if `n1` were lost (that nothing is
/// carried out of it but on paper), and the last has the agent look whether all that it needs is there, on the
/// host where it is asked.
const QUESTIONS: [&[&str]; 5] = [
    &["crm_mon", "-1", "--inactive", "--failcounts"],
    &["crm_verify", "-L", "-V"],
    &["crm_simulate", "-sL"],
    &["crm_simulate", "-SL", "--node-down", "n1"],
    &["crm_resource", "--validate", "--resource", "service"],
];

/// A question, and what was said.
pub(super) struct Said {
    question: String,
    answer: String,
}

/// What it can be asked when `n1` is gone. `-R` has it tell what it plans.
const QUESTIONS_AFTERWARDS: [&[&str]; 2] =
    [&["crm_mon", "-1", "--inactive", "--failcounts"], &["crm_simulate", "-RsL"]];

/// Asks everything on this host, and looks for warnings and errors in the logs of all.
pub(super) fn ask(peer: &Peer, asked: &Host) -> Result<Vec<Said>, Problem> {
    let mut all = QUESTIONS.iter().map(|question| ask_one(asked, question)).collect::<Result<Vec<_>, _>>()?;
    for host in peer.hosts() {
        all.push(ask_one(host, &["grep", "-cE", " (warning|error|critical): ", LOG])?);
    }
    Ok(all)
}

/// Asks this host how things are after a failover.
pub(super) fn ask_afterwards(asked: &Host) -> Result<Vec<Said>, Problem> {
    QUESTIONS_AFTERWARDS.iter().map(|question| ask_one(asked, question)).collect()
}

/// Asks one thing.
fn ask_one(host: &Host, question: &[&str]) -> Result<Said, Problem> {
    let (program, arguments) = question.split_first().unwrap_or((&"true", &[]));
    let output = host.command(program).args(arguments).output()?;
    let mut answer = String::from_utf8_lossy(&output.stdout).into_owned();
    answer += &String::from_utf8_lossy(&output.stderr);
    let code = output.status.code().unwrap_or(-1);
    // Ignoring: writing to a string cannot fail.
    let _ = writeln!(answer, "(exit code {code})");
    Ok(Said { question: format!("{}$ {}", host.name(), question.join(" ")), answer })
}

/// The questions whose answers have changed.
pub(super) fn signs<'s>(before: &[Said], after: &'s [Said]) -> Vec<&'s str> {
    let pairs = before.iter().zip(after);
    let changed = pairs.filter(|(before, after)| lasting(&before.answer) != lasting(&after.answer));
    changed.map(|(_, after)| after.question.as_str()).collect()
}

/// What does not change from one minute to the next by itself.
fn lasting(answer: &str) -> Vec<&str> {
    let is_of_now = |line: &&str| {
        let line = line.to_lowercase();
        line.contains("last updated") || line.contains("last change:")
    };
    answer.lines().filter(|line| !is_of_now(line)).collect()
}

/// What it plans: the actions on the service in these answers of `crm_simulate`; nothing if none told a plan.
pub(super) fn planned(all: &[Said]) -> Option<String> {
    let summaries = all.iter().filter_map(|said| said.answer.split_once("Transition Summary:"));
    let summaries: Vec<_> =
        summaries.map(|(_, rest)| rest.split("\nExecuting").next().unwrap_or(rest)).collect();
    let actions: Vec<_> = summaries.iter().flat_map(|text| text.lines()).filter_map(action).collect();
    let nothing = || (!summaries.is_empty()).then(|| "nothing".to_owned());
    if actions.is_empty() { nothing() } else { Some(actions.join(", ")) }
}

/// A line of a transition's summary: `  * Start      service     ( n2 )`.
fn action(line: &str) -> Option<String> {
    let words: Vec<_> = line.trim().strip_prefix("* ")?.split_whitespace().collect();
    let done = ["Start", "Stop", "Move", "Recover", "Restart"];
    (done.contains(words.first()?) && words.get(1) == Some(&"service")).then(|| words.join(" "))
}

/// Why the first start failed, as `crm_mon` says.
pub(super) fn failure(all: &[Said]) -> Option<String> {
    let lines = all.iter().flat_map(|said| said.answer.lines());
    let line = lines.map(str::trim).find(|line| line.starts_with("* service start on "))?;
    let reason = line.split_once('(').map_or(line, |(_, reason)| reason);
    Some(reason.split_once(')').map_or(reason, |(reason, _)| reason).to_owned())
}

/// Adds all of it to a record, for people.
pub(super) fn record(record: &mut String, title: &str, all: &[Said]) {
    // Ignoring: writing to a string cannot fail.
    let _ = writeln!(record, "== {title}\n");
    for said in all {
        let _ = writeln!(record, "{}\n{}", said.question, said.answer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(question: &str, answer: &str) -> Said {
        Said { question: question.to_owned(), answer: answer.to_owned() }
    }

    #[test]
    fn an_answer_at_another_time_is_no_sign_and_every_other_change_is() {
        let mon = |time, state| {
            said(
                "n2$ crm_mon",
                &format!(
                    "Status (last updated {time})\n  * Last change:  {time}\nNode List:\n  * {state}: [ n2 ]\n"
                ),
            )
        };
        assert!(signs(&[mon("12:00", "Online")], &[mon("12:01", "Online")]).is_empty());
        assert_eq!(signs(&[mon("12:00", "Online")], &[mon("12:00", "OFFLINE")]), ["n2$ crm_mon"]);
    }

    #[test]
    fn plans_and_failures_are_found_in_what_is_said() {
        let plan = said("n2$ crm_simulate -L", "Transition Summary:\n  * Start      service     ( n2 )\n");
        assert_eq!(planned(&[plan]).as_deref(), Some("Start service ( n2 )"));
        let no_plan = said("n2$ crm_simulate -L", "Transition Summary:\n\n");
        assert_eq!(planned(&[no_plan]).as_deref(), Some("nothing"));
        assert_eq!(planned(&[]), None);
        let failed = "  * service start on n2 returned 'error' (x: undefined symbol: y) at Mon\n";
        assert_eq!(failure(&[said("n2$ crm_mon", failed)]).as_deref(), Some("x: undefined symbol: y"));
    }
}
