//! The real Envoy with all cases in it, and what it tells of them.

use super::bootstrap;
use super::case::{Case, Step};
use super::play::{Play, Replied};
use crate::scenarios::peers::Client;
use host_tests::scenario::Request;
use live::wire::Acceptor;
use live::{Envoy, Upstream, wait};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

/// Far beyond what anything here takes, for a machine that has much else to do.
pub const BOUND: Duration = Duration::from_secs(60);

/// A case whose success is the last thing that is counted: when it is, all is.
const LAST: &str = "last";

/// An Envoy with a listener for each case, and the upstreams behind it.
pub struct Stage {
    envoy: Envoy,
    upstreams: BTreeMap<String, Acceptor>,
    /// The service that filters ask, which says by the path what it is to answer.
    pub authority: Upstream,
    gone: Mutex<Vec<Client>>,
}

impl Stage {
    pub fn start(cases: &[Case]) -> Stage {
        let last = [Case::new(LAST)];
        let all = || cases.iter().chain(&last);
        let upstreams: Vec<Acceptor> = all()
            .map(|_| Acceptor::start().expect("an upstream can listen"))
            .collect();
        let addresses: Vec<_> = upstreams.iter().map(Acceptor::address).collect();
        let all: Vec<&Case> = all().collect();
        let authority = Upstream::start().expect("a service can be started");
        let configuration = bootstrap::configuration(&all, &addresses, authority.address());
        let envoy = Envoy::with(&configuration)
            .start()
            .unwrap_or_else(|error| panic!("{error}"));
        Stage {
            envoy,
            upstreams: all.iter().map(|case| case.name.clone()).zip(upstreams).collect(),
            authority,
            gone: Mutex::default(),
        }
    }

    /// Plays a case from its beginning to its end.
    pub fn play(&self, case: &Case) {
        for _ in 0..case.before {
            self.exchange(&case.name, &case.request, &[Step::Answers(200.into())]);
        }
        self.exchange(&case.name, &case.request, &case.steps);
    }

    /// Plays one exchange to its end. Returns what the client got.
    pub fn exchange(&self, case: &str, request: &Request, steps: &[Step]) -> Replied {
        self.begin(case, request).play(steps).end()
    }

    /// Begins an exchange.
    pub fn begin(&self, case: &str, request: &Request) -> Play<'_> {
        let address = self.envoy.listener(case).expect("it has a listener");
        Play::begin(case, address, request, &self.upstreams[case], &self.gone)
    }

    /// How Envoy says that each ended, once it says so of all.
    pub fn ends(&self, cases: &[Case]) -> BTreeMap<String, String> {
        let mut ends = BTreeMap::new();
        let entries: usize = cases.iter().map(|case| case.before + case.passes).sum();
        // A comparison says more of what does not come than an error here.
        let _ = wait::until(BOUND, "the access log of every case", || {
            let log = self.envoy.access_log()?;
            let is_whole = log.len() >= entries;
            for entry in log {
                let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
                // Of several requests, the last.
                ends.insert(text("case"), text("end"));
            }
            Ok(is_whole.then_some(()))
        });
        ends
    }

    /// What the breakers counted of each outcome, once all is counted.
    pub fn counts(&self, cases: &[Case]) -> BTreeMap<(String, String), u64> {
        let expected = |case: &Case| case.downstream.len() + case.upstream.len();
        let expected: usize = cases.iter().map(expected).sum();
        // A comparison says more of what does not come than an error here.
        let _ = wait::until(BOUND, "every call being counted", || {
            let counted: u64 = self.calls().values().sum();
            Ok((counted >= expected as u64).then_some(()))
        });
        // Successes are counted with the next tick. This one comes after all others.
        let answer = [Step::Answers(200.into())];
        let last = Case::new(LAST);
        self.exchange(LAST, &last.request, &answer);
        for breaker in [last.in_listener(), last.in_cluster()] {
            self.reaches(
                &format!("circuit_breaker_calls_total.{breaker}.outcome=success;.mode=enforce;"),
                1,
            );
        }
        self.calls()
    }

    /// What each breaker, as metrics name it, has counted of each outcome so far.
    fn calls(&self) -> BTreeMap<(String, String), u64> {
        let statistics = self.envoy.stats().expect("Envoy tells its statistics");
        let call = |(name, value): (String, u64)| {
            let labels = name.strip_prefix("wasmcustom.circuit_breaker_calls_total.")?;
            let (breaker, labels) = labels.split_once(".outcome=")?;
            let (outcome, _) = labels.split_once(";.mode=enforce;")?;
            Some(((breaker.to_owned(), outcome.to_owned()), value))
        };
        statistics.into_iter().filter_map(call).collect()
    }

    /// The value of a plugin's metric, by its raw name; 0 where it was never set.
    pub fn metric(&self, name: &str) -> u64 {
        let statistics = self.envoy.stats().expect("Envoy tells its statistics");
        let value = statistics.get(&format!("wasmcustom.{name}"));
        value.copied().unwrap_or_default()
    }

    /// Waits until a plugin's metric has this value.
    #[track_caller]
    pub fn reaches(&self, name: &str, value: u64) {
        let what = format!("{name} being {value}");
        wait::until(BOUND, &what, || Ok((self.metric(name) == value).then_some(())))
            .unwrap_or_else(|error| panic!("{error}; it is {}", self.metric(name)));
    }
}
