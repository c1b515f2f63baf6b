//! The module of all plugins, as Envoy loads and feeds it. That it does what four modules do is shown in `differential`.

mod bytes;
mod configuration;
