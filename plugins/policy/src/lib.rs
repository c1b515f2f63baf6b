//! The decisions of the plugins, and nothing else.
//!
//! No function in this crate reads a clock, asks for randomness or knows a proxy: time, random bytes and header values
//! are parameters. So a decision is tested with plain values, natively and on wasm32, and cannot trap on bytes that a
//! stranger sends.
#![forbid(unsafe_code)]

pub mod caller_id;
mod hex;
pub mod log_limit;
pub mod request_id;
pub mod sampling;
pub mod timestamp;
pub mod trace_context;
pub mod trace_state;
