//! Breakers whose state gauge somebody has set.
//!
//! A gauge lives as long as the proxy, and a breaker only as long as a configuration names it: without more, the gauge
//! of an open breaker that is configured no longer shows it open for ever. No worker knows what the others still have,
//! nor what the configuration before it had. So all of them share one record of the gauges that they set, vouch in it
//! for those that they know, and set to 0 what nobody has vouched for in a while ([`Gauges::take_stale`]).
//!
//! A clock that jumps, or all workers standing still, would make every gauge look forgotten. So the record also says
//! when somebody last looked, and where that is too long ago, all that it lists is as if vouched for now.

use crate::binary::{put, put_text, seal, unseal};

/// The version of the form.
const VERSION: u8 = 1;

/// The name of the record in shared data. It has the version of its form, and is no breaker's.
pub const NAME: &str = "circuit_breaker/gauges/1";

/// So many gauges are listed. More of them are not set to 0 when their breakers are gone.
pub const MOST_GAUGES: usize = 1_000;
/// The longest name of a record, in bytes, and the longest name of a gauge. Longer ones are not listed.
pub const LONGEST_RECORD: usize = 512;
/// See [`LONGEST_RECORD`].
pub const LONGEST_GAUGE: usize = 512;

/// A gauge is vouched for anew after so long.
const VOUCHED_MILLIS: u64 = 5_000;
/// After so long without it, nobody knows it any more: two tries to write it may have failed.
const STALE_MILLIS: u64 = 15_000;
/// Somebody looks each second, and says so every 5 seconds. After so long without it, it is the clock that is to be
/// doubted. A shorter jump does not make stale what is vouched for every 5 to 6 seconds.
const LONGEST_PAUSE_MILLIS: u64 = 8_000;
/// How far another worker's clock may be ahead.
const SKEW_MILLIS: u64 = 1_000;

/// The gauges that are listed. The default is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gauges {
    /// When somebody last looked for stale ones, in milliseconds, give or take how often that is written.
    looked_millis: u64,
    /// In order, and so each of them once.
    listed: Vec<Gauge>,
}

/// A gauge that somebody has set. Several breakers may share a gauge, and one may change to another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gauge {
    /// The name of the breaker's record ([`crate::breaker_key::Family`]).
    pub record: String,
    /// The gauge's name, with its labels.
    pub name: String,
    vouched_millis: u64,
}

impl Gauge {
    fn key(&self) -> (&str, &str) {
        (&self.record, &self.name)
    }

    /// Whether that was due.
    fn renew(&mut self, now_millis: u64) -> bool {
        let is_due = age(self.vouched_millis, now_millis).is_none_or(|age| age > VOUCHED_MILLIS);
        if is_due {
            self.vouched_millis = now_millis;
        }
        is_due
    }
}

impl Gauges {
    /// The gauges that these bytes list. What is no such record lists none.
    pub fn decode(bytes: &[u8]) -> Self {
        read(bytes).unwrap_or_default()
    }

