//! Functions that Envoy has and this host does not serve. A module may import them; a test whose plugin calls one fails
//! with the function's name, rather than with what the plugin makes of a status that Envoy would not have answered.

use super::guest::Guest;

/// Their names.
pub(crate) const NAMES: &[&str] = &[
    "proxy_grpc_call",
    "proxy_grpc_stream",
    "proxy_grpc_send",
    "proxy_grpc_cancel",
    "proxy_grpc_close",
];

/// Foreign functions that Envoy has and this host does not serve.
pub(crate) const FOREIGN: &[&str] = &[
    "expr_create",
    "expr_evaluate",
    "expr_delete",
    "verify_signature",
    "sign",
];

/// Ends the VM, and the test: also one that allows VMs to die.
pub(crate) fn refuse(guest: &Guest<'_, '_>, what: &str) -> wasmtime::Error {
    let callback = guest.state().callback;
    let message = format!("{what} is not served by this host (called in {callback})");
    guest.state().shared.not_served.lock().push(message.clone());
    wasmtime::Error::msg(message)
}
