//! Requests in a worker that has met many breakers, or many budgets.

use crate::Held;
use crate::modules::Modules;
use crate::traffic::{answer, browser};
use host::{Cost, Exchange, Host, Route, secs};
use serde_json::{Value, json};
use std::sync::Arc;

/// What tells the breakers from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyed {
    /// A header's value that the configuration knows.
    Known,
    /// A header's value that got a slot.
    Header,
    /// A host that got a slot.
    Host,
    /// The route.
    Route,
    /// The cluster.
    Cluster,
    /// A name, with a rule for each.
    Name,
    /// No breakers, but retry's budgets: by the cluster.
    Budget,
}

/// All of them.
pub const KEYED: [Keyed; 7] = [
    Keyed::Known,
    Keyed::Header,
    Keyed::Host,
    Keyed::Route,
    Keyed::Cluster,
    Keyed::Name,
    Keyed::Budget,
];

impl Keyed {
    /// What it is called in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Known => "header, `known`",
            Self::Header => "header",
            Self::Host => "host",
            Self::Route => "route",
            Self::Cluster => "cluster",
            Self::Name => "name",
            Self::Budget => "retry's budget",
        }
    }

    /// What a request costs in a worker that has met so many: the dearest of a few.
    ///
    /// # Panics
    /// When the same request costs other host calls for one breaker than for another.
    pub fn cost(self, modules: &Modules, count: usize) -> Cost {
        let host = self.met(modules, count);
        let few = count.min(16);
        let places = (0..few).map(|nth| nth * (count - 1) / (few - 1).max(1));
        let costs: Vec<Cost> = places.map(|place| self.send(&host, place).cost()).collect();
        let calls = costs.first().map_or(0, Cost::calls);
        if let Some(other) = costs.iter().find(|cost| cost.calls() != calls) {
            panic!("the same request, for another breaker:\n{other}");
        }
        costs.into_iter().max_by_key(Cost::fuel).expect("there is one")
    }

    /// How many calls to the host ten ticks make in a worker that has met so many, and does nothing else.
    pub fn calls_of_ten_ticks(self, modules: &Modules, count: usize) -> usize {
        let host = self.met(modules, count);
        let before = host.host_calls().len();
        host.advance(secs(10));
        let calls = host.host_calls();
        let on_worker = |call: &&host::HostCall| call.thread == host::Thread::Worker(0);
        calls[before..].iter().filter(on_worker).count()
    }

    /// What is held where so many were met.
    pub fn held(self, modules: &Modules, count: usize) -> Held {
        Held::of(&self.met(modules, count))
    }

    /// A host whose worker has met so many, and had its ticks since.
    fn met(self, modules: &Modules, count: usize) -> Host {
        let module = if self == Self::Budget {
            "retry"
        } else {
            "circuit-breaker"
        };
        let host = modules
            .host(module, self.configuration(count))
            .routes([Route::new("any")]);
        for number in 0..count {
            self.send(&host, number);
        }
        host.advance(secs(2));
        // Whoever takes a slot has it from its second request on.
        for number in 0..count {
            self.send(&host, number);
        }
        host.advance(secs(2));
        host
    }

    fn send(self, host: &Host, number: usize) -> Exchange {
        let value = format!("t{number:05}");
        let plain = ("/r".to_owned(), "shop.example".to_owned(), "any".to_owned());
        let (path, name, route) = match self {
            Self::Host => (plain.0, format!("{value}.example"), plain.2),
            Self::Name => (format!("/{value}"), plain.1, plain.2),
            Self::Route | Self::Cluster | Self::Budget => (plain.0, plain.1, value.clone()),
            Self::Known | Self::Header => plain,
        };
        let route = Route::new(&route).cluster(&route);
        browser(host.get(path))
            .host(name)
            .header("x-tenant", &value)
            .route(Arc::new(route))
            .run(answer(200))
    }

    fn configuration(self, count: usize) -> Value {
        let values = || (0..count).map(|number| format!("t{number:05}"));
        // More slots than values: otherwise some share the breaker of those without one.
        let default = match self {
            Self::Known => json!({ "key": { "header": "x-tenant" }, "known": values().collect::<Vec<_>>() }),
            Self::Header => json!({ "key": { "header": "x-tenant" }, "max_keys": 10_000 }),
            Self::Host => json!({ "key": "host", "max_keys": 10_000 }),
            Self::Route => json!({ "key": "route", "max_keys": 10_000 }),
            Self::Cluster => json!({ "key": "cluster", "max_keys": 10_000 }),
            Self::Name | Self::Budget => json!({}),
        };
        let rule =
            |name| json!({ "match": { "path": format!("/{name}") }, "policy": { "key": { "name": name } } });
        let routes: Vec<Value> = match self {
            Self::Name => values().map(rule).collect(),
            _ => Vec::new(),
        };
        json!({ "default": default, "routes": routes })
    }
}
