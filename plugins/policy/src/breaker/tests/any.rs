//! Records, settings and outcomes of every kind.

use proptest::prelude::*;

use super::super::counts::Counts;
use super::super::forced::Forced;
use super::super::leases::{LONGEST_MILLIS, Lease, Leases};
use super::super::record::Phase;
use super::super::window::Window;
use super::*;

pub(super) fn any_span() -> impl Strategy<Value = Span> {
    prop_oneof![
        any::<u64>().prop_map(Span::Millis),
        (0u64..100_000).prop_map(Span::Millis),
        any::<u16>().prop_map(Span::Calls)
    ]
}

/// Counts as some calls made them.
pub(super) fn any_counts() -> impl Strategy<Value = Counts> {
    let window = || {
        let times = prop_oneof![0u32..5, Just(u32::MAX)];
        let calls = prop::collection::vec((times, any::<bool>(), any_time()), 0..6);
        (any_span(), calls).prop_map(|(span, calls)| {
            let mut window = Window::new(span);
            for (times, hit, now) in calls {
                window.add(times, hit, now);
            }
            window
        })
    };
    let consecutive = prop_oneof![0u32..10, Just(u32::MAX)];
    (
        consecutive,
        prop::option::of(window()),
        prop::option::of(window()),
    )
        .prop_map(|(consecutive, failures, slow)| Counts {
            consecutive,
            failures,
            slow,
        })
}

pub(super) fn any_time() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0u64..1_000_000, 1 => any::<u64>(), 1 => Just(u64::MAX)]
}

pub(super) fn any_phase() -> impl Strategy<Value = Phase> {
    let lease = (any_time(), 0..=LONGEST_MILLIS, any::<bool>());
    let half_open = (
        prop::option::of(any_time()),
        any::<u32>(),
        0u64..1_000,
        prop::collection::vec(lease, 0..8),
    );
    prop_oneof![
        (prop::option::of(any_time()), any_counts())
            .prop_map(|(since_millis, counts)| Phase::Closed { since_millis, counts }),
        (any_time(), 0..=LONGEST_OPEN_MILLIS).prop_map(|(since_millis, lasts_millis)| Phase::Open {
            since_millis,
            lasts_millis
        }),
        half_open.prop_map(|(since_millis, successes, first, leases)| {
            let next = first + leases.len() as u64;
            let held = (first..)
                .zip(leases)
                .map(|(number, (granted_millis, lasts_millis, answered))| Lease {
                    number,
                    granted_millis,
                    lasts_millis,
                    answered,
                });
            Phase::HalfOpen {
                since_millis,
                successes,
                leases: Leases {
                    next,
                    held: held.collect(),
                },
            }
        }),
    ]
}

/// Any record that bytes can say, however it came about.
pub(super) fn any_record() -> impl Strategy<Value = Record> {
    (
        any::<u64>(),
        any_time(),
        0..u64::MAX / 2,
        any::<u32>(),
        any_phase(),
        prop::option::of(any_forced()),
    )
        .prop_map(
            |(owner, used_millis, generation, reopenings, phase, forced)| Record {
                owner,
                used_millis,
                generation,
                reopenings,
                // Nothing is forced to be half-open.
                forced: forced
                    .filter(|_| !matches!(phase, Phase::HalfOpen { .. }))
                    .map(Box::new),
                phase,
            },
        )
}

fn any_reason() -> impl Strategy<Value = String> {
    let letter = prop::sample::select(vec!['a', 'z', ' ', 'é', '"']);
    prop::collection::vec(letter, 0..60).prop_map(|letters| "x".chars().chain(letters).collect())
}

pub(super) fn any_forced() -> impl Strategy<Value = Forced> {
    (any_time(), 1..=LONGEST_FORCE_MILLIS, any_reason()).prop_map(|(since_millis, lasts_millis, reason)| {
        Forced {
            since_millis,
            lasts_millis,
            reason,
        }
    })
}

