//! The life of a resource, step by step.

use super::report::Report;
use crate::failure::Failure;
use crate::out::Out;
use monitor_client::Monitor;
use resource_api::{Failure as How, Instance, Outcome, Role, TypeDescription, Verb, Verdict};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The deadline that no type keeps, to see what is left of a call that was cut short.
const TOO_SHORT: Duration = Duration::from_millis(1);

/// The verbs that a type without them is of no use to a cluster.
const NEEDED: [Verb; 3] = [Verb::Online, Verb::Offline, Verb::IsAlive];

/// What a step expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Done,
    Runs,
    RunsAs(Role),
    DoesNotRun,
    /// Any answer but that all is well.
    Refused,
}

impl Expected {
    fn is_met_by(self, outcome: &Outcome) -> bool {
        match (self, outcome.verdict) {
            (Self::Done, Verdict::Done)
            | (Self::Runs, Verdict::Running { .. })
            | (Self::DoesNotRun, Verdict::NotRunning) => true,
            // Types whose look is a call that succeeds may say no more than that.
            (Self::Runs, verdict) => verdict == Verdict::Done,
            (Self::RunsAs(wanted), Verdict::Running { role }) => role == wanted,
            (Self::Refused, Verdict::Failed { failure }) => {
                !matches!(failure, How::TimedOut | How::Crashed | How::Undefined)
            }
            _ => false,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Done => "that it is done",
            Self::Runs => "that it runs",
            Self::RunsAs(Role::Primary) => "that it runs as primary",
            Self::RunsAs(_) => "that it runs as replica",
            Self::DoesNotRun => "that it does not run",
            Self::Refused => "a refusal with a reason",
        }
    }
}

/// A resource on its way.
pub(super) struct Life {
    monitor: Monitor,
    instance: Instance,
    description: TypeDescription,
    deadline: Duration,
    /// Whether something of it may run because of us.
    started: bool,
}

impl Life {
    pub(super) fn new(
        monitor: Monitor,
        instance: Instance,
        description: TypeDescription,
        deadline: Duration,
    ) -> Self {
        monitor.open(instance.clone());
        Self { monitor, instance, description, deadline, started: false }
    }

    /// All of it, as far as each step makes the next one possible. `again` starts another monitor.
    pub(super) async fn whole(
        &mut self,
        report: &mut Report,
        out: &mut Out,
        again: impl AsyncFn() -> Result<Monitor, Failure>,
    ) -> Result<(), Failure> {
        use Expected::{DoesNotRun, Done, Runs};
        self.describes_itself(report, out)?;
        self.step(report, out, "its parameters are valid here", Verb::Validate, Done).await?;
        self.wrong_parameters(report, out).await?;
        if !self.step(report, out, "it does not run before the test", Verb::Probe, DoesNotRun).await? {
            // Whatever it is, it is not ours to end.
            return Ok(());
        }
        self.step(report, out, "offline of what does not run is done", Verb::Offline, Done).await?;
        self.started = true;
        if !self.step(report, out, "online", Verb::Online, Done).await? {
            return Ok(());
        }
        self.step(report, out, "a probe finds that it runs", Verb::Probe, Runs).await?;
        self.step(report, out, "looks-alive finds that it runs", Verb::LooksAlive, Runs).await?;
        self.step(report, out, "is-alive finds that it runs", Verb::IsAlive, Runs).await?;
        self.step(report, out, "online of what runs is done", Verb::Online, Done).await?;
        self.step(report, out, "it runs after a second online", Verb::IsAlive, Runs).await?;
        self.roles(report, out).await?;
        self.monitor.quit(Duration::from_secs(5)).await;
        self.monitor = again().await?;
        self.monitor.open(self.instance.clone());
        self.step(report, out, "another monitor finds that it runs", Verb::Probe, Runs).await?;
        self.step(report, out, "offline", Verb::Offline, Done).await?;
        self.step(report, out, "a probe finds that it does not run", Verb::Probe, DoesNotRun).await?;
        self.is_seen_to_be_gone(report, out).await?;
        self.step(report, out, "offline again is done", Verb::Offline, Done).await?;
        self.terminate(report, out).await?;
        self.cut_short(report, out).await?;
        Ok(())
    }

    /// Ends what the test started, whatever became of it.
    pub(super) async fn clean_up(&mut self, report: &mut Report, out: &mut Out) -> Result<(), Failure> {
        if !self.started {
            return Ok(());
        }
        let offline = self.call(Verb::Offline, self.deadline).await;
        if !matches!(offline.verdict, Verdict::Done) {
            let terminated = self.call(Verb::Terminate, self.deadline).await;
            let probed = self.call(Verb::Probe, self.deadline).await;
            if probed.verdict != Verdict::NotRunning {
                let reason = format!("offline: {offline}; terminate: {terminated}; probe: {probed}");
                report.fell(out, "nothing is left behind", reason, offline.output, Duration::ZERO)?;
            }
        }
        self.monitor.quit(Duration::from_secs(5)).await;
        Ok(())
    }

    async fn call(&self, verb: Verb, deadline: Duration) -> Outcome {
        self.monitor.call(&self.instance.id, verb, deadline, BTreeMap::new()).await
    }

    /// One call; whether it is as it should be, or the type need not have it.
    async fn step(
        &self,
        report: &mut Report,
        out: &mut Out,
        what: &str,
        verb: Verb,
        expected: Expected,
    ) -> Result<bool, Failure> {
        let began = Instant::now();
        let outcome = self.call(verb, self.deadline).await;
        self.judge(report, out, what, verb, expected, outcome, began.elapsed())
    }

