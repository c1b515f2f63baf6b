//! The plugins in the real Envoy, over sockets.

mod circuit_breaker;
mod circuit_breaker_samples;
mod commands;
mod configuration;
mod demo;
mod differential;
mod doctor;
mod ecds;
mod error_envelope;
mod hostile;
mod log_lines;
mod observability;
mod one_module;
mod one_request;
mod outage;
mod patches;
mod replayed;
mod replies;
mod retry;
mod retry_samples;
mod samples;
mod scenarios;
mod stand;
mod tracing;
mod trust;
mod workers;
