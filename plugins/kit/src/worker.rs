//! What a plugin has in each worker, whatever the phase: clocks, randomness, metrics, the log.

use crate::clock::Clock;
use crate::host::{self, Status};
use crate::line::Line;
use crate::metrics::{Counter, Gauge};
use crate::randomness::Randomness;
use log::Level;
use policy::dice::Dice;
use policy::json::Object;
use policy::log_limit::LogLimit;
use std::cell::Cell;
use std::rc::Rc;

/// Filter state that tells why each plugin decided as it did: a JSON list, in the order of the decisions.
const EXPLAIN: &str = "policy.explain";

/// How often time moves a plugin on, in milliseconds. One period for all: the host has one timer for a module.
const TICK_MILLIS: u32 = 1_000;

/// One plugin in one worker.
pub struct Worker {
    plugin: &'static str,
    service_name: Option<String>,
    configuration: u64,
    limit: Cell<LogLimit>,
    changes_limit: Cell<LogLimit>,
    clock: Rc<Clock>,
    randomness: Randomness,
    dice: Cell<Option<Dice>>,
    degradations: Cell<Vec<(&'static str, Counter)>>,
    /// Of the plugins of a module, not all may want the module's ticks.
    pub(crate) wants_ticks: Cell<bool>,
}

impl Worker {
    pub(crate) fn new(
        plugin: &'static str,
        common: &config::Common,
        configuration: u64,
        clock: &Rc<Clock>,
    ) -> Self {
        let limit = LogLimit::new(common.log.max_per_second.get());
        Self {
            plugin,
            service_name: common.service_name.as_ref().map(|name| name.to_string()),
            configuration,
            limit: Cell::new(limit),
            changes_limit: Cell::new(limit),
            clock: Rc::clone(clock),
            randomness: Randomness::default(),
            dice: Cell::default(),
            degradations: Cell::default(),
            wants_ticks: Cell::new(false),
        }
    }

    /// The plugin's name.
    pub(crate) fn plugin(&self) -> &'static str {
        self.plugin
    }

    /// The configured name of the service.
    pub fn service_name(&self) -> Option<&str> {
        self.service_name.as_deref()
    }

    /// A hash of the configuration of a plugin that registers its records: the same for all that means the same.
    pub fn configuration(&self) -> u64 {
        self.configuration
    }

    /// Milliseconds since the Unix epoch; `None` if the host has no clock.
    pub fn unix_millis(&self) -> Option<u64> {
        self.tolerate("clock", host::realtime())
            .map(|nanoseconds| nanoseconds / 1_000_000)
    }

    /// Milliseconds of a clock that all workers share and that never goes back, the same all through a callback; `None` if
    /// the host has none.
    pub fn monotonic_millis(&self) -> Option<u64> {
        self.tolerate("monotonic_clock", self.clock.nanos())
            .map(|nanoseconds| nanoseconds / 1_000_000)
    }

    /// A number drawn evenly from 0 to 1 (1 excluded), without asking the host each time: for what spreads load, not for
    /// secrets.
    pub fn draw(&self) -> f64 {
        let mut dice = self.dice.get();
        // Where the host has no randomness, the time is better than nothing.
        let mut dice = *dice.get_or_insert_with(|| match self.random() {
            Some(seed) => Dice::new(u64::from_le_bytes(seed)),
            None => Dice::new(self.clock.nanos().unwrap_or_default()),
        });
        let drawn = dice.draw();
        self.dice.set(Some(dice));
        drawn
    }

    /// Asks the host for [`crate::Root::tick`], once a second.
    pub fn ask_for_ticks(&self) {
        self.wants_ticks.set(true);
        self.tolerate("tick_period", host::set_tick_period(TICK_MILLIS));
    }