    /// As bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut to = vec![VERSION];
        put(&mut to, self.looked_millis);
        for gauge in &self.listed {
            put(&mut to, gauge.vouched_millis);
            for text in [&gauge.record, &gauge.name] {
                put_text(&mut to, text);
            }
        }
        seal(to)
    }

    /// The bytes to write, where these are others than what was read: `None` stands for no record, and for nothing to
    /// write.
    pub fn changed_from(&self, read: Option<&[u8]>) -> Option<Vec<u8>> {
        let before = read.map(Self::decode).unwrap_or_default().encode();
        let after = self.encode();
        (before != after).then_some(after)
    }

    /// Says that the gauge of this breaker is set and known. Whether that needs writing: it is new, or was last vouched
    /// for more than 5 seconds ago. One that cannot be listed needs none.
    pub fn vouch(&mut self, record: &str, name: &str, now_millis: u64) -> bool {
        let place = self.listed.partition_point(|gauge| gauge.key() < (record, name));
        if let Some(gauge) = self
            .listed
            .get_mut(place)
            .filter(|gauge| gauge.key() == (record, name))
        {
            return gauge.renew(now_millis);
        }
        let fits = record.len() <= LONGEST_RECORD && name.len() <= LONGEST_GAUGE;
        let is_listed = fits && self.listed.len() < MOST_GAUGES;
        if is_listed {
            let gauge = Gauge {
                record: record.to_owned(),
                name: name.to_owned(),
                vouched_millis: now_millis,
            };
            self.listed.insert(place, gauge);
        }
        is_listed
    }

    /// Says the same of all that are listed and known, by the names of their records.
    pub fn vouch_for_all(&mut self, now_millis: u64, is_known: &dyn Fn(&str) -> bool) {
        for gauge in &mut self.listed {
            if is_known(&gauge.record) {
                gauge.renew(now_millis);
            }
        }
    }

    /// Takes out what nobody vouched for in 15 seconds, and gives the names that nothing listed has any more: those
    /// gauges are to be 0, once this is written. To be called each second, and after one's own gauges are vouched for.
    pub fn take_stale(&mut self, now_millis: u64) -> Vec<String> {
        match age(self.looked_millis, now_millis).filter(|age| *age <= LONGEST_PAUSE_MILLIS) {
            // Worth a write only now and then.
            Some(age) if age < VOUCHED_MILLIS => {}
            Some(_) => self.look(now_millis),
            None => {
                self.look(now_millis);
                for gauge in &mut self.listed {
                    gauge.vouched_millis = now_millis;
                }
            }
        }
        for gauge in &mut self.listed {
            // One from the future, whoever wrote it, has all its time from now on.
            if age(gauge.vouched_millis, now_millis).is_none() {
                gauge.vouched_millis = now_millis;
            }
        }
        let is_stale = |gauge: &Gauge| now_millis.saturating_sub(gauge.vouched_millis) >= STALE_MILLIS;
        let gone: Vec<Gauge>;
        (gone, self.listed) = core::mem::take(&mut self.listed).into_iter().partition(is_stale);
        let mut stale: Vec<String> = Vec::new();
        // There are few, if any: to sort them would be more code than all of this.
        for Gauge { name, .. } in gone {
            let is_listed = self.listed.iter().any(|gauge| gauge.name == name);
            if !is_listed && !stale.contains(&name) {
                stale.push(name);
            }
        }
        stale
    }

    /// What is listed, in the order of the records' names.
    pub fn entries(&self) -> &[Gauge] {
        &self.listed
    }

    /// Where nothing is listed, there is nothing to look for, and nothing worth writing.
    fn look(&mut self, now_millis: u64) {
        if !self.listed.is_empty() {
            self.looked_millis = now_millis;
        }
    }
}

/// How long ago something was. `None`: it lies in the future, further than clocks are apart.
fn age(then_millis: u64, now_millis: u64) -> Option<u64> {
    (then_millis <= now_millis.saturating_add(SKEW_MILLIS)).then(|| now_millis.saturating_sub(then_millis))
}

fn read(bytes: &[u8]) -> Option<Gauges> {
    let mut from = unseal(bytes, VERSION)?;
    let looked_millis = from.u64()?;
    let mut listed: Vec<Gauge> = Vec::new();
    while !from.is_empty() {
        let gauge = Gauge {
            vouched_millis: from.u64()?,
            record: from.text_up_to(LONGEST_RECORD)?,
            name: from.text_up_to(LONGEST_GAUGE)?,
        };
        let follows = listed.last().is_none_or(|last| last.key() < gauge.key());
        if !follows || listed.len() >= MOST_GAUGES {
            return None;
        }
        listed.push(gauge);
    }
    Some(Gauges {
        looked_millis,
        listed,
    })
}

#[cfg(test)]
mod tests;
