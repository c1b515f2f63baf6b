//! A scenario's time in columns, and what happened in each.

use crate::play::{Breaker, Kind, Played};
use crate::scenario::State;
use std::time::Duration;

/// What happened in each column.
pub(crate) struct Buckets {
    /// How long a column is.
    pub(crate) width: Duration,
    pub(crate) columns: usize,
    pub(crate) rows: Vec<Row>,
}

/// How many of something there were in each column.
pub(crate) struct Row {
    pub(crate) what: What,
    pub(crate) counts: Vec<usize>,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Tries of clients, when they begin; the next four are what became of these.
    Tries,
    Answered,
    Rejected,
    Failed,
    Gone,
    /// Attempts of the proxy at upstreams, when they begin.
    Attempts,
    /// Those of them that are not the first of their try.
    Retries,
}

impl What {
    /// What people call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            What::Tries => "requests",
            What::Answered => "answered",
            What::Rejected => "rejected",
            What::Failed => "failed",
            What::Gone => "no answer",
            What::Attempts => "attempts",
            What::Retries => "retries",
        }
    }
}

/// Widths in milliseconds that people can count in.
const WIDTHS: &[u64] = &[
    10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000,
    600_000, 1_800_000,
];

impl Buckets {
    /// At most so many columns.
    pub(crate) fn new(played: &Played, most: usize) -> Buckets {
        let millis = u64::try_from(played.lasts.as_millis()).unwrap_or(u64::MAX);
        let fits = |width: &&u64| millis.div_ceil(**width) <= most as u64;
        let width = WIDTHS
            .iter()
            .find(fits)
            .or(WIDTHS.last())
            .copied()
            .unwrap_or(1_000);
        let columns = usize::try_from(millis.div_ceil(width)).unwrap_or(most).max(1);
        let mut buckets = Buckets {
            width: Duration::from_millis(width),
            columns,
            rows: Vec::new(),
        };
        let mut tries: Vec<(What, Vec<Duration>)> = Vec::new();
        let mut count = |what: What, at: Duration| match tries.iter_mut().find(|(other, _)| *other == what) {
            Some((_, times)) => times.push(at),
            None => tries.push((what, vec![at])),
        };
        for made in &played.tries {
            count(What::Tries, made.at);
            let what = match made.kind() {
                Kind::Answered => What::Answered,
                Kind::Rejected => What::Rejected,
                Kind::Failed => What::Failed,
                Kind::Gone => What::Gone,
            };
            count(what, made.at);
        }
        for arrival in &played.arrivals {
            count(What::Attempts, arrival.at);
            if arrival.number > 1 {
                count(What::Retries, arrival.at);
            }
        }
        let order = [
            What::Tries,
            What::Answered,
            What::Rejected,
            What::Failed,
            What::Gone,
            What::Attempts,
            What::Retries,
        ];
        for what in order {
            let times = tries.iter().find(|(other, _)| *other == what);
            let times = times.map(|(_, times)| times.as_slice()).unwrap_or_default();
            let mut counts = vec![0; columns];
            for at in times {
                if let Some(cell) = counts.get_mut(buckets.column(*at)) {
                    *cell += 1;
                }
            }
            buckets.rows.push(Row { what, counts });
        }
        buckets
    }

    /// In which column this time is; one behind the last for what came after the end.
    pub(crate) fn column(&self, at: Duration) -> usize {
        usize::try_from(at.as_nanos() / self.width.as_nanos().max(1)).unwrap_or(self.columns)
    }

    /// The counts of this.
    pub(crate) fn of(&self, what: What) -> &[usize] {
        let row = self.rows.iter().find(|row| row.what == what);
        row.map(|row| row.counts.as_slice()).unwrap_or_default()
    }

    /// The highest count of all rows, at least 1.
    pub(crate) fn highest(&self) -> usize {
        self.rows
            .iter()
            .flat_map(|row| &row.counts)
            .copied()
            .max()
            .unwrap_or(0)
            .max(1)
    }

    /// A count of a column, in a second.
    pub(crate) fn per_second(&self, count: usize) -> f64 {
        count as f64 / self.width.as_secs_f64()
    }

    /// The state to show of a breaker in each column: half-open, which is short, before open, and that before closed.
    pub(crate) fn states(&self, breaker: &Breaker) -> Vec<State> {
        let rank = |state: &State| match state {
            State::Closed => 0,
            State::Open => 1,
            State::HalfOpen => 2,
        };
        let column = |index: usize| {
            let begin = self.width * u32::try_from(index).unwrap_or(u32::MAX);
            let end = begin + self.width;
            let meanwhile = breaker
                .transitions
                .iter()
                .filter(|transition| transition.at > begin && transition.at < end);
            let states = meanwhile
                .map(|transition| transition.to)
                .chain([breaker.state_at(begin)]);
            states.max_by_key(rank).unwrap_or(State::Closed)
        };
        (0..self.columns).map(column).collect()
    }
}
