//! Requests that meet the last of many rules.

use crate::modules::Modules;
use crate::traffic::{answer, browser};
use host::cost::usual;
use host::{Cost, Host, Route};
use serde_json::{Map, Value, json};

/// A module, and the answer whose cost is measured.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// The module.
    pub module: &'static str,
    /// What the upstream answers. error-envelope looks at its rules only where that is an error.
    pub status: u16,
}

/// Every module on its usual path, and where error-envelope has something to do.
pub const SUBJECTS: [Subject; 6] = [
    Subject {
        module: "request-id",
        status: 200,
    },
    Subject {
        module: "error-envelope",
        status: 404,
    },
    Subject {
        module: "circuit-breaker",
        status: 200,
    },
    Subject {
        module: "retry",
        status: 200,
    },
    Subject {
        module: "policies",
        status: 200,
    },
    Subject {
        module: "policies",
        status: 404,
    },
];

/// What rules name. The first three are exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// The route.
    Route,
    /// The path.
    Path,
    /// The host.
    Host,
    /// By turns the route, the path and the host.
    Exact,
    /// A beginning of the path.
    PathPrefix,
    /// A form of the path.
    PathTemplate,
    /// All hosts below one.
    HostSuffix,
    /// A header's value.
    Header,
}

impl Match {
    /// Those that are found by a look-up.
    pub const EXACT: [Self; 3] = [Self::Route, Self::Path, Self::Host];
    /// Those that are compared one by one.
    pub const COMPARED: [Self; 4] = [
        Self::PathPrefix,
        Self::PathTemplate,
        Self::HostSuffix,
        Self::Header,
    ];

    /// The word for it, as a rule's `match` has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Route => "route",
            Self::Path => "path",
            Self::Host => "host",
            Self::Exact => "route, path, host by turns",
            Self::PathPrefix => "path_prefix",
            Self::PathTemplate => "path_template",
            Self::HostSuffix => "host: *.",
            Self::Header => "headers",
        }
    }

    /// The conditions of the rule with this number.
    fn of(self, number: usize) -> Value {
        match self {
            Self::Route => json!({ "route": format!("r{number:05}") }),
            Self::Path => json!({ "path": format!("/r{number:05}") }),
            Self::Host => json!({ "host": format!("r{number:05}.example") }),
            Self::Exact => Self::EXACT[number % 3].of(number),
            Self::PathPrefix => json!({ "path_prefix": format!("/r{number:05}") }),
            Self::PathTemplate => json!({ "path_template": format!("/r{number:05}/{{id}}") }),
            Self::HostSuffix => json!({ "host": format!("*.r{number:05}.example") }),
            Self::Header => json!({ "headers": { "x-tier": format!("r{number:05}") } }),
        }
    }
}

/// A configuration with many rules, each with a policy of its own.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// What they name.
    pub by: Match,
    /// How many there are. None: only the defaults.
    pub count: usize,
}

impl Rules {
    /// What a request costs that meets the last of them.
    ///
    /// # Panics
    /// When it does not meet it.
    pub fn cost(self, modules: &Modules, subject: Subject) -> Cost {
        let host = self.host(modules, subject.module);
        usual(&host, |host| self.request(host, subject.status)).usual
    }

    /// A host with this configuration.
    pub fn host(self, modules: &Modules, module: &str) -> Host {
        let configuration = match module {
            "policies" => {
                let sections = ["error-envelope", "request-id", "circuit-breaker", "retry"];
                let of = |section: &str| (section.to_owned(), self.configuration(section));
                Value::Object(sections.map(of).into_iter().collect::<Map<_, _>>())
            }
            plugin => self.configuration(plugin),
        };
        modules
            .host(module, configuration)
            .routes([Route::new(&self.last())])
    }

    fn last(self) -> String {
        format!("r{:05}", self.count.saturating_sub(1))
    }

    fn request(self, host: &Host, status: u16) -> host::Exchange {
        let last = self.last();
        let (path, name) = match self.by {
            Match::PathTemplate => (format!("/{last}/7"), format!("{last}.example")),
            Match::HostSuffix => (format!("/{last}"), format!("eu.{last}.example")),
            _ => (format!("/{last}"), format!("{last}.example")),
        };
        let request = browser(host.get(path)).host(name).header("x-tier", &last);
        request.run(answer(status))
    }

    fn configuration(self, plugin: &str) -> Value {
        let rule = |number| {
            // Each differs from the default, and from its neighbours.
            let policy = match plugin {
                "request-id" => json!({ "max_length": 64 + number % 100 }),
                "error-envelope" => json!({ "max_body_bytes": 4096 + number }),
                "circuit-breaker" => json!({ "max_keys": 1 + number % 10_000 }),
                _ => json!({ "attempts": 2 + number % 3 }),
            };
            json!({ "match": self.by.of(number), "policy": policy })
        };
        json!({ "explain": "none", "routes": (0..self.count).map(rule).collect::<Vec<_>>() })
    }
}
