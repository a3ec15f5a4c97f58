//! Panics of the code under test, noted instead of printed.
//!
//! A panic inside of a spawned task is caught by the runtime and would go unnoticed, so the hook
//! notes it for its thread; targets that spawn tasks run them on the driver's own thread.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static WATCHED: Cell<bool> = const { Cell::new(false) };
    static FIRST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs `test`; a panic that unwinds out of it is an error with its message and place.
pub(crate) fn caught(test: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    install();
    FIRST.set(None);
    WATCHED.set(true);
    let result = catch_unwind(AssertUnwindSafe(test));
    WATCHED.set(false);
    result.unwrap_or_else(|_| Err(noted().unwrap_or_else(|| "it panicked".to_owned())))
}

/// The first panic on this thread since the present input began, also one that something caught.
pub(crate) fn noted() -> Option<String> {
    FIRST.take()
}

/// Other threads' panics, a failing test's for instance, are printed as ever.
fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| if WATCHED.get() { note(panic) } else { before(panic) }));
    });
}

fn note(panic: &PanicHookInfo<'_>) {
    let what = panic.payload_as_str().unwrap_or("a payload that is no text");
    let place = panic.location().map(|at| format!(" at {at}")).unwrap_or_default();
    FIRST.with_borrow_mut(|first| {
        first.get_or_insert_with(|| format!("it panicked{place}: {what}"));
    });
}
