//! What operators see, on the real Envoy: every metric with its labels, and in the real Prometheus every rule and alert.

mod labels;
mod rules;
mod stage;
