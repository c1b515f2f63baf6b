//! Gauges of breakers that are gone: an open breaker that no configuration names any more is not to look open for ever.

use crate::CircuitBreaker;
use crate::key;
use policy::breaker_gauges::{Gauges, NAME};
use policy::breaker_key::could_be;

/// Vouches for the gauges of the breakers that this worker has met, and for those that its configuration may yet meet:
/// breakers outlive a configuration. Sets to 0 what nobody has vouched for in a while.
pub(crate) fn vouch(root: &CircuitBreaker, now_millis: u64) {
    let met = root.breakers.all();
    let mut stale = Vec::new();
    let written = root.worker.change_shared(NAME, |bytes| {
        let mut gauges = bytes.map(Gauges::decode).unwrap_or_default();
        for breaker in &met {
            if let Some(name) = &breaker.gauge_name {
                gauges.vouch(breaker.record(), name, now_millis);
            }
        }
        gauges.vouch_for_all(now_millis, &|record| {
            let mut policies = root.configuration.policies();
            policies.any(|policy| could_be(record, key::kind(policy), key::given_name(policy)))
        });
        stale = gauges.take_stale(now_millis);
        gauges.changed_from(bytes)
    });
    if written.is_ok() {
        for name in stale {
            root.worker.gauge(&name).set(&root.worker, 0);
        }
    }
}
