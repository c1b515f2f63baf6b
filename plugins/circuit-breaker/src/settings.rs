//! What a breaker is told, from what the configuration says.

use config::circuit_breaker::{FailureRate, Force as Forced, Policy, SlowRate as SlowShare, Window};
use policy::breaker::{Force, HalfOpen, OpenTimes, Ramp, Rate, Settings, SlowRate, Span, Trip};

/// The settings of a policy. (Numbers are copied, nothing is allocated: cheaper than to look them up.)
pub(crate) fn of(policy: &Policy) -> Settings {
    let (trip, open, half_open) = (&policy.trip, &policy.open, &policy.half_open);
    Settings {
        trip: Trip {
            consecutive_failures: trip.consecutive_failures.map(|failures| failures.get()),
            failure_rate: trip.failure_rate.as_ref().map(failure_rate),
            slow_rate: trip.slow_rate.as_ref().map(slow_rate),
        },
        open: OpenTimes {
            first_millis: open.first.millis(),
            multiplier: open.multiplier.get(),
            max_millis: open.max.millis(),
            reset_after_millis: open.reset_after.millis(),
            jitter: open.jitter.get(),
            honor_retry_after: open.honor_retry_after,
        },
        half_open: HalfOpen {
            max_calls: half_open.max_calls.get(),
            successes: half_open.successes.get(),
            lease_millis: half_open.lease.millis(),
            max_wait_millis: half_open.max_wait.millis(),
        },
        ramp: policy.ramp.as_ref().map(|ramp| Ramp {
            over_millis: ramp.over.millis(),
            from_percent: ramp.from_percent.get(),
        }),
        force: policy.force.map(|force| match force {
            Forced::Open => Force::Open,
            Forced::Closed => Force::Closed,
        }),
    }
}

fn failure_rate(rate: &FailureRate) -> Rate {
    Rate {
        percent: rate.percent.get(),
        span: span(rate.window),
        min_calls: rate.min_calls.get(),
    }
}

fn slow_rate(rate: &SlowShare) -> SlowRate {
    SlowRate {
        rate: Rate {
            percent: rate.percent.get(),
            span: span(rate.window),
            min_calls: rate.min_calls.get(),
        },
        slower_than_millis: rate.slower_than.millis(),
    }
}

fn span(window: Window) -> Span {
    match window {
        Window::Time(time) => Span::Millis(time.millis()),
        // A configuration allows at most 1000.
        Window::Calls(calls) => Span::Calls(u16::try_from(calls.get()).unwrap_or(u16::MAX)),
    }
}
