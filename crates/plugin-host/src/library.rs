//! The library: loaded, started up, and its tables read.
//!
//! What the tables say is copied and checked before anybody uses it. Pointers that are not null are
//! believed: one that points nowhere ends this process, which is what it is for.
#![allow(unsafe_code, reason = "loading runs foreign code, and its tables are read through pointers")]

mod tables;

use crate::callbacks::HOST;
use crate::text::Room;
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use model::TypeName;
use resource_api::abi::{self, ABI_NEWEST, ABI_OLDEST};
use resource_api::message::LoadStage;
use std::collections::BTreeMap;
use std::error::Error as _;
use std::path::Path;
use std::sync::Arc;
pub(crate) use tables::NativeType;

/// A library that can be used.
pub(crate) struct Plugin {
    pub(crate) name: String,
    pub(crate) version: String,
    /// By name; the error is why a type cannot be used.
    pub(crate) types: BTreeMap<TypeName, Result<Arc<NativeType>, String>>,
}

/// Why it cannot be used.
#[derive(Debug)]
pub(crate) struct LoadError {
    pub(crate) stage: LoadStage,
    pub(crate) problems: Vec<String>,
}

impl LoadError {
    fn new(stage: LoadStage, problem: impl Into<String>) -> Self {
        Self { stage, problems: vec![problem.into()] }
    }
}

/// Loads a library and calls its start-up function. May never return.
pub(crate) fn load(path: &Path) -> Result<Plugin, LoadError> {
    let not_loaded = |what: &str, error: &libloading::Error| {
        let why = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        LoadError::new(LoadStage::Load, format!("{what}{why}"))
    };
    // All symbols now: one that is missing fails here, and not in the middle of a call. Its own symbols
    // stay its own.
    // SAFETY: this runs the library's constructors. That they may do anything is why this process is.
    let library = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) };
    let library = library.map_err(|error| not_loaded("", &error))?;
    // SAFETY: the header gives this name two numbers; where they are is all that is taken here.
    let range = unsafe { library.get::<*const [u32; 2]>(abi::ABI_SYMBOL.as_bytes()) };
    let range = range.ok().map(|symbol| {
        // SAFETY: the loader found it, so it is mapped; it is read as what the header says it is.
        unsafe { symbol.read_unaligned() }
    });
    // SAFETY: the header gives this name this function.
    let startup = unsafe { library.get::<abi::Startup>(abi::STARTUP_SYMBOL.as_bytes()) };
    let startup = *startup.map_err(|error| not_loaded("it is no plug-in of Steadfast: ", &error))?;
    // It is never unloaded: its threads may be anywhere.
    std::mem::forget(library);
    if let Some([oldest, newest]) = range
        && (oldest > newest || newest < ABI_OLDEST || oldest > ABI_NEWEST)
    {
        return Err(LoadError::new(LoadStage::Startup, mismatch(&format!("{oldest} to {newest}"), newest)));
    }
    let mut room = Room::new();
    let (text, size) = room.parts();
    // SAFETY: the function that the header describes, called as it says: a structure that lives for ever,
    // and room of the size that is told.
    let answer = unsafe { startup(&raw const HOST, text, size) };
    if answer.is_null() {
        let why = match room.text() {
            none if none.is_empty() => "its start-up failed, and did not say why".to_owned(),
            why => format!("its start-up failed: {why}"),
        };
        return Err(LoadError::new(LoadStage::Startup, why));
    }
    // SAFETY: not null, from the function whose answer is such a table, which lives as long as the
    // library: for ever.
    let plugin = unsafe { tables::plugin(answer) };
    plugin.map_err(|problems| LoadError { stage: LoadStage::Startup, problems })
}

/// Both ranges, and who has to follow.
fn mismatch(library: &str, newest: u32) -> String {
    let which = if newest < ABI_OLDEST {
        "the library is too old: install a newer version of the plug-in"
    } else {
        "the library is too new: install an older version of the plug-in, or a newer Steadfast"
    };
    format!(
        "it speaks versions {library} of the plug-ins' interface, and this node {ABI_OLDEST} to \
         {ABI_NEWEST}; {which}"
    )
}
