//! What the configuration says of retries, ready to be asked.

use super::Conditions;

/// What the configuration says of retries.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub(super) retries: u32,
    pub(super) full: Conditions,
    pub(super) narrow: Conditions,
    pub(super) grpc: Conditions,
    /// From the first to the last of each, both included.
    pub(super) statuses: Vec<(u16, u16)>,
    /// The same, as `x-envoy-retriable-status-codes` lists them.
    pub(super) codes: String,
    /// `retries`, as `x-envoy-max-retries` says it.
    pub(super) number: String,
    /// `full`, `narrow` and `grpc`, in the router's words.
    listed: [Listed; 3],
    pub(super) methods: Vec<Box<[u8]>>,
    pub(super) unlocks: Vec<Box<[u8]>>,
    pub(super) time_outs: TimeOuts,
    pub(super) refuses_inbound: bool,
    pub(super) route_policy: bool,
}

impl Plan {
    /// A plan of so many attempts, the first included, on these conditions: on `retry_on` and `statuses` for some methods
    /// ([`Plan::methods`]), on `any_method_on` for all others, and on `retry_on_grpc` for gRPC.
    ///
    /// Where a call of gRPC is tried again on `unavailable`, it is so on `any_method_on`, too: the caller would be told
    /// `UNAVAILABLE`, but of the status that the proxy itself makes the router knows nothing.
    pub fn new(
        attempts: u32,
        retry_on: Conditions,
        statuses: Vec<(u16, u16)>,
        any_method_on: Conditions,
        retry_on_grpc: Conditions,
    ) -> Self {
        let listed = match statuses.is_empty() {
            true => Conditions::default(),
            false => Conditions::STATUSES,
        };
        let unseen = match retry_on_grpc.has_any(Conditions::UNAVAILABLE) {
            true => any_method_on,
            false => Conditions::default(),
        };
        let retries = attempts.saturating_sub(1);
        let (full, narrow, grpc) = (retry_on.and(listed), any_method_on, retry_on_grpc.and(unseen));
        Self {
            retries,
            number: retries.to_string(),
            full,
            narrow,
            grpc,
            listed: [full, narrow, grpc].map(Listed::of),
            codes: codes(&statuses),
            statuses,
            methods: Vec::new(),
            unlocks: Vec::new(),
            time_outs: TimeOuts::default(),
            refuses_inbound: true,
            route_policy: false,
        }
    }

    /// Conditions of the plan in the router's words: those of `x-envoy-retry-on` and those of `x-envoy-retry-grpc-on`.
    /// `None`: there is nothing to list.
    pub(super) fn words(&self, conditions: Conditions) -> (Option<&str>, Option<&str>) {
        let mut all = self.listed.iter();
        match all.find(|listed| listed.conditions == conditions) {
            Some(listed) => (listed.http.as_deref(), listed.grpc.as_deref()),
            None => (None, None),
        }
    }

    /// With these methods, which do no harm when they are done twice, and these, of which a key says so.
    pub fn methods<'m>(
        mut self,
        methods: impl IntoIterator<Item = &'m str>,
        unlocks: impl IntoIterator<Item = &'m str>,
    ) -> Self {
        self.methods = methods
            .into_iter()
            .map(|method| method.as_bytes().into())
            .collect();
        self.unlocks = unlocks
            .into_iter()
            .map(|method| method.as_bytes().into())
            .collect();
        self
    }

    /// With these time-outs.
    pub fn time_outs(mut self, time_outs: TimeOuts) -> Self {
        self.time_outs = time_outs;
        self
    }

    /// With retries for requests that are themselves retries.
    pub fn inbound_retries(mut self, allowed: bool) -> Self {
        self.refuses_inbound = !allowed;
        self
    }

    /// For routes that have a retry policy of their own, which headers cannot narrow.
    pub fn route_policy(mut self, has_one: bool) -> Self {
        self.route_policy = has_one;
        self
    }
}

/// Conditions, listed once for all requests.
#[derive(Clone, Debug, PartialEq)]
struct Listed {
    conditions: Conditions,
    http: Option<String>,
    grpc: Option<String>,
}

impl Listed {
    fn of(conditions: Conditions) -> Self {
        Self {
            conditions,
            http: conditions.of_http(),
            grpc: conditions.of_grpc(),
        }
    }
}

/// Each of them, and each once.
fn codes(statuses: &[(u16, u16)]) -> String {
    let mut list = String::new();
    for code in 100..600u16 {
        if statuses
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&code))
        {
            list.push_str(if list.is_empty() { "" } else { "," });
            list.push_str(&code.to_string());
        }
    }
    list
}

/// What a request may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeOuts {
    /// With all its retries, in milliseconds. `None`: what the route says.
    pub whole_millis: Option<u64>,
    /// Each time that it is tried, in milliseconds. `None`: what the route says.
    pub try_millis: Option<u64>,
}

impl TimeOuts {
    /// So that it takes no longer than its caller waits.
    pub(super) fn within(self, left_millis: Option<u64>) -> Self {
        let shortest = [self.whole_millis, left_millis].into_iter().flatten().min();
        Self {
            // To the router, 0 is for ever.
            whole_millis: shortest.map(|millis| millis.max(1)),
            ..self
        }
    }

    /// Whether they are longer than its caller waits, as far as is known: what the route says is not.
    pub(super) fn exceed(self, left_millis: Option<u64>) -> bool {
        left_millis.is_some_and(|left| self.whole_millis.is_none_or(|whole| left < whole))
    }
}
