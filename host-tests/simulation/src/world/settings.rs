//! What an Envoy's plugins are told, drawn within bounds in which a story of a minute or two has something to tell.

use crate::dice::Dice;
use serde_json::{Value, json};

/// The configuration of one Envoy, as the model reads it and as the plugins do.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Its number, which makes each a configuration of its own.
    pub(crate) number: u64,
    pub(crate) breaker: Breaker,
    pub(crate) retry: Retry,
    pub(crate) ids: Ids,
    pub(crate) errors: Errors,
}

/// What tells breakers apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Cluster,
    Route,
    Name,
}

/// Of which calls a share is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    Millis(u64),
    Calls(u64),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    pub(crate) percent: u64,
    pub(crate) span: Span,
    pub(crate) min_calls: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Force {
    Open,
    Closed,
}

#[derive(Clone, Debug)]
pub(crate) struct Breaker {
    pub(crate) shadow: bool,
    pub(crate) key: Key,
    pub(crate) consecutive: Option<u64>,
    pub(crate) failure_rate: Option<Rate>,
    pub(crate) slow_rate: Option<Rate>,
    pub(crate) slower_than: u64,
    pub(crate) too_many_requests: bool,
    pub(crate) no_answer_after: u64,
    pub(crate) open_for: u64,
    pub(crate) multiplier: f64,
    pub(crate) open_max: u64,
    pub(crate) reset_after: u64,
    pub(crate) jitter: f64,
    pub(crate) honor_retry_after: bool,
    pub(crate) max_calls: u64,
    pub(crate) successes: u64,
    pub(crate) lease: u64,
    pub(crate) max_wait: u64,
    /// Over so long, from so many percent.
    pub(crate) ramp: Option<(u64, u64)>,
    pub(crate) push_back: bool,
    pub(crate) evict_idle: u64,
    pub(crate) force: Option<Force>,
}

