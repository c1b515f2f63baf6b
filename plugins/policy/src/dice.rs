//! Numbers that spread load evenly, one after the other from a seed.
//!
//! SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014). Whoever sees some of the
//! numbers can tell the next: they are for jitter and for shares of traffic, not for secrets.

/// A row of numbers.
#[derive(Clone, Copy, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The row of a seed. Any seed will do; different ones have different rows.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number, evenly from 0 to 1 (1 excluded).
    pub fn draw(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let mixed = mixed ^ (mixed >> 31);
        // The 53 bits that a double holds exactly.
        (mixed >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    proptest! {
        #[test]
        fn every_number_is_from_0_to_1(seed: u64) {
            let mut dice = Dice::new(seed);
            for _ in 0..100 {
                prop_assert!((0.0..1.0).contains(&dice.draw()));
            }
        }

        #[test]
        fn each_tenth_gets_its_share(seed: u64) {
            let mut dice = Dice::new(seed);
            let mut tenths = [0; 10];
            for _ in 0..10_000 {
                tenths[(dice.draw() * 10.0) as usize] += 1;
            }
            // 1,000 expected, with a standard deviation of 30.
            prop_assert!(tenths.iter().all(|count| (800..1_200).contains(count)), "{tenths:?}");
        }
    }

    #[test]
    fn a_seed_has_the_published_row() {
        // The first output of SplitMix64 for the seed 0 is 0xe220a8397b1dcdaf.
        assert_eq!(
            Dice::new(0).draw(),
            (0xe220_a839_7b1d_cdafu64 >> 11) as f64 / (1u64 << 53) as f64
        );
    }
}
