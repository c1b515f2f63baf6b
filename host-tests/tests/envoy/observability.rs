//! What operators see, on the real Envoy: every metric with its labels, and in the real Prometheus every rule, every alert and
//! every panel of the dashboards.

mod dashboards;
mod labels;
mod pages;
mod rules;
mod stage;
