//! Chance, all of it from a story's seed.

/// What a story draws from.
pub(crate) struct Dice(fastrand::Rng);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(fastrand::Rng::with_seed(seed))
    }

    /// A number from the first to the last, both included.
    pub(crate) fn between(&mut self, first: u64, last: u64) -> u64 {
        self.0.u64(first..=last.max(first))
    }

    /// Whether something happens that does so in so many of a hundred cases.
    pub(crate) fn in_100(&mut self, cases: u64) -> bool {
        self.0.u64(0..100) < cases
    }

    /// One of these, each as likely as the others.
    pub(crate) fn one_of<T: Copy, const N: usize>(&mut self, these: [T; N]) -> T {
        these[self.0.usize(0..N)]
    }

    /// This in so many of a hundred cases, else nothing.
    pub(crate) fn maybe<T>(&mut self, cases: u64, what: impl FnOnce(&mut Dice) -> T) -> Option<T> {
        self.in_100(cases).then(|| what(self))
    }

    /// A seed for something that draws for itself.
    pub(crate) fn seed(&mut self) -> u64 {
        self.0.u64(..)
    }
}
