//! The real store under a simulated network, clock and disk, judged by independent oracles.
