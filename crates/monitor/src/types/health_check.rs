//! `health-check`: fails when something else does not answer.
//!
//! It runs nothing. That it is online means: the check has succeeded once, and is repeated. Then one
//! failure is an accident, and so many in a row are a fact that is told. In between, looks answer by what
//! the last check found, so that the monitor's intervals and this type's own do not add up.

use super::given;
use super::http::{Expected, Url};
use crate::kind::{Future, Request, Resource, ResourceType, World, unimplemented};
use process::{How, Job, run};
use resource_api::{Failure, Instance, Kind, Outcome, TypeDescription, Verb};
use std::fs;
use std::future::pending;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

const INTERVAL: Duration = Duration::from_secs(10);
const TIMEOUT: Duration = Duration::from_secs(5);
const FAILURES: u32 = 3;

/// While it is to come online, the check is repeated faster than this: a takeover waits for it.
const ONLINE_INTERVAL_MAX: Duration = Duration::from_millis(500);

/// Of the deadline of `online`, what is kept back to say why.
const RESERVE: Duration = Duration::from_millis(200);

/// The type.
pub(super) struct HealthCheck;

impl ResourceType for HealthCheck {
    fn describe(&self) -> Future<Result<TypeDescription, String>> {
        use given::{or, parameter};
        let parameters = vec![
            parameter("url", Kind::Text, "Is fetched; an answer below 400 is good."),
            parameter("tcp", Kind::Text, "Is connected to."),
            parameter("command", Kind::Text, "Is run; exit code 0 is good."),
            or("10s", parameter("interval", Kind::Duration, "From one check to the next.")),
            or("5s", parameter("timeout", Kind::Duration, "What takes longer has failed.")),
            or("3", parameter("failures", Kind::Number, "Failures in a row that count.")),
        ];
        let summary = "Fails when something else does not answer.";
        let description = given::described("health-check", summary, parameters);
        Box::pin(async move { Ok(description) })
    }

    fn open(&self, instance: &Instance, world: &Arc<World>) -> Result<Arc<dyn Resource>, Outcome> {
        Ok(Arc::new(Checked {
            what: What::of(instance)?,
            interval: given::duration(instance, "interval", INTERVAL)?,
            timeout: given::duration(instance, "timeout", TIMEOUT)?,
            failures: match given::number(instance, "failures", FAILURES)? {
                0 => return Err(given::wrong("failures", "is to be at least 1")),
                failures => failures,
            },
            online: world.place.run_dir.join("health-check").join(instance.id.file_name()),
            found: Mutex::default(),
        }))
    }
}

/// What is checked.
enum What {
    Url(Url),
    Tcp(SocketAddr),
    Command(Job),
}

impl What {
    fn of(instance: &Instance) -> Result<Self, Outcome> {
        let (url, tcp) = (given::text(instance, "url")?, given::text(instance, "tcp")?);
        match (url, tcp, given::list(instance, "command")?) {
            (Some(url), None, []) => Url::parse(url).map(Self::Url).map_err(|why| given::wrong("url", why)),
            (None, Some(tcp), []) => {
                let why = "is no address with a port, such as \"10.0.0.1:80\"";
                tcp.parse().map(Self::Tcp).map_err(|_| given::wrong("tcp", why))
            }
            (None, None, [program, args @ ..]) => {
                if !program.starts_with('/') {
                    return Err(given::wrong("command", "needs an absolute path"));
                }
                let job = Job::new(program).env("PATH", super::process::SEARCH_PATH);
                Ok(Self::Command(args.iter().fold(job, Job::arg)))
            }
            _ => {
                let why = "exactly one of `url`, `tcp` and `command` is needed";
                Err(Outcome::failed(Failure::NotConfigured, why))
            }
        }
    }

    /// Checks once; why it failed. A command that takes too long is killed.
    async fn check(&self, at_most: Duration) -> Result<(), Outcome> {
        let failed = |why: String| Outcome::failed(Failure::Generic, why);
        let late = || format!("there was no answer within {} ms", at_most.as_millis());
        match self {
            Self::Url(url) => match timeout(at_most, url.check(&Expected::default())).await {
                Ok(answered) => answered.map_err(failed),
                Err(_) => Err(failed(late())),
            },
            Self::Tcp(address) => match timeout(at_most, TcpStream::connect(address)).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(failed(format!("cannot connect to {address}: {error}"))),
                Err(_) => Err(failed(late())),
            },
            Self::Command(job) => {
                let program = job.program.display();
                let ended = run(job, at_most).await.map_err(|error| match job.program.exists() {
                    true => failed(error.to_string()),
                    false => Outcome::failed(Failure::NotInstalled, error.to_string()),
                })?;
                match ended.how {
                    How::Exited(0) => Ok(()),
                    How::Exited(code) => Err(failed(format!("{program} ended with code {code}"))),
                    How::Signalled(signal) => Err(failed(format!("{program} was ended by signal {signal}"))),
                    How::TimedOut => Err(failed(format!("{program}: {}", late()))),
                }
                .map_err(|why| why.with_output(&ended.output))
            }
        }
    }
}

