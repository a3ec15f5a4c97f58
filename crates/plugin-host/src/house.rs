//! The main loop: one thread that owns everything and never calls the library.

use crate::library::{LoadError, NativeType, Plugin};
use crate::looked_after::{LookedAfter, Request};
use crate::wire::Writer;
use crate::worker::Done;
use resource_api::abi::exit;
use resource_api::message::{LoadStage, NoticedBy, Place, TypeStanding};
use resource_api::{Failure, FromMonitor, Instance, Outcome, ResourceId, ToMonitor, Verb};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

/// All that can happen.
pub(crate) enum Event {
    /// The daemon said something.
    Said(ToMonitor),
    /// The daemon is gone, or cannot be understood: why.
    Left(Option<String>),
    /// The library is loaded, or cannot be.
    Loaded(Result<Plugin, LoadError>),
    /// A call of the library is back.
    Done(Done),
    /// The library says that a resource failed.
    Failed { group: String, name: String, why: String },
}

/// A library that is not loaded and started up by then never will be. What takes long belongs into
/// `online`, which has a deadline of its own.
pub(crate) const LOAD_MAX: Duration = Duration::from_secs(30);

/// Nothing is due: look at the clock some time all the same.
const IDLE: Duration = Duration::from_secs(3600);

/// The process is to end, in this way.
pub(crate) struct End(pub(crate) u8);

/// What the resources share.
pub(crate) struct World {
    pub(crate) place: Place,
    pub(crate) events: Sender<Event>,
    writer: Writer,
}

impl World {
    pub(crate) fn tell(&mut self, message: &FromMonitor) {
        self.writer.tell(message);
    }

    pub(crate) fn answer(&mut self, call: u64, outcome: Outcome, took: Duration) {
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.tell(&FromMonitor::Answer { call, outcome, took_us });
    }
}

pub(crate) struct House {
    library: PathBuf,
    world: World,
    /// Nothing until it is loaded.
    plugin: Option<Plugin>,
    /// How long that may take, and until when it has to be.
    load_max: Duration,
    load_until: Instant,
    /// What the daemon said meanwhile.
    early: Vec<ToMonitor>,
    resources: BTreeMap<ResourceId, LookedAfter>,
}

impl House {
    pub(crate) fn new(
        library: PathBuf,
        place: Place,
        writer: Writer,
        events: Sender<Event>,
        load_max: Duration,
    ) -> Self {
        Self {
            library,
            world: World { place, events, writer },
            plugin: None,
            load_max,
            load_until: Instant::now() + load_max,
            early: Vec::new(),
            resources: BTreeMap::new(),
        }
    }

    /// Lives until the end; how the process is to end.
    pub(crate) fn live(mut self, events: &Receiver<Event>) -> u8 {
        loop {
            let wait = self.next_moment().saturating_duration_since(Instant::now());
            let lived = match events.recv_timeout(wait) {
                Ok(event) => self.take(event),
                Err(RecvTimeoutError::Timeout) => Ok(()),
                // This loop holds a sender itself.
                Err(RecvTimeoutError::Disconnected) => Err(End(exit::DONE)),
            };
            if let Err(End(code)) = lived.and_then(|()| self.look_at_the_clock(Instant::now())) {
                return code;
            }
        }
    }

    fn next_moment(&self) -> Instant {
        let loading = self.plugin.is_none().then_some(self.load_until);
        let moments = self.resources.values().filter_map(LookedAfter::next_moment).chain(loading);
        moments.min().unwrap_or_else(|| Instant::now() + IDLE)
    }

    fn look_at_the_clock(&mut self, now: Instant) -> Result<(), End> {
        if self.plugin.is_none() && now >= self.load_until {
            let why = format!("its start-up did not return within {:?}", self.load_max);
            return Err(self.not_loaded(&LoadError { stage: LoadStage::Startup, problems: vec![why] }));
        }
        for resource in self.resources.values_mut() {
            resource.look_if_due(now, &mut self.world);
        }
        let hung = self.resources.values_mut().find_map(|resource| resource.hung(now, &mut self.world));
        match hung {
            Some(what) => Err(self.give_up(&what)),
            None => Ok(()),
        }
    }

