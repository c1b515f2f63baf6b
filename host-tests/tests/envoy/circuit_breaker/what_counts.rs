//! What a breaker makes of a request, for every way in which one can end on the real Envoy.
//!
//! Each case is one exchange, with a listener, a cluster, an upstream and two breakers of its own: one of the plugin in
//! the listener, one of the plugin in the cluster, where it sees each attempt. A case says how the exchange ends for
//! Envoy, which its access log tells, so that none can pass by having been another case; and what each of the two
//! breakers counts. All cases of a test go on at once in one Envoy with one worker: to start it is what takes time.

mod bootstrap;
mod case;
mod clients;
mod grpc;
mod half_open;
mod others_replies;
mod play;
mod proxy_limits;
mod resets;
mod retries;
mod slow;
mod stage;
mod statuses;
mod streams;
mod time_outs;
mod time_outs_within;
mod unfinished;

use case::Case;
use stage::Stage;
use std::any::type_name;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::thread;

/// A claim, by its name, and the cases that show it.
type Claim = (&'static str, Vec<Case>);

/// The cases of a function whose name is the claim.
fn claim<F: Fn() -> Vec<Case>>(cases: F) -> Claim {
    (named::<F>(), cases())
}

/// The name of a function.
fn named<F>() -> &'static str {
    let path = type_name::<F>();
    path.rsplit("::").next().unwrap_or(path)
}

/// Plays all cases at once, and compares how each ended and what its two breakers counted with what it says.
#[track_caller]
fn check(claims: Vec<Claim>) {
    let (mut cases, mut claimed) = (Vec::new(), Vec::new());
    for (claim, of_claim) in claims {
        for case in of_claim {
            claimed.push(claim);
            cases.push(case.numbered(cases.len()));
        }
    }
    let stage = Stage::start(&cases);
    thread::scope(|scope| {
        for case in &cases {
            scope.spawn(|| stage.play(case));
        }
    });
    let (ends, counts) = (stage.ends(&cases), stage.counts(&cases));
    let mut report = String::new();
    for (case, claim) in cases.iter().zip(claimed) {
        let end = ends.get(&case.name).map(String::as_str).unwrap_or_default();
        if !end.starts_with(case.ends) {
            let _ = writeln!(
                report,
                "{claim}: {}: ended with `{end}`, not `{}`",
                case.name, case.ends
            );
        }
        for (breaker, expected) in [
            (case.in_listener(), &case.downstream),
            (case.in_cluster(), &case.upstream),
        ] {
            let counted = of_breaker(&counts, &breaker);
            if counted != *expected {
                let _ = writeln!(
                    report,
                    "{claim}: {breaker} counted {counted:?}, not {expected:?} (`{end}`)"
                );
            }
        }
    }
    assert!(report.is_empty(), "\n{report}");
}

/// What a breaker counted, a word for each call.
fn of_breaker(counts: &BTreeMap<(String, String), u64>, breaker: &str) -> Vec<String> {
    let of_it = counts.iter().filter(|((of, _), _)| of == breaker);
    of_it
        .flat_map(|((_, outcome), count)| (0..*count).map(|_| outcome.clone()))
        .collect()
}
