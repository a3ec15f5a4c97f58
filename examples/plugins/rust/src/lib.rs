//! A native plug-in in Rust, to copy from: two resource types in one library.
//!
//! `flag-file` is a file, and `flag-folder` a folder, that exists while the resource is online. That is
//! little, but it has all that a type needs: it is found again from its parameters alone, by whichever
//! process comes next; `offline` of what is not there is done; and a look changes nothing.
//!
//! The functions that the host calls are thin: `call` turns a handle into a reference, and a reason
//! into a text. The types themselves are safe code, and return what went wrong.
#![allow(unsafe_code, reason = "a C interface: pointers come in, and a function is exported by its name")]

use resource_api::abi;
use std::ffi::{CStr, c_char};
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::ptr;

/// A resource: where it is, and which of the two.
struct Flag {
    path: PathBuf,
    is_folder: bool,
}

/// A status, and why.
type Answer = Result<(), (abi::Status, String)>;

impl Flag {
    fn online(&self) -> Answer {
        let made = if self.is_folder { fs::create_dir_all(&self.path) } else { fs::write(&self.path, "") };
        self.done("make", made)
    }

    fn offline(&self) -> Answer {
        let removed = if self.is_folder { fs::remove_dir(&self.path) } else { fs::remove_file(&self.path) };
        match removed {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            other => self.done("remove", other),
        }
    }

    fn look(&self) -> Answer {
        match fs::metadata(&self.path) {
            Ok(found) if found.is_dir() == self.is_folder => Ok(()),
            Ok(_) => Err((abi::FAILED, format!("{} is something else", self.path.display()))),
            Err(error) if error.kind() == ErrorKind::NotFound => Err((abi::NOT_RUNNING, String::new())),
            Err(error) => self.done("look at", Err(error)),
        }
    }

    fn validate(&self) -> Answer {
        match self.path.parent() {
            Some(folder) if self.path.is_absolute() && folder.is_dir() => Ok(()),
            _ => Err((abi::ARGUMENTS, format!("{} is in no folder here", self.path.display()))),
        }
    }

    fn done(&self, what: &str, result: std::io::Result<()>) -> Answer {
        let status = |kind| if kind == ErrorKind::PermissionDenied { abi::PERMISSION } else { abi::FAILED };
        let why = |error| format!("cannot {what} {}: {error}", self.path.display());
        result.map_err(|error| (status(error.kind()), why(error)))
    }
}

/// Writes a reason into the host's room, as far as it fits, and a zero byte.
///
/// # Safety
/// `text` has room for `size` bytes.
unsafe fn tell(text: *mut c_char, size: usize, why: &str) {
    if let Some(room) = size.checked_sub(1) {
        let length = why.len().min(room);
        // SAFETY: `length` and one more are not more than `size`.
        unsafe {
            ptr::copy_nonoverlapping(why.as_ptr(), text.cast(), length);
            text.add(length).write(0);
        }
    }
}

/// # Safety
/// The handle is one that `open` handed out and that is not closed; `text` has room for `size` bytes.
unsafe fn call(
    what: fn(&Flag) -> Answer,
    handle: abi::Handle,
    text: *mut c_char,
    size: usize,
) -> abi::Status {
    // SAFETY: `open` made it from a box of this type, and the host closes it only after all calls.
    let flag = unsafe { &*handle.cast::<Flag>() };
    match what(flag) {
        Ok(()) => abi::OK,
        Err((status, why)) => {
            // SAFETY: as the caller says.
            unsafe { tell(text, size, &why) };
            status
        }
    }
}

/// A function of the table, for a function of [`Flag`].
macro_rules! calls {
    ($($name:ident)*) => {$(
        unsafe extern "C" fn $name(handle: abi::Handle, text: *mut c_char, size: usize) -> abi::Status {
            // SAFETY: the host keeps to the header.
            unsafe { call(Flag::$name, handle, text, size) }
        }
    )*};
}
calls!(online offline look validate);

