//! One service: the golden signals, its errors, its breakers, its retries.
//!
//! Envoy has no word for a service. It is what the variables choose: a job, where each service has an Envoy of its own; a
//! route, a cluster and a breaker, where one Envoy is the edge of many.

use crate::dashboard::{COMMON, Dashboard, Variable, address};
use crate::panel::{EVENTS_PER_SECOND, GREEN, ORANGE, Panel, RATIO, RED, REQUESTS_PER_SECOND, SECONDS};
use crate::query::{OF_INSTANCE, and, grown, quantile, rates, share, state};

pub(crate) fn dashboard() -> Dashboard {
    let values = [
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
            "cluster",
            "Cluster",
            r#"label_values(envoy_cluster_upstream_rq_total{job=~"$job"}, envoy_cluster_name)"#,
        ),
        Variable::Values(
            "breaker",
            "Breaker",
            r#"label_values(circuit_breaker_calls_total{job=~"$job"}, breaker)"#,
        ),
    ];
    Dashboard {
        name: "service",
        title: "Envoy policies: a service",
        description: "The golden signals of what the variables choose, its errors, breakers and retries.",
        variables: COMMON.into_iter().chain(values).collect(),
        rows: vec![
            ("Traffic, errors, duration, saturation", golden_signals()),
            ("Errors", errors()),
            ("Breakers", breakers()),
            ("Retries", retries()),
        ],
    }
}

