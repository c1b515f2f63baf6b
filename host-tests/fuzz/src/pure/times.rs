//! Times that strangers write: when to try again, and until when.

use crate::input::Input;
use policy::breaker_outcome::Grpc;
use policy::deadline::{Deadlines, LONGEST_MILLIS, callers_deadline_millis, grpc_millis, millis};
use policy::retry_after::{self, Growth};
use policy::timestamp::rfc3339;

/// The time of day, then how times grow, then a value.
pub(crate) fn run(bytes: &[u8]) {
    let mut input = Input(bytes);
    let now = input.number();
    let growth = Growth {
        base_millis: input.number(),
        multiplier: f64::from_bits(input.u64()),
        max_millis: input.number(),
        jitter: f64::from_bits(input.u64()),
    };
    let (attempt, draw) = (input.u32(), input.draw());
    assert!(growth.seconds(attempt, draw) >= 1, "{growth:?}");
    rfc3339(now);

    let value = input.0;
    let spaced = [b"  ", value, b"\t"].concat();
    let seconds = retry_after::seconds(value, now);
    assert_eq!(
        seconds,
        retry_after::seconds(&spaced, now),
        "{}",
        value.escape_ascii()
    );
    if let Some(seconds) = seconds {
        // Of a date, what is left shrinks with time; of a number, it does not.
        let later =
            retry_after::seconds(value, now.saturating_add(1_000)).unwrap_or_else(|| panic!("it was a time"));
        assert!(seconds.saturating_sub(later) <= 1, "{}", value.escape_ascii());
    }
    assert!(retry_after::callers_attempt(value) >= 1);
    assert_eq!(millis(value), millis(&spaced));
    if let Some(millis) = grpc_millis(value) {
        assert!(millis <= 99_999_999 * 3_600_000);
    }
    Grpc::read(value, |number| number % 2 == 0);
    deadlines(value);
}

/// What is written of a deadline is read as the same.
fn deadlines(value: &[u8]) {
    for name in [
        "grpc-timeout",
        "x-request-deadline-ms",
        "x-envoy-expected-rq-timeout-ms",
    ] {
        let read = Deadlines::read([(name, value)]);
        assert!(read.said.len() + read.nonsense.len() <= 1);
        if let (Some(millis), [(_, form)]) = (read.millis, &read.said[..]) {
            assert!(millis <= LONGEST_MILLIS);
            let written = form.written(millis);
            let again = Deadlines::read([(name, written.as_bytes())]);
            let is_proxys_own_zero = millis == 0 && name.starts_with("x-envoy-");
            assert!(
                is_proxys_own_zero || again.millis == Some(millis),
                "{name}: {written}"
            );
        }
    }
    let deadline = callers_deadline_millis(|_| value);
    assert_ne!(deadline, Some(0));
}
