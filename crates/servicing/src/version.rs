//! Which of two versions is the older one, by the rules of whoever made them.
//!
//! There is no order of versions as such: `1.0~rc1` is before `1.0` for dpkg and rpm and no version at all for
//! others, `1.10` is after `1.9` and `1.010` is the same as `1.10` for some. So a version has a [`Scheme`], and
//! two are compared only within one. What cannot be compared is *foreign*; nothing ever counts as newer
//! because somebody failed to understand it.
//!
//! | Scheme | Where it comes from | Its rules |
//! |---|---|---|
//! | [`Scheme::Dpkg`] | the database of dpkg | Debian Policy 5.6.12, deb-version(7) |
//! | [`Scheme::Rpm`] | the database of rpm | rpm-version(7) |
//! | [`Scheme::Semver`] | who says so in a bundle | Semantic Versioning 2.0.0, section 11 |
//! | [`Scheme::Symbols`] | a library that belongs to no package | the versions that it defines (`.gnu.version_d`) |

mod dpkg;
mod rpm;
mod symbols;

use std::cmp::Ordering;
use std::fmt;

/// Whose rules order a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// `[epoch:]upstream[-revision]`
    Dpkg,
    /// `[epoch:]version-release`
    Rpm,
    /// `major.minor.patch[-pre][+build]`
    Semver,
    /// The names of the symbol versions that a library defines, with spaces between them. A library that
    /// defines more than another is newer; two that each define what the other has not are not ordered.
    Symbols,
}

/// Why a text is no version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is no version of {scheme}: {why}")]
pub struct NoVersion {
    /// What was read.
    pub text: String,
    /// By whose rules.
    pub scheme: Scheme,
    /// What is wrong with it.
    pub why: &'static str,
}

/// A version, well-formed by the rules of its scheme.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Version {
    scheme: Scheme,
    text: String,
}

impl Version {
    /// Reads a version.
    ///
    /// # Errors
    /// If it is none by the rules of that scheme.
    pub fn parse(scheme: Scheme, text: &str) -> Result<Self, NoVersion> {
        let text = text.trim_matches([' ', '\t', '\n']);
        let checked = match scheme {
            Scheme::Dpkg => dpkg::check(text),
            Scheme::Rpm => rpm::check(text),
            Scheme::Semver => match semver::Version::parse(text) {
                Ok(_) => Ok(()),
                Err(_) => Err("it is not major.minor.patch, with [-pre][+build]"),
            },
            Scheme::Symbols => symbols::check(text),
        };
        match checked {
            Ok(()) => Ok(Self { scheme, text: text.to_owned() }),
            Err(why) => Err(NoVersion { text: text.to_owned(), scheme, why }),
        }
    }

    /// Whose rules order it.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// As its maker wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether this one is older than the other, or newer. Nothing, where they are not ordered: they have other
    /// schemes, or their scheme does not say. Two that are `Equal` may be written differently, and be
    /// different builds.
    #[must_use]
    pub fn order(&self, other: &Self) -> Option<Ordering> {
        if self.scheme != other.scheme {
            return None;
        }
        match self.scheme {
            Scheme::Dpkg => Some(dpkg::order(&self.text, &other.text)),
            Scheme::Rpm => rpm::order(&self.text, &other.text),
            Scheme::Semver => {
                let read = |version: &Self| semver::Version::parse(&version.text).ok();
                Some(read(self)?.cmp_precedence(&read(other)?))
            }
            Scheme::Symbols => symbols::order(&self.text, &other.text),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dpkg => "dpkg",
            Self::Rpm => "rpm",
            Self::Semver => "semver",
            Self::Symbols => "symbols",
        })
    }
}

#[cfg(test)]
mod tests;