fn of_route(more: &str) -> String {
    and(&and(OF_INSTANCE, r#"route=~"$route""#), more)
}

fn of_cluster() -> String {
    and(OF_INSTANCE, r#"envoy_cluster_name=~"$cluster""#)
}

fn of_breaker() -> String {
    and(OF_INSTANCE, r#"breaker=~"$breaker""#)
}

/// Requests that were answered, with these labels besides.
fn answered(by: &str) -> String {
    rates(by, "http_requests_total", &of_route(r#"status_code!="0""#))
}

fn golden_signals() -> Vec<Panel> {
    let all = and(OF_INSTANCE, r#"route=~"$route""#);
    let failed = rates("route", "http_requests_total", &of_route(r#"status_code=~"5..""#));
    let took = |at: &str| quantile(at, "http_request_duration_seconds", &all);
    let answered_in = |at: &str| {
        format!(
            "{} / 1000",
            quantile(at, "envoy_cluster_upstream_rq_time", &of_cluster())
        )
    };
    let gauge = |metric: &str| format!("sum by (envoy_cluster_name) ({metric}{{{}}})", of_cluster());
    vec![
        Panel::chart("Requests by method", "Those that have ended.")
            .unit(REQUESTS_PER_SECOND)
            .stacked()
            .query(rates("method", "http_requests_total", &all), "{{method}}"),
        Panel::chart("Errors by route", "The share of requests that were answered 5xx.")
            .unit(RATIO)
            .thresholds(GREEN, &[(0.05, RED)])
            .lines_at_thresholds()
            .query(share(&failed, &answered("route")), "{{route}}")
            .link(
                "Diagnosis",
                address("diagnosis", "var-route=${__field.labels.route}"),
            ),
        Panel::chart(
            "Duration",
            "From the request's first byte to the answer's last, retries included.",
        )
        .unit(SECONDS)
        .thresholds(GREEN, &[(1.0, RED)])
        .lines_at_thresholds()
        .query(took("0.5"), "p50")
        .query(took("0.95"), "p95")
        .query(took("0.99"), "p99"),
        Panel::chart(
            "Duration of the upstream's answers",
            "Of each attempt. What is missing to the duration of requests was spent elsewhere.",
        )
        .unit(SECONDS)
        .query(answered_in("0.5"), "p50")
        .query(answered_in("0.95"), "p95")
        .query(answered_in("0.99"), "p99"),
        Panel::chart(
            "Requests in progress",
            "By listener: Envoy does not know those that have not ended by route.",
        )
        .query(
            format!("sum by (listener) (http_requests_in_progress{{{OF_INSTANCE}}})"),
            "{{listener}}",
        ),
        Panel::chart(
            "At the upstream",
            "Attempts that wait for an answer, and those that wait for a connection.",
        )
        .colour("waiting.*", ORANGE)
        .query(
            gauge("envoy_cluster_upstream_rq_active"),
            "in progress {{envoy_cluster_name}}",
        )
        .query(
            gauge("envoy_cluster_upstream_rq_pending_active"),
            "waiting {{envoy_cluster_name}}",
        ),
    ]
}

fn errors() -> Vec<Panel> {
    let all = and(OF_INSTANCE, r#"route=~"$route""#);
    let upstream = rates(
        "envoy_cluster_name, envoy_response_code",
        "envoy_cluster_upstream_rq",
        &of_cluster(),
    );
    vec![
        Panel::chart(
            "Requests by status",
            "As the client got it. 0: it gave up before there was an answer.",
        )
        .unit(REQUESTS_PER_SECOND)
        .stacked()
        .colour("5..", RED)
        .colour("4..", ORANGE)
        .colour("2..", GREEN)
        .query(
            rates("status_code", "http_requests_total", &all),
            "{{status_code}}",
        ),
        Panel::chart(
            "Attempts by status",
            "As the upstream answered, what was tried again included.",
        )
        .unit(REQUESTS_PER_SECOND)
        .stacked()
        .query(upstream, "{{envoy_cluster_name}} {{envoy_response_code}}"),
        Panel::chart(
            "Errors by code",
            "Of these Envoys: the plugin counts them without the route.",
        )
        .unit(EVENTS_PER_SECOND)
        .stacked()
        .query(rates("error_code", "errors_total", OF_INSTANCE), "{{error_code}}")
        .link(
            "This code",
            address("diagnosis", "var-code=${__field.labels.error_code}"),
        ),
        Panel::chart(
            "Errors by who made them",
            "local: Envoy, or a filter in it. upstream: the upstream.",
        )
        .unit(EVENTS_PER_SECOND)
        .stacked()
        .query(
            rates("class, origin", "errors_total", OF_INSTANCE),
            "{{class}} {{origin}}",
        ),
    ]
}

fn breakers() -> Vec<Panel> {
    let labels = of_breaker();
    let rejected = rates(
        "breaker",
        "circuit_breaker_calls_total",
        &and(&labels, r#"outcome="rejected", mode="enforce""#),
    );
    let calls = rates("breaker", "circuit_breaker_calls_total", &labels);
    let transitions = |time: &str, by: &str| grown(by, "circuit_breaker_transitions_total", &labels, time);
    vec![
        Panel::states("State", "Of each Envoy its own: they do not know of each other.").query(
            state("breaker, direction, position, instance", &labels),
            "{{breaker}} {{direction}} {{position}} {{instance}}",
        ),
        Panel::chart("Calls by outcome", "shadow: what would have been done.")
            .unit(REQUESTS_PER_SECOND)
            .stacked()
            .colour("success.*", GREEN)
            .colour("failure.*", RED)
            .colour("slow.*", ORANGE)
            .colour("rejected.*", "purple")
            .colour("ignored.*", "blue")
            .query(
                rates("outcome, mode", "circuit_breaker_calls_total", &labels),
                "{{outcome}} {{mode}}",
            ),
        Panel::chart(
            "Rejected",
            "The share of calls that a breaker did not let through.",
        )
        .unit(RATIO)
        .query(share(&rejected, &calls), "{{breaker}}"),
        Panel::chart("Transitions by reason", "")
            .bars()
            .colour("open .*", RED)
            .colour("half_open .*", ORANGE)
            .colour("closed .*", GREEN)
            .query(transitions("$__rate_interval", "to, reason"), "{{to}} {{reason}}"),
        Panel::chart(
            "Probes",
            "Requests that a half-open breaker let through to find out.",
        )
        .bars()
        .query(
            grown(
                "breaker",
                "circuit_breaker_probes_total",
                &labels,
                "$__rate_interval",
            ),
            "{{breaker}}",
        ),
        Panel::table("Transitions in the time that is shown", "reason says why.")
            .size(24, 8)
            .query(transitions("$__range", "breaker, from, to, reason"), "Number"),
    ]
}

fn retries() -> Vec<Panel> {
    let all = and(OF_INSTANCE, r#"route=~"$route""#);
    let first = rates("route", "retry_attempts_total", &of_route(r#"attempt="2""#));
    let of_envoy = |metric: &str| rates("envoy_cluster_name", metric, &of_cluster());
    let budget = and(OF_INSTANCE, r#"cluster=~"$cluster""#);
    vec![
        Panel::chart("Retries by attempt", "2 is the first retry.")
            .unit(EVENTS_PER_SECOND)
            .stacked()
            .query(rates("attempt", "retry_attempts_total", &all), "{{attempt}}"),
        Panel::chart("Requests that were tried again", "The share of the route's.")
            .unit(RATIO)
            .thresholds(GREEN, &[(0.2, RED)])
            .lines_at_thresholds()
            .query(share(&first, &answered("route")), "{{route}}"),
        Panel::chart(
            "Retries that were not made",
            "Of answers that would have been tried again, by why they were not.",
        )
        .unit(EVENTS_PER_SECOND)
        .stacked()
        .colour("budget.*", RED)
        .query(
            rates("reason, mode", "retry_suppressed_total", &all),
            "{{reason}} {{mode}}",
        ),
        Panel::chart(
            "Budget",
            "Retries that the Envoy with the fewest has left. At 0 nothing is tried again.",
        )
        .thresholds(RED, &[(1.0, ORANGE), (5.0, GREEN)])
        .lines_at_thresholds()
        .query(
            format!("min by (cluster) (retry_budget_remaining{{{budget}}})"),
            "{{cluster}}",
        ),
        Panel::chart(
            "What retries came to",
            "By Envoy's router: all that it made, those that helped, and those that its own limit forbade.",
        )
        .unit(EVENTS_PER_SECOND)
        .colour("made.*", "blue")
        .colour("helped.*", GREEN)
        .colour("forbidden.*", RED)
        .size(24, 8)
        .query(
            of_envoy("envoy_cluster_upstream_rq_retry"),
            "made {{envoy_cluster_name}}",
        )
        .query(
            of_envoy("envoy_cluster_upstream_rq_retry_success"),
            "helped {{envoy_cluster_name}}",
        )
        .query(
            of_envoy("envoy_cluster_upstream_rq_retry_overflow"),
            "forbidden {{envoy_cluster_name}}",
        ),
    ]
}