    /// Foreign code hangs, and only the end of the process ends it. What else was asked for is answered,
    /// so that the daemon knows that it has to look again.
    fn give_up(&mut self, what: &str) -> End {
        let why = format!("the plug-in's process ended, because {what} did not come back");
        let _ = writeln!(std::io::stderr(), "steadfast-plugin-host: {why}");
        for resource in self.resources.values_mut() {
            resource.fail_all(&Outcome::failed(Failure::Crashed, &why), &mut self.world);
        }
        End(exit::HUNG)
    }

    fn take(&mut self, event: Event) -> Result<(), End> {
        match event {
            Event::Left(None) => return Err(End(exit::DONE)),
            Event::Left(Some(why)) => {
                let _ = writeln!(std::io::stderr(), "steadfast-plugin-host: {why}");
                return Err(End(exit::PROTOCOL));
            }
            Event::Loaded(Ok(plugin)) => {
                let (name, version) = (&plugin.name, &plugin.version);
                let _ = writeln!(std::io::stderr(), "steadfast-plugin-host: loaded {name} {version}");
                self.plugin = Some(plugin);
                for message in std::mem::take(&mut self.early) {
                    self.said(message)?;
                }
            }
            Event::Loaded(Err(error)) => return Err(self.not_loaded(&error)),
            Event::Said(message) => self.said(message)?,
            Event::Done(done) => {
                if let Some(resource) = self.resources.get_mut(&done.id)
                    && resource.done(done.by, done.outcome, &mut self.world)
                {
                    self.resources.remove(&done.id);
                }
            }
            Event::Failed { group, name, why } => {
                let known = self
                    .resources
                    .iter_mut()
                    .find(|(id, _)| id.group.as_str() == group && id.resource.as_str() == name);
                if let Some((_, resource)) = known {
                    resource.said_to_have_failed(why);
                }
            }
        }
        Ok(())
    }

    fn not_loaded(&mut self, error: &LoadError) -> End {
        let (library, problems) = (self.library.clone(), error.problems.clone());
        self.world.tell(&FromMonitor::LoadFailed { library, stage: error.stage, problems });
        let why = error.problems.join("; ");
        for message in std::mem::take(&mut self.early) {
            if let ToMonitor::Call { call, .. } = message {
                let outcome = Outcome::failed(Failure::NotLoadable, &why);
                self.world.answer(call, outcome, Duration::ZERO);
            }
        }
        End(if error.stage == LoadStage::Startup { exit::STARTUP } else { exit::LOAD })
    }

    fn said(&mut self, message: ToMonitor) -> Result<(), End> {
        match message {
            ToMonitor::Quit => return Err(End(exit::DONE)),
            ToMonitor::Ping { nonce } => self.world.tell(&FromMonitor::Pong { nonce }),
            ToMonitor::Hello { .. } => {}
            message => match self.plugin.take() {
                // Before the library is there, nothing of this can be answered.
                None => self.early.push(message),
                Some(plugin) => {
                    self.asked(message, &plugin);
                    self.plugin = Some(plugin);
                }
            },
        }
        Ok(())
    }

