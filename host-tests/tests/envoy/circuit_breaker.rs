//! The circuit-breaker plugin in the real Envoy.

mod faster;
mod half_open;
mod outages;
mod per_attempt;
mod stage;
mod what_counts;
