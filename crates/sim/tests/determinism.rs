//! The same seed gives the same trace, in this process and in any other.

use sim::{SCENARIOS, run};
use std::process::Command;

/// Asks a child for its traces instead of testing.
const CHILD: &str = "STEADFAST_SIM_PRINT_TRACES";

fn traces() -> Vec<String> {
    let trace = |(index, scenario)| run(scenario, 1_000 + index as u64, None, false).trace;
    SCENARIOS.iter().enumerate().map(trace).collect()
}

#[test]
fn the_same_seed_gives_the_same_trace_in_every_process() {
    let here = traces();
    if std::env::var_os(CHILD).is_some() {
        println!("traces: {}", here.join(" "));
        return;
    }
    assert_eq!(here, traces(), "within one process");
    // Another process has other addresses, another hash seed, other threads.
    let me = std::env::current_exe().unwrap();
    let test = "the_same_seed_gives_the_same_trace_in_every_process";
    let child = Command::new(me).args(["--exact", test, "--nocapture"]).env(CHILD, "1").output().unwrap();
    let printed = String::from_utf8_lossy(&child.stdout);
    assert!(printed.contains(&format!("traces: {}", here.join(" "))), "{here:?} and {printed}");
    // Different seeds differ, or the trace would prove nothing.
    assert_ne!(here[5], run(&SCENARIOS[5], 7, None, false).trace);
}
