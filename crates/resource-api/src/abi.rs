//! The C interface of native plug-ins, as Rust sees it: the mirror of `include/steadfast_plugin.h`,
//! where everything is explained. Types alone; the calls are made by the plug-in host.

use std::ffi::{c_char, c_void};

/// The oldest version of the interface that this software speaks.
pub const ABI_OLDEST: u32 = 1;
/// The newest.
pub const ABI_NEWEST: u32 = 1;

/// The function that a library exports.
pub const STARTUP_SYMBOL: &str = "steadfast_plugin_startup";
/// The two numbers that it may export besides: the versions that it can speak.
pub const ABI_SYMBOL: &str = "steadfast_plugin_abi";

/// How `steadfast-plugin-host` ends. What else there is, such as the end by a signal, is a crash.
pub mod exit {
    /// The daemon said so, or is gone.
    pub const DONE: u8 = 0;
    /// The daemon cannot be understood.
    pub const PROTOCOL: u8 = 1;
    /// It was started in a wrong way.
    pub const USAGE: u8 = 2;
    /// The library cannot be loaded; told before, by `LoadFailed`.
    pub const LOAD: u8 = 3;
    /// The library's start-up failed; told before, by `LoadFailed`.
    pub const STARTUP: u8 = 4;
    /// A call was not back at its deadline; told before, as its answer.
    pub const HUNG: u8 = 5;
}

/// What a call returns.
pub type Status = i32;
/// Done; of a look: it runs.
pub const OK: Status = 0;
/// It did not work.
pub const FAILED: Status = 1;
/// A parameter is wrong on this node.
pub const ARGUMENTS: Status = 2;
/// This type has no such call.
pub const UNIMPLEMENTED: Status = 3;
/// A right is missing.
pub const PERMISSION: Status = 4;
/// Something it needs is not installed here.
pub const NOT_INSTALLED: Status = 5;
/// A parameter is wrong everywhere.
pub const NOT_CONFIGURED: Status = 6;
/// Of a look: it does not run, and nothing of it is left.
pub const NOT_RUNNING: Status = 7;

/// A parameter, as it is given.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ParameterValue {
    /// Its name.
    pub name: *const c_char,
    /// Its value.
    pub value: *const c_char,
}

/// A resource, as `open` gets it.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Resource {
    /// Of this structure.
    pub size: u32,
    /// The group's name.
    pub group: *const c_char,
    /// The resource's.
    pub name: *const c_char,
    /// The node's.
    pub node: *const c_char,
    /// What is given.
    pub parameters: *const ParameterValue,
    /// How many.
    pub parameters_count: usize,
}

/// What the host offers.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Host {
    /// Of this structure.
    pub size: u32,
    /// The oldest version that the host speaks.
    pub abi_oldest: u32,
    /// The newest.
    pub abi_newest: u32,
    /// A line for the log.
    pub log: Option<unsafe extern "C" fn(resource: *const c_char, text: *const c_char)>,
    /// A resource failed, now.
    pub failed: Option<unsafe extern "C" fn(group: *const c_char, name: *const c_char, text: *const c_char)>,
}

/// A parameter, as a type describes it.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Of this structure.
    pub size: u32,
    /// Its name.
    pub name: *const c_char,
    /// A line.
    pub summary: *const c_char,
    /// What it is if it is not given.
    pub default_value: *const c_char,
    /// Whether it must be given.
    pub required: i32,
}

/// What `open` hands out.
pub type Handle = *mut c_void;

/// A call with nothing but the handle and room for a reason.
pub type Call = unsafe extern "C" fn(handle: Handle, text: *mut c_char, text_size: usize) -> Status;

/// `open`.
pub type Open = unsafe extern "C" fn(
    resource: *const Resource,
    handle: *mut Handle,
    text: *mut c_char,
    text_size: usize,
) -> Status;

/// `control`.
pub type Control = unsafe extern "C" fn(
    handle: Handle,
    request: *const c_char,
    text: *mut c_char,
    text_size: usize,
) -> Status;

/// A resource type.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Type {
    /// Of this structure.
    pub size: u32,
    /// Its name in the declarative file.
    pub name: *const c_char,
    /// Its version.
    pub version: *const c_char,
    /// A line.
    pub summary: *const c_char,
    /// What it takes.
    pub parameters: *const Parameter,
    /// How many.
    pub parameters_count: usize,
    /// Required, as the next five.
    pub open: Option<Open>,
    /// Gives a handle back.
    pub close: Option<unsafe extern "C" fn(handle: Handle)>,
    /// Makes it run.
    pub online: Option<Call>,
    /// Ends it in order.
    pub offline: Option<Call>,
    /// A cheap look.
    pub looks_alive: Option<Call>,
    /// A thorough look.
    pub is_alive: Option<Call>,
    /// Ends it at any price.
    pub terminate: Option<Call>,
    /// Takes hold.
    pub reserve: Option<Call>,
    /// Lets go.
    pub release: Option<Call>,
    /// Are the parameters right?
    pub validate: Option<Call>,
    /// A type's own request.
    pub control: Option<Control>,
}

/// What start-up hands out.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Plugin {
    /// Of this structure.
    pub size: u32,
    /// The version that the library speaks.
    pub abi: u32,
    /// Its name.
    pub name: *const c_char,
    /// Its version.
    pub version: *const c_char,
    /// Its types.
    pub types: *const *const Type,
    /// How many.
    pub types_count: usize,
}

/// The start-up function.
pub type Startup =
    unsafe extern "C" fn(host: *const Host, text: *mut c_char, text_size: usize) -> *const Plugin;
