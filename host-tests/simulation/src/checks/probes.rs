//! While a breaker is half-open, at most `max_calls` requests are on their way that were admitted then and whose leases have not
//! ended, in the whole process; while it is open, none is admitted.
//!
//! It goes by what is seen of requests alone, not by the model: by the filter state that they leave.

use super::Broken;

const PROMISE: &str = "no more probes than max_calls are on their way, in all workers together";

/// A request that met a breaker that was not closed, and went on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Probe {
    pub(crate) admitted: u64,
    pub(crate) lease: u64,
}

/// What a breaker let through, as seen from outside.
#[derive(Clone, Debug, Default)]
pub(crate) struct Probes {
    on_their_way: Vec<(u64, Probe)>,
}

impl Probes {
    /// A request went on that met a half-open breaker, which may have so many probes.
    pub(crate) fn admitted(&mut self, request: u64, probe: Probe, most: u64, now: u64) -> Result<(), Broken> {
        self.on_their_way
            .retain(|(_, probe)| probe.admitted + probe.lease > now);
        self.on_their_way.push((request, probe));
        let count = self.on_their_way.len() as u64;
        Broken::unless(count <= most, PROMISE, || {
            format!("{count} are, of at most {most}: {:?}", self.on_their_way)
        })
    }

    /// A request is over.
    pub(crate) fn over(&mut self, request: u64) {
        self.on_their_way.retain(|(other, _)| *other != request);
    }

    /// The breaker has left the state: those of before are nobody's probes any more.
    pub(crate) fn forget(&mut self) {
        self.on_their_way.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_too_many_breaks_the_promise_until_a_lease_ends_or_a_probe_is_over() {
        let probe = |admitted| Probe { admitted, lease: 100 };
        let mut probes = Probes::default();
        assert_eq!(probes.admitted(1, probe(0), 1, 0), Ok(()));
        assert!(probes.clone().admitted(2, probe(99), 1, 99).is_err());
        assert_eq!(probes.clone().admitted(2, probe(100), 1, 100), Ok(()));
        probes.over(1);
        assert_eq!(probes.admitted(2, probe(1), 1, 1), Ok(()));
        probes.forget();
        assert_eq!(probes.admitted(3, probe(2), 1, 2), Ok(()));
    }
}
