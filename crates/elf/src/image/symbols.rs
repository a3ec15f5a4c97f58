//! Symbols and their versions.

use super::read::Strings;
use super::{Definition, Image, NeededVersion, Wanted};
use object::Endianness;
use object::elf;
use object::read::ReadRef as _;
use object::read::elf::{FileHeader, GnuHashTable, HashTable, Sym as _};
use std::collections::HashMap;

/// Symbols that are read. The largest library that Debian ships has 200,000.
const SYMBOLS_MAX: usize = 4 << 20;

/// Definitions and needs of versions that are read. Records may lie about where the next one is; that
/// bounds how long anybody follows them. The C library of Debian has a hundred.
const RECORDS_MAX: usize = 65_536;

/// Where everything is: bytes from its beginning on, to the end of the part of the file that it is in.
pub(super) struct Tables<'data> {
    pub(super) symbols: &'data [u8],
    /// How far the names are behind the symbols.
    pub(super) to_strings: Option<u64>,
    pub(super) hash: Option<&'data [u8]>,
    pub(super) gnu_hash: Option<&'data [u8]>,
    pub(super) versym: Option<&'data [u8]>,
    pub(super) verdef: Option<&'data [u8]>,
    pub(super) verneed: Option<&'data [u8]>,
    pub(super) strings: Strings<'data>,
}

/// The versions of a file by their number, which is what its symbols name.
type Numbered = HashMap<u16, NamedVersion>;

enum NamedVersion {
    Defined(String),
    Needed(NeededVersion),
}

pub(super) fn read<Elf: FileHeader<Endian = Endianness>>(
    image: &mut Image,
    tables: &Tables<'_>,
    endian: Endianness,
) -> Result<(), String> {
    let mut numbered = Numbered::new();
    definitions(image, &mut numbered, tables, endian)?;
    needs(image, &mut numbered, tables, endian)?;
    let count = count::<Elf>(tables, endian);
    let symbols: &[Elf::Sym] =
        tables.symbols.read_slice_at(0, count).map_err(|()| "its table of symbols is cut off")?;
    let versym: Option<&[elf::Versym<Endianness>]> = match tables.versym {
        None => None,
        Some(data) => Some(data.read_slice_at(0, count).map_err(|()| "its table of versions is cut off")?),
    };
    image.is_versioned = versym.is_some();
    for (at, symbol) in symbols.iter().enumerate().skip(1) {
        let bind = symbol.st_bind();
        if !matches!(bind, elf::STB_GLOBAL | elf::STB_WEAK | elf::STB_GNU_UNIQUE) {
            continue;
        }
        let Some(name) = tables.strings.at(symbol.st_name(endian).into()) else {
            return Err("the name of a symbol is not in it".to_owned());
        };
        let index = versym.and_then(|all| all.get(at)).map(|of| of.0.get(endian));
        let named = index.and_then(|index| numbered.get(&(index.0 & VERSION)));
        if !symbol.is_undefined(endian) {
            let version = match named {
                Some(NamedVersion::Defined(version)) => Some(version.clone()),
                _ => None,
            };
            let hidden = index.is_some_and(|index| index.0 & !VERSION != 0);
            image.defined.entry(name).or_default().push(Definition { version, hidden });
        } else if bind != elf::STB_WEAK && !name.is_empty() {
            let version = match named {
                Some(NamedVersion::Needed(needed)) => Some(needed.clone()),
                _ => None,
            };
            image.undefined.push(Wanted { symbol: name, version });
        }
    }
    Ok(())
}

/// The part of a symbol's version that is its number; the rest is the mark of a hidden one.
const VERSION: u16 = 0x7fff;

fn definitions(
    image: &mut Image,
    numbered: &mut Numbered,
    tables: &Tables<'_>,
    endian: Endianness,
) -> Result<(), String> {
    let Some(data) = tables.verdef else { return Ok(()) };
    let broken = "a version that it defines is not in it";
    let mut at = 0_u64;
    for _ in 0..RECORDS_MAX {
        let record: &elf::Verdef<Endianness> = data.read_at(at).map_err(|()| broken)?;
        let name = at.saturating_add(record.vd_aux.get(endian).into());
        let name: &elf::Verdaux<Endianness> = data.read_at(name).map_err(|()| broken)?;
        let name = tables.strings.at(name.vda_name.get(endian).into()).ok_or(broken)?;
        let index = record.vd_ndx.get(endian).0;
        // The first one is the name of the library itself.
        if index > 1 {
            image.versions.push(name.clone());
            numbered.insert(index & VERSION, NamedVersion::Defined(name));
        }
        match record.vd_next.get(endian) {
            0 => break,
            next => at = at.saturating_add(next.into()),
        }
    }
    Ok(())
}

fn needs(
    image: &mut Image,
    numbered: &mut Numbered,
    tables: &Tables<'_>,
    endian: Endianness,
) -> Result<(), String> {
    let Some(data) = tables.verneed else { return Ok(()) };
    let broken = "a version that it needs is not in it";
    let mut at = 0_u64;
    for _ in 0..RECORDS_MAX {
        let record: &elf::Verneed<Endianness> = data.read_at(at).map_err(|()| broken)?;
        let library = tables.strings.at(record.vn_file.get(endian).into()).ok_or(broken)?;
        let mut part_at = at.saturating_add(record.vn_aux.get(endian).into());
        for _ in 0..record.vn_cnt.get(endian) {
            let part: &elf::Vernaux<Endianness> = data.read_at(part_at).map_err(|()| broken)?;
            if image.needs.len() >= RECORDS_MAX {
                return Err("it needs more versions than any library".to_owned());
            }
            let needed = NeededVersion {
                library: library.clone(),
                version: tables.strings.at(part.vna_name.get(endian).into()).ok_or(broken)?,
                weak: part.vna_flags.get(endian).0 & elf::VER_FLG_WEAK.0 != 0,
            };
            image.needs.push(needed.clone());
            numbered.insert(part.vna_other.get(endian).0 & VERSION, NamedVersion::Needed(needed));
            match part.vna_next.get(endian) {
                0 => break,
                next => part_at = part_at.saturating_add(next.into()),
            }
        }
        match record.vn_next.get(endian) {
            0 => break,
            next => at = at.saturating_add(next.into()),
        }
    }
    Ok(())
}

/// The table of symbols does not say how long it is. Either hash table over it does; where nothing is
/// exported the newer one does not, and then the names follow the symbols, as linkers lay them out.
fn count<Elf: FileHeader<Endian = Endianness>>(tables: &Tables<'_>, endian: Endianness) -> usize {
    let old = tables.hash.and_then(|data| HashTable::<Elf>::parse(endian, data).ok());
    let new = tables.gnu_hash.and_then(|data| GnuHashTable::<Elf>::parse(endian, data).ok());
    let hashed = old.map(|table| table.symbol_table_length());
    let hashed = hashed.or_else(|| new.and_then(|table| table.symbol_table_length(endian)));
    let laid_out = || {
        let bytes = usize::try_from(tables.to_strings?).ok()?;
        Some(bytes.min(tables.symbols.len()) / size_of::<Elf::Sym>())
    };
    let count = hashed.and_then(|count| usize::try_from(count).ok()).or_else(laid_out);
    count.unwrap_or(0).min(SYMBOLS_MAX)
}
