//! A plugin that does what its configuration says: any host call in any callback, with any arguments. It reports each
//! callback and each call in its log, one line each, so that two hosts that run the same script can be compared line
//! by line.
//!
//! The configuration is JSON: for each callback a list of steps. `vm_start` and `root_create`, which run before there is
//! a configuration, take theirs from the VM's configuration.
//!
//! ```json
//! { "request_headers": [["get_header_map_value", 0, ":path"], ["returns", 1]],
//!   "request_body": [["end", ["set_buffer_bytes", 0, 0, 100, "new"], ["returns", 0]], ["more", ["returns", 1]]],
//!   "tick": [["on", 1, ["log", 2, "once"], ["set_tick_period_milliseconds", 0]]] }
//! ```
//!
//! A step is a host function's name without `proxy_`, and its arguments: numbers; bytes (`bytes.rs` says how);
//! pairs as lists of two; `{"at": -1, "length": 5}` for bytes that point anywhere. Places for results are made for it,
//! unless further numbers name others. For a number may stand a name: `root`, `self` and `stream` (the latest) are
//! contexts; a metric, a queue or a cluster by its name is the number that its last call yielded; `cas:<key>` is the
//! number that shared data of this key was last read with. Other steps:
//!
//! - `["returns", n]`: what the callback returns, if no later one says otherwise (default: 1 for `vm_start`, `configure`
//!   and `done`, else 0);
//! - `["on", n, step…]`: the steps in the n-th call of this callback in this context only, counted from 1;
//! - `["end", step…]`, `["more", step…]`: the steps if this is, or is not, the end of the stream;
//! - `["trap"]`; `["grow", pages]`: a trap; memory that grows;
//! - `["print", text]`: a line through WASI.
//!
//! It speaks the ABI without the SDK, whose own calls panic on a status that they do not expect.

// Nothing of it means anything outside a module.
#![cfg(target_arch = "wasm32")]

mod abi;
mod bytes;
mod callbacks;
mod puppet;
mod show;
