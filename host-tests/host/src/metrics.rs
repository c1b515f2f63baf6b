//! Metrics, with Envoy's rules of which operation each kind takes. All VMs of an Envoy share the values.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::abi::Status;
use crate::clock::Clock;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// The values, by name and kind. A histogram's value here is how many values were recorded.
#[derive(Default)]
pub(crate) struct Metrics {
    places: BTreeMap<(String, Kind), usize>,
    values: Vec<Metric>,
    /// Only names that begin so are watched.
    watched: Option<String>,
    moves: Vec<MetricMove>,
}

struct Metric {
    value: u64,
    /// Its name, where it is watched.
    watched: Option<Arc<str>>,
}

/// A metric that took another value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricMove {
    /// When: since the host was made.
    pub after: Duration,
    /// Which.
    pub name: Arc<str>,
    /// To what; for a histogram how many values it has.
    pub value: u64,
}

impl Metrics {
    /// The value of this name, whatever its kind; 0 when nothing defined it.
    pub(crate) fn value(&self, name: &str) -> u64 {
        [Kind::Counter, Kind::Gauge, Kind::Histogram]
            .iter()
            .find_map(|&kind| self.places.get(&(name.to_owned(), kind)))
            .map_or(0, |&place| self.values[place].value)
    }

    /// Adds one to a counter of Envoy's own.
    pub(crate) fn count(&mut self, name: String) {
        let place = self.place(name, Kind::Counter);
        self.values[place].value += 1;
    }

    /// Every metric that was defined.
    pub(crate) fn all(&self) -> BTreeMap<String, u64> {
        self.places
            .iter()
            .map(|((name, _), place)| (name.clone(), self.values[*place].value))
            .collect()
    }

    /// From now on, moves of metrics whose names begin so are written down. For those that are not defined yet.
    pub(crate) fn watch(&mut self, beginning: &str) {
        self.watched = Some(beginning.to_owned());
    }

    /// The moves since the last call.
    pub(crate) fn take_moves(&mut self) -> Vec<MetricMove> {
        std::mem::take(&mut self.moves)
    }

    fn place(&mut self, name: String, kind: Kind) -> usize {
        let watched = self
            .watched
            .as_ref()
            .filter(|beginning| name.starts_with(*beginning));
        let watched = watched.map(|_| Arc::from(name.as_str()));
        *self.places.entry((name, kind)).or_insert_with(|| {
            self.values.push(Metric { value: 0, watched });
            self.values.len() - 1
        })
    }

    /// Changes a value, and writes that down where it is watched.
    fn change(&mut self, place: usize, now: &Clock, change: impl FnOnce(u64) -> u64) {
        let metric = &mut self.values[place];
        let before = metric.value;
        metric.value = change(before);
        if let Some(name) = metric.watched.as_ref().filter(|_| metric.value != before) {
            self.moves.push(MetricMove {
                after: now.elapsed(),
                name: name.clone(),
                value: metric.value,
            });
        }
    }
}

/// The numbers by which one VM knows its metrics: the kind is in the low two bits, as in Envoy.
#[derive(Default)]
pub(crate) struct MetricIds {
    defined: BTreeMap<u32, (usize, Kind)>,
    counts: [u32; 3],
}

const KIND_BITS: u32 = 2;

impl MetricIds {
    /// Every definition gives a new number, also of a name that is defined already.
    pub(crate) fn define(&mut self, metrics: &mut Metrics, kind: u32, name: &[u8]) -> Result<u32, Status> {
        let kind = kind_of(kind).ok_or(Status::BAD_ARGUMENT)?;
        let place = metrics.place(String::from_utf8_lossy(name).into_owned(), kind);
        let count = &mut self.counts[kind as usize];
        *count += 1;
        let id = (*count << KIND_BITS) | kind as u32;
        self.defined.insert(id, (place, kind));
        Ok(id)
    }

