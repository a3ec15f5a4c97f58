//! A monitor in this process, its daemon the test, its types made up.

mod calls;
mod client;
mod health_check;
mod looks;
mod ocf;
mod process;
mod scripted;
mod tables;
mod web_site;
