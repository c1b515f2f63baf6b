//! The parts of a scenario, each in both forms: as the host takes it, and as Envoy does.

mod messages;
mod plugin;
mod route;

pub use messages::{Answer, Request};
pub use plugin::Plugin;
pub use route::Route;

pub(super) fn owned(pairs: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
        .collect()
}
