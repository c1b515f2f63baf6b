//! A `Retry-After` for answers that have none: the more often a caller has tried, the later it is told to come back.
//!
//! Callers that were all refused at once would otherwise all come back at once. So the time is spread, and upwards only:
//! nobody is told to come back earlier than was meant.

use crate::decimal::number;

/// How the time grows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Growth {
    /// After the caller's first attempt, in milliseconds.
    pub base_millis: u64,
    /// How much longer after each further attempt, 1 or more.
    pub multiplier: f64,
    /// The longest, in milliseconds, jitter not counted.
    pub max_millis: u64,
    /// A random part of up to this much is added, from 0 to 1.
    pub jitter: f64,
}

impl Growth {
    /// When to come back, in whole seconds, rounded up: never 0. `attempt` counts from 1. `draw` is evenly from 0 to 1.
    pub fn seconds(&self, attempt: u32, draw: f64) -> u64 {
        let steps = attempt.saturating_sub(1).min(1_000) as i32;
        let grown = self.base_millis as f64 * self.multiplier.max(1.0).powi(steps);
        // Infinite where the power is: then the longest.
        let millis = grown.min(self.max_millis as f64);
        let most = millis + millis * self.jitter.clamp(0.0, 1.0);
        let [least, most] = [millis, most].map(|millis| (millis as u64).div_ceil(1_000).max(1));
        // Each second is as likely as any other. To round up what was drawn would leave the least to nobody, and of a spread
        // below a second nothing.
        let seconds = most.saturating_sub(least).saturating_add(1) as f64;
        least
            .saturating_add((seconds * draw.clamp(0.0, 1.0)) as u64)
            .min(most)
    }
}

/// Which attempt of its caller a request is, by the value of `x-envoy-attempt-count`: the first where there is none, and
/// where it says nothing sensible.
///
/// Anybody can send that header. Whoever makes up a number tells it to nobody but himself: to wait longer, or not to be
/// retried.
pub fn callers_attempt(value: &[u8]) -> u32 {
    let attempt = number(value).filter(|attempt| *attempt > 0);
    attempt.map_or(1, |attempt| attempt.min(u64::from(u32::MAX)) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const GROWTH: Growth = Growth {
        base_millis: 1_000,
        multiplier: 2.0,
        max_millis: 30_000,
        jitter: 0.5,
    };

    #[test]
    fn it_grows_with_each_attempt_up_to_its_maximum() {
        let grown = [0, 1, 2, 3, 4, 5, 6, 7, u32::MAX].map(|attempt| GROWTH.seconds(attempt, 0.0));
        assert_eq!(grown, [1, 1, 2, 4, 8, 16, 30, 30, 30]);
        let steady = Growth {
            multiplier: 1.0,
            ..GROWTH
        };
        assert_eq!(steady.seconds(9, 0.0), 1);
    }

    #[test]
    fn jitter_only_lengthens() {
        let spread = [0.0, 0.25, 0.5, 0.99, 1.0].map(|draw| GROWTH.seconds(5, draw));
        assert_eq!(spread, [16, 18, 20, 24, 24]);
        let first = [0.0, 0.49, 0.5, 0.99].map(|draw| GROWTH.seconds(1, draw));
        assert_eq!(first, [1, 1, 2, 2], "a part of a second is spread, too");
        assert_eq!(GROWTH.seconds(9, 1.0), 45, "beyond the maximum, too");
    }

    #[test]
    fn part_of_a_second_is_a_second() {
        for (base_millis, seconds) in [(0, 1), (1, 1), (999, 1), (1_000, 1), (1_001, 2), (2_500, 3)] {
            let growth = Growth {
                base_millis,
                ..GROWTH
            };
            assert_eq!(growth.seconds(1, 0.0), seconds, "{base_millis}");
        }
    }

    #[test]
    fn an_attempt_that_is_no_number_is_the_first() {
        for (value, attempt) in [
            ("1", 1),
            ("2", 2),
            ("010", 10),
            ("99999999999999999999", u32::MAX),
            ("0", 1),
            ("", 1),
            ("-2", 1),
            ("+2", 1),
            ("2.0", 1),
            ("2,3", 1),
            (" 2", 1),
            ("two", 1),
        ] {
            assert_eq!(callers_attempt(value.as_bytes()), attempt, "{value:?}");
        }
        assert_eq!(callers_attempt(b"2\xff"), 1);
    }

    proptest! {
        #[test]
        fn it_lies_between_what_is_grown_and_that_with_all_its_jitter(
            base_millis in 1u64..86_400_000, multiplier in 1.0..100.0f64, longer in 0u64..86_400_000, jitter in 0.0..=1.0f64,
            attempt: u32, draw in 0.0..1.0f64,
        ) {
            let max_millis = base_millis + longer;
            let growth = Growth { base_millis, multiplier, max_millis, jitter };
            let seconds = growth.seconds(attempt, draw);
            let least = growth.seconds(attempt, 0.0);
            prop_assert!(seconds >= least && least >= base_millis.div_ceil(1_000));
            prop_assert!(seconds * 1_000 < ((least * 1_000) as f64 * (1.0 + jitter)) as u64 + 2_000);
            prop_assert!(least <= max_millis.div_ceil(1_000));
            prop_assert!(growth.seconds(attempt.saturating_add(1), 0.0) >= least);
        }

        #[test]
        fn any_growth_is_harmless(base_millis: u64, multiplier: f64, max_millis: u64, jitter: f64, attempt: u32, draw: f64) {
            let growth = Growth { base_millis, multiplier, max_millis, jitter };
            prop_assert!(growth.seconds(attempt, draw) >= 1);
        }

        #[test]
        fn any_bytes_are_an_attempt(bytes: Vec<u8>) {
            prop_assert!(callers_attempt(&bytes) >= 1);
        }
    }
}
