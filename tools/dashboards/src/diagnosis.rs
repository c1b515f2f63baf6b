//! One request, by the id that its client has; and which requests fail, by route and code.
//!
//! Numbers have no ids: those are in the logs, which a data source of the operator's has. Nothing here but the row of
//! logs needs it.

use crate::dashboard::{COMMON, Dashboard, Variable};
use crate::panel::{EVENTS_PER_SECOND, GREEN, ORANGE, Panel, RED, REQUESTS_PER_SECOND};
use crate::query::{OF_INSTANCE, and, grown, rates};

/// What to do here.
const HOW: &str = "\
**A client complains.** Put the `request_id` of its error's body, which is also the response's `x-request-id`, into *Id*. The log has the request \
with its route, `error_code`, breaker (`circuit`), retries (`retry`) and, where configured, the reasons (`explain`).\n\n\
**An alert fired.** Choose route and code below, and take an id from the log. *Log stream* says which lines are Envoy's in Loki; without Loki, \
`grep` the id in Envoy's output.";

pub(crate) fn dashboard() -> Dashboard {
    let variables = [
        Variable::Values(
            "instance",
            "Envoy",
            r#"label_values(envoy_server_uptime{job=~"$job"}, instance)"#,
        ),
        Variable::Values(
            "route",
            "Route",
            r#"label_values(http_requests_total{job=~"$job"}, route)"#,
        ),
        Variable::Values(
            "code",
            "Code",
            r#"label_values(errors_total{job=~"$job"}, error_code)"#,
        ),
        Variable::Source("logs", "Logs", "loki"),
        Variable::Typed("stream", "Log stream", r#"{job="envoy"}"#),
        Variable::Typed("id", "Id", ""),
    ];
    Dashboard {
        name: "diagnosis",
        title: "Envoy policies: diagnosis",
        description: "One request by its id; and which requests fail, by route and code.",
        variables: COMMON.into_iter().chain(variables).collect(),
        rows: vec![
            ("One request", one_request()),
            ("Which requests fail", failing()),
            ("Why they fail", reasons()),
        ],
    }
}

fn one_request() -> Vec<Panel> {
    // A route or code that is not there is that of a request without.
    let entries = "$stream |= `$id` | json | request_id != `` | route =~ `$route` | error_code =~ `$code`";
    vec![
        Panel::text(HOW),
        Panel::logs("Access log", "Requests with this id, route and code.").query(entries, ""),
        Panel::logs("What the plugins wrote", "Lines with this id.")
            .query("$stream |= `wasm log` |= `$id`", ""),
    ]
}

fn failing() -> Vec<Panel> {
    let requests = and(OF_INSTANCE, r#"route=~"$route""#);
    let failed = and(&requests, r#"status_code=~"5..""#);
    let errors = and(OF_INSTANCE, r#"error_code=~"$code""#);
    vec![
        Panel::table("By route and status", "Requests in the time that is shown.").query(
            grown(
                "route, method, status_code",
                "http_requests_total",
                &requests,
                "$__range",
            ),
            "Requests",
        ),
        Panel::table(
            "By code",
            "Errors in the time that is shown. docs/error-codes.md says what each code means.",
        )
        .query(
            grown(
                "error_code, class, origin, mode",
                "errors_total",
                &errors,
                "$__range",
            ),
            "Errors",
        ),
        Panel::chart("5xx by route", "").unit(REQUESTS_PER_SECOND).query(
            rates("route, status_code", "http_requests_total", &failed),
            "{{route}} {{status_code}}",
        ),
        Panel::chart("Errors by code", "").unit(EVENTS_PER_SECOND).query(
            rates("error_code, origin", "errors_total", &errors),
            "{{error_code}} {{origin}}",
        ),
        Panel::chart(
            "5xx by Envoy",
            "One alone: its way to the upstream. All: the upstream.",
        )
        .unit(REQUESTS_PER_SECOND)
        .query(rates("instance", "http_requests_total", &failed), "{{instance}}"),
        Panel::chart("Retries that were not made, by route", "")
            .unit(EVENTS_PER_SECOND)
            .query(
                rates("route, reason", "retry_suppressed_total", &requests),
                "{{route}} {{reason}}",
            ),
    ]
}

fn reasons() -> Vec<Panel> {
    let of_envoy = |metric: &str| rates("envoy_cluster_name", metric, OF_INSTANCE);
    let members = |which: &str| {
        format!("min by (envoy_cluster_name) (envoy_cluster_membership_{which}{{{OF_INSTANCE}}})")
    };
    let by_breaker = and(OF_INSTANCE, r#"outcome=~"failure|slow|rejected""#);
    vec![
        Panel::chart(
            "What the upstreams did",
            "Envoy's own word for attempts without an answer.",
        )
        .unit(EVENTS_PER_SECOND)
        .query(
            of_envoy("envoy_cluster_upstream_cx_connect_fail"),
            "no connection {{envoy_cluster_name}}",
        )
        .query(
            of_envoy("envoy_cluster_upstream_rq_timeout"),
            "timed out {{envoy_cluster_name}}",
        )
        .query(
            of_envoy("envoy_cluster_upstream_rq_rx_reset"),
            "reset {{envoy_cluster_name}}",
        )
        .query(
            of_envoy("envoy_cluster_upstream_rq_pending_overflow"),
            "too many {{envoy_cluster_name}}",
        ),
        Panel::table("Hosts", "As the Envoy with the fewest healthy ones sees them.")
            .size(12, 8)
            .query(members("healthy"), "Healthy")
            .query(members("total"), "All"),
        Panel::chart("What the breakers saw", "")
            .unit(REQUESTS_PER_SECOND)
            .colour(".* failure", RED)
            .colour(".* slow", ORANGE)
            .colour(".* rejected", "purple")
            .query(
                rates("breaker, outcome", "circuit_breaker_calls_total", &by_breaker),
                "{{breaker}} {{outcome}}",
            ),
        Panel::table(
            "What plugins gave up on",
            "In the time that is shown. docs/metrics.md says what each means.",
        )
        .size(12, 8)
        .thresholds(GREEN, &[])
        .query(
            grown(
                "plugin, what, instance",
                "policy_degradations_total",
                OF_INSTANCE,
                "$__range",
            ),
            "Number",
        ),
        Panel::table(
            "What operators did",
            "In the time that is shown, to the live state: who forced what, and why, is in the log.",
        )
        .size(12, 8)
        .query(
            grown(
                "outcome, instance",
                "admin_requests_total",
                OF_INSTANCE,
                "$__range",
            ),
            "Requests",
        ),
    ]
}
