//! What the tests of the plugins share: the modules that were just built, and exchanges and scenarios as
//! data.
//!
//! The tests load `.wasm` bytes and state what they expect as literals. Nothing here links a plugin's code: the two
//! sides could share a mistake.

pub mod exchange;
pub mod plugin;
pub mod scenario;
