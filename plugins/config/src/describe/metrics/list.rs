//! The list.

use super::Kind::{Counter, Gauge};
use super::{Label, Metric};

const fn named(name: &'static str, doc: &'static str) -> Label {
    Label {
        name,
        optional: false,
        doc,
        values: &[],
    }
}

const fn one_of(
    name: &'static str,
    doc: &'static str,
    values: &'static [(&'static str, &'static str)],
) -> Label {
    Label {
        name,
        optional: false,
        doc,
        values,
    }
}

const BREAKER: Label = named(
    "breaker",
    "The cluster, the route, or the name that is given; where that has other characters than letters, digits and `-._~:/@+|`, \
     `#` and a hash of it. Of hosts and values of headers only those in `known`, and `none`; all others are `other`.",
);

const DIRECTION: Label = Label {
    name: "direction",
    optional: true,
    doc: "Where the traffic of the listener goes. Absent where the listener does not say.",
    values: &[
        ("inbound", "To the service beside this Envoy."),
        ("outbound", "From the service beside this Envoy to others."),
    ],
};

const POSITION: Label = Label {
    name: "position",
    optional: true,
    doc: "Where the plugin stands. Absent before the router.",
    values: &[("upstream", "In a cluster, where it sees each attempt.")],
};

const MODE: Label = one_of(
    "mode",
    "What was done about it.",
    &[
        ("enforce", "What was decided."),
        ("shadow", "Nothing: what would have been done."),
    ],
);

const ROUTE: Label = named("route", "The route's name; `default` or empty where it has none.");

const STATES: &[(&str, &str)] = &[
    ("closed", "Requests go through."),
    ("open", "Requests are rejected."),
    ("half_open", "A few requests go through, to find out."),
];

/// All metrics, those of one plugin together.
pub const METRICS: &[Metric] = &[
    Metric {
        name: "circuit_breaker_state",
        kind: Gauge,
        plugin: Some("circuit-breaker"),
        doc: "The state of a breaker: 0 closed, 1 open, 2 half-open. Set at each transition, and every ten seconds. \
              Breakers that count as `other` have none. That of a breaker that no configuration names any more goes to 0.",
        labels: &[BREAKER, DIRECTION, POSITION],
    },
    Metric {
        name: "circuit_breaker_calls_total",
        kind: Counter,
        plugin: Some("circuit-breaker"),
        doc: "Calls, each once; successes are added each second.",
        labels: &[
            BREAKER,
            DIRECTION,
            POSITION,
            one_of(
                "outcome",
                "What became of it.",
                &[
                    ("success", "The upstream answered, and not with a failure."),
                    ("failure", "A failure by the policy's `failure`."),
                    ("slow", "No failure, but slower than `slow_rate` allows."),
                    ("ignored", "It says nothing of the upstream."),
                    (
                        "rejected",
                        "The breaker did not let it through, or sent it to another route.",
                    ),
                ],
            ),
            MODE,
        ],
    },
    Metric {
        name: "circuit_breaker_transitions_total",
        kind: Counter,
        plugin: Some("circuit-breaker"),
        doc: "Changes of state, each once, whichever worker made it.",
        labels: &[
            BREAKER,
            DIRECTION,
            POSITION,
            one_of("from", "The state before.", STATES),
            one_of("to", "The state after.", STATES),
            one_of(
                "reason",
                "Why.",
                &[
                    ("consecutive_failures", "So many failures in a row."),
                    ("failure_rate", "So large a share of failures."),
                    ("slow_rate", "So large a share of slow calls."),
                    ("open_elapsed", "It was open for as long as it was to be."),
                    ("probe_failed", "A request that was to find out failed."),
                    ("probes_succeeded", "Enough of them succeeded."),
                    ("half_open_timeout", "They came to nothing for too long."),
                    (
                        "forced",
                        "The configuration says so, or [an operator](live-state.md).",
                    ),
                ],
            ),
        ],
    },
    Metric {
        name: "circuit_breaker_probes_total",
        kind: Counter,
        plugin: Some("circuit-breaker"),
        doc: "Requests that a half-open breaker let through to find out.",
        labels: &[BREAKER, DIRECTION, POSITION],
    },
    Metric {
        name: "retry_attempts_total",
        kind: Counter,
        plugin: Some("retry"),
        doc: "Retries that were made.",
        labels: &[
            ROUTE,
            one_of(
                "attempt",
                "Which attempt of its request it was. Those beyond the tenth are not counted.",
                &[
                    ("2", "The first retry."),
                    ("3", ""),
                    ("4", ""),
                    ("5", ""),
                    ("6", ""),
                    ("7", ""),
                    ("8", ""),
                    ("9", ""),
                    ("10", ""),
                ],
            ),
        ],
    },
    Metric {
        name: "retry_suppressed_total",
        kind: Counter,
        plugin: Some("retry"),
        doc: "Answers after which the request would have been tried again, and was not.",
        labels: &[
            ROUTE,
            one_of(
                "reason",
                "Why not.",
                &[
                    ("method", "Requests of this method are not tried again."),
                    (
                        "idempotency_key",
                        "It had no idempotency key, which would have unlocked its method.",
                    ),
                    ("budget", "The cluster's budget was spent."),
                    ("half_open", "The breaker was finding out."),
                    ("inbound_retry", "It was somebody's retry itself."),
                    ("deadline", "Its caller does not wait for longer."),
                ],
            ),
            MODE,
        ],
    },
    Metric {
        name: "retry_budget_remaining",
        kind: Gauge,
        plugin: Some("retry"),
        doc: "How many retries the budget of a cluster has left. Set each second.",
        labels: &[named("cluster", "The cluster.")],
    },
    Metric {
        name: "request_ids_total",
        kind: Counter,
        plugin: Some("request-id"),
        doc: "Ids. `accepted` and `generated` together are the requests.",
        labels: &[one_of(
            "source",
            "Where it is from, or that it was refused.",
            &[
                ("accepted", "The caller's."),
                ("generated", "A new one."),
                (
                    "rejected",
                    "A header with an id that was none; a request may have several. Those of a caller that is not trusted are not looked at.",
                ),
            ],
        )],
    },
    Metric {
        name: "errors_total",
        kind: Counter,
        plugin: Some("error-envelope"),
        doc: "Errors, each once.",
        labels: &[
            named(
                "error_code",
                "The error's code: [the catalogue's](error-codes.md), the configuration's, or `OTHER`, which stands \
                 for all others.",
            ),
            one_of(
                "class",
                "Whose fault it is.",
                &[("client_error", "4xx."), ("server_error", "5xx.")],
            ),
            one_of(
                "origin",
                "Who made it.",
                &[
                    ("local", "Envoy, or a filter in it."),
                    ("upstream", "The upstream."),
                ],
            ),
            MODE,
        ],
    },
    Metric {
        name: "admin_requests_total",
        kind: Counter,
        plugin: Some("admin"),
        doc: "Requests to [the live state](live-state.md), each once.",
        labels: &[one_of(
            "outcome",
            "What came of it.",
            &[
                ("shown", "Breakers and budgets were shown."),
                ("forced", "A breaker was forced."),
                ("reset", "A breaker was reset."),
                ("bad_request", "Its parameters were wrong."),
                (
                    "access_denied",
                    "It came from a peer that is not answered, by a proxy, or from a web page.",
                ),
                ("breaker_unknown", "There is no such breaker."),
                ("breaker_ambiguous", "Several breakers have that name."),
                ("not_found", "There is no such path."),
                ("method_not_allowed", "The path has no such method."),
                (
                    "state_unavailable",
                    "Envoy did not hand the records over, or did not take the change.",
                ),
            ],
        )],
    },
    Metric {
        name: "policy_degradations_total",
        kind: Counter,
        plugin: None,
        doc: "What a plugin had to give up on, or passed over. The request went on without it.",
        labels: &[
            one_of(
                "plugin",
                "Whose.",
                &[
                    ("admin", ""),
                    ("circuit-breaker", ""),
                    ("error-envelope", ""),
                    ("request-id", ""),
                    ("retry", ""),
                ],
            ),
            one_of("what", "What.", WHAT),
        ],
    },
];

