//! The tables that start-up hands out.

use super::{Plugin, mismatch};
use crate::text;
use model::TypeName;
use resource_api::abi::{self, ABI_NEWEST, ABI_OLDEST};
use resource_api::{Kind, Parameter, TypeDescription, Verb};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{c_char, c_void};
use std::sync::Arc;

/// More types than any library has; also of parameters of a type.
const COUNT_MAX: usize = 256;

/// The functions of a type.
pub(crate) struct NativeType {
    pub(crate) description: TypeDescription,
    pub(crate) open: abi::Open,
    pub(crate) close: unsafe extern "C" fn(abi::Handle),
    pub(crate) control: Option<abi::Control>,
    calls: BTreeMap<Verb, abi::Call>,
}

impl NativeType {
    /// The function for a verb. The interface has no `probe`: a thorough look is one.
    pub(crate) fn call(&self, verb: Verb) -> Option<abi::Call> {
        let verb = if verb == Verb::Probe { Verb::IsAlive } else { verb };
        self.calls.get(&verb).copied()
    }
}

/// A structure that begins with its size, copied; the error says what is wrong with it.
///
/// # Safety
/// `T` begins with a `u32` that is its size and is plain data for which all bytes are valid. `at` is null,
/// or readable for four bytes, and for as many as these say.
unsafe fn structure<T: Copy>(at: *const T) -> Result<T, String> {
    if at.is_null() {
        return Err("is null".to_owned());
    }
    if !at.is_aligned() {
        return Err("is not aligned".to_owned());
    }
    // SAFETY: not null, aligned, and readable, says the caller.
    let size = usize::try_from(unsafe { at.cast::<u32>().read() }).unwrap_or(usize::MAX);
    if size < size_of::<T>() {
        let least = size_of::<T>();
        return Err(format!("says that it has {size} bytes, and version {ABI_NEWEST} has {least}"));
    }
    // SAFETY: it has at least the size of the type.
    Ok(unsafe { at.read() })
}

/// # Safety
/// `at` is a plug-in's table as the header describes it, and lives for ever.
pub(super) unsafe fn plugin(at: *const abi::Plugin) -> Result<Plugin, Vec<String>> {
    // SAFETY: as the caller says; the type is plain data that begins with its size.
    let table = unsafe { structure(at) }.map_err(|why| vec![format!("its table {why}")])?;
    if !(ABI_OLDEST..=ABI_NEWEST).contains(&table.abi) {
        let spoken = table.abi.to_string();
        return Err(vec![mismatch(&spoken, table.abi)]);
    }
    let mut problems = Vec::new();
    // SAFETY: texts of the table, or null.
    let (name, version) = unsafe {
        (told(&mut problems, "its name", table.name), told(&mut problems, "its version", table.version))
    };
    if table.types_count == 0 || table.types_count > COUNT_MAX || table.types.is_null() {
        problems.push(format!("it names {} types; one to {COUNT_MAX} can be", table.types_count));
        return Err(problems);
    }
    let mut types = BTreeMap::new();
    for number in 0..table.types_count {
        // SAFETY: an array of as many pointers as it says; whether each is null is asked where it is used.
        let at = unsafe { table.types.add(number).read_unaligned() };
        // SAFETY: as above.
        let kind = unsafe { structure(at) };
        let read = kind.and_then(|kind| {
            // SAFETY: a text of the table, or null.
            let name = unsafe { text::read(kind.name) }.map_err(|why| format!("has a name that {why}"))?;
            let name = name.parse::<TypeName>().map_err(|error| format!("has no good name: {error}"))?;
            Ok((name, kind))
        });
        match read {
            Err(why) => problems.push(format!("its type number {} {why}", number + 1)),
            Ok((name, _)) if name.as_str().contains(':') => {
                problems.push(format!("its type number {} may not be named `{name}`: no colon", number + 1));
            }
            Ok((name, kind)) => {
                // SAFETY: a copy of a table; what it points to lives as long as the library.
                let read = unsafe { native(&name, &kind) }.map(Arc::new).map_err(|all| all.join("; "));
                if types.insert(name.clone(), read).is_some() {
                    problems.push(format!("it names type `{name}` twice"));
                }
            }
        }
    }
    if problems.is_empty() { Ok(Plugin { name, version, types }) } else { Err(problems) }
}

