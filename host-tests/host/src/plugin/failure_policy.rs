//! What Envoy does with requests once a plugin's VM has died.

use std::time::Duration;

use super::Plugin;

/// What becomes of requests to a worker on which the plugin's VM has died. The exchanges that were on it then are
/// answered 503 in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailurePolicy {
    /// `FAIL_CLOSED`: every request is answered 503, for ever.
    #[default]
    Closed,
    /// `FAIL_OPEN`: the filter is left out.
    Open,
    /// `FAIL_RELOAD`: the next request gets a new VM, unless it comes too early after the last start; then it is answered
    /// 503. See [`Plugin::reload_interval`].
    Reload,
}

/// Envoy's, where `reload_config` does not set it.
pub(super) const DEFAULT_RELOAD_INTERVAL: Duration = Duration::from_secs(1);

impl Plugin {
    /// Envoy's setting `failure_policy` (default: [`FailurePolicy::Closed`]). A test that lets a VM die says
    /// [`crate::Host::allow_vm_death`] too.
    ///
    /// ```
    /// use host::{FailurePolicy, Host, Plugin, millis};
    /// let traps_on_x = r#"(module
    ///     (import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32)))
    ///     (memory (export "memory") 1) (data (i32.const 16) "x")
    ///     (func (export "proxy_abi_version_0_2_1"))
    ///     (func (export "malloc") (param i32) (result i32) (i32.const 64))
    ///     (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    ///         (if (i32.eqz (call $get (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 0) (i32.const 4)))
    ///             (then unreachable))
    ///         (i32.const 0)))"#;
    /// let plugin = Plugin::new(wat::parse_str(traps_on_x).unwrap()).failure_policy(FailurePolicy::Reload);
    /// let host = Host::chain([plugin]).allow_vm_death();
    /// host.get("/").header("x", "1").expect_rejected(503);
    /// host.get("/").expect_rejected(503); // too early
    /// host.advance(millis(1500));
    /// host.get("/").answered_with(200);
    /// assert_eq!(host.metric("wasm.plugin.vm_reload_success"), 1);
    /// ```
    pub fn failure_policy(mut self, policy: FailurePolicy) -> Plugin {
        self.failure_policy = policy;
        self
    }

    /// Envoy's setting `reload_config.backoff.base_interval` (default: a second), for [`FailurePolicy::Reload`]. For so
    /// long after a start, and up to half as long again, which Envoy draws anew for each request, a dead VM is not
    /// reloaded.
    ///
    /// # Panics
    /// Below two milliseconds: Envoy refuses none, and crashes on one.
    #[track_caller]
    pub fn reload_interval(mut self, base: Duration) -> Plugin {
        assert!(
            base >= Duration::from_millis(2),
            "a reload interval of {base:?}: below 2ms Envoy refuses it, or crashes when it is needed"
        );
        self.reload_interval = base;
        self
    }
}
