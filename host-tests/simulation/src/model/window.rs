//! The calls of which a share is taken, all of them kept: what counts no more is passed over when somebody asks.

use super::CLOCK_BEGAN;
use crate::world::settings::{Rate, Span};

/// The calls since the window began.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    span: Span,
    /// When each was counted, and whether it was one of those that are too many.
    calls: Vec<(u64, bool)>,
}

impl Window {
    /// The window for this span: the one that there was, if its shape is the same.
    pub(crate) fn fitting(before: Option<Window>, span: Option<Span>) -> Option<Window> {
        let span = span?;
        let before = before.filter(|window| window.span == span);
        Some(before.unwrap_or(Window {
            span,
            calls: Vec::new(),
        }))
    }

    pub(crate) fn add(&mut self, now: u64, hit: bool) {
        self.calls.push((now, hit));
    }

    /// How many calls are in it now, and how many of them are hits.
    pub(crate) fn share(&self, now: u64) -> (u64, u64) {
        let kept: Vec<bool> = match self.span {
            Span::Calls(most) => self
                .calls
                .iter()
                .rev()
                .take(most as usize)
                .map(|(_, hit)| *hit)
                .collect(),
            Span::Millis(span) => {
                let tenth = |at: u64| (CLOCK_BEGAN + at) / span.div_ceil(10);
                let counts = |(at, _): &&(u64, bool)| tenth(*at) + 10 > tenth(now);
                self.calls.iter().filter(counts).map(|(_, hit)| *hit).collect()
            }
        };
        (kept.len() as u64, kept.iter().filter(|hit| **hit).count() as u64)
    }
}

/// Whether so many hits of so many calls are too many.
pub(crate) fn is_too_much((calls, hits): (u64, u64), rate: &Rate) -> bool {
    hits > 0 && calls >= rate.min_calls && hits * 100 >= rate.percent * calls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_time_window_a_tenth_is_forgotten_at_a_time() {
        let mut window = Window {
            span: Span::Millis(1_000),
            calls: Vec::new(),
        };
        window.add(0, true);
        window.add(99, false);
        window.add(100, false);
        assert_eq!(window.share(999), (3, 1));
        assert_eq!(window.share(1_000), (1, 0));
        assert_eq!(window.share(1_100), (0, 0));
    }

    #[test]
    fn a_window_of_calls_has_the_last_ones() {
        let mut window = Window {
            span: Span::Calls(2),
            calls: Vec::new(),
        };
        for hit in [true, true, false] {
            window.add(0, hit);
        }
        assert_eq!(window.share(1_000_000), (2, 1));
    }

    #[test]
    fn a_share_is_too_large_at_the_bound_itself_and_not_of_too_few() {
        let rate = Rate {
            percent: 50,
            span: Span::Calls(9),
            min_calls: 4,
        };
        assert!(is_too_much((4, 2), &rate));
        assert!(!is_too_much((5, 2), &rate));
        assert!(!is_too_much((3, 3), &rate));
    }
}
