//! A route: the host's, and Envoy's.

use std::time::Duration;

use serde_json::{Value, json};

/// A route of the table.
pub struct Route {
    pub(in crate::scenario) host: host::Route,
    /// As Envoy takes it.
    pub envoy: Value,
}

impl Route {
    /// A route of this name that takes everything to the cluster `upstream`.
    pub fn new(name: &str) -> Route {
        Route {
            host: host::Route::new(name),
            envoy: json!({ "name": name, "match": { "prefix": "/" }, "route": { "cluster": "upstream" } }),
        }
    }

    /// Matches paths that begin so.
    pub fn prefix(self, prefix: &str) -> Route {
        self.set(
            |host| host.prefix(prefix),
            |envoy| envoy["match"]["prefix"] = json!(prefix),
        )
    }

    /// Matches only requests that carry this header with this value.
    pub fn when_header(self, name: &str, value: &str) -> Route {
        self.set(
            |host| host.when_header(name, value),
            |envoy| envoy["match"]["headers"] = json!([{ "name": name, "string_match": { "exact": value } }]),
        )
    }

    /// The cluster: `upstream`, `other`, `nobody` (without a host), or `refused` (whose host refuses connections).
    pub fn cluster(self, cluster: &str) -> Route {
        self.set(
            |host| host.cluster(cluster),
            |envoy| envoy["route"]["cluster"] = json!(cluster),
        )
    }

    /// The route's time-out in milliseconds.
    pub fn timeout_ms(self, timeout: u64) -> Route {
        self.set(
            |host| host.timeout_ms(timeout),
            |envoy| envoy["route"]["timeout"] = json!(format!("{}.{:03}s", timeout / 1000, timeout % 1000)),
        )
    }

    /// When a request is tried again, and how often. Each attempt has 10 s, so that the upstream is told a number that
    /// does not hang on the time.
    pub fn retry(self, conditions: &str, retries: u32) -> Route {
        let policy = host::RetryPolicy::on(conditions)
            .num_retries(retries)
            .per_try_timeout(Duration::from_secs(10));
        self.set(
            |host| host.retry(policy),
            |envoy| {
                envoy["route"]["retry_policy"] =
                    json!({ "retry_on": conditions, "num_retries": retries, "per_try_timeout": "10s" });
            },
        )
    }

    /// The route's `filter_metadata`.
    pub fn metadata(self, metadata: &Value) -> Route {
        self.set(
            |host| host.metadata(metadata.clone()),
            |envoy| envoy["metadata"] = json!({ "filter_metadata": metadata }),
        )
    }

    /// Envoy answers itself.
    pub fn direct_response(self, status: u16, body: &str) -> Route {
        self.set(
            |host| host.direct_response(status, body),
            |envoy| {
                envoy
                    .as_object_mut()
                    .expect("a route is an object")
                    .remove("route");
                envoy["direct_response"] = json!({ "status": status, "body": { "inline_string": body } });
            },
        )
    }

    /// Anything else of a route, in both forms.
    pub fn set(self, host: impl FnOnce(host::Route) -> host::Route, envoy: impl FnOnce(&mut Value)) -> Route {
        let mut route = Route {
            host: host(self.host),
            envoy: self.envoy,
        };
        envoy(&mut route.envoy);
        route
    }
}
