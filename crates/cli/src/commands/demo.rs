//! `steadfast demo`: handed over to the lab.

/// Show a cluster of three hosts on this machine
///
/// Without a scenario, a terminal gets a menu; anything else gets the whole story, and the
/// program exits when it is told.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct DemoArgs {
    /// Show this one thing
    #[arg(long, value_name = "SCENARIO")]
    pub scenario: Option<String>,
}