    #[expect(clippy::too_many_arguments, reason = "a step and all that came of it")]
    fn judge(
        &self,
        report: &mut Report,
        out: &mut Out,
        what: &str,
        verb: Verb,
        expected: Expected,
        outcome: Outcome,
        took: Duration,
    ) -> Result<bool, Failure> {
        let lacks = outcome.verdict == Verdict::Failed { failure: How::Unimplemented };
        if lacks && !NEEDED.contains(&verb) {
            report.skipped(out, what, &format!("the type has no `{verb}`"))?;
            return Ok(true);
        }
        if expected.is_met_by(&outcome) {
            // What is good may still be worth a word, such as who else would start it.
            report.noted(out, what, &outcome.text, took)?;
            return Ok(true);
        }
        let reason = format!("`{verb}` should say {}, and says: {outcome}", expected.words());
        report.fell(out, what, reason, outcome.output, took)?;
        Ok(false)
    }

    fn describes_itself(&self, report: &mut Report, out: &mut Out) -> Result<(), Failure> {
        let what = "it says what it is and what it can";
        let missing: Vec<_> = NEEDED
            .iter()
            .filter(|verb| !self.description.verbs.contains_key(verb))
            .map(ToString::to_string)
            .collect();
        match (self.description.summary.is_empty(), missing.is_empty()) {
            (false, true) => report.passed(out, what, Duration::ZERO),
            (true, _) => {
                report.fell(out, what, "it has no summary".to_owned(), String::new(), Duration::ZERO)
            }
            (_, false) => {
                let reason = format!("it does not say that it has {}", missing.join(", "));
                report.fell(out, what, reason, String::new(), Duration::ZERO)
            }
        }
    }

    /// Without each of its required parameters in turn it must not be valid.
    async fn wrong_parameters(&self, report: &mut Report, out: &mut Out) -> Result<(), Failure> {
        let given = |name: &String| self.instance.parameters.contains_key(name);
        let required = self.description.parameters.iter().filter(|parameter| parameter.required);
        let required: Vec<_> = required.map(|parameter| parameter.name.clone()).filter(given).collect();
        if required.is_empty() {
            return report.skipped(out, "wrong parameters are refused", "it requires none");
        }
        for name in required {
            let mut instance = self.instance.clone();
            instance.parameters.remove(&name);
            self.monitor.open(instance);
            let what = format!("it is refused without `{name}`");
            self.step(report, out, &what, Verb::Validate, Expected::Refused).await?;
        }
        self.monitor.open(self.instance.clone());
        Ok(())
    }

    async fn roles(&self, report: &mut Report, out: &mut Out) -> Result<(), Failure> {
        if !self.description.promotable {
            return Ok(());
        }
        let primary = Expected::RunsAs(Role::Primary);
        let replica = Expected::RunsAs(Role::Replica);
        self.step(report, out, "it is a replica at first", Verb::Probe, replica).await?;
        self.step(report, out, "promote", Verb::Promote, Expected::Done).await?;
        self.step(report, out, "a probe finds a primary", Verb::Probe, primary).await?;
        self.step(report, out, "promote of a primary is done", Verb::Promote, Expected::Done).await?;
        self.step(report, out, "demote", Verb::Demote, Expected::Done).await?;
        self.step(report, out, "a probe finds a replica", Verb::Probe, replica).await?;
        self.step(report, out, "demote of a replica is done", Verb::Demote, Expected::Done).await?;
        Ok(())
    }

    /// A look at what does not run must not say that it does; how else it says so is its own business.
    async fn is_seen_to_be_gone(&self, report: &mut Report, out: &mut Out) -> Result<(), Failure> {
        let began = Instant::now();
        let (what, outcome) =
            ("is-alive does not find it alive", self.call(Verb::IsAlive, self.deadline).await);
        if outcome.is_good() {
            let reason = format!("`is-alive` of what is offline says: {outcome}");
            return report.fell(out, what, reason, outcome.output, began.elapsed());
        }
        report.passed(out, what, began.elapsed())
    }

    /// What is ended by force may leave something behind that `offline` has to clear away. Not every type
    /// can be ended so; one that says so is not wrong.
    async fn terminate(&self, report: &mut Report, out: &mut Out) -> Result<(), Failure> {
        let (what, done) = ("terminate of what runs", Expected::Done);
        if !self.step(report, out, "online once more", Verb::Online, done).await? {
            return Ok(());
        }
        let began = Instant::now();
        let outcome = self.call(Verb::Terminate, self.deadline).await;
        if Expected::Refused.is_met_by(&outcome) {
            report.skipped(out, what, &outcome.to_string())?;
        } else {
            self.judge(report, out, what, Verb::Terminate, done, outcome, began.elapsed())?;
        }
        self.step(report, out, "offline after that is done", Verb::Offline, done).await?;
        let what = "nothing runs after that";
        self.step(report, out, what, Verb::Probe, Expected::DoesNotRun).await?;
        Ok(())
    }

    /// A call that is cut short must be answered, and `offline` must mend what it left.
    async fn cut_short(&self, report: &mut Report, out: &mut Out) -> Result<(), Failure> {
        let began = Instant::now();
        let outcome = self.call(Verb::Online, TOO_SHORT).await;
        let what = "an online that is cut short is answered";
        let cut = matches!(outcome.verdict, Verdict::Done | Verdict::Failed { failure: How::TimedOut });
        match cut {
            true => report.passed(out, what, began.elapsed())?,
            false => report.fell(out, what, outcome.to_string(), outcome.output, began.elapsed())?,
        }
        self.step(report, out, "offline mends what it left", Verb::Offline, Expected::Done).await?;
        let what = "nothing is left of it";
        self.step(report, out, what, Verb::Probe, Expected::DoesNotRun).await?;
        Ok(())
    }
}
