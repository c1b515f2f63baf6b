//! Targets on the pure crates, with properties that hold whatever the bytes.

pub(crate) mod configuration;
pub(crate) mod error_body;
pub(crate) mod ids;
pub(crate) mod keys;
pub(crate) mod negotiation;
pub(crate) mod records;
pub(crate) mod times;
mod writing;
