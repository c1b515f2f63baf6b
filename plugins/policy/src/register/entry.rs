//! What is said of a record: what its own bytes do not tell.

use crate::binary::{Rest, put, put_text};
use crate::retry_budget::Settings;

/// The longest text of an entry, in bytes; longer ones are cut.
const LONGEST_TEXT: usize = 256;

/// What is said of a breaker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakerEntry {
    /// The value of its key ([`crate::breaker_key::Value`]).
    pub value: String,
    /// As metrics are labelled with it.
    pub label: String,
    /// A hash of the configuration by which it was met.
    pub configuration: u64,
    /// The version of the plugin that met it.
    pub plugin_version: String,
}

impl BreakerEntry {
    /// As bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut to = Vec::new();
        put_cut(&mut to, &self.value);
        put_cut(&mut to, &self.label);
        put(&mut to, self.configuration);
        put_cut(&mut to, &self.plugin_version);
        to
    }

    /// The entry that these bytes are; `None`: they are none.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut from = Rest::of(bytes);
        let entry = Self {
            value: from.text_up_to(LONGEST_TEXT)?,
            label: from.text_up_to(LONGEST_TEXT)?,
            configuration: from.u64()?,
            plugin_version: from.text_up_to(LONGEST_TEXT)?,
        };
        from.is_empty().then_some(entry)
    }
}

/// What is said of a budget of retries.
#[derive(Clone, Debug, PartialEq)]
pub struct BudgetEntry {
    /// The name of the cluster.
    pub cluster: String,
    /// How large it is.
    pub settings: Settings,
    /// A hash of the configuration by which it was met.
    pub configuration: u64,
    /// The version of the plugin that met it.
    pub plugin_version: String,
}

impl BudgetEntry {
    /// As bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut to = Vec::new();
        put_cut(&mut to, &self.cluster);
        put(&mut to, self.settings.percent.to_bits());
        put(&mut to, self.settings.interval_millis);
        put(&mut to, self.settings.min_count.into());
        put(&mut to, self.settings.min_interval_millis);
        put(&mut to, self.configuration);
        put_cut(&mut to, &self.plugin_version);
        to
    }

    /// The entry that these bytes are; `None`: they are none.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut from = Rest::of(bytes);
        let entry = Self {
            cluster: from.text_up_to(LONGEST_TEXT)?,
            settings: Settings {
                percent: f64::from_bits(from.u64()?),
                interval_millis: from.u64()?,
                min_count: u32::try_from(from.u64()?).ok()?,
                min_interval_millis: from.u64()?,
            },
            configuration: from.u64()?,
            plugin_version: from.text_up_to(LONGEST_TEXT)?,
        };
        from.is_empty().then_some(entry)
    }
}

fn put_cut(to: &mut Vec<u8>, text: &str) {
    let cut = text.floor_char_boundary(LONGEST_TEXT);
    put_text(to, text.get(..cut).unwrap_or_default());
}
