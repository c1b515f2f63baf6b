//! Metrics, with Envoy's rules of which operation each kind takes. All VMs of an Envoy share the values.

use std::collections::BTreeMap;

use crate::abi::Status;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// The values, by name and kind. A histogram's value here is how many values were recorded.
#[derive(Default)]
pub(crate) struct Metrics {
    values: BTreeMap<(String, Kind), u64>,
}

impl Metrics {
    /// The value of this name, whatever its kind; 0 when nothing defined it.
    pub(crate) fn value(&self, name: &str) -> u64 {
        [Kind::Counter, Kind::Gauge, Kind::Histogram]
            .iter()
            .find_map(|&kind| self.values.get(&(name.to_owned(), kind)).copied())
            .unwrap_or(0)
    }

    /// Adds one to a counter of Envoy's own.
    pub(crate) fn count(&mut self, name: String) {
        *self.values.entry((name, Kind::Counter)).or_insert(0) += 1;
    }

    /// Every metric that was defined.
    pub(crate) fn all(&self) -> BTreeMap<String, u64> {
        self.values
            .iter()
            .map(|((name, _), value)| (name.clone(), *value))
            .collect()
    }
}

/// The numbers by which one VM knows its metrics: the kind is in the low two bits, as in Envoy.
#[derive(Default)]
pub(crate) struct MetricIds {
    defined: BTreeMap<u32, (String, Kind)>,
    counts: [u32; 3],
}

const KIND_BITS: u32 = 2;

impl MetricIds {
    /// Every definition gives a new number, also of a name that is defined already.
    pub(crate) fn define(&mut self, metrics: &mut Metrics, kind: u32, name: &[u8]) -> Result<u32, Status> {
        let kind = kind_of(kind).ok_or(Status::BAD_ARGUMENT)?;
        let name = String::from_utf8_lossy(name).into_owned();
        metrics.values.entry((name.clone(), kind)).or_insert(0);
        let count = &mut self.counts[kind as usize];
        *count += 1;
        let id = (*count << KIND_BITS) | kind as u32;
        self.defined.insert(id, (name, kind));
        Ok(id)
    }

    /// Adds to a counter (more than 0) or a gauge (anything).
    pub(crate) fn increment(&self, metrics: &mut Metrics, id: u32, offset: i64) -> Result<(), Status> {
        if !matches!(kind_of(id & 3), Some(Kind::Counter | Kind::Gauge)) {
            return Err(Status::BAD_ARGUMENT);
        }
        let value = self.value_mut(metrics, id).ok_or(Status::NOT_FOUND)?;
        if id & 3 == Kind::Counter as u32 && offset <= 0 {
            return Err(Status::BAD_ARGUMENT);
        }
        *value = value.wrapping_add_signed(offset);
        Ok(())
    }

    /// Sets a gauge, adds to a counter, records into a histogram.
    pub(crate) fn record(&self, metrics: &mut Metrics, id: u32, recorded: u64) -> Result<(), Status> {
        let value = self.value_mut(metrics, id).ok_or(Status::NOT_FOUND)?;
        *value = match kind_of(id & 3) {
            Some(Kind::Gauge) => recorded,
            Some(Kind::Histogram) => *value + 1,
            _ => value.wrapping_add(recorded),
        };
        Ok(())
    }

    /// The value of a counter or a gauge.
    pub(crate) fn get(&self, metrics: &mut Metrics, id: u32) -> Result<u64, Status> {
        if !matches!(kind_of(id & 3), Some(Kind::Counter | Kind::Gauge)) {
            return Err(Status::BAD_ARGUMENT);
        }
        self.value_mut(metrics, id).copied().ok_or(Status::NOT_FOUND)
    }

    fn value_mut<'m>(&self, metrics: &'m mut Metrics, id: u32) -> Option<&'m mut u64> {
        metrics.values.get_mut(self.defined.get(&id)?)
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

    // Numbers and statuses are those of Envoy 1.40.0 for the same calls.
    #[test]
    fn each_kind_takes_the_operations_that_envoy_gives_it() {
        let (mut metrics, mut ids) = (Metrics::default(), MetricIds::default());
        let mut define = |kind, name: &str| ids.define(&mut metrics, kind, name.as_bytes());
        assert_eq!(define(0, "c"), Ok(4));
        assert_eq!(define(0, "c"), Ok(8));
        assert_eq!(define(1, "g"), Ok(5));
        assert_eq!(define(2, "h"), Ok(6));
        assert_eq!(define(3, "x"), Err(Status::BAD_ARGUMENT));

        assert_eq!(ids.increment(&mut metrics, 4, 2), Ok(()));
        assert_eq!(ids.increment(&mut metrics, 4, 0), Err(Status::BAD_ARGUMENT));
        assert_eq!(ids.increment(&mut metrics, 4, -1), Err(Status::BAD_ARGUMENT));
        assert_eq!(ids.get(&mut metrics, 8), Ok(2));
        assert_eq!(ids.record(&mut metrics, 8, 3), Ok(()));
        assert_eq!(metrics.value("c"), 5);

        assert_eq!(ids.record(&mut metrics, 5, 9), Ok(()));
        assert_eq!(ids.increment(&mut metrics, 5, -7), Ok(()));
        assert_eq!(ids.increment(&mut metrics, 5, 0), Ok(()));
        assert_eq!(ids.get(&mut metrics, 5), Ok(2));

        assert_eq!(ids.record(&mut metrics, 6, 70), Ok(()));
        assert_eq!(ids.increment(&mut metrics, 6, 1), Err(Status::BAD_ARGUMENT));
        assert_eq!(ids.get(&mut metrics, 6), Err(Status::BAD_ARGUMENT));
        assert_eq!(metrics.value("h"), 1);

        assert_eq!(ids.increment(&mut metrics, 0, 5), Err(Status::NOT_FOUND));
        assert_eq!(ids.record(&mut metrics, 77, 1), Err(Status::NOT_FOUND));
        assert_eq!(ids.get(&mut metrics, 2), Err(Status::BAD_ARGUMENT));
        assert_eq!(ids.get(&mut metrics, 77), Err(Status::NOT_FOUND));
        assert_eq!(metrics.value("never defined"), 0);
    }
}
