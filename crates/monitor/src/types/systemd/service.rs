//! A unit as a resource.
//!
//! `online` and `offline` enqueue a job and wait for its end. One that is cut short, or meets its deadline,
//! while it starts the unit has it stopped again behind it; one that stops it leaves systemd at it, which
//! has a deadline of its own (`TimeoutStopSec=`). `terminate` kills every process of the unit, again and
//! again until it is down, because a unit may have commands that run after its end (`ExecStopPost=`).
//!
//! A connection that breaks says nothing about the unit: it is made anew, until the call's deadline, and a
//! watch goes on as if nothing had been.

use super::bus::{Arg, Bus, Line, Property, Signal, Trouble};
use super::unit::{self, State};
use crate::kind::{Future, Request, Resource, unimplemented};
use resource_api::{Failure, Outcome, Verb};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::OwnedMutexGuard;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{sleep, timeout};

const UNIT: &str = "org.freedesktop.systemd1.Unit";

/// A systemd that is re-executed answers again within some tens of milliseconds.
const AGAIN: Duration = Duration::from_millis(50);
/// Of a deadline, what is kept back to say how far it came.
const RESERVE: Duration = Duration::from_millis(200);
/// So often what is to die is killed.
const KILL_AGAIN: Duration = Duration::from_millis(200);

/// A unit.
pub(super) struct Service {
    unit: String,
    bus: Arc<Bus>,
    /// Who changes it has the turn, and gives it back when what he began is over.
    turn: Arc<tokio::sync::Mutex<()>>,
    /// How it is, while its signals are heard.
    heard: Mutex<Option<Outcome>>,
}

/// An open connection, the unit's path there, and its signals.
struct Ear {
    line: Line,
    path: String,
    signals: UnboundedReceiver<Signal>,
}

/// What a job is asked for with: it comes instead of one that contradicts it.
fn job(unit: &str) -> [Arg<'_>; 2] {
    [Arg::Text(unit), Arg::Text("replace")]
}

/// Why it does not go on: systemd said no, or said nothing.
enum Stop {
    Refused(Outcome),
    Broken(Trouble),
}

impl Service {
    pub(super) fn of(unit: String, bus: Arc<Bus>) -> Self {
        Self { unit, bus, turn: Arc::default(), heard: Mutex::default() }
    }

    fn stopped(&self, trouble: Trouble) -> Stop {
        let failure = match &trouble {
            Trouble::Broken(_) => return Stop::Broken(trouble),
            Trouble::Odd(_) => Failure::Generic,
            Trouble::Refused(name, _) => match name.rsplit('.').next().unwrap_or_default() {
                "NoSuchUnit" => Failure::NotInstalled,
                "UnitMasked" | "BadUnitSetting" | "LoadFailed" | "OnlyByDependency" => Failure::Arguments,
                _ => Failure::Generic,
            },
        };
        Stop::Refused(Outcome::failed(failure, format!("systemd refuses {}: {trouble}", self.unit)))
    }

    async fn ear(&self) -> Result<Ear, Stop> {
        let line = self.bus.line().await.map_err(Stop::Broken)?;
        let loaded = async {
            let path = line.path("LoadUnit", &[Arg::Text(&self.unit)]).await?;
            // Its jobs are told by its own name, which may be another than ours (`Alias=`).
            let id: String = line.get(&path, UNIT, "Id").await?;
            Ok((path, id))
        };
        let (path, id) = loaded.await.map_err(|trouble| self.stopped(trouble))?;
        let signals = line.listen([&path, &id]);
        Ok(Ear { line, path, signals })
    }

    async fn state(&self, ear: &Ear) -> Result<State, Stop> {
        let text = |property| ear.line.get::<String>(&ear.path, UNIT, property);
        let state = async {
            let (load, active, sub) =
                (text("LoadState").await?, text("ActiveState").await?, text("SubState").await?);
            let mut state = State { unit: self.unit.clone(), load, active, sub, ..State::default() };
            if !state.runs() {
                // Targets have neither.
                let interface = unit::interface(&self.unit);
                state.result = ear.perhaps(&interface, "Result").await?;
                state.status = ear.perhaps(&interface, "ExecMainStatus").await?;
            }
            Ok(state)
        };
        state.await.map_err(|error| self.stopped(error))
    }

