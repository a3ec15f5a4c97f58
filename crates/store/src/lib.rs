//! The cluster database: deterministic apply, and the engine that replicates and keeps it.