/// What the checks so far have found.
#[derive(Default)]
struct Found {
    in_a_row: u32,
    /// The last failure, while there is one.
    why: Option<Outcome>,
    last: Option<Instant>,
}

struct Checked {
    what: What,
    interval: Duration,
    timeout: Duration,
    failures: u32,
    /// Is there while it is online, and so a later monitor knows.
    online: PathBuf,
    found: Mutex<Found>,
}

impl Checked {
    async fn do_it(&self, request: Request) -> Outcome {
        let file = |what: &str, error| {
            let text = format!("cannot {what} {}: {error}", self.online.display());
            Outcome::failed(Failure::Generic, text)
        };
        match request.verb {
            Verb::Validate => match &self.what {
                What::Command(job) if !job.program.exists() => {
                    let text = format!("`{}` is not installed on this node", job.program.display());
                    Outcome::failed(Failure::NotInstalled, text)
                }
                _ => Outcome::done(),
            },
            Verb::Probe if self.is_online() => Outcome::running(),
            Verb::LooksAlive | Verb::IsAlive if self.is_online() => {
                if request.verb == Verb::IsAlive || self.due_in().is_zero() {
                    self.check_once().await;
                }
                self.verdict()
            }
            Verb::Probe | Verb::LooksAlive | Verb::IsAlive => Outcome::not_running(),
            Verb::Online => match self.succeeded_within(request.deadline).await {
                Err(why) => why,
                Ok(()) => {
                    let made = self.online.parent().map_or(Ok(()), fs::create_dir_all);
                    match made.and_then(|()| fs::write(&self.online, "")) {
                        Ok(()) => Outcome::done(),
                        Err(error) => file("write", error),
                    }
                }
            },
            Verb::Offline | Verb::Terminate => match fs::remove_file(&self.online) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => file("remove", error),
                _ => Outcome::done(),
            },
            other => unimplemented(other),
        }
    }

    fn is_online(&self) -> bool {
        self.online.exists()
    }

    /// Repeats the check until it succeeds; why it did not, in time to say so.
    async fn succeeded_within(&self, deadline: Duration) -> Result<(), Outcome> {
        let until = Instant::now() + deadline.saturating_sub(RESERVE.min(deadline / 2));
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let checked = self.what.check(self.timeout.min(left)).await;
            self.note(checked.clone());
            let Err(why) = checked else { return Ok(()) };
            let pause = self.interval.min(ONLINE_INTERVAL_MAX);
            if Instant::now() + pause >= until {
                return Err(why);
            }
            sleep(pause).await;
        }
    }

    async fn check_once(&self) {
        let checked = self.what.check(self.timeout).await;
        self.note(checked);
    }

    fn note(&self, checked: Result<(), Outcome>) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.last = Some(Instant::now());
        found.in_a_row = if checked.is_ok() { 0 } else { found.in_a_row.saturating_add(1) };
        found.why = checked.err();
    }

    /// How it is, by what was found so far.
    fn verdict(&self) -> Outcome {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        match &found.why {
            Some(why) if found.in_a_row >= self.failures => {
                Outcome { text: format!("{}, {} times in a row", why.text, found.in_a_row), ..why.clone() }
            }
            _ => Outcome::running(),
        }
    }

    /// How long it is until the next check.
    fn due_in(&self) -> Duration {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.last.map_or(Duration::ZERO, |last| self.interval.saturating_sub(last.elapsed()))
    }
}

impl Resource for Checked {
    fn call(self: Arc<Self>, request: Request) -> Future<Outcome> {
        Box::pin(async move { self.do_it(request).await })
    }

    /// Checks at its own interval, and ends when it is a fact that something is wrong. From then on the
    /// looks find out whether that is still so.
    fn changed(self: Arc<Self>) -> Future<Outcome> {
        Box::pin(async move {
            if !self.is_online() {
                return pending().await;
            }
            loop {
                sleep(self.due_in()).await;
                if self.due_in().is_zero() {
                    self.check_once().await;
                }
                let verdict = self.verdict();
                if !verdict.is_good() {
                    return verdict;
                }
            }
        })
    }
}