    async fn once(&self, verb: Verb) -> Result<Outcome, Stop> {
        match verb {
            Verb::Validate => self.validate().await,
            Verb::Probe => Ok(self.settled(&mut self.ear().await?).await?.probed()),
            Verb::Online => self.online().await,
            Verb::Offline => self.offline().await,
            Verb::Terminate => self.terminate().await,
            Verb::LooksAlive | Verb::IsAlive => self.look(verb).await,
            other => Ok(unimplemented(other)),
        }
    }

    /// Does it, on a new connection whenever the old one breaks.
    async fn try_on(&self, verb: Verb, within: Duration) -> Outcome {
        let mut broken = None;
        let trying = async {
            loop {
                match self.once(verb).await {
                    Ok(outcome) | Err(Stop::Refused(outcome)) => return outcome,
                    Err(Stop::Broken(error)) => broken = Some(error),
                }
                sleep(AGAIN).await;
            }
        };
        match timeout(within.saturating_sub(RESERVE), trying).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let why = match broken {
                    Some(error) => format!("systemd cannot be asked about {}: {error}", self.unit),
                    None => format!(
                        "{} is still busy; `systemctl status {}` tells with what",
                        self.unit, self.unit
                    ),
                };
                Outcome::failed(Failure::TimedOut, why)
            }
        }
    }

    /// Waits until it is up or down.
    async fn settled(&self, ear: &mut Ear) -> Result<State, Stop> {
        loop {
            let state = self.state(ear).await?;
            if !state.moves() {
                return Ok(state);
            }
            ear.next().await?;
        }
    }

    async fn validate(&self) -> Result<Outcome, Stop> {
        let ear = self.ear().await?;
        if let Some(why) = self.state(&ear).await?.unusable() {
            return Ok(why);
        }
        let unit = &self.unit;
        let asked = |error| self.stopped(error);
        let kind: String = ear.perhaps(&unit::interface(unit), "Type").await.map_err(asked)?;
        if kind == "oneshot" {
            let stays: bool =
                ear.line.get(&ear.path, &unit::interface(unit), "RemainAfterExit").await.map_err(asked)?;
            if !stays {
                let why = format!("{unit} is over when it is done: Type=oneshot needs RemainAfterExit=yes");
                return Ok(Outcome::failed(Failure::Arguments, why));
            }
        }
        let file: String = ear.line.get(&ear.path, UNIT, "UnitFileState").await.map_err(asked)?;
        let mut others: [Vec<String>; 3] = Default::default();
        for (units, property) in others.iter_mut().zip(["TriggeredBy", "WantedBy", "RequiredBy"]) {
            *units = ear.line.get(&ear.path, UNIT, property).await.map_err(asked)?;
        }
        let [by, wanted, required] = others;
        let with: Vec<String> = wanted.into_iter().chain(required).collect();
        Ok(Outcome { text: unit::others_start_it(unit, &file, &by, &with), ..Outcome::done() })
    }

    async fn online(&self) -> Result<Outcome, Stop> {
        let mut ear = self.ear().await?;
        let turn = self.turn.clone().lock_owned().await;
        let before = self.state(&ear).await?;
        if let Some(why) = before.unusable() {
            return Ok(why);
        }
        if before.runs() {
            return Ok(Outcome::done());
        }
        if before.active == "failed" {
            // The cluster counts failures; systemd's own limit would refuse what the cluster has decided.
            let reset = ear.line.manager("ResetFailedUnit", &[Arg::Text(&self.unit)]).await;
            reset.map_err(|error| self.stopped(error))?;
        }
        let mut undo = Undo { line: ear.line.clone(), unit: self.unit.clone(), turn: Some(turn) };
        if before.sub.starts_with("auto-restart") {
            // A start would wait until systemd's own restart is due (`RestartSec=`).
            self.job(&mut ear, "StopUnit").await?;
        }
        let result = self.job(&mut ear, "StartUnit").await;
        let state = self.settled(&mut ear).await;
        // What is up is wanted, and of what is down there is nothing to undo. What systemd would try to start
        // again by itself is.
        if state.as_ref().is_ok_and(|state| state.runs() || state.down()) {
            undo.turn = None;
        }
        let (result, state) = (result?, state?);
        if state.runs() {
            return Ok(Outcome::done());
        }
        let why = match result.as_str() {
            "done" | "failed" => String::new(),
            "dependency" => "a unit that it needs has failed: ".to_owned(),
            result => format!("its start ended as `{result}`: "),
        };
        Ok(Outcome::failed(Failure::Generic, format!("{why}{}", state.sentence())))
    }

    async fn offline(&self) -> Result<Outcome, Stop> {
        let mut ear = self.ear().await?;
        let _turn = self.turn.lock().await;
        let before = self.state(&ear).await?;
        if before.down() {
            return Ok(Outcome::done());
        }
        let result = self.job(&mut ear, "StopUnit").await?;
        let state = self.settled(&mut ear).await?;
        if !state.down() {
            let why = format!("its stop ended as `{result}`, and {}", state.sentence());
            return Ok(Outcome::failed(Failure::Generic, why));
        }
        Ok(Outcome::done())
    }

    async fn terminate(&self) -> Result<Outcome, Stop> {
        let mut ear = self.ear().await?;
        let _turn = self.turn.lock().await;
        loop {
            let state = self.state(&ear).await?;
            if state.down() {
                return Ok(Outcome::done());
            }
            // First the wish, so that nothing restarts what is killed. One that has nothing to kill
            // answers with an error, and is looked at again.
            let stop = ear.line.path("StopUnit", &job(&self.unit)).await;
            stop.map_err(|error| self.stopped(error))?;
            let _ = ear
                .line
                .manager("KillUnit", &[Arg::Text(&self.unit), Arg::Text("all"), Arg::Number(9)])
                .await;
            if let Ok(next) = timeout(KILL_AGAIN, ear.next()).await {
                next?;
            }
        }
    }

    /// Enqueues a job and waits for its end: its result.
    async fn job(&self, ear: &mut Ear, method: &str) -> Result<String, Stop> {
        let job = ear.line.path(method, &job(&self.unit)).await;
        let job = job.map_err(|error| self.stopped(error))?;
        loop {
            if let Signal::JobOver(over, result) = ear.next().await?
                && over == job
            {
                return Ok(result);
            }
        }
    }

    /// Listens as long as it runs: how it is then.
    async fn lost(&self) -> Result<Outcome, Stop> {
        let mut ear = self.ear().await?;
        let heard = Heard(self);
        loop {
            let now = self.state(&ear).await?.look();
            if !now.is_good() {
                return Ok(now);
            }
            heard.is(now);
            ear.next().await?;
        }
    }

    async fn look(&self, verb: Verb) -> Result<Outcome, Stop> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match heard {
            Some(heard) if verb == Verb::LooksAlive => Ok(heard),
            _ => Ok(self.state(&self.ear().await?).await?.look()),
        }
    }
}

