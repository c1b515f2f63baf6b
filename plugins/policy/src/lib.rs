//! The decisions of the plugins, and nothing else.
//!
//! No function in this crate reads a clock, asks for randomness or knows a proxy: time, random bytes and header values
//! are parameters. So a decision is tested with plain values, natively and on wasm32, and cannot trap on bytes that a
//! stranger sends.
#![forbid(unsafe_code)]

pub mod accept;
pub mod admin;
mod binary;
pub mod breaker;
pub mod breaker_gauges;
pub mod breaker_key;
pub mod breaker_outcome;
pub mod caller_id;
pub mod deadline;
mod decimal;
pub mod dice;
pub mod envelope;
pub mod error_code;
pub mod error_message;
pub mod error_plan;
mod hex;
pub mod idempotency_key;
pub mod json;
mod json_members;
pub mod kept_headers;
pub mod log_limit;
pub mod media_type;
pub mod query;
pub mod register;
pub mod request_id;
pub mod retry_after;
pub mod retry_budget;
pub mod retry_steering;
pub mod sampling;
pub mod timestamp;
pub mod trace_context;
pub mod trace_state;
