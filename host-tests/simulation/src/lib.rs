//! Deterministic simulation: a fleet of Envoys with the built modules, in the host, told by a seed.
//!
//! One seed gives a whole story ([`play`]): how many Envoys and workers there are and what they are told, what clients ask,
//! how upstreams fail and recover, who gives up and comes again, which worker dies, when a configuration comes. All that happens
//! is also told to a model of the plugins ([`crate`]'s own: it links none of their code), which says what must come of it, to
//! the millisecond. After each step what was seen is compared with what must be, promise by promise.
//!
//! Nothing in a story depends on anything but its seed and the modules, so that a seed that breaks a promise breaks it each
//! time.

#![forbid(unsafe_code)]
#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "it ships in no module, and a slip of its own is to end it"
)]

mod campaign;
mod checks;
mod dice;
mod model;
mod modules;
mod story;
mod world;

pub use campaign::{Campaign, Found, Summary, play};
pub use checks::Broken;
pub use modules::{Modules, NAMES};
pub use story::{Counts, Told};
