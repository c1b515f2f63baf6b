//! How many log lines a worker may write.
//!
//! A flood of errors must not become a flood of log lines, and what was held back must not be invisible. So lines are
//! counted by the second, and the first line of a later second says how many are missing before it.

/// Counts the lines of one worker.
#[derive(Clone, Copy, Debug)]
pub struct LogLimit {
    per_second: u32,
    second: u64,
    written: u32,
    held_back: u64,
}

impl LogLimit {
    /// At most `per_second` lines in a second of the worker's clock; 0: none.
    pub fn new(per_second: u32) -> Self {
        Self {
            per_second,
            second: 0,
            written: 0,
            held_back: 0,
        }
    }

    /// Asks to write a line at `now_millis` of a monotonic clock. `Some(n)`: write it, and say that `n` lines were held
    /// back since the last one. `None`: hold it back.
    pub fn admit(&mut self, now_millis: u64) -> Option<u64> {
        let second = now_millis / 1000;
        if second != self.second {
            self.second = second;
            self.written = 0;
        }
        if self.written >= self.per_second {
            self.held_back = self.held_back.saturating_add(1);
            return None;
        }
        self.written = self.written.saturating_add(1);
        Some(core::mem::take(&mut self.held_back))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn lines_past_the_limit_are_held_back_and_told_by_the_next() {
        let mut limit = LogLimit::new(2);
        assert_eq!(
            [0, 1, 2, 999].map(|now| limit.admit(now)),
            [Some(0), Some(0), None, None]
        );
        assert_eq!(
            [1000, 1001, 1002].map(|now| limit.admit(now)),
            [Some(2), Some(0), None]
        );
    }

    #[test]
    fn a_limit_of_zero_writes_nothing() {
        let mut limit = LogLimit::new(0);
        assert_eq!([0, 5000].map(|now| limit.admit(now)), [None, None]);
    }

    #[test]
    fn a_clock_that_jumps_back_does_not_silence_the_log() {
        let mut limit = LogLimit::new(1);
        assert_eq!(
            [9000, 9001, 10].map(|now| limit.admit(now)),
            [Some(0), None, Some(1)]
        );
    }

    proptest! {
        #[test]
        fn every_line_is_either_written_or_told(times in prop::collection::vec(0u64..5000, 0..100), per_second in 0u32..5) {
            let mut limit = LogLimit::new(per_second);
            let admitted: Vec<_> = times.iter().filter_map(|now| limit.admit(*now)).collect();
            let told: u64 = admitted.iter().sum();
            prop_assert_eq!(admitted.len() as u64 + told + limit.held_back, times.len() as u64);
        }
    }
}
