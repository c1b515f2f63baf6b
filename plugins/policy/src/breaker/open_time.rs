//! For how long a breaker is open.

use super::settings::OpenTimes;

/// The longest that a breaker is ever open, in milliseconds: two days. A record that says more is nonsense.
pub const LONGEST_OPEN_MILLIS: u64 = 2 * 86_400_000;

/// The open time, in milliseconds, of a breaker that opened `reopenings` times in a row before.
///
/// It grows with each of them up to the maximum. A `Retry-After` that is honoured takes its place, held between the
/// first and the longest time: the upstream knows better than a rule of thumb, but a stranger's number must not close
/// a service for a day. Jitter is added at the end and only lengthens, so what was promised is kept.
pub(super) fn open_millis(
    open: &OpenTimes,
    reopenings: u32,
    retry_after_seconds: Option<u64>,
    draw: f64,
) -> u64 {
    let max = open.max_millis.max(open.first_millis).min(LONGEST_OPEN_MILLIS);
    let first = open.first_millis.clamp(1, max.max(1));
    let honoured = retry_after_seconds
        .filter(|seconds| open.honor_retry_after && *seconds > 0)
        .map(|seconds| seconds.saturating_mul(1_000).clamp(first, max.max(1)));
    let base = honoured.unwrap_or_else(|| {
        let grown = first as f64 * open.multiplier.max(1.0).powi(reopenings.min(1_000) as i32);
        // Infinite where the power is: then the longest.
        (grown.min(max as f64) as u64).max(first)
    });
    lengthened(base, open.jitter, draw).min(LONGEST_OPEN_MILLIS)
}

/// A time and a random part of it.
pub(super) fn lengthened(millis: u64, jitter: f64, draw: f64) -> u64 {
    let more = (millis as f64 * jitter.clamp(0.0, 1.0) * draw.clamp(0.0, 1.0)) as u64;
    millis.saturating_add(more)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const OPEN: OpenTimes = OpenTimes {
        first_millis: 30_000,
        multiplier: 2.0,
        max_millis: 300_000,
        reset_after_millis: 300_000,
        jitter: 0.0,
        honor_retry_after: true,
    };

    #[test]
    fn an_open_time_grows_up_to_its_maximum() {
        let grown = [0, 1, 2, 3, 4, 5, u32::MAX].map(|times| open_millis(&OPEN, times, None, 0.0));
        assert_eq!(
            grown,
            [30_000, 60_000, 120_000, 240_000, 300_000, 300_000, 300_000]
        );
        let steady = OpenTimes {
            multiplier: 1.0,
            ..OPEN
        };
        assert_eq!(open_millis(&steady, 9, None, 0.0), 30_000);
    }

    #[test]
    fn jitter_only_lengthens() {
        let open = OpenTimes { jitter: 0.5, ..OPEN };
        assert_eq!(open_millis(&open, 0, None, 0.0), 30_000);
        assert_eq!(open_millis(&open, 0, None, 0.5), 37_500);
        assert_eq!(open_millis(&open, 9, None, 1.0), 450_000);
    }

    #[test]
    fn a_retry_after_is_the_open_time_between_the_first_and_the_longest() {
        for (seconds, millis) in [
            (1, 30_000),
            (30, 30_000),
            (31, 31_000),
            (300, 300_000),
            (301, 300_000),
            (u64::MAX, 300_000),
        ] {
            assert_eq!(open_millis(&OPEN, 0, Some(seconds), 0.0), millis, "{seconds}");
        }
        assert_eq!(
            open_millis(&OPEN, 3, Some(45), 0.0),
            45_000,
            "however often it opened before"
        );
    }

    #[test]
    fn a_retry_after_that_is_past_or_not_honoured_is_nothing() {
        assert_eq!(open_millis(&OPEN, 1, Some(0), 0.0), 60_000);
        let deaf = OpenTimes {
            honor_retry_after: false,
            ..OPEN
        };
        assert_eq!(open_millis(&deaf, 0, Some(45), 0.0), 30_000);
    }

    proptest! {
        #[test]
        fn any_settings_give_an_open_time_within_bounds(
            first: u64, multiplier: f64, max: u64, jitter: f64, times: u32, seconds: Option<u64>, draw: f64,
        ) {
            let open = OpenTimes {
                first_millis: first, multiplier, max_millis: max, jitter, ..OPEN
            };
            let millis = open_millis(&open, times, seconds, draw);
            prop_assert!((1..=LONGEST_OPEN_MILLIS).contains(&millis));
        }
    }
}