pub(super) fn any_rate() -> impl Strategy<Value = Rate> {
    (any::<f64>(), any_span(), any::<u32>()).prop_map(|(percent, span, min_calls)| Rate {
        percent,
        span,
        min_calls,
    })
}

/// Any settings, be they such as no configuration could say.
pub(super) fn any_settings() -> impl Strategy<Value = Settings> {
    let trip = (
        prop::option::of(any::<u32>()),
        prop::option::of(any_rate()),
        prop::option::of(any_rate()),
    )
        .prop_map(|(consecutive_failures, failure_rate, slow)| Trip {
            consecutive_failures,
            failure_rate,
            slow_rate: slow.map(|rate| SlowRate {
                rate,
                slower_than_millis: 1,
            }),
        });
    let open = (
        any::<u64>(),
        any::<f64>(),
        any::<u64>(),
        any::<u64>(),
        any::<f64>(),
        any::<bool>(),
    )
        .prop_map(
            |(first_millis, multiplier, max_millis, reset_after_millis, jitter, honor_retry_after)| {
                OpenTimes {
                    first_millis,
                    multiplier,
                    max_millis,
                    reset_after_millis,
                    jitter,
                    honor_retry_after,
                }
            },
        );
    let half_open = (any::<u32>(), any::<u32>(), any::<u64>(), any::<u64>()).prop_map(
        |(max_calls, successes, lease_millis, max_wait_millis)| HalfOpen {
            max_calls,
            successes,
            lease_millis,
            max_wait_millis,
        },
    );
    let ramp = prop::option::of(
        (any::<u64>(), any::<f64>()).prop_map(|(over_millis, from_percent)| Ramp {
            over_millis,
            from_percent,
        }),
    );
    let force = prop::option::of(prop::sample::select(vec![Force::Open, Force::Closed]));
    (trip, open, half_open, ramp, force).prop_map(|(trip, open, half_open, ramp, force)| Settings {
        trip,
        open,
        half_open,
        ramp,
        force,
    })
}

/// Settings that a configuration can say, with nothing forced.
pub(super) fn sound_settings() -> impl Strategy<Value = Settings> {
    let times = (
        1u64..100_000,
        1.0..10.0f64,
        0u64..1_000_000,
        0u64..1_000_000,
        0.0..=1.0f64,
    );
    let probes = (1..=MOST_PROBES, 1u32..20, 1u64..3_600_000, 1u64..3_600_000);
    let trip = (
        prop::option::of(1u32..20),
        prop::option::of((1.0..=100.0f64, 1u64..100_000, 1u32..50)),
    );
    (times, probes, trip, any::<bool>()).prop_map(|(times, probes, trip, honor_retry_after)| {
        let mut settings = Settings::default();
        let (first_millis, multiplier, more, reset_after_millis, jitter) = times;
        settings.open = OpenTimes {
            first_millis,
            multiplier,
            max_millis: first_millis + more,
            reset_after_millis,
            jitter,
            honor_retry_after,
        };
        let (max_calls, successes, lease_millis, max_wait_millis) = probes;
        settings.half_open = HalfOpen {
            max_calls,
            successes,
            lease_millis,
            max_wait_millis,
        };
        settings.trip.consecutive_failures = trip.0;
        settings.trip.failure_rate = trip.1.map(|(percent, millis, min_calls)| Rate {
            percent,
            span: Span::Millis(millis),
            min_calls,
        });
        settings
    })
}

pub(super) fn any_outcome() -> impl Strategy<Value = Outcome> {
    use Outcome::{Failure, Ignored, Slow, Success, TooMany};
    prop::sample::select(vec![Success, Failure, Slow, TooMany, Ignored])
}

pub(super) fn any_moment() -> impl Strategy<Value = Moment> {
    (any_time(), 0.0..1.0f64).prop_map(|(now_millis, draw)| Moment { now_millis, draw })
}
