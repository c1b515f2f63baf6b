//! What an exchange cost: host calls, wasm fuel, bytes copied between guest and host, memory grown.
//!
//! For a pinned toolchain fuel is the same to the last unit from run to run, so a cost can stand in a golden file.

use std::collections::BTreeMap;
use std::fmt;

use crate::exchange::Exchange;
use crate::host::Host;

/// What one callback of one filter spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    /// The plugin's name.
    pub plugin: String,
    /// The callback.
    pub callback: &'static str,
    /// Host calls by name.
    pub calls: BTreeMap<&'static str, u64>,
    /// Units of wasm fuel, about one for each instruction.
    pub fuel: u64,
    /// Bytes that the host read from the guest.
    pub bytes_in: u64,
    /// Bytes that the host wrote into the guest.
    pub bytes_out: u64,
    /// Pages of 64 KiB by which the guest's memory grew.
    pub pages_grown: u64,
}

/// What the host functions of one callback add up; the VM turns it into a `Spent`.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    pub(crate) calls: BTreeMap<&'static str, u64>,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
}

/// The cost of an exchange, per callback in the order in which they ran.
///
/// ```
/// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
/// let exchange = host::Host::new(plugin).get("/").header("x-api-key", "k").answered_with(200);
/// let cost = exchange.cost();
/// assert_eq!(cost.calls(), 1, "{cost}");
/// // Pointer, length and the one byte of the key.
/// assert_eq!(cost.bytes_out(), 9, "{cost}");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// One entry for each callback that ran.
    pub callbacks: Vec<Spent>,
}

impl Cost {
    /// All host calls.
    pub fn calls(&self) -> u64 {
        self.callbacks.iter().flat_map(|spent| spent.calls.values()).sum()
    }

    /// All fuel.
    pub fn fuel(&self) -> u64 {
        self.callbacks.iter().map(|spent| spent.fuel).sum()
    }

    /// All bytes that the host read from guests.
    pub fn bytes_in(&self) -> u64 {
        self.callbacks.iter().map(|spent| spent.bytes_in).sum()
    }

    /// All bytes that the host wrote into guests.
    pub fn bytes_out(&self) -> u64 {
        self.callbacks.iter().map(|spent| spent.bytes_out).sum()
    }

    /// All pages of 64 KiB by which guests' memories grew.
    pub fn pages_grown(&self) -> u64 {
        self.callbacks.iter().map(|spent| spent.pages_grown).sum()
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = |f: &mut fmt::Formatter<'_>, name: &str, numbers: [u64; 5]| {
            let [calls, fuel, bytes_in, bytes_out, pages] = numbers;
            writeln!(
                f,
                "{name:<40} {calls:>5} {fuel:>9} {bytes_in:>8} {bytes_out:>9} {pages:>5}"
            )
        };
        writeln!(
            f,
            "{:<40} {:>5} {:>9} {:>8} {:>9} {:>5}",
            "callback", "calls", "fuel", "bytes in", "bytes out", "pages"
        )?;
        for spent in &self.callbacks {
            let name = format!("{} {}", spent.plugin, spent.callback);
            let calls = spent.calls.values().sum();
            row(
                f,
                &name,
                [
                    calls,
                    spent.fuel,
                    spent.bytes_in,
                    spent.bytes_out,
                    spent.pages_grown,
                ],
            )?;
            for (call, count) in &spent.calls {
                writeln!(f, "    {call:<36} {count:>5}")?;
            }
        }
        let total = [
            self.calls(),
            self.fuel(),
            self.bytes_in(),
            self.bytes_out(),
            self.pages_grown(),
        ];
        row(f, "total", total)
    }
}

/// The cost of a first exchange, which warms a worker up, and of those after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usual {
    /// The first exchange on this worker.
    pub first: Cost,
    /// Every later one.
    pub usual: Cost,
}

/// Measures the same exchange three times on a host that has served nothing yet.
///
/// # Panics
/// When the second and the third cost differ in host calls: then there is no usual cost to speak of. (Fuel may
/// differ where a plugin's work depends on random numbers.)
///
/// # Examples
/// ```
/// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
/// use host::{Host, cost};
/// let cost = cost::usual(&Host::new(plugin), |host| host.get("/").header("x-api-key", "k").answered_with(200));
/// assert_eq!(cost.usual.calls(), 1);
/// assert_eq!(cost.first, cost.usual, "nothing to warm up");
/// ```
#[track_caller]
pub fn usual(host: &Host, exchange: impl Fn(&Host) -> Exchange) -> Usual {
    let [first, usual, third] = [exchange(host), exchange(host), exchange(host)].map(|done| done.cost());
    let calls = |cost: &Cost| -> Vec<_> {
        cost.callbacks
            .iter()
            .map(|spent| (spent.callback, spent.calls.clone()))
            .collect()
    };
    assert!(
        calls(&usual) == calls(&third),
        "the same exchange did not make the same host calls twice\nsecond:\n{usual}\nthird:\n{third}"
    );
    Usual { first, usual }
}

/// By how many pages of 64 KiB the memories of all VMs grow in the second half of so many exchanges. 0 for a plugin that
/// keeps nothing: among 2000 exchanges a leak of 64 bytes in each is seen.
///
/// # Examples
/// ```
/// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
/// use host::{Host, cost};
/// let host = Host::new(plugin);
/// let growth = cost::growth(&host, 2000, |host| {
///     host.get("/").header("x-api-key", "k").answered_with(200);
/// });
/// assert_eq!(growth, 0);
/// ```
#[track_caller]
pub fn growth(host: &Host, exchanges: usize, exchange: impl Fn(&Host)) -> u64 {
    let half = exchanges / 2;
    (0..half).for_each(|_| exchange(host));
    let before = host.envoy().pages();
    (half..exchanges).for_each(|_| exchange(host));
    host.envoy().pages().saturating_sub(before)
}
