//! One file: what it needs, and what it defines.
//!
//! Read by way of the program headers, as the loader does, not of the section headers, which a file need
//! not have and which may say something else.

mod read;
mod symbols;

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is wrong with a program that is linked statically: nothing loads it, and it needs nothing.
pub const NO_DYNAMIC_TABLE: &str = "it has no dynamic table";

/// What is read of a file at most. The largest library that Debian ships has 150 MiB.
const FILE_MAX_BYTES: u64 = 512 << 20;

/// For what a file was built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// Pointers of 64 bits, or of 32.
    pub is_64: bool,
    /// The most significant byte first, or last.
    pub big_endian: bool,
    /// The number of the processor family in the ELF standard.
    pub number: u16,
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = match self.number {
            3 => "i386",
            20 | 21 => "PowerPC",
            22 => "S/390",
            40 => "ARM",
            62 => "x86-64",
            183 => "AArch64",
            243 => "RISC-V",
            258 => "LoongArch",
            _ => "",
        };
        match known {
            "" => write!(f, "machine {}", self.number)?,
            name => f.write_str(name)?,
        }
        write!(f, ", {} bits", if self.is_64 { 64 } else { 32 })?;
        if self.big_endian { f.write_str(", big-endian") } else { Ok(()) }
    }
}

/// Files that were read, so that those that many need are read once.
#[derive(Debug, Default)]
pub struct Images(RefCell<HashMap<PathBuf, Arc<Image>>>);

impl Images {
    /// A file, read at the first question. Whoever wants to know of changes takes a new collection.
    ///
    /// # Errors
    /// As [`Image::read`]; it is tried again at the next question.
    pub fn get(&self, path: &Path) -> Result<Arc<Image>, ImageError> {
        if let Some(image) = self.0.borrow().get(path) {
            return Ok(image.clone());
        }
        let image = Arc::new(Image::read(path)?);
        self.0.borrow_mut().insert(path.to_owned(), image.clone());
        Ok(image)
    }
}

/// Why a file is no library that can be loaded.
#[derive(Debug)]
pub enum ImageError {
    /// It cannot be read.
    Unreadable(io::Error),
    /// It is something else, or cut off: what is wrong with it.
    NotElf(String),
}

/// What a file needs and defines.
#[derive(Debug, Clone)]
pub struct Image {
    /// For what it was built.
    pub machine: Machine,
    /// The program that loads it, where it is a program: the dynamic loader.
    pub interpreter: Option<String>,
    /// The name under which it wants to be needed.
    pub soname: Option<String>,
    /// The libraries that it needs.
    pub needed: Vec<String>,
    /// Where they are looked for before all else; only if there is no `runpath`.
    pub rpath: Option<String>,
    /// Where they are looked for.
    pub runpath: Option<String>,
    /// The versions that it needs.
    pub(crate) needs: Vec<NeededVersion>,
    /// The versions that it defines.
    pub(crate) versions: Vec<String>,
    /// Whether its symbols have versions at all.
    pub(crate) is_versioned: bool,
    pub(crate) undefined: Vec<Wanted>,
    pub(crate) defined: HashMap<String, Vec<Definition>>,
}

/// A version that must be in another library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NeededVersion {
    /// The library, as in [`Image::needed`].
    pub(crate) library: String,
    pub(crate) version: String,
    /// It may be missing.
    pub(crate) weak: bool,
}

/// A symbol that must be defined by somebody.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) symbol: String,
    /// The library and the version, where they are given.
    pub(crate) version: Option<NeededVersion>,
}

/// A symbol that is defined.
#[derive(Debug, Clone)]
pub(crate) struct Definition {
    pub(crate) version: Option<String>,
    /// Only for those who ask for this very version.
    pub(crate) hidden: bool,
}

impl Image {
    /// Reads a file.
    ///
    /// # Errors
    /// If it cannot be read, or is no ELF file with what a library has.
    pub fn read(path: &Path) -> Result<Self, ImageError> {
        let about = std::fs::metadata(path).map_err(ImageError::Unreadable)?;
        if !about.is_file() {
            return Err(ImageError::NotElf("it is not a regular file".to_owned()));
        }
        if about.len() > FILE_MAX_BYTES {
            return Err(ImageError::NotElf(format!("it has {} bytes, more than any library", about.len())));
        }
        Self::parse(&std::fs::read(path).map_err(ImageError::Unreadable)?)
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// If they are no ELF file with what a library has.
    pub fn parse(bytes: &[u8]) -> Result<Self, ImageError> {
        read::parse(bytes).map_err(ImageError::NotElf)
    }

    /// The versions of symbols that it defines, in its own order.
    #[must_use]
    pub fn versions(&self) -> &[String] {
        &self.versions
    }

    /// The symbols that it defines, in no order: each with its version behind an `@`, where it has one.
    pub fn symbols(&self) -> impl Iterator<Item = String> {
        self.defined.iter().flat_map(|(name, definitions)| {
            definitions.iter().map(move |definition| match &definition.version {
                Some(version) => format!("{name}@{version}"),
                None => name.clone(),
            })
        })
    }

    /// The machine alone, for which the first bytes are enough.
    pub(crate) fn machine_of(path: &Path) -> io::Result<Option<Machine>> {
        use std::io::Read as _;
        let mut head = Vec::new();
        if std::fs::metadata(path)?.is_file() {
            std::fs::File::open(path)?.take(20).read_to_end(&mut head)?;
        }
        Ok(read::machine(&head))
    }

    /// Whether a definition in this file is what somebody wants; the loader's own rules.
    pub(crate) fn defines(&self, wanted: &Wanted, is_named: impl Fn(&str) -> bool) -> bool {
        let Some(definitions) = self.defined.get(&wanted.symbol) else { return false };
        definitions.iter().any(|definition| match &wanted.version {
            // The loader takes a symbol without versions for one with, except from the very library that
            // was said to have the version: there it gives up the whole process.
            Some(wanted) if !self.is_versioned => !is_named(&wanted.library),
            Some(wanted) => match &definition.version {
                Some(version) => *version == wanted.version,
                None => !definition.hidden,
            },
            None => !self.is_versioned || definition.version.is_none() || !definition.hidden,
        })
    }
}
