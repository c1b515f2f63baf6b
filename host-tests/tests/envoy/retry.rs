//! The retry plugin in the real Envoy: what counts is how often the upstream was asked.

mod budget;
mod charged_in_advance;
mod deadlines;
mod hedging;
mod methods;
mod over_http2;
mod restraints;
mod retry_after;
mod spent;
mod stage;
