//! Log lines: one JSON object each, so that nobody has to parse a sentence.

use crate::host;
use log::Level;
use policy::json::Object;

/// A line that is being written. Every line has `timestamp`, `severity`, `plugin` and `event`, then its own members.
#[must_use = "a line is in the log once it is written"]
pub struct Line {
    level: Level,
    object: Object,
}

impl Line {
    pub(crate) fn new(plugin: &str, level: Level, event: &str) -> Self {
        // A line without its time is still better than none.
        let unix_millis = host::realtime().unwrap_or_default() / 1_000_000;
        let mut object = Object::default();
        object
            .text("timestamp", &policy::timestamp::rfc3339(unix_millis))
            .text("severity", level.as_str())
            .text("plugin", plugin)
            .text("event", event);
        Self { level, object }
    }

    /// Adds members.
    pub fn with(mut self, add: impl FnOnce(&mut Object)) -> Self {
        add(&mut self.object);
        self
    }

    /// Writes the line to the proxy's log.
    pub fn write(self) {
        host::log(self.level, &self.object.finish());
    }
}
