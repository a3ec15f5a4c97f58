//! The other end of a resource monitor: starts one, asks it, and notices its end.
//!
//! A monitor runs foreign code, so nothing about it is trusted:
//!
//! * Its frames are bounded and read as data; what is no message ends it.
//! * It is asked whether it is there. One that is silent is killed.
//! * A call that is not answered some time after its deadline is answered here, and costs the monitor
//!   its life: it had the time, and did not keep to it.
//! * What it tells unasked waits bounded, however much it tells: the latest of each resource.
//! * What it prints goes to the log, bounded.
//!
//! Whoever waits for a call gets an answer in any case: [`Failure::Crashed`](resource_api::Failure) if
//! the monitor ended meanwhile. What the monitor's resources run is not touched by its end.
//!
//! Deliberately absent: starting it again, and knowing what it should look after. That is its owner's:
//! the daemon's supervisor, or `steadfast type test`.

mod calls;
mod drive;
pub mod fuzzing;
mod monitor;
mod news;
mod printed;
mod program;

pub use drive::{End, NotLoaded};
pub use monitor::{Lost, Monitor};
pub use news::{Hearing, News, Telling, news};
pub use program::{Program, StartError};