impl Ear {
    /// A property that not all kinds of units have.
    async fn perhaps<T: Property + Default>(&self, interface: &str, property: &str) -> Result<T, Trouble> {
        match self.line.get(&self.path, interface, property).await {
            Err(Trouble::Refused(..)) => Ok(T::default()),
            answer => answer,
        }
    }

    async fn next(&mut self) -> Result<Signal, Stop> {
        let closed = || Stop::Broken(Trouble::Broken("the connection to systemd has ended".to_owned()));
        self.signals.recv().await.ok_or_else(closed)
    }
}

/// What is heard holds as long as somebody listens.
struct Heard<'a>(&'a Service);

impl Heard<'_> {
    fn is(&self, outcome: Outcome) {
        *self.0.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
    }
}

impl Drop for Heard<'_> {
    fn drop(&mut self) {
        *self.0.heard.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// A start that nobody waits for any more is taken back; until then nobody else has the turn.
struct Undo {
    line: Line,
    unit: String,
    turn: Option<OwnedMutexGuard<()>>,
}

impl Drop for Undo {
    fn drop(&mut self) {
        if let (Some(turn), Ok(runtime)) = (self.turn.take(), tokio::runtime::Handle::try_current()) {
            let (line, unit) = (self.line.clone(), self.unit.clone());
            runtime.spawn(async move {
                let _ = line.path("StopUnit", &job(&unit)).await;
                drop(turn);
            });
        }
    }
}

impl Resource for Service {
    fn call(self: Arc<Self>, request: Request) -> Future<Outcome> {
        Box::pin(async move { self.try_on(request.verb, request.deadline).await })
    }

    fn changed(self: Arc<Self>) -> Future<Outcome> {
        Box::pin(async move {
            loop {
                match self.lost().await {
                    Ok(outcome) | Err(Stop::Refused(outcome)) => return outcome,
                    // A systemd that cannot be heard is no failure of its units.
                    Err(Stop::Broken(_)) => sleep(AGAIN).await,
                }
            }
        })
    }
}
