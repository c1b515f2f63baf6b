//! A few requests that stand for all: the first of each kind.

use crate::play::{Played, Try};

/// The first tries of each kind, in order of time. Two are of a kind if the same client got the same of them.
pub(crate) fn samples(played: &Played, most: usize) -> Vec<&Try> {
    let mut seen = Vec::new();
    let mut samples = Vec::new();
    for made in &played.tries {
        let kind = (
            made.client,
            made.got,
            &made.error_code,
            &made.details,
            made.attempts.len(),
            &made.circuit,
        );
        if !seen.contains(&kind) {
            seen.push(kind);
            samples.push(made);
        }
    }
    samples.truncate(most);
    samples
}
