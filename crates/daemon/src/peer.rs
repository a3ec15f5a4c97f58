//! Between nodes: who the others are, how they are reached, what they are asked.

pub(crate) mod book;
pub(crate) mod links;
pub(crate) mod paths;
pub(crate) mod transport;

pub(crate) use book::Book;
pub(crate) use links::{CallError, Links};
