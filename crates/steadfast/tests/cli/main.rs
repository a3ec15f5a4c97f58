//! The binary as a script sees it: arguments in; exit code, standard output and standard error out.
//!
//! The other end of the socket is a few lines of HTTP with canned answers, so that every answer a
//! node can give is at hand, also those that a healthy one never gives. What the binary does with
//! real nodes is tested in the lab.
#![allow(clippy::unwrap_used, reason = "a helper of a test fails its test")]

mod apply;
mod connection;
mod fake;
mod following;
mod local;
mod planning;
mod reading;
mod secrets;
mod steadfast;
