//! The gate in the kernel, on hosts made of namespaces: `n1` has the clustered addresses and the gate, `n2`
//! is a client on its networks.
//!
//! Every promise is held for every sort of gate, and for IPv4 and IPv6. Times are generous: that a packet is
//! still seen a second after the deadline is a failure, how soon the last one comes is not looked at.

mod adoption;
mod common;
mod deadlines;
mod lifetimes;
mod machine;
mod neighbours;
mod others;
mod paths;
mod processes;
mod roles;
mod rules;
mod sessions;
mod tunnels;
mod watchdog;
