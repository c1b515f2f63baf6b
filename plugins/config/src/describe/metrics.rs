//! The metrics of the plugins, as data: from it come the reference page, the list that tests hold the built modules to,
//! and the `stats_tags` by which Envoy makes labels of what stands in a metric's name.
//!
//! It stands here, beside the settings, because both are what operators see of a plugin, and because this never ships. No
//! plugin reads it: a test sees to it that they have nothing that is not in it, and that it has nothing that they have not.

mod list;
mod write;

pub use list::METRICS;
pub use write::{list, page, stats_tags};

/// A metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Whether it counts or shows.
    pub kind: Kind,
    /// The plugin that has it; `None`: each of them.
    pub plugin: Option<&'static str>,
    /// What it tells.
    pub doc: &'static str,
    /// Its labels, in the order of its name.
    pub labels: &'static [Label],
}

/// What a metric's number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only ever grows, until Envoy starts anew.
    Counter,
    /// What is the case now.
    Gauge,
}

impl Kind {
    /// As Prometheus calls it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
        }
    }
}

/// A label of a metric.
#[derive(Clone, Copy, Debug)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    /// Whether it may be left out.
    pub optional: bool,
    /// What it says.
    pub doc: &'static str,
    /// Its values; none: what the configuration gives names to.
    pub values: &'static [(&'static str, &'static str)],
}
