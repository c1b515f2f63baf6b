//! The shape of a plugin's configuration: reading it, laying its layers over each other, finding the rule that a
//! request meets, and saying what is wrong with it.
//!
//! A configuration is JSON text or a protobuf Struct. It is read once, when the proxy hands it over, and is then either
//! wholly accepted or wholly refused, with every fault ([`load`]). A request then meets one policy ([`Plugin::decide`]),
//! found among thousands of rules as fast as among a few.
//!
//! Nothing here calls a host, reads a clock or draws a random number, and nothing here can panic.
//!
//! ```
//! use config::{Direction, Facts, Origin, load, request_id::Policy};
//!
//! struct Request;
//!
//! impl Facts for Request {
//!     fn method(&self) -> &[u8] { b"GET" }
//!     fn path(&self) -> &[u8] { b"/orders/1?full" }
//!     fn authority(&self) -> &[u8] { b"shop.example:8080" }
//!     fn header(&self, _name: &str) -> impl Iterator<Item = &[u8]> { std::iter::empty() }
//!     fn route(&self) -> &[u8] { b"orders" }
//!     fn direction(&self) -> Option<Direction> { None }
//! }
//!
//! let config = br#"{ "default": { "max_length": 64 },
//!                    "routes": [{ "match": { "path_prefix": "/orders" }, "policy": { "generate": "uuid4" } }] }"#;
//! let plugin = load::<Policy>(config).expect("the configuration is sound");
//! let decision = plugin.decide(&Request, None);
//! assert_eq!(decision.origin, Origin::Rule { index: 0, profile: None });
//! assert_eq!(decision.policy.map(|policy| policy.max_length.get()), Some(64));
//!
//! let faults = load::<Policy>(br#"{ "default": { "max_lenght": 64 } }"#).expect_err("a word is misspelt");
//! assert_eq!(faults.to_string(), "default.max_lenght: unknown key, did you mean max_length?");
//! ```
#![forbid(unsafe_code)]

pub mod admin;
pub mod circuit_breaker;
#[cfg(feature = "describe")]
pub mod describe;
pub mod error_envelope;
pub mod fault;
mod hash;
pub mod node;
pub mod pattern;
pub mod plugin;
pub mod request_id;
pub mod retry;
mod rollout;
pub mod rules;
pub mod sections;
pub mod setting;
pub mod value;

pub use fault::{Fault, Faults};
pub use plugin::{
    Common, Configuration, Decision, Explain, Log, LogErrors, Metadata, Mode, Origin, Plugin, Policy, load,
    load_node,
};
pub use rollout::enforced;
pub use rules::{Direction, Facts};
pub use sections::{Sections, unknown_root_id};
pub use value::{HeaderName, Percent, SafeHeaderName};
