//! Monitors on hosts of their own: what they do to real interfaces and disks, and notice of them.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

#[path = "hosted/client.rs"]
mod client;
#[path = "hosted/disk_faults.rs"]
mod disk_faults;
#[path = "hosted/ip_address.rs"]
mod ip_address;
#[path = "hosted/physical_disk.rs"]
mod physical_disk;
#[path = "hosted/systemd.rs"]
mod systemd;
