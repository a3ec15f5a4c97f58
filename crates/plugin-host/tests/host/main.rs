//! The plug-in host as a whole, driven as the daemon drives it, with plug-ins of every kind.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod built;
mod client;
mod examples;
mod refused;
mod unruly;
