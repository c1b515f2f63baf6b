//! What the breakers did: read from the metrics that the module counts, each move of which the host has written down.

use super::time::Nanos;
use host::MetricMove;
use std::collections::BTreeMap;
use std::time::Duration;

/// What the breakers of one configuration did.
#[derive(Default)]
pub(super) struct Breakers {
    /// By name.
    pub(super) all: BTreeMap<String, Breaker>,
    /// Why VMs died: a defect of the module.
    pub(super) deaths: Vec<String>,
}

/// What one breaker did.
#[derive(Default)]
pub(super) struct Breaker {
    /// How often it opened from closed.
    pub(super) opened: u64,
    /// The first openings; see [`MOST_KEPT`].
    pub(super) openings: Vec<Opening>,
    /// When it was closed the last time, if it is not now.
    open_since: Option<Nanos>,
    /// For how long it was not closed, all openings that ended together.
    pub(super) not_closed: Duration,
    /// Requests that it rejected, and those that it would have in shadow.
    pub(super) rejected: u64,
    pub(super) rejected_in_shadow: u64,
}

/// From closed to open, until it is closed again.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Opening {
    pub(super) at: Nanos,
    /// What opened it, as the metric has it.
    pub(super) reason: String,
    /// How often a probe, or the lack of one, opened it again.
    pub(super) again: u64,
    /// When it closed; `None` if it did not.
    pub(super) closed: Option<Nanos>,
}

/// So many openings of a breaker are kept: a breaker that flaps for a month must not fill the memory.
const MOST_KEPT: usize = 10_000;

impl Breakers {
    /// Notes what a metric says.
    pub(super) fn note(&mut self, moved: &MetricMove, at: Nanos) {
        let Some((metric, labels)) = moved.name.split_once('.') else {
            return;
        };
        let labels = Labels(labels);
        let Some(name) = labels.breaker() else { return };
        match metric {
            "circuit_breaker_transitions_total" => {
                let breaker = self.all.entry(name).or_default();
                breaker.moved(&labels, at);
            }
            "circuit_breaker_calls_total" if labels.get("outcome") == Some("rejected") => {
                let breaker = self.all.entry(name).or_default();
                match labels.get("mode") {
                    Some("shadow") => breaker.rejected_in_shadow = moved.value,
                    _ => breaker.rejected = moved.value,
                }
            }
            _ => {}
        }
    }
}

impl Breaker {
    fn moved(&mut self, labels: &Labels<'_>, at: Nanos) {
        let (from, to) = (labels.get("from"), labels.get("to"));
        match (from, to) {
            (Some("closed"), Some("open")) => {
                self.opened += 1;
                self.open_since = Some(at);
                if self.openings.len() < MOST_KEPT {
                    self.openings.push(Opening {
                        at,
                        reason: labels.get("reason").unwrap_or_default().to_owned(),
                        again: 0,
                        closed: None,
                    });
                }
            }
            (_, Some("closed")) => {
                let since = self.open_since.take();
                self.not_closed += since.map_or(Duration::ZERO, |since| {
                    Duration::from_nanos(at.saturating_sub(since))
                });
                if let Some(opening) = self.last_kept() {
                    opening.closed = Some(at);
                }
            }
            (_, Some("open")) => {
                if let Some(opening) = self.last_kept() {
                    opening.again += 1;
                }
            }
            _ => {}
        }
    }

    /// The opening that is going on, if it is one of those that are kept.
    fn last_kept(&mut self) -> Option<&mut Opening> {
        let is_last = self.opened == self.openings.len() as u64;
        self.openings.last_mut().filter(|_| is_last)
    }
}

/// `<label>=<value>;.<label>=<value>;`
struct Labels<'m>(&'m str);

impl<'m> Labels<'m> {
    fn get(&self, label: &str) -> Option<&'m str> {
        // A value may hold dots, but no semicolon.
        let mut labels = self.0.split(';').map(|one| one.strip_prefix('.').unwrap_or(one));
        labels.find_map(|one| one.strip_prefix(label)?.strip_prefix('='))
    }

    /// Which breaker it is, with all that tells it from others.
    fn breaker(&self) -> Option<String> {
        let name = self.get("breaker")?;
        let more = ["direction", "position"]
            .iter()
            .filter_map(|label| self.get(label));
        Some(more.fold(name.to_owned(), |name, more| format!("{name} ({more})")))
    }
}

#[cfg(test)]
mod tests {
    use super::{Breakers, Opening};
    use host::MetricMove;
    use std::time::Duration;

    fn noted(moves: &[(&str, u64)]) -> Breakers {
        let mut breakers = Breakers::default();
        for (number, (name, value)) in moves.iter().enumerate() {
            let moved = MetricMove {
                after: Duration::ZERO,
                name: (*name).into(),
                value: *value,
            };
            breakers.note(&moved, number as u64 * 1_000_000_000);
        }
        breakers
    }

    fn transition(from: &str, to: &str, reason: &str) -> String {
        format!("circuit_breaker_transitions_total.breaker=a.b;.from={from};.to={to};.reason={reason};")
    }

    #[test]
    fn an_opening_lasts_until_the_breaker_is_closed_again() {
        let names = [
            transition("closed", "open", "failure_rate"),
            transition("open", "half_open", "open_elapsed"),
            transition("half_open", "open", "probe_failed"),
            transition("open", "half_open", "open_elapsed"),
            transition("half_open", "closed", "probes_succeeded"),
        ];
        let moves: Vec<(&str, u64)> = names.iter().map(|name| (name.as_str(), 1)).collect();
        let breakers = noted(&moves);
        let breaker = &breakers.all["a.b"];
        assert_eq!(
            breaker.openings,
            [Opening {
                at: 0,
                reason: "failure_rate".to_owned(),
                again: 1,
                closed: Some(4_000_000_000),
            }]
        );
        assert_eq!((breaker.opened, breaker.not_closed), (1, Duration::from_secs(4)));
    }

    #[test]
    fn rejections_are_counted_by_mode_and_breakers_by_direction() {
        let breakers = noted(&[
            (
                "circuit_breaker_calls_total.breaker=a;.direction=inbound;.outcome=rejected;.mode=enforce;",
                7,
            ),
            (
                "circuit_breaker_calls_total.breaker=a;.direction=inbound;.outcome=rejected;.mode=shadow;",
                3,
            ),
            (
                "circuit_breaker_calls_total.breaker=a;.outcome=failure;.mode=enforce;",
                5,
            ),
        ]);
        let breaker = &breakers.all["a (inbound)"];
        assert_eq!((breaker.rejected, breaker.rejected_in_shadow), (7, 3));
        assert_eq!(breakers.all.len(), 1);
    }
}
