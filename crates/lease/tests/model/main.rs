//! The lease and the ownership protocol, checked exhaustively in a small world, with the real code.
//!
//! Three nodes, A, B and H, all voters; one group, which H holds; A leads, and B may succeed it. In every
//! order that there is: clocks run slow or fast, requests, rounds and grants are under way as long as they
//! like or get lost, and everybody may be frozen between any two of his steps. The property is that H and a
//! successor are never effective at the same time, judged on true time.
//!
//! A proof that cannot fail proves nothing: `cases` also shortens every term of the inequality, and breaks
//! every rule around it, one at a time, and expects a counterexample.
//!
//! * `world`: the state, and what everybody can do.
//! * `step`: what each step does. The rules that can be broken are all there, each at its place.
//! * `cases`: the checks.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails its test")]

mod cases;
mod step;
mod world;
