//! Envoy's response flags: why a response is not simply the upstream's.

/// Their short names, each with its bit in the property `response.flags`, in the order in which Envoy sets them where
/// there are several.
const NAMES: &[(u64, &str)] = &[
    (RETRIES_SPENT, "URX"),
    (NO_HEALTHY_UPSTREAM, "UH"),
    (UPSTREAM_TIMEOUT, "UT"),
    (UPSTREAM_REMOTE_RESET, "UR"),
    (UPSTREAM_CONNECTION_FAILURE, "UF"),
    (UPSTREAM_CONNECTION_TERMINATION, "UC"),
    (UPSTREAM_OVERFLOW, "UO"),
    (NO_ROUTE, "NR"),
    (CLIENT_GONE, "DC"),
    (CLIENT_PROTOCOL_ERROR, "DPE"),
    (UPSTREAM_PROTOCOL_ERROR, "UPE"),
    (NO_CLUSTER, "NC"),
    (CLIENT_RESET, "DR"),
];

pub(crate) const NO_HEALTHY_UPSTREAM: u64 = 0x2;
pub(crate) const UPSTREAM_TIMEOUT: u64 = 0x4;
pub(crate) const UPSTREAM_REMOTE_RESET: u64 = 0x10;
pub(crate) const UPSTREAM_CONNECTION_FAILURE: u64 = 0x20;
pub(crate) const UPSTREAM_CONNECTION_TERMINATION: u64 = 0x40;
pub(crate) const UPSTREAM_OVERFLOW: u64 = 0x80;
pub(crate) const NO_ROUTE: u64 = 0x100;
pub(crate) const CLIENT_GONE: u64 = 0x4000;
pub(crate) const RETRIES_SPENT: u64 = 0x8000;
pub(crate) const CLIENT_PROTOCOL_ERROR: u64 = 0x4_0000;
pub(crate) const UPSTREAM_PROTOCOL_ERROR: u64 = 0x80_0000;
pub(crate) const NO_CLUSTER: u64 = 0x100_0000;
pub(crate) const CLIENT_RESET: u64 = 0x1000_0000;

/// The flags as `%RESPONSE_FLAGS%` shows them: short names with commas, `-` for none.
pub(crate) fn in_short(flags: u64) -> String {
    let set = NAMES.iter().filter(|(bit, _)| flags & bit != 0);
    let names: Vec<&str> = set.map(|(_, name)| *name).collect();
    match names.as_slice() {
        [] => "-".to_owned(),
        names => names.join(","),
    }
}