/// The configuration and the traffic first, and then calls of the host that failed.
const WHAT: &[(&str, &str)] = &[
    (
        "unknown_key",
        "The configuration has a key that this version does not know (`unknown_keys: warn`).",
    ),
    (
        "unknown_profile",
        "A route's metadata names a profile that the configuration has not.",
    ),
    (
        "max_keys",
        "There are more hosts or values than `max_keys`: the rest share the breaker `other`.",
    ),
    (
        "register",
        "There are more breakers or budgets than the live state has room for: the rest is not shown.",
    ),
    (
        "deadline_header",
        "A caller's deadline makes no sense and was ignored.",
    ),
    (
        "error_body",
        "Trailers ended an error's body, which is empty now.",
    ),
    (
        "shared_data_contention",
        "Other workers changed a record at each try to write it.",
    ),
    (
        "attempt_count",
        "Envoy did not say how often a request was tried.",
    ),
    (
        "clear_route_cache",
        "A request could not be sent to another route.",
    ),
    ("clock", "Envoy did not tell the time."),
    ("cluster_name", "Envoy did not name the cluster."),
    ("define_metric", "A metric could not be made."),
    ("explain", "An explanation could not be left in filter state."),
    (
        "filter_state",
        "Filter state of another plugin could not be read.",
    ),
    ("increment_metric", "A counter could not be counted up."),
    (
        "listener_direction",
        "Envoy did not say where the listener's traffic goes.",
    ),
    ("local_response", "A reply was refused by Envoy."),
    ("monotonic_clock", "Envoy did not tell how much time has passed."),
    ("random", "Envoy gave no random bytes."),
    ("record_metric", "A gauge could not be set."),
    (
        "remove_request_header",
        "A header of a request could not be removed.",
    ),
    (
        "remove_response_header",
        "A header of a response could not be removed.",
    ),
    ("replace_response_body", "A body could not be replaced."),
    ("request_duration", "Envoy did not say how long a request took."),
    ("request_headers", "The headers of a request could not be read."),
    ("response_body", "A body could not be read."),
    (
        "response_code",
        "Envoy did not say what a request was answered with.",
    ),
    (
        "response_details",
        "Envoy did not say why a request was answered so.",
    ),
    (
        "response_flags",
        "Envoy did not say what went wrong with a request.",
    ),
    ("response_headers", "The headers of a response could not be read."),
    ("response_status", "The status of a response could not be read."),
    ("response_trailer", "A trailer of a response could not be read."),
    ("route_metadata", "The metadata of a route could not be read."),
    ("route_name", "Envoy did not name the route."),
    ("set_filter_state", "Filter state could not be left for others."),
    ("set_request_header", "A header of a request could not be set."),
    ("set_response_header", "A header of a response could not be set."),
    ("shared_data_read", "A record could not be read."),
    ("shared_data_write", "A record could not be written."),
    ("source_address", "Envoy did not say who the peer is."),
    ("tick_period", "Envoy gave no ticks."),
    ("virtual_host_name", "Envoy did not name the virtual host."),
];
