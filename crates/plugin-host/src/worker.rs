//! The thread of one resource, on which the library's functions are called.
//!
//! The same thread for the whole life of a resource: a library may keep things by thread, and what it
//! starts with a parent-death signal dies with the thread that started it.
#![allow(unsafe_code, reason = "this is where the library is called")]

use crate::house::Event;
use crate::library::NativeType;
use crate::text::Room;
use resource_api::instance::as_text;
use resource_api::{Failure, Instance, Outcome, ResourceId, Verb, abi};
use std::ffi::{CString, c_char, c_void};
use std::io;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;

/// What the thread is to do.
pub(crate) enum Work {
    Call { instance: Arc<Instance>, kind: Arc<NativeType>, verb: Verb, request: String },
    Close,
}

/// Something came back.
pub(crate) struct Done {
    pub(crate) id: ResourceId,
    pub(crate) by: By,
    pub(crate) outcome: Outcome,
}

/// On which thread it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// The resource's own, after a call.
    Worker,
    /// The resource's own, after closing: it has ended.
    Closed,
    /// The one beside it, for `terminate`.
    Terminator,
}

/// What `open` handed out, while it is open. Whoever calls beside the worker holds the lock for reading
/// meanwhile, and the worker opens and closes under the lock for writing: so a handle is never closed
/// under a call.
type Slot = RwLock<Option<AtomicPtr<c_void>>>;

/// A resource's thread, seen from outside.
pub(crate) struct Worker {
    orders: Sender<Work>,
    slot: Arc<Slot>,
    events: Sender<Event>,
    id: ResourceId,
}

/// As much as a program's first thread has: the library's authors expect it. Only what is used of it
/// takes memory.
const STACK_BYTES: usize = 8 << 20;

impl Worker {
    pub(crate) fn start(id: &ResourceId, node: &str, events: &Sender<Event>) -> io::Result<Self> {
        let (orders, taken) = mpsc::channel();
        let slot = Arc::new(Slot::default());
        let thread = Thread {
            slot: slot.clone(),
            node: CString::new(node)?,
            open: None,
            events: events.clone(),
            id: id.clone(),
        };
        builder(id).spawn(move || thread.run(&taken))?;
        Ok(Self { orders, slot, events: events.clone(), id: id.clone() })
    }

    /// Has the thread do something.
    pub(crate) fn order(&self, work: Work) {
        // It goes on until it is told to close.
        let _ = self.orders.send(work);
    }

    /// Calls `terminate` beside the thread, which hangs.
    pub(crate) fn terminate(&self, kind: Arc<NativeType>) -> io::Result<()> {
        let (slot, events, id) = (self.slot.clone(), self.events.clone(), self.id.clone());
        builder(&id).spawn(move || {
            let open = slot.read().unwrap_or_else(PoisonError::into_inner);
            let outcome = match (&*open, kind.call(Verb::Terminate)) {
                (Some(handle), Some(call)) => plain(Verb::Terminate, call, handle.load(Ordering::Acquire)),
                (None, _) => Outcome::failed(Failure::Generic, "it could not be opened"),
                (_, None) => unimplemented(Verb::Terminate),
            };
            drop(open);
            let _ = events.send(Event::Done(Done { id, by: By::Terminator, outcome }));
        })?;
        Ok(())
    }
}

fn builder(id: &ResourceId) -> thread::Builder {
    thread::Builder::new().name(id.resource.to_string()).stack_size(STACK_BYTES)
}

struct Thread {
    slot: Arc<Slot>,
    node: CString,
    /// What is open, and of which type.
    open: Option<(Arc<Instance>, Arc<NativeType>)>,
    events: Sender<Event>,
    id: ResourceId,
}

impl Thread {
    fn run(mut self, orders: &Receiver<Work>) {
        while let Ok(work) = orders.recv() {
            let (by, outcome) = match work {
                Work::Call { instance, kind, verb, request } => {
                    (By::Worker, self.call(&instance, &kind, verb, request))
                }
                Work::Close => {
                    self.close();
                    (By::Closed, Outcome::done())
                }
            };
            let _ = self.events.send(Event::Done(Done { id: self.id.clone(), by, outcome }));
            if by == By::Closed {
                return;
            }
        }
    }

    fn call(
        &mut self,
        instance: &Arc<Instance>,
        kind: &Arc<NativeType>,
        verb: Verb,
        request: String,
    ) -> Outcome {
        if !self.open.as_ref().is_some_and(|(open, _)| Arc::ptr_eq(open, instance)) {
            self.close();
            if let Err(outcome) = self.open(instance, kind) {
                return outcome;
            }
        }
        let Some(handle) = self.handle() else {
            return Outcome::failed(Failure::Undefined, "it is not open");
        };
        match (verb, kind.call(verb), kind.control) {
            (Verb::Control, _, Some(control)) => {
                let Ok(request) = CString::new(request) else {
                    return Outcome::failed(Failure::Arguments, "the request has a zero byte in it");
                };
                let mut room = Room::new();
                let (text, size) = room.parts();
                // SAFETY: the type's own function, with a handle of its own that is open, a text, and
                // room of the size that is told.
                let status = unsafe { control(handle, request.as_ptr(), text, size) };
                outcome(verb, status, room.text())
            }
            (verb, Some(call), _) => plain(verb, call, handle),
            (verb, None, _) => unimplemented(verb),
        }
    }

