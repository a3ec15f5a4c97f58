//! From bytes to an [`Image`].

use super::symbols::{self, Tables};
use super::{Image, Machine};
use object::elf::{self, DynamicTag};
use object::read::elf::{Dyn as _, FileHeader, ProgramHeader as _};
use object::{Endianness, StringTable};

/// Entries of the dynamic table that are read; real ones have some dozens.
const ENTRIES_MAX: usize = 65_536;

/// Needed libraries of one file that are read; real ones have some dozens.
const NEEDED_MAX: usize = 1_024;

/// A name longer than this is cut: it is no name, and would be repeated in each message.
const NAME_MAX_BYTES: usize = 4 << 10;

pub(super) fn machine(head: &[u8]) -> Option<Machine> {
    let [0x7f, b'E', b'L', b'F', class @ 1..=2, order @ 1..=2, ..] = *head else { return None };
    let number = [*head.get(18)?, *head.get(19)?];
    let big_endian = order == 2;
    let number = if big_endian { u16::from_be_bytes(number) } else { u16::from_le_bytes(number) };
    Some(Machine { is_64: class == 2, big_endian, number })
}

pub(super) fn parse(bytes: &[u8]) -> Result<Image, String> {
    let Some(machine) = machine(bytes) else {
        return Err(match bytes {
            [] => "it is empty".to_owned(),
            _ => "it does not begin as an ELF file does".to_owned(),
        });
    };
    match machine.is_64 {
        true => image::<elf::FileHeader64<Endianness>>(bytes, machine),
        false => image::<elf::FileHeader32<Endianness>>(bytes, machine),
    }
}

/// The loadable parts of a file, by the addresses at which it would have them.
pub(super) struct Memory<'data, Elf: FileHeader> {
    data: &'data [u8],
    endian: Elf::Endian,
    headers: &'data [Elf::ProgramHeader],
}

impl<'data, Elf: FileHeader> Memory<'data, Elf> {
    /// All bytes of the file from this address on to the end of the part that it is in.
    pub(super) fn from(&self, address: u64) -> Option<&'data [u8]> {
        self.headers.iter().filter(|header| header.p_type(self.endian) == elf::PT_LOAD).find_map(|header| {
            let begin: u64 = header.p_vaddr(self.endian).into();
            let part = header.data(self.endian, self.data).ok()?;
            let skipped = usize::try_from(address.checked_sub(begin)?).ok()?;
            part.get(skipped..).filter(|rest| !rest.is_empty())
        })
    }
}

fn image<Elf: FileHeader<Endian = Endianness>>(bytes: &[u8], machine: Machine) -> Result<Image, String> {
    let broken = |what: &str, error: object::read::Error| format!("its {what} cannot be read ({error})");
    let header = Elf::parse(bytes).map_err(|error| broken("header", error))?;
    let endian = header.endian().map_err(|error| broken("header", error))?;
    if !matches!(header.e_type(endian), elf::ET_DYN | elf::ET_EXEC) {
        return Err("it is neither a library nor a program".to_owned());
    }
    let headers = header.program_headers(endian, bytes).map_err(|error| broken("program headers", error))?;
    let mut dynamic = None;
    for header in headers {
        let found = header.dynamic(endian, bytes).map_err(|error| broken("dynamic table", error))?;
        dynamic = dynamic.or(found);
    }
    let Some(dynamic) = dynamic else { return Err(super::NO_DYNAMIC_TABLE.to_owned()) };
    let memory = Memory::<Elf> { data: bytes, endian, headers };
    let entries: Vec<(DynamicTag, u64)> = dynamic
        .iter()
        .take(ENTRIES_MAX)
        .map(|entry| (entry.d_tag(endian), entry.d_val(endian).into()))
        .take_while(|(tag, _)| *tag != elf::DT_NULL)
        .collect();
    let value = |wanted| entries.iter().rev().find(|(tag, _)| *tag == wanted).map(|(_, value)| *value);
    let at = |tag| value(tag).and_then(|address| memory.from(address));
    let strings = at(elf::DT_STRTAB).ok_or("its table of names is not in it: it may be cut off")?;
    let length = value(elf::DT_STRSZ).and_then(|size| usize::try_from(size).ok()).unwrap_or(0);
    let strings = strings.get(..length).ok_or("its table of names is longer than the file")?;
    let strings = Strings(StringTable::new(strings, 0, u64::try_from(length).unwrap_or(0)));
    let one = |wanted| value(wanted).and_then(|offset| strings.at(offset));
    let needed = entries.iter().filter(|(tag, _)| *tag == elf::DT_NEEDED).take(NEEDED_MAX);
    let needed = needed.map(|(_, offset)| strings.at(*offset).ok_or("the name of a library is not in it"));
    let mut image = Image {
        machine,
        interpreter: interpreter::<Elf>(headers, bytes, endian),
        soname: one(elf::DT_SONAME),
        needed: needed.collect::<Result<_, _>>()?,
        rpath: one(elf::DT_RPATH),
        runpath: one(elf::DT_RUNPATH),
        needs: Vec::new(),
        versions: Vec::new(),
        is_versioned: false,
        undefined: Vec::new(),
        defined: std::collections::HashMap::new(),
    };
    let distance = value(elf::DT_STRTAB).zip(value(elf::DT_SYMTAB)).and_then(|(a, b)| a.checked_sub(b));
    let tables = Tables {
        symbols: at(elf::DT_SYMTAB).ok_or("its table of symbols is not in it: it may be cut off")?,
        to_strings: distance,
        hash: at(elf::DT_HASH),
        gnu_hash: at(elf::DT_GNU_HASH),
        versym: at(elf::DT_VERSYM),
        verdef: at(elf::DT_VERDEF),
        verneed: at(elf::DT_VERNEED),
        strings,
    };
    symbols::read::<Elf>(&mut image, &tables, endian)?;
    Ok(image)
}

/// The path in its `PT_INTERP`.
fn interpreter<Elf: FileHeader<Endian = Endianness>>(
    headers: &[Elf::ProgramHeader],
    bytes: &[u8],
    endian: Endianness,
) -> Option<String> {
    let path = headers.iter().find_map(|header| header.interpreter(endian, bytes).ok()?)?;
    (path.len() <= NAME_MAX_BYTES).then(|| String::from_utf8_lossy(path).into_owned())
}

/// The names of a file.
pub(super) struct Strings<'data>(StringTable<'data>);

impl Strings<'_> {
    /// What is not UTF-8 is replaced: it is compared with what was read in the same way.
    pub(super) fn at(&self, offset: u64) -> Option<String> {
        let bytes = self.0.get(u32::try_from(offset).ok()?).ok()?;
        let bytes = bytes.get(..NAME_MAX_BYTES).unwrap_or(bytes);
        Some(String::from_utf8_lossy(bytes).into_owned())
    }
}
