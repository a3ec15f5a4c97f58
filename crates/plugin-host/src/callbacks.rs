//! What the library may call, from any of its threads, at any time.
#![allow(unsafe_code, reason = "foreign code calls these, with pointers of its own")]

use crate::house::Event;
use crate::text;
use resource_api::abi::{ABI_NEWEST, ABI_OLDEST, Host};
use std::ffi::c_char;
use std::io::Write as _;
use std::sync::mpsc::Sender;
use std::sync::{Mutex, OnceLock, PoisonError};

/// Given to the library at its start-up.
pub(crate) static HOST: Host = Host {
    size: size_of::<Host>() as u32,
    abi_oldest: ABI_OLDEST,
    abi_newest: ABI_NEWEST,
    log: Some(log),
    failed: Some(failed),
};

/// The library is given no word of its own to hand back, so whom to tell is known to the whole process.
static EVENTS: OnceLock<Mutex<Sender<Event>>> = OnceLock::new();

/// From now on the main loop hears of failures.
pub(crate) fn tell_of_failures(events: Sender<Event>) {
    // There is one main loop; a second one would be refused.
    let _ = EVENTS.set(Mutex::new(events));
}

unsafe extern "C" fn log(resource: *const c_char, line: *const c_char) {
    // SAFETY: the header asks for texts that end with a zero byte; null is expected.
    let line = unsafe { text::read_lossy(line) };
    let line = if resource.is_null() {
        format!("{line}\n")
    } else {
        // SAFETY: as above.
        format!("{}: {line}\n", unsafe { text::read_lossy(resource) })
    };
    let _ = std::io::stderr().write_all(line.as_bytes());
}

unsafe extern "C" fn failed(group: *const c_char, name: *const c_char, why: *const c_char) {
    // SAFETY: the header asks for texts that end with a zero byte; null is expected.
    let (group, name) = unsafe { (text::read_lossy(group), text::read_lossy(name)) };
    let why = if why.is_null() {
        String::new()
    } else {
        // SAFETY: as above.
        unsafe { text::read_lossy(why) }
    };
    if let Some(events) = EVENTS.get() {
        let events = events.lock().unwrap_or_else(PoisonError::into_inner);
        // The main loop lives as long as the process.
        let _ = events.send(Event::Failed { group, name, why });
    }
}
