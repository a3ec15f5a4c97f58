//! A monitor in this process, its daemon the test, its types made up.

mod calls;
mod client;
mod looks;
mod ocf;
mod process;
mod scripted;
