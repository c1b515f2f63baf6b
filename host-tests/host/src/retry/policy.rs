//! A route's retry policy, and the words by which it and the request's headers name the conditions.

use std::time::Duration;

use crate::route::HeaderMatch;

/// A route's `retry_policy`. A request's own headers (`x-envoy-retry-on`, `x-envoy-max-retries`, …) add to its
/// conditions and take the place of its number; conditions that the headers do not name cannot be taken away.
///
/// ```
/// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
/// use host::{Cluster, Host, RetryPolicy, Route, millis};
/// let host = Host::new(plugin)
///     .routes([Route::new("orders").retry(RetryPolicy::on("5xx").num_retries(2))])
///     .clusters([Cluster::new("upstream").answers([503, 200])]);
/// let exchange = host.get("/").header("x-api-key", "k").send();
/// host.advance(millis(25));
/// exchange.expect_status(200);
/// assert_eq!(exchange.attempts().len(), 2);
/// ```
#[derive(Clone, Debug)]
pub struct RetryPolicy {
    pub(super) conditions: Conditions,
    pub(super) num_retries: u32,
    pub(super) statuses: Vec<u16>,
    pub(super) headers: Vec<HeaderMatch>,
    pub(super) request_headers: Vec<HeaderMatch>,
    pub(super) reset_headers: Vec<String>,
    pub(super) base_interval: Duration,
    pub(super) max_interval: Option<Duration>,
    pub(crate) per_try_timeout: Option<Duration>,
}

impl Default for RetryPolicy {
    /// That of a route without one: no condition, one retry where the request's headers name conditions.
    fn default() -> RetryPolicy {
        RetryPolicy {
            conditions: Conditions::default(),
            num_retries: 1,
            statuses: Vec::new(),
            headers: Vec::new(),
            request_headers: Vec::new(),
            reset_headers: Vec::new(),
            base_interval: Duration::from_millis(25),
            max_interval: None,
            per_try_timeout: None,
        }
    }
}

impl RetryPolicy {
    /// One retry (Envoy's default) on these conditions, with commas between them: `5xx`, `gateway-error`, `reset`,
    /// `reset-before-request`, `connect-failure`, `refused-stream`, `retriable-4xx`, `retriable-status-codes`,
    /// `retriable-headers`, `envoy-ratelimited`, and gRPC's `cancelled`, `deadline-exceeded`, `internal`,
    /// `resource-exhausted` and `unavailable`. As in Envoy, words that are none of them count for nothing.
    pub fn on(conditions: &str) -> RetryPolicy {
        RetryPolicy {
            conditions: Conditions::of_http(conditions).and(Conditions::of_grpc(conditions)),
            ..RetryPolicy::default()
        }
    }

    /// How often a request is tried again (default: once).
    pub fn num_retries(mut self, retries: u32) -> RetryPolicy {
        self.num_retries = retries;
        self
    }

    /// How long one attempt may take (default: as long as the whole request). It counts from the request's end.
    pub fn per_try_timeout(mut self, timeout: Duration) -> RetryPolicy {
        self.per_try_timeout = Some(timeout);
        self
    }

    /// The statuses that `retriable-status-codes` means.
    pub fn statuses(mut self, statuses: impl IntoIterator<Item = u16>) -> RetryPolicy {
        self.statuses = statuses.into_iter().collect();
        self
    }

    /// A response header that `retriable-headers` means, with this value; call again for more.
    pub fn response_header(mut self, name: &str, value: impl AsRef<[u8]>) -> RetryPolicy {
        self.headers.push(HeaderMatch::exact(name, value));
        self
    }

    /// Only requests with this header and value are tried again (`retriable_request_headers`); call again for more,
    /// of which one must be there.
    pub fn request_header(mut self, name: &str, value: impl AsRef<[u8]>) -> RetryPolicy {
        self.request_headers.push(HeaderMatch::exact(name, value));
        self
    }

    /// The back-off (default: 25 ms and ten times that). The first wait is a random part of `base`, the next of its
    /// double, and so on up to `max`; it is drawn from the host's seed, in whole milliseconds.
    pub fn back_off(mut self, base: Duration, max: Duration) -> RetryPolicy {
        self.base_interval = base;
        self.max_interval = Some(max);
        self
    }

    /// A response header that says in seconds how long to wait (`rate_limited_retry_back_off`), as `retry-after`
    /// does; call again for more, of which the first that is there counts. The wait is that and up to half as much.
    pub fn wait_header(mut self, name: &str) -> RetryPolicy {
        self.reset_headers.push(name.to_ascii_lowercase());
        self
    }
}

/// A condition on which an attempt is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On {
    ServerError,
    GatewayError,
    Reset,
    ResetBeforeRequest,
    ConnectFailure,
    RefusedStream,
    Retriable4xx,
    RetriableStatusCodes,
    RetriableHeaders,
    EnvoyRatelimited,
    Cancelled,
    DeadlineExceeded,
    Internal,
    ResourceExhausted,
    Unavailable,
}

/// What `x-envoy-retry-on` can name.
const HTTP: &[(&str, On)] = &[
    ("5xx", On::ServerError),
    ("gateway-error", On::GatewayError),
    ("reset", On::Reset),
    ("reset-before-request", On::ResetBeforeRequest),
    ("connect-failure", On::ConnectFailure),
    ("refused-stream", On::RefusedStream),
    ("retriable-4xx", On::Retriable4xx),
    ("retriable-status-codes", On::RetriableStatusCodes),
    ("retriable-headers", On::RetriableHeaders),
    ("envoy-ratelimited", On::EnvoyRatelimited),
];

/// What `x-envoy-retry-grpc-on` can name.
const GRPC: &[(&str, On)] = &[
    ("cancelled", On::Cancelled),
    ("deadline-exceeded", On::DeadlineExceeded),
    ("internal", On::Internal),
    ("resource-exhausted", On::ResourceExhausted),
    ("unavailable", On::Unavailable),
];

/// A set of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Conditions(u16);

impl Conditions {
    pub(super) fn of_http(words: &str) -> Conditions {
        Conditions::named(words, HTTP)
    }

    pub(super) fn of_grpc(words: &str) -> Conditions {
        Conditions::named(words, GRPC)
    }

    fn named(words: &str, names: &[(&str, On)]) -> Conditions {
        let bits = words.split(',').map(str::trim).map(|word| {
            let named = names.iter().find(|(name, _)| *name == word);
            named.map_or(0, |(_, on)| 1 << (*on as u16))
        });
        Conditions(bits.fold(0, |all, bit| all | bit))
    }

    pub(super) fn and(self, other: Conditions) -> Conditions {
        Conditions(self.0 | other.0)
    }

    pub(super) fn has(self, on: On) -> bool {
        self.0 & (1 << (on as u16)) != 0
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }
}