#[derive(Clone, Debug)]
pub(crate) struct Budget {
    pub(crate) percent: u64,
    pub(crate) interval: u64,
    pub(crate) min_count: u64,
    pub(crate) min_interval: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Retry {
    pub(crate) attempts: u64,
    pub(crate) retry_on: &'static [&'static str],
    pub(crate) statuses: &'static [u16],
    pub(crate) unlocks_post: bool,
    pub(crate) timeout: Option<u64>,
    pub(crate) per_try_timeout: Option<u64>,
    pub(crate) reads_deadlines: bool,
    budget: Option<Budget>,
    pub(crate) allows_inbound: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Ids {
    pub(crate) trusts: bool,
    pub(crate) max_length: u64,
    pub(crate) uuid4: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Errors {
    pub(crate) format: &'static str,
    pub(crate) passthrough: &'static str,
}

/// What a route gives a request by itself.
pub(crate) const ROUTE_TIMEOUT: u64 = 8_000;

const RETRY_ON: [&[&str]; 4] = [
    &[
        "connect-failure",
        "refused-stream",
        "reset-before-request",
        "gateway-error",
    ],
    &["connect-failure", "gateway-error"],
    &["5xx"],
    &["connect-failure", "reset"],
];

impl Settings {
    /// `inside`: behind another Envoy, whose ids are believed whatever they are.
    pub(crate) fn drawn(dice: &mut Dice, number: u64, inside: bool) -> Settings {
        Settings {
            number,
            breaker: Breaker::drawn(dice),
            retry: Retry::drawn(dice),
            ids: Ids {
                trusts: !dice.in_100(20) || inside,
                max_length: if inside { 128 } else { dice.one_of([16, 64, 128]) },
                uuid4: dice.in_100(30),
            },
            errors: Errors {
                format: dice.one_of(["standard", "negotiate", "problem"]),
                passthrough: dice.one_of(["structured", "enveloped", "never"]),
            },
        }
    }

    /// Another configuration of the same Envoy: some of it is as it was.
    pub(crate) fn changed(&self, dice: &mut Dice, number: u64, inside: bool) -> Settings {
        let new = Settings::drawn(dice, number, inside);
        // Which breaker a request has, and whether anything comes of it, stays: another key would be another story.
        let (key, shadow) = (self.breaker.key, self.breaker.shadow);
        let breaker = match dice.in_100(70) {
            true => Breaker {
                key,
                shadow,
                ramp: new.breaker.ramp.filter(|_| !shadow),
                ..new.breaker
            },
            false => self.breaker.clone(),
        };
        let retry = match dice.in_100(50) {
            true => new.retry,
            false => self.retry.clone(),
        };
        Settings {
            breaker,
            retry,
            ..new
        }
    }

    /// The section of retry where it stands in a cluster.
    pub(crate) fn in_cluster(&self) -> Value {
        json!({ "default": self.retry.json() })
    }

    /// The sections of the four plugins, in the order of the chain.
    pub(crate) fn sections(&self) -> [(&'static str, Value); 4] {
        let name = format!("configuration-{}", self.number);
        let with = |default: Value, more: Value| {
            let mut section = json!({ "service_name": name, "default": default,
                "log": { "requests": false, "errors": "all", "max_per_second": 10000 } });
            if let (Value::Object(section), Value::Object(more)) = (&mut section, more) {
                section.extend(more);
            }
            section
        };
        let mode = if self.breaker.shadow { "shadow" } else { "enforce" };
        [
            ("error-envelope", with(self.errors.json(), json!({}))),
            ("request-id", with(self.ids.json(), json!({}))),
            (
                "circuit-breaker",
                with(self.breaker.json(), json!({ "mode": mode })),
            ),
            ("retry", with(self.retry.json(), json!({}))),
        ]
    }
}

fn millis(millis: u64) -> String {
    format!("{millis}ms")
}

impl Rate {
    fn drawn(dice: &mut Dice) -> Rate {
        let calls = dice.between(1, 20);
        let span = match dice.in_100(50) {
            true => Span::Calls(calls),
            false => Span::Millis(dice.between(1_000, 30_000)),
        };
        let min_calls = match span {
            Span::Calls(calls) => dice.between(1, calls),
            Span::Millis(_) => dice.between(1, 12),
        };
        Rate {
            percent: dice.one_of([10, 25, 50, 75, 100]),
            span,
            min_calls,
        }
    }

    fn json(&self) -> Value {
        let window = match self.span {
            Span::Millis(span) => json!(millis(span)),
            Span::Calls(calls) => json!({ "calls": calls }),
        };
        json!({ "percent": self.percent, "window": window, "min_calls": self.min_calls })
    }
}

impl Breaker {
    fn drawn(dice: &mut Dice) -> Breaker {
        let open_for = dice.one_of([1, 500, 1_000, 2_500, 5_000, 10_000]);
        let force = dice.maybe(4, |dice| dice.one_of([Force::Open, Force::Closed]));
        let consecutive = dice.maybe(60, |dice| dice.between(1, 6));
        let failure_rate = dice.maybe(60, Rate::drawn);
        let shadow = dice.in_100(8);
        // Where nobody is rejected, nobody can see who would have been.
        let ramp = dice.maybe(40, |dice| {
            (dice.one_of([0, 1_000, 10_000]), dice.one_of([0, 10, 50]))
        });
        Breaker {
            shadow,
            key: dice.one_of([Key::Cluster, Key::Cluster, Key::Route, Key::Name]),
            consecutive,
            failure_rate,
            slow_rate: dice.maybe(30, Rate::drawn),
            slower_than: dice.one_of([20, 300, 1_500]),
            too_many_requests: dice.in_100(20),
            no_answer_after: dice.one_of([300, 1_000, 10_000]),
            open_for,
            multiplier: dice.one_of([1.0, 1.5, 2.0, 3.0]),
            open_max: open_for * dice.one_of([1, 2, 3, 10]),
            reset_after: dice.one_of([0, 2_000, 10_000, 60_000]),
            // Nobody is told for how long a breaker is open that is forced to be.
            jitter: if force.is_some() {
                0.0
            } else {
                dice.one_of([0.0, 0.1, 0.5, 1.0])
            },
            honor_retry_after: dice.in_100(30),
            max_calls: dice.between(1, 4),
            successes: dice.between(1, 4),
            lease: dice.one_of([400, 1_500, 5_000, 30_000]),
            max_wait: dice.one_of([600, 3_000, 10_000, 60_000]),
            ramp: ramp.filter(|_| !shadow),
            push_back: !dice.in_100(25),
            evict_idle: dice.one_of([1_000, 600_000]),
            force,
        }
    }

    fn json(&self) -> Value {
        let key = match self.key {
            Key::Cluster => json!("cluster"),
            Key::Route => json!("route"),
            Key::Name => json!({ "name": "shared" }),
        };
        let mut slow = self.slow_rate.map(|rate| rate.json());
        if let Some(Value::Object(slow)) = &mut slow {
            slow.insert("slower_than".to_owned(), json!(millis(self.slower_than)));
        }
        let force = self.force.map(|force| match force {
            Force::Open => "open",
            Force::Closed => "closed",
        });
        let ramp = self
            .ramp
            .map(|(over, from)| json!({ "over": millis(over), "from_percent": from }));
        json!({
            "key": key,
            "evict_idle": millis(self.evict_idle),
            "trip": { "consecutive_failures": self.consecutive, "failure_rate": self.failure_rate.map(|rate| rate.json()),
                "slow_rate": slow },
            "failure": { "too_many_requests": self.too_many_requests, "no_answer_after": millis(self.no_answer_after) },
            "open": { "for": millis(self.open_for), "multiplier": self.multiplier, "max": millis(self.open_max),
                "reset_after": millis(self.reset_after), "jitter": self.jitter,
                "honor_retry_after": self.honor_retry_after },
            "half_open": { "max_calls": self.max_calls, "successes": self.successes, "lease": millis(self.lease),
                "max_wait": millis(self.max_wait) },
            "ramp": ramp,
            "reject": { "push_back": self.push_back },
            "force": force,
        })
    }
}

impl Retry {
    /// The budget. Where nothing is tried again, there is nothing to bound.
    pub(crate) fn budget(&self) -> Option<&Budget> {
        self.budget.as_ref().filter(|_| self.attempts > 1)
    }

    fn drawn(dice: &mut Dice) -> Retry {
        let interval = dice.one_of([1_000, 5_000, 20_000]);
        let timeout = dice.maybe(40, |dice| dice.one_of([600, 3_000]));
        let per_try_timeout = dice.maybe(50, |dice| dice.one_of([150, 1_000]));
        Retry {
            attempts: dice.between(1, 4),
            retry_on: dice.one_of(RETRY_ON),
            statuses: dice.one_of([&[] as &[u16], &[], &[500], &[404, 429]]),
            unlocks_post: dice.in_100(40),
            timeout,
            per_try_timeout: per_try_timeout.filter(|each| timeout.is_none_or(|whole| *each < whole)),
            reads_deadlines: dice.in_100(40),
            budget: dice.maybe(75, |dice| {
                let percent = dice.one_of([0, 10, 20, 50]);
                // Without either there would be no retries, which is said otherwise.
                let min_count = dice.between(u64::from(percent == 0), 4);
                Budget {
                    percent,
                    interval,
                    min_count,
                    min_interval: dice.one_of([500, 1_000, interval]),
                }
            }),
            allows_inbound: dice.in_100(30),
        }
    }

    fn json(&self) -> Value {
        let budget = self.budget.as_ref().map(|budget| {
            json!({ "percent": budget.percent, "interval": millis(budget.interval),
                "min_retry_rate": { "count": budget.min_count, "interval": millis(budget.min_interval) } })
        });
        let unlocks: &[&str] = if self.unlocks_post { &["POST"] } else { &[] };
        let deadlines: &[&str] = if self.reads_deadlines {
            &["x-deadline-ms"]
        } else {
            &[]
        };
        json!({
            "attempts": self.attempts,
            "retry_on": self.retry_on,
            "statuses": self.statuses,
            "idempotency_key": { "unlocks": unlocks },
            "timeout": self.timeout.map(millis),
            "per_try_timeout": self.per_try_timeout.map(millis),
            "deadline_headers": deadlines,
            "budget": budget,
            "inbound_retries": if self.allows_inbound { "allow" } else { "refuse" },
        })
    }
}

impl Ids {
    fn json(&self) -> Value {
        json!({
            "accept": ["x-request-id", "x-correlation-id"],
            "trust": if self.trusts { "always" } else { "never" },
            "max_length": self.max_length,
            "generate": if self.uuid4 { "uuid4" } else { "uuid7" },
        })
    }
}

impl Errors {
    fn json(&self) -> Value {
        json!({ "format": self.format, "passthrough": self.passthrough })
    }
}
