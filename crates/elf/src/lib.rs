//! Can this shared library be loaded here? Answered without loading it.
//!
//! Loading runs code: constructors, and whatever they start. So before a plug-in's library is loaded
//! into a process, its file is read, and the files that it needs, as the dynamic loader would find them:
//!
//! * `search` finds a needed library where the loader would: run paths, the loader's cache (or, where
//!   there is none, the folders of `ld.so.conf`), the standard folders.
//! * `image` reads what a file needs and defines. Its reader is told nothing but bytes, and whatever
//!   these are it neither panics nor reads for ever.
//! * `check` puts the files together: needed libraries, needed versions of symbols, needed symbols,
//!   also those without a version, which a replaced library may lack while all versions are there.
//!
//! What the loader does and this does not: it lets `LD_PRELOAD` and `LD_AUDIT` change everything, and
//! prefers variants for newer processors (`glibc-hwcaps`), which are built from the same source.
//! `LD_LIBRARY_PATH` is not looked at either, because it is that of whoever asks, not of the process
//! that will load the library; [`Search`] takes such folders where they are meant.

mod cache;
mod check;
mod found;
mod image;
mod problem;
mod scope;
mod search;

pub use check::{Check, check, check_in, check_with};
pub use found::Found;
pub use image::{Image, ImageError, Images, Machine, NO_DYNAMIC_TABLE};
pub use problem::{Problem, Version};
pub use search::Search;
