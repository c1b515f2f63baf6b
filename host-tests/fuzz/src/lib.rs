//! What is tried with bytes that nobody chose: the pure crates, and the built modules.
//!
//! Each target is a function of bytes, with what must hold whatever they are. libFuzzer looks for bytes that reach what no
//! bytes before have reached (`make fuzz`); what is worth keeping of them is the corpus, which the tests run through
//! the same functions. So an input that found something is a regression test as soon as it lies in the corpus.

#![deny(unsafe_code)]

pub mod alone;
pub mod bound;
pub mod corpus;
pub mod coverage;
mod input;
mod module;
mod pure;
mod target;

pub use module::Modules;
pub use target::{TARGETS, Target, named};
