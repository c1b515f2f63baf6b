//! What the tests of the plugins share: the modules that were just built, exchanges and scenarios as data, and the
//! documents.
//!
//! The tests load `.wasm` bytes and state what they expect as literals. Nothing here links a plugin's code: the two
//! sides could share a mistake.

pub mod document;
pub mod exchange;
pub mod metrics;
pub mod plugin;
pub mod promql;
pub mod scenario;
