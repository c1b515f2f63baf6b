//! The built modules, in the host.
//!
//! Each plugin has a module of tests of its own, which the build script asks for; what holds for all of them is here.

mod bytes;
mod callbacks;
mod cost;
mod dashboards;
mod documents;
mod faults;
mod guest;
mod lines;
mod manifests;
mod metrics;
mod modules;
mod observability;
mod pinned;
mod probe;
mod puppet;
mod simulation;
mod valid;

host_tests::foreach_plugin!();
