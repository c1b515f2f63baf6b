//! While a closed breaker ramps, the share of requests that it admits is what its page says. Who is admitted is drawn: so it is the
//! number of all of them, over many stories, that is compared.

use super::Broken;

/// How far the number may be from what is expected, in standard deviations. Of a million campaigns, less than one is so far off
/// by chance; and the same seeds have the same luck each time.
const DEVIATIONS: f64 = 5.0;

/// Requests that met a ramping breaker.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Ramp {
    /// How many there were.
    pub(crate) requests: u64,
    admitted: f64,
    expected: f64,
    variance: f64,
}

impl Ramp {
    /// One that was to be admitted with this probability.
    pub(crate) fn met(&mut self, share: f64, is_admitted: bool) {
        self.requests += 1;
        self.admitted += f64::from(u8::from(is_admitted));
        self.expected += share;
        self.variance += share * (1.0 - share);
    }

    /// Both together.
    pub(crate) fn and(self, other: Ramp) -> Ramp {
        Ramp {
            requests: self.requests + other.requests,
            admitted: self.admitted + other.admitted,
            expected: self.expected + other.expected,
            variance: self.variance + other.variance,
        }
    }

    /// Whether so many were admitted as must be.
    pub(crate) fn check(&self) -> Result<(), Broken> {
        let off = (self.admitted - self.expected).abs();
        let holds = off <= DEVIATIONS * self.variance.sqrt() + 1e-6;
        Broken::unless(
            holds,
            "a ramping breaker admits the share of requests that it must",
            || {
                let Ramp {
                    requests,
                    admitted,
                    expected,
                    ..
                } = self;
                format!(
                    "of {requests} requests {admitted} were admitted, where {expected:.1} were to be expected"
                )
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_that_is_a_tenth_off_breaks_the_promise() {
        let of = |admitted: u64| {
            let mut ramp = Ramp::default();
            (0..1_000).for_each(|number| ramp.met(0.5, number < admitted));
            ramp.check()
        };
        assert_eq!(of(500), Ok(()));
        assert_eq!(of(530), Ok(()));
        assert!(of(600).is_err());
        assert!(of(400).is_err());
    }
}
