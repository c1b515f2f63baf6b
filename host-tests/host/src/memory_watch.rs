//! Memory that grows from exchange to exchange: a leak, told from what a plugin may well do.
//!
//! A guest's memory never shrinks, and only its size can be seen, in pages of 64 KiB. A plugin may grow it at its first
//! exchanges (caches, pools), now and then (a table that doubles), or because it was never asked for as much before. What
//! leaks grows steadily. So the rule looks at when a VM grew, over all its exchanges in order of their ends:
//!
//! * it has served at least [`FEWEST`] exchanges,
//! * of these, cut into eight stretches of the same length, each of the last six saw it grow,
//! * not counting growth in an exchange that handed the guest more bytes, or found more exchanges under way, than any
//!   before it.
//!
//! With 16 exchanges that finds a page in every second one, with 800 it finds 655 bytes in each.

/// Fewer exchanges say nothing about a pace.
const FEWEST: usize = 16;

/// When the memory of one VM grew.
#[derive(Debug, Default)]
pub(crate) struct MemoryWatch {
    /// Of each exchange, whether it grew without an excuse.
    grew: Vec<bool>,
    first: u64,
    pages: u64,
    most_bytes: u64,
    most_open: usize,
}

impl MemoryWatch {
    /// An exchange has ended, in which the host handed the guest so many bytes, while so many others are under way.
    pub(crate) fn exchange_ended(&mut self, pages: u64, bytes: u64, open: usize) {
        let is_first = self.grew.is_empty();
        let has_an_excuse = is_first || bytes > self.most_bytes || open > self.most_open;
        if is_first {
            self.first = pages;
        }
        self.grew.push(pages > self.pages && !has_an_excuse);
        self.pages = pages;
        self.most_bytes = self.most_bytes.max(bytes);
        self.most_open = self.most_open.max(open);
    }

    /// What to say of it, if it leaks.
    pub(crate) fn leak(&self) -> Option<String> {
        let exchanges = self.grew.len();
        let stretch = |eighth: usize| &self.grew[exchanges * eighth / 8..exchanges * (eighth + 1) / 8];
        let is_steady = (2..8).all(|eighth| stretch(eighth).contains(&true));
        (exchanges >= FEWEST && is_steady).then(|| {
            let pages = self.pages - self.first;
            format!("grew steadily, by {} KiB over {exchanges} exchanges", pages * 64)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::MemoryWatch;

    /// Whether a VM leaks that has so many pages after each exchange.
    fn leaks(pages: impl IntoIterator<Item = u64>) -> bool {
        let mut watch = MemoryWatch::default();
        for pages in pages {
            watch.exchange_ended(pages, 100, 0);
        }
        watch.leak().is_some()
    }

    #[test]
    fn a_steady_pace_is_a_leak_however_slow() {
        assert!(leaks(1..=16));
        assert!(leaks((1..=16).map(|n| n / 2)));
        assert!(leaks((1..=800).map(|n| n / 60)));
    }

    #[test]
    fn few_exchanges_are_no_pace() {
        assert!(!leaks(1..=15));
    }

    #[test]
    fn what_warms_up_or_doubles_or_grows_once_is_no_leak() {
        assert!(!leaks((1..=64).map(|n| n.min(16))));
        assert!(!leaks((1_u64..=4096).map(u64::next_power_of_two)));
        assert!(!leaks((1..=64).map(|n| 1 + u64::from(n > 40))));
        assert!(!leaks((1..=64).map(|_| 7)));
        // One stretch in which nothing grew is enough.
        assert!(!leaks((1..=64).map(|n| if n < 56 { n } else { 56 })));
    }

    #[test]
    fn more_work_than_ever_is_an_excuse() {
        let mut larger = MemoryWatch::default();
        let mut busier = MemoryWatch::default();
        for n in 1..=64 {
            larger.exchange_ended(n, n * 1000, 0);
            busier.exchange_ended(n, 100, n as usize);
        }
        assert_eq!((larger.leak(), busier.leak()), (None, None));
    }

    #[test]
    fn the_first_exchange_is_where_it_starts_from() {
        let mut watch = MemoryWatch::default();
        for n in 0..16 {
            watch.exchange_ended(20 + n, 100, 0);
        }
        let said = watch.leak().expect("it grows each time");
        assert_eq!(said, "grew steadily, by 960 KiB over 16 exchanges");
    }
}
