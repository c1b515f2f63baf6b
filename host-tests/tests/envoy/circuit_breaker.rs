//! The circuit-breaker plugin in the real Envoy.

mod faster;
mod half_open;
mod lost_worker;
mod mortal;
mod outages;
mod per_attempt;
mod rejections;
mod reloads;
mod stage;
mod what_counts;
