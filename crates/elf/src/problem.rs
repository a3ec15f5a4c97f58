//! What keeps a library from being loaded: sentences with all names in them.

use crate::image::Machine;
use std::fmt;
use std::path::{Path, PathBuf};

/// A version of a library as far as its file tells one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The file itself, at the end of all links.
    pub file: PathBuf,
    /// The name under which it wants to be needed.
    pub soname: Option<String>,
    /// The versions of symbols that it defines.
    pub defines: Vec<String>,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        match (&self.soname, self.defines.as_slice()) {
            (None, []) => f.write_str(" (which names no version)"),
            (Some(soname), []) => write!(f, " ({soname})"),
            (Some(soname), defines) => write!(f, " ({soname}, with {})", some(defines)),
            (None, defines) => write!(f, " (with {})", some(defines)),
        }
    }
}

/// What keeps a library from being loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// A needed library is nowhere.
    MissingLibrary {
        /// Its name.
        library: String,
        /// Who needs it.
        needed_by: PathBuf,
    },
    /// A needed library is there, but not in the version that is needed.
    MissingVersion {
        /// Its name.
        library: String,
        /// Who needs it.
        needed_by: PathBuf,
        /// The version that is needed.
        expected: String,
        /// What is there.
        found: Version,
        /// The symbols that are needed in that version.
        symbols: Vec<String>,
    },
    /// A needed symbol is nowhere.
    MissingSymbol {
        /// It.
        symbol: String,
        /// Who needs it.
        needed_by: PathBuf,
        /// The library that should define it, and the version, where the file says so. Symbols without
        /// a version are wanted of anybody.
        expected: Option<(String, String)>,
        /// The libraries in which it should be: those that the file needs, without the C library's own.
        found: Vec<Version>,
    },
    /// Only files for another machine are there.
    WrongMachine {
        /// The first of them.
        library: PathBuf,
        /// Who needs it.
        needed_by: Option<PathBuf>,
        /// What can be loaded here.
        expected: Machine,
        /// For what it is.
        found: Machine,
    },
    /// It is no library, or is damaged.
    NotElf {
        /// The file.
        library: PathBuf,
        /// Who needs it.
        needed_by: Option<PathBuf>,
        /// What is wrong with it.
        reason: String,
    },
    /// It cannot be read.
    Unreadable {
        /// The file.
        library: PathBuf,
        /// Who needs it.
        needed_by: Option<PathBuf>,
        /// Why.
        reason: String,
    },
    /// There is more than is worth telling.
    More {
        /// How many problems were left out, or libraries not read.
        count: usize,
    },
}

impl Problem {
    /// The library that is to be mended: its name, or the file.
    #[must_use]
    pub fn library(&self) -> Option<String> {
        let of = |path: &Path| Some(path.display().to_string());
        match self {
            Self::MissingLibrary { library, .. } => Some(library.clone()),
            Self::MissingVersion { found, .. } => of(&found.file),
            Self::MissingSymbol { found, expected, needed_by, .. } => match (found.first(), expected) {
                (Some(first), _) => of(&first.file),
                (None, Some((library, _))) => Some(library.clone()),
                (None, None) => of(needed_by),
            },
            Self::WrongMachine { library, .. }
            | Self::NotElf { library, .. }
            | Self::Unreadable { library, .. } => of(library),
            Self::More { .. } => None,
        }
    }

    /// The missing symbol, or the first of them.
    #[must_use]
    pub fn symbol(&self) -> Option<&str> {
        match self {
            Self::MissingSymbol { symbol, .. } => Some(symbol),
            Self::MissingVersion { symbols, .. } => symbols.first().map(String::as_str),
            _ => None,
        }
    }

    /// What should be there.
    #[must_use]
    pub fn expected(&self) -> Option<String> {
        match self {
            Self::MissingLibrary { library, .. } => Some(library.clone()),
            Self::MissingVersion { expected, .. } => Some(expected.clone()),
            Self::MissingSymbol { expected, symbol, .. } => Some(match expected {
                Some((library, version)) => format!("{library} with {symbol} of {version}"),
                None => format!("a version that defines {symbol}"),
            }),
            Self::WrongMachine { expected, .. } => Some(expected.to_string()),
            Self::NotElf { .. } => Some("a shared library".to_owned()),
            Self::Unreadable { .. } | Self::More { .. } => None,
        }
    }

    /// What is there instead.
    #[must_use]
    pub fn found(&self) -> Option<String> {
        match self {
            Self::MissingLibrary { .. } => Some("nothing".to_owned()),
            Self::MissingVersion { found, .. } => Some(found.to_string()),
            Self::MissingSymbol { found, .. } => Some(files(found)),
            Self::WrongMachine { found, .. } => Some(found.to_string()),
            Self::NotElf { reason, .. } | Self::Unreadable { reason, .. } => Some(reason.clone()),
            Self::More { .. } => None,
        }
    }
}

fn files(found: &[Version]) -> String {
    match found {
        [] => "no library that could have it".to_owned(),
        found => found.iter().map(Version::to_string).collect::<Vec<_>>().join(", "),
    }
}

/// The first few of a list.
fn some(words: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = words.iter().rev().take(SHOWN).rev().map(String::as_str).collect::<Vec<_>>().join(", ");
    match words.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let needed_by = |needed_by: &Option<PathBuf>| match needed_by {
            Some(path) => format!(", needed by {},", path.display()),
            None => String::new(),
        };
        match self {
            Self::MissingLibrary { library, needed_by } => {
                write!(f, "{library}, needed by {}, is not on this node", needed_by.display())
            }
            Self::MissingVersion { library, needed_by, expected, found, symbols } => {
                let by = needed_by.display();
                write!(f, "{library}, needed by {by}, is too old or another one: expected {expected}")?;
                if !symbols.is_empty() {
                    write!(f, " (for {})", some(symbols))?;
                }
                write!(f, ", found {found}")
            }
            Self::MissingSymbol { symbol, needed_by, expected, found } => {
                write!(f, "symbol {symbol}, needed by {}, is in no library", needed_by.display())?;
                if let Some((library, version)) = expected {
                    write!(f, ": expected in {library}, version {version}")?;
                } else {
                    f.write_str(": expected one that defines it")?;
                }
                write!(f, ", found {}", files(found))
            }
            Self::WrongMachine { library, needed_by: by, expected, found } => {
                let (path, by) = (library.display(), needed_by(by));
                write!(f, "{path}{by} is for another machine: expected {expected}, found {found}")
            }
            Self::NotElf { library, needed_by: by, reason } => {
                let (path, by) = (library.display(), needed_by(by));
                write!(f, "{path}{by} is no library that can be loaded: {reason}")
            }
            Self::Unreadable { library, needed_by: by, reason } => {
                write!(f, "{}{} cannot be read: {reason}", library.display(), needed_by(by))
            }
            Self::More { count } => write!(f, "and {count} more"),
        }
    }
}