    /// Adds to a counter (more than 0) or a gauge (anything).
    pub(crate) fn increment(
        &self,
        metrics: &mut Metrics,
        now: &Clock,
        id: u32,
        offset: i64,
    ) -> Result<(), Status> {
        if !matches!(kind_of(id & 3), Some(Kind::Counter | Kind::Gauge)) {
            return Err(Status::BAD_ARGUMENT);
        }
        let (place, kind) = *self.defined.get(&id).ok_or(Status::NOT_FOUND)?;
        if kind == Kind::Counter && offset <= 0 {
            return Err(Status::BAD_ARGUMENT);
        }
        metrics.change(place, now, |value| value.wrapping_add_signed(offset));
        Ok(())
    }

    /// Sets a gauge, adds to a counter, records into a histogram.
    pub(crate) fn record(
        &self,
        metrics: &mut Metrics,
        now: &Clock,
        id: u32,
        recorded: u64,
    ) -> Result<(), Status> {
        let (place, kind) = *self.defined.get(&id).ok_or(Status::NOT_FOUND)?;
        metrics.change(place, now, |value| match kind {
            Kind::Gauge => recorded,
            Kind::Histogram => value + 1,
            Kind::Counter => value.wrapping_add(recorded),
        });
        Ok(())
    }

    /// The value of a counter or a gauge.
    pub(crate) fn get(&self, metrics: &Metrics, id: u32) -> Result<u64, Status> {
        if !matches!(kind_of(id & 3), Some(Kind::Counter | Kind::Gauge)) {
            return Err(Status::BAD_ARGUMENT);
        }
        let (place, _) = self.defined.get(&id).ok_or(Status::NOT_FOUND)?;
        Ok(metrics.values[*place].value)
    }
}

fn kind_of(number: u32) -> Option<Kind> {
    [Kind::Counter, Kind::Gauge, Kind::Histogram]
        .get(number as usize)
        .copied()
}

#[cfg(test)]
mod tests {
    use super::{MetricIds, Metrics};
    use crate::abi::Status;
    use crate::clock::Clock;

    // Numbers and statuses are those of Envoy 1.40.0 for the same calls.
    #[test]
    fn each_kind_takes_the_operations_that_envoy_gives_it() {
        let (mut metrics, mut ids) = (Metrics::default(), MetricIds::default());
        let now = Clock::new();
        let mut define = |kind, name: &str| ids.define(&mut metrics, kind, name.as_bytes());
        assert_eq!(define(0, "c"), Ok(4));
        assert_eq!(define(0, "c"), Ok(8));
        assert_eq!(define(1, "g"), Ok(5));
        assert_eq!(define(2, "h"), Ok(6));
        assert_eq!(define(3, "x"), Err(Status::BAD_ARGUMENT));

        assert_eq!(ids.increment(&mut metrics, &now, 4, 2), Ok(()));
        assert_eq!(ids.increment(&mut metrics, &now, 4, 0), Err(Status::BAD_ARGUMENT));
        assert_eq!(
            ids.increment(&mut metrics, &now, 4, -1),
            Err(Status::BAD_ARGUMENT)
        );
        assert_eq!(ids.get(&metrics, 8), Ok(2));
        assert_eq!(ids.record(&mut metrics, &now, 8, 3), Ok(()));
        assert_eq!(metrics.value("c"), 5);

        assert_eq!(ids.record(&mut metrics, &now, 5, 9), Ok(()));
        assert_eq!(ids.increment(&mut metrics, &now, 5, -7), Ok(()));
        assert_eq!(ids.increment(&mut metrics, &now, 5, 0), Ok(()));
        assert_eq!(ids.get(&metrics, 5), Ok(2));

        assert_eq!(ids.record(&mut metrics, &now, 6, 70), Ok(()));
        assert_eq!(ids.increment(&mut metrics, &now, 6, 1), Err(Status::BAD_ARGUMENT));
        assert_eq!(ids.get(&metrics, 6), Err(Status::BAD_ARGUMENT));
        assert_eq!(metrics.value("h"), 1);

        assert_eq!(ids.increment(&mut metrics, &now, 0, 5), Err(Status::NOT_FOUND));
        assert_eq!(ids.record(&mut metrics, &now, 77, 1), Err(Status::NOT_FOUND));
        assert_eq!(ids.get(&metrics, 2), Err(Status::BAD_ARGUMENT));
        assert_eq!(ids.get(&metrics, 77), Err(Status::NOT_FOUND));
        assert_eq!(metrics.value("never defined"), 0);
    }
}
