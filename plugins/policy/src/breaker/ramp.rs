//! A slow start: an upstream that has just recovered would fall over if all came at once.

use super::settings::Ramp;

impl Ramp {
    /// Whether a request is admitted, so long after the breaker closed. The share grows evenly.
    pub(super) fn admits(&self, since_closing_millis: u64, draw: f64) -> bool {
        if since_closing_millis >= self.over_millis {
            return true;
        }
        let passed = since_closing_millis as f64 / self.over_millis as f64;
        let from = self.from_percent.clamp(0.0, 100.0);
        let share = from + (100.0 - from) * passed;
        draw * 100.0 < share
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_share_grows_evenly_from_the_first_to_all() {
        let ramp = Ramp {
            over_millis: 10_000,
            from_percent: 10.0,
        };
        for (since, share) in [(0, 0.1), (5_000, 0.55), (9_000, 0.91)] {
            assert!(ramp.admits(since, share - 0.001), "{since}");
            assert!(!ramp.admits(since, share + 0.001), "{since}");
        }
        assert!(ramp.admits(10_000, 0.999_999));
        assert!(!ramp.admits(9_999, 0.999_999));
    }

    #[test]
    fn a_ramp_over_no_time_is_none() {
        let ramp = Ramp {
            over_millis: 0,
            from_percent: 0.0,
        };
        assert!(ramp.admits(0, 0.999));
    }

    #[test]
    fn a_ramp_from_nothing_admits_nothing_at_first() {
        let ramp = Ramp {
            over_millis: 10_000,
            from_percent: 0.0,
        };
        assert!(!ramp.admits(0, 0.0) && ramp.admits(1, 0.0));
    }
}
