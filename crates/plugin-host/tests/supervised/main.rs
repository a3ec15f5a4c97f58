//! The daemon's supervisor, and the plug-in host with real plug-ins: what becomes of a library that is
//! missing, replaced by an older one, or misbehaves, while everything else goes on.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod broken;
#[path = "../host/built.rs"]
mod built;
mod registration;
mod under;
mod unruly;
