//! A native plug-in in Rust.