    /// Random bytes; `None` if the host has none.
    pub fn random<const N: usize>(&self) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        self.tolerate("random", self.randomness.fill(&mut bytes))
            .map(|()| bytes)
    }

    /// The counter of this name and these labels. Names and values of labels must be bounded by configuration: the
    /// host never forgets one.
    pub fn counter(&self, name: &str, labels: &[(&str, &str)]) -> Counter {
        Counter::define(self, name, labels)
    }

    /// The gauge of this raw name ([`crate::raw_name`]), bounded as a counter's is.
    pub fn gauge(&self, raw_name: &str) -> Gauge {
        Gauge::define(self, raw_name)
    }

    /// A line of the log, unless the worker has written as many in this second as `log.max_per_second` allows.
    pub fn line(&self, level: Level, event: &str) -> Option<Line> {
        self.limited_line(&self.limit, level, event)
    }

    /// As [`Worker::line`], of a change that lasts: such lines have a bound of their own, of the same size. No flood of
    /// lines about single requests is to hold back the one that tells when it began or ended.
    pub fn change_line(&self, level: Level, event: &str) -> Option<Line> {
        self.limited_line(&self.changes_limit, level, event)
    }

    fn limited_line(&self, limit: &Cell<LogLimit>, level: Level, event: &str) -> Option<Line> {
        // Without a clock there is no second to count in: such a line is held back.
        let now_millis = self.clock.nanos().ok()? / 1_000_000;
        let mut lines = limit.get();
        let admitted = lines.admit(now_millis);
        limit.set(lines);
        let held_back = admitted?;
        Some(Line::new(self.plugin, level, event).with(|line| {
            if let Some(name) = &self.service_name {
                line.text("service_name", name);
            }
            if held_back > 0 {
                line.number("held_back", held_back);
            }
        }))
    }

    /// Counts and logs that the plugin had to give up on something, or passed over it. `what` is a word for the step.
    pub fn degrade(&self, what: &'static str, reason: &str) {
        self.count_degradation(what);
        if let Some(line) = self.line(Level::Warn, "degradation") {
            line.with(|line| {
                line.text("what", what).text("reason", reason);
            })
            .write();
        }
    }

    /// Counts and logs the unknown keys that were passed over in the configuration.
    pub(crate) fn passed_over(&self, unknown: &config::Faults) {
        for unknown in unknown.iter() {
            self.count_degradation("unknown_key");
            Line::new(self.plugin, Level::Warn, "configuration_passed_over")
                .with(|line| {
                    line.text("path", unknown.path()).text("fault", unknown.rule());
                })
                .write();
        }
    }

    /// Filter state that a filter of ours has set in this exchange.
    pub(crate) fn filter_state(&self, name: &str) -> Option<Vec<u8>> {
        self.tolerate_absence("filter_state", host::property(name))
    }

    /// How often a request has been tried.
    pub(crate) fn attempts(&self) -> u64 {
        self.tolerate_absence("attempt_count", host::property(host::ATTEMPTS))
            .and_then(|bytes| bytes.first_chunk::<8>().copied())
            .map_or(0, u64::from_le_bytes)
    }

    /// Sets filter state that other filters and the access log read.
    pub(crate) fn set_filter_state(&self, name: &str, value: &[u8]) {
        self.tolerate("set_filter_state", host::set_property(name, value));
    }

    /// Adds a plugin's explanation to those that others wrote into filter state.
    pub(crate) fn explain(&self, plugin: &str, explanation: &Object) {
        let mut mine = Object::default();
        mine.text("plugin", plugin).members(explanation);
        let others = self
            .tolerate_absence("explain", host::property(EXPLAIN))
            .unwrap_or_default();
        self.tolerate("explain", host::set_property(EXPLAIN, &mine.appended_to(&others)));
    }

    /// Takes the host's answer, and counts and logs where there is none.
    pub(crate) fn tolerate<T>(&self, what: &'static str, answer: Result<T, Status>) -> Option<T> {
        answer.inspect_err(|status| self.failed(what, *status)).ok()
    }

    #[cold]
    #[inline(never)]
    fn failed(&self, what: &'static str, status: Status) {
        match status {
            Status::UNREADABLE => self.degrade(what, "the host's answer cannot be read"),
            Status(number) => self.degrade(what, &format!("the host answered status {number}")),
        }
    }

    /// As `tolerate`, where it is usual that nothing is found.
    pub(crate) fn tolerate_absence<T>(&self, what: &'static str, answer: Result<T, Status>) -> Option<T> {
        match answer {
            Err(Status::NOT_FOUND) => None,
            answer => self.tolerate(what, answer),
        }
    }

    fn count_degradation(&self, what: &'static str) {
        let mut counters = self.degradations.take();
        let counter = match counters.iter().find(|(known, _)| *known == what) {
            Some((_, counter)) => *counter,
            None => {
                let labels = [("plugin", self.plugin), ("what", what)];
                let counter = Counter::define_quietly("policy_degradations_total", &labels);
                counters.push((what, counter));
                counter
            }
        };
        self.degradations.set(counters);
        counter.increment_quietly();
    }
}
