//! The client against servers that behave, misbehave, or are not Steadfast.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails its test")]

mod network;
mod server;
mod socket;
mod stream;