unsafe extern "C" fn open<const IS_FOLDER: bool>(
    resource: *const abi::Resource,
    handle: *mut abi::Handle,
    text: *mut c_char,
    size: usize,
) -> abi::Status {
    // SAFETY: the host gives a structure as the header describes it, which lives until this returns.
    let resource = unsafe { &*resource };
    for number in 0..resource.parameters_count {
        // SAFETY: an array of as many, of texts that end with a zero byte.
        let (name, value) = unsafe {
            let given = *resource.parameters.add(number);
            (CStr::from_ptr(given.name), CStr::from_ptr(given.value))
        };
        if name == c"path" {
            let path = PathBuf::from(value.to_string_lossy().into_owned());
            let flag = Box::new(Flag { path, is_folder: IS_FOLDER });
            // SAFETY: the host has room for a handle there.
            unsafe { *handle = Box::into_raw(flag).cast() };
            return abi::OK;
        }
    }
    // SAFETY: room of that size, says the host.
    unsafe { tell(text, size, "parameter `path` is missing") };
    abi::NOT_CONFIGURED
}

unsafe extern "C" fn close(handle: abi::Handle) {
    // SAFETY: made by `open` from a box, and given back once.
    drop(unsafe { Box::from_raw(handle.cast::<Flag>()) });
}

/// A table that the host reads from any thread.
#[repr(transparent)]
struct Table<T>(T);

// SAFETY: the tables point to constants and functions only, and nobody changes them.
unsafe impl<T> Sync for Table<T> {}

const fn size<T>() -> u32 {
    // No table has four gigabytes.
    size_of::<T>() as u32
}

static PARAMETERS: Table<[abi::Parameter; 1]> = Table([abi::Parameter {
    size: size::<abi::Parameter>(),
    name: c"path".as_ptr(),
    summary: c"What exists while the resource is online.".as_ptr(),
    default_value: ptr::null(),
    required: 1,
}]);

const fn kind(name: &'static CStr, summary: &'static CStr, open: abi::Open) -> Table<abi::Type> {
    Table(abi::Type {
        size: size::<abi::Type>(),
        name: name.as_ptr(),
        version: c"1.0".as_ptr(),
        summary: summary.as_ptr(),
        parameters: (&raw const PARAMETERS).cast(),
        parameters_count: 1,
        open: Some(open),
        close: Some(close),
        online: Some(online),
        offline: Some(offline),
        looks_alive: Some(look),
        is_alive: Some(look),
        terminate: Some(offline),
        reserve: None,
        release: None,
        validate: Some(validate),
        control: None,
    })
}

static FILE: Table<abi::Type> = kind(c"flag-file", c"A file that exists while online.", open::<false>);
static FOLDER: Table<abi::Type> = kind(c"flag-folder", c"A folder that exists while online.", open::<true>);
static TYPES: Table<[*const abi::Type; 2]> = Table([(&raw const FILE).cast(), (&raw const FOLDER).cast()]);
static PLUGIN: Table<abi::Plugin> = Table(abi::Plugin {
    size: size::<abi::Plugin>(),
    abi: 1,
    name: c"example".as_ptr(),
    version: c"1.0".as_ptr(),
    types: (&raw const TYPES).cast(),
    types_count: 2,
});

/// The versions of the interface that this library speaks.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "the header names it")]
pub static steadfast_plugin_abi: [u32; 2] = [1, 1];

/// Called once by the host.
///
/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadfast_plugin_startup(
    host: *const abi::Host,
    text: *mut c_char,
    size: usize,
) -> *const abi::Plugin {
    // SAFETY: the host gives its own table.
    let host = unsafe { &*host };
    if !(host.abi_oldest..=host.abi_newest).contains(&1) {
        // SAFETY: room of that size, says the host.
        unsafe { tell(text, size, "this library speaks version 1 alone") };
        return ptr::null();
    }
    (&raw const PLUGIN).cast()
}