/// A text of a table; what is wrong with it becomes a problem.
///
/// # Safety
/// As `text::read`.
unsafe fn told(problems: &mut Vec<String>, what: &str, at: *const c_char) -> String {
    // SAFETY: as the caller says.
    unsafe { text::read(at) }.unwrap_or_else(|why| {
        problems.push(format!("{what} {why}"));
        String::new()
    })
}

/// A text that may be left out.
///
/// # Safety
/// As `text::read`.
unsafe fn perhaps(problems: &mut Vec<String>, what: &str, at: *const c_char) -> Option<String> {
    // SAFETY: as the caller says.
    (!at.is_null()).then(|| unsafe { told(problems, what, at) })
}

/// A type as a whole; the error says all that is wrong with it.
///
/// # Safety
/// Its pointers are null, or point to what the header says.
unsafe fn native(name: &TypeName, kind: &abi::Type) -> Result<NativeType, Vec<String>> {
    let mut problems = Vec::new();
    // SAFETY: texts and an array of the table, or null.
    let (version, summary, parameters) = unsafe {
        let version = perhaps(&mut problems, "its version", kind.version).unwrap_or_default();
        let summary = perhaps(&mut problems, "its summary", kind.summary).unwrap_or_default();
        (version, summary, parameters(kind, &mut problems))
    };
    let required = [
        (Verb::Online, kind.online),
        (Verb::Offline, kind.offline),
        (Verb::LooksAlive, kind.looks_alive),
        (Verb::IsAlive, kind.is_alive),
    ];
    for (verb, _) in required.iter().filter(|(_, call)| call.is_none()) {
        problems.push(format!("it has no function for `{verb}`"));
    }
    let more = [
        (Verb::Terminate, kind.terminate),
        (Verb::Reserve, kind.reserve),
        (Verb::Release, kind.release),
        (Verb::Validate, kind.validate),
    ];
    let calls: BTreeMap<Verb, abi::Call> =
        required.into_iter().chain(more).filter_map(|(verb, call)| Some((verb, call?))).collect();
    let (Some(open), Some(close)) = (kind.open, kind.close) else {
        problems.push("it has no function for `open` or `close`".to_owned());
        return Err(problems);
    };
    if !problems.is_empty() {
        return Err(problems);
    }
    let verbs = calls.keys().copied().chain([Verb::Probe]).chain(kind.control.map(|_| Verb::Control));
    let description = TypeDescription {
        name: name.to_string(),
        version,
        summary,
        description: String::new(),
        parameters,
        verbs: verbs.map(|verb| (verb, None)).collect(),
        promotable: false,
    };
    Ok(NativeType { description, open, close, control: kind.control, calls })
}

/// # Safety
/// As `native`.
unsafe fn parameters(kind: &abi::Type, problems: &mut Vec<String>) -> Vec<Parameter> {
    let count = kind.parameters_count;
    if count > COUNT_MAX || (count > 0 && kind.parameters.is_null()) {
        problems.push(format!("it names {count} parameters; up to {COUNT_MAX} can be"));
        return Vec::new();
    }
    let (mut all, mut names) = (Vec::new(), BTreeSet::new());
    let mut at = kind.parameters;
    for number in 1..=count {
        // SAFETY: an array of as many structures as it says, all of the size that each says.
        let parameter = match unsafe { structure(at) } {
            Ok(parameter) => parameter,
            Err(why) => {
                problems.push(format!("its parameter number {number} {why}"));
                break;
            }
        };
        let step = usize::try_from(parameter.size).unwrap_or(0);
        // The next one begins where this one ends. Where that is out of line, the next look says so.
        at = at.cast::<c_void>().wrapping_byte_add(step).cast();
        let what = format!("the name of its parameter number {number}");
        // SAFETY: a text of the structure, or null.
        let name = unsafe { told(problems, &what, parameter.name) };
        if name.is_empty() || name.chars().any(|char| char.is_control() || char.is_whitespace()) {
            problems.push(format!("{what} is none: {name:?}"));
        } else if !names.insert(name.clone()) {
            problems.push(format!("it names parameter `{name}` twice"));
        }
        // SAFETY: texts of the structure, or null.
        let (summary, default) = unsafe {
            let summary = perhaps(problems, &format!("the summary of `{name}`"), parameter.summary);
            (summary, perhaps(problems, &format!("the default of `{name}`"), parameter.default_value))
        };
        all.push(Parameter {
            kind: Kind::Text,
            required: parameter.required != 0,
            default,
            unique: false,
            reloadable: false,
            summary: summary.unwrap_or_default(),
            replaced_by: None,
            name,
        });
    }
    all
}
