//! The Steadfast binary.
fn main() {}