    fn asked(&mut self, message: ToMonitor, plugin: &Plugin) {
        let world = &mut self.world;
        match message {
            ToMonitor::List => {
                let standing = |(name, kind): (&_, &Result<_, String>)| TypeStanding {
                    name: Clone::clone(name),
                    problem: kind.as_ref().err().cloned(),
                };
                world.tell(&FromMonitor::Types { types: plugin.types.iter().map(standing).collect() });
            }
            ToMonitor::Describe { kind } => {
                let (description, reason) = match plugin.types.get(&kind) {
                    Some(Ok(kind)) => (Some(kind.description.clone()), String::new()),
                    Some(Err(why)) => (None, why.clone()),
                    None => (None, format!("plug-in {} has no type `{kind}`", plugin.name)),
                };
                world.tell(&FromMonitor::Described { kind, description, reason });
            }
            ToMonitor::Open { instance } => {
                let kind = kind_of(plugin, &instance);
                match self.resources.get_mut(&instance.id) {
                    Some(known) => known.becomes(instance, kind),
                    None => {
                        self.resources.insert(instance.id.clone(), LookedAfter::new(instance, kind));
                    }
                }
            }
            ToMonitor::Close { id } => {
                if let Some(resource) = self.resources.get_mut(&id)
                    && resource.close(world)
                {
                    self.resources.remove(&id);
                }
            }
            ToMonitor::Watch { id, on } => {
                if let Some(resource) = self.resources.get_mut(&id) {
                    resource.watch(on);
                }
            }
            ToMonitor::Cancel { call } => {
                for resource in self.resources.values_mut() {
                    resource.cancel(call, world);
                }
            }
            ToMonitor::Call { call, id, verb, deadline_ms, arguments } => {
                let deadline = Duration::from_millis(deadline_ms);
                let request = Request { verb, deadline, arguments };
                match self.resources.get_mut(&id) {
                    Some(resource) if !resource.is_closing() => resource.call(call, request, world),
                    _ => {
                        let outcome = Outcome::failed(Failure::Undefined, format!("{id} was not opened"));
                        world.answer(call, outcome, Duration::ZERO);
                    }
                }
            }
            // Native types ask nothing about the cluster, and note nothing for it.
            // The daemon leases to the monitor of agents alone: foreign code may hold this thread for as long
            // as it likes.
            ToMonitor::Lease { .. } | ToMonitor::Renew { .. } | ToMonitor::Unlease { .. } => {}
            ToMonitor::Note { .. } | ToMonitor::Cluster { .. } => {}
            ToMonitor::Hello { .. } | ToMonitor::Ping { .. } | ToMonitor::Quit => {}
        }
    }
}

fn kind_of(plugin: &Plugin, instance: &Instance) -> Result<Arc<NativeType>, Outcome> {
    match plugin.types.get(&instance.kind) {
        Some(Ok(kind)) => Ok(kind.clone()),
        Some(Err(why)) => Err(Outcome::failed(Failure::NotLoadable, why)),
        None => {
            let why = format!("plug-in {} has no type `{}`", plugin.name, instance.kind);
            Err(Outcome::failed(Failure::NotInstalled, why))
        }
    }
}

/// Which look a change was noticed by.
pub(crate) fn noticed_by(verb: Verb) -> NoticedBy {
    if verb == Verb::IsAlive { NoticedBy::IsAlive } else { NoticedBy::LooksAlive }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Writer;
    use resource_api::frame::Decoder;
    use std::io::Read as _;
    use std::os::unix::net::UnixStream;
    use std::sync::mpsc;

    #[test]
    fn a_library_that_is_not_loaded_in_time_is_given_up_with_the_reason_and_who_waits_is_answered() {
        let (ours, mut theirs) = UnixStream::pair().expect("a pair of sockets");
        let (events, taken) = mpsc::channel();
        let place = Place { node: "n1".to_owned(), run_dir: "/nowhere".into(), cgroup: None };
        let id = ResourceId { group: "g".parse().expect("a name"), resource: "r".parse().expect("a name") };
        let call = ToMonitor::Call {
            call: 7,
            id,
            verb: Verb::Online,
            deadline_ms: 60_000,
            arguments: BTreeMap::new(),
        };
        events.send(Event::Said(call)).expect("it is heard");
        let house = House::new("/a.so".into(), place, Writer::new(ours), events, Duration::from_millis(20));
        assert_eq!(house.live(&taken), exit::STARTUP);

        let mut bytes = Vec::new();
        theirs.read_to_end(&mut bytes).expect("all that was said");
        let mut decoder = Decoder::default();
        decoder.feed(&bytes);
        let said: Vec<FromMonitor> = std::iter::from_fn(|| decoder.take().expect("whole frames")).collect();
        let [FromMonitor::LoadFailed { stage, problems, .. }, FromMonitor::Answer { call: 7, outcome, .. }] =
            said.as_slice()
        else {
            panic!("{said:?}")
        };
        assert_eq!(
            (*stage, problems.join(" ")),
            (LoadStage::Startup, "its start-up did not return within 20ms".to_owned())
        );
        assert!(outcome.text.contains("did not return"), "{outcome}");
    }
}