    /// What is open. It stays so: only this thread opens and closes.
    fn handle(&self) -> Option<abi::Handle> {
        let slot = self.slot.read().unwrap_or_else(PoisonError::into_inner);
        slot.as_ref().map(|handle| handle.load(Ordering::Acquire))
    }

    fn open(&mut self, instance: &Arc<Instance>, kind: &Arc<NativeType>) -> Result<(), Outcome> {
        let zero =
            |what: &str| Outcome::failed(Failure::NotConfigured, format!("{what} has a zero byte in it"));
        let text = |what: &str, text: String| CString::new(text).map_err(|_| zero(what));
        let group = text("the group's name", instance.id.group.to_string())?;
        let name = text("the resource's name", instance.id.resource.to_string())?;
        let mut values = Vec::new();
        for (name, value) in &instance.parameters {
            values.push((text("a parameter's name", name.clone())?, text(name, as_text(value))?));
        }
        let values: Vec<_> = values
            .iter()
            .map(|(name, value)| abi::ParameterValue { name: name.as_ptr(), value: value.as_ptr() })
            .collect();
        let resource = abi::Resource {
            size: u32::try_from(size_of::<abi::Resource>()).unwrap_or(u32::MAX),
            group: group.as_ptr(),
            name: name.as_ptr(),
            node: self.node.as_ptr(),
            parameters: values.as_ptr(),
            parameters_count: values.len(),
        };
        let mut handle = std::ptr::null_mut();
        let mut room = Room::new();
        let (text, size) = room.parts();
        let mut slot = self.slot.write().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the type's own function; the structure and all texts that it points to live until after
        // the call, and the room has the size that is told.
        let status = unsafe { (kind.open)(&raw const resource, &raw mut handle, text, size) };
        if status != abi::OK {
            let failed = outcome(Verb::Validate, status, room.text());
            return Err(Outcome { text: format!("it cannot be opened: {}", failed.text), ..failed });
        }
        *slot = Some(AtomicPtr::new(handle));
        self.open = Some((instance.clone(), kind.clone()));
        Ok(())
    }

    fn close(&mut self) {
        let mut slot = self.slot.write().unwrap_or_else(PoisonError::into_inner);
        if let (Some((_, kind)), Some(handle)) = (self.open.take(), slot.take()) {
            // SAFETY: the function of the type that handed the handle out, for the first and last time;
            // nobody calls with it any more, since the lock is held and the slot is empty.
            unsafe { (kind.close)(handle.into_inner()) };
        }
    }
}

fn plain(verb: Verb, call: abi::Call, handle: abi::Handle) -> Outcome {
    let mut room = Room::new();
    let (text, size): (*mut c_char, usize) = room.parts();
    // SAFETY: the type's own function, with a handle of its own that is open, and room of the size that
    // is told.
    let status = unsafe { call(handle, text, size) };
    outcome(verb, status, room.text())
}

fn unimplemented(verb: Verb) -> Outcome {
    Outcome::failed(Failure::Unimplemented, format!("the plug-in has no `{verb}`"))
}

/// What a status of this verb means.
fn outcome(verb: Verb, status: abi::Status, text: String) -> Outcome {
    let looks = matches!(verb, Verb::Probe | Verb::LooksAlive | Verb::IsAlive);
    let failure = match status {
        abi::OK if looks => return Outcome { text, ..Outcome::running() },
        abi::OK => return Outcome { text, ..Outcome::done() },
        abi::NOT_RUNNING if looks => return Outcome { text, ..Outcome::not_running() },
        abi::NOT_RUNNING if matches!(verb, Verb::Offline | Verb::Terminate) => {
            return Outcome { text, ..Outcome::done() };
        }
        abi::FAILED => Failure::Generic,
        abi::ARGUMENTS => Failure::Arguments,
        abi::UNIMPLEMENTED => Failure::Unimplemented,
        abi::PERMISSION => Failure::Permission,
        abi::NOT_INSTALLED => Failure::NotInstalled,
        abi::NOT_CONFIGURED => Failure::NotConfigured,
        other => {
            let why = format!("`{verb}` returned {other}, which has no meaning there; it said: {text:?}");
            return Outcome::failed(Failure::Undefined, why);
        }
    };
    Outcome::failed(failure, text)
}
