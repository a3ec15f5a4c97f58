//! One seed, told as it happens: `STEADFAST_SEED=7 STEADFAST_SCENARIO='everything at once'`.

#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "told to whoever runs it")]

use sim::{SCENARIOS, run};

#[test]
fn one_seed() {
    let seed = std::env::var("STEADFAST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0);
    let wanted = std::env::var("STEADFAST_SCENARIO").unwrap_or_default();
    let scenario = SCENARIOS.iter().find(|scenario| scenario.name == wanted).unwrap_or(&SCENARIOS[5]);
    let report = run(scenario, seed, None, true);
    for line in &report.story {
        println!("{line}");
    }
    println!("{}, seed {seed}: trace {}", report.scenario, report.trace);
    assert!(report.violations.is_empty(), "{:#?}", report.violations);
}
