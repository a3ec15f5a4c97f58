//! The figures, one file per group of them.

pub(crate) mod commit;
pub(crate) mod components;
pub(crate) mod failover;
mod floor;
pub(crate) mod guard;
pub(crate) mod idle;
pub(crate) mod leader_loss;
pub(crate) mod pacemaker;
pub(crate) mod planner;
pub(crate) mod resources;
pub(crate) mod start;
pub(crate) mod status;
pub(crate) mod writers;
