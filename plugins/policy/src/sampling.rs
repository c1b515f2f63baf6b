//! Whether a new trace is sampled.
//!
//! The decision is read off the trace id, not drawn: its right-most 7 bytes are random (W3C Trace Context level 2, the
//! random flag), and a trace is sampled if they reach a threshold. So every proxy and every collector that samples by
//! the same rule (OpenTelemetry's consistent probability sampling) decides alike for the whole trace.

/// Which of the new traces are sampled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sampling {
    /// All of them.
    Always,
    /// None of them.
    Never,
    /// So many in a hundred, 0 to 100.
    Percent(f64),
}

/// How many values the 56 random bits of a trace id have.
const VALUES: u64 = 1 << 56;

impl Sampling {
    /// Whether the trace of this id is sampled.
    pub fn takes(self, trace_id: u128) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Percent(percent) => {
                // Compared as integers: a double cannot tell neighbours among 56 bits.
                let threshold = (VALUES as f64 * (1.0 - percent / 100.0)) as u64;
                trace_id % u128::from(VALUES) >= u128::from(threshold)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const LOWEST: u128 = 0xffff_ffff_ffff_ffff_ff00_0000_0000_0000;
    const HIGHEST: u128 = 0x00ff_ffff_ffff_ffff;

    #[test]
    fn all_and_none_are_exact() {
        for id in [LOWEST, HIGHEST] {
            assert!(Sampling::Always.takes(id) && Sampling::Percent(100.0).takes(id));
            assert!(!Sampling::Never.takes(id) && !Sampling::Percent(0.0).takes(id));
        }
    }

    #[test]
    fn the_threshold_is_in_the_random_bytes_alone() {
        let half = 1u128 << 55;
        assert!(Sampling::Percent(50.0).takes(half));
        assert!(!Sampling::Percent(50.0).takes(half - 1));
        assert!(
            !Sampling::Percent(50.0).takes(LOWEST),
            "the first 9 bytes have no say"
        );
    }

    proptest! {
        #[test]
        fn a_trace_sampled_at_one_rate_is_sampled_at_every_higher_one(
            id: u128, low in 0.0..100.0f64, more in 0.0..100.0f64,
        ) {
            let high = (low + more).min(100.0);
            prop_assert!(!Sampling::Percent(low).takes(id) || Sampling::Percent(high).takes(id));
        }
    }
}
