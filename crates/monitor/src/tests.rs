//! A monitor in this process, its daemon the test, its types made up.

mod calls;
mod client;
mod file_share;
mod health_check;
mod looks;
mod network_name;
mod ocf;
mod process;
mod scripted;
mod tables;
mod web_site;
