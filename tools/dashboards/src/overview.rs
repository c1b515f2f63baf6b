//! The system at a glance: does it keep what it promises, and what do the policies do about it.

use crate::dashboard::{COMMON, Dashboard, address};
use crate::panel::{
    COUNT, EVENTS_PER_SECOND, GREEN, ORANGE, Panel, RATIO, RED, REQUESTS_PER_SECOND, SECONDS,
};
use crate::query::{OF_JOB, and, grown, rate, rates, state, sum};

pub(crate) fn dashboard() -> Dashboard {
    Dashboard {
        name: "overview",
        title: "Envoy policies: overview",
        description: "Does the system keep what it promises, and what do the policies do about it?",
        variables: COMMON.to_vec(),
        rows: vec![
            ("Now", now()),
            ("Service levels", service_levels()),
            ("Policies", policies()),
            ("Where to look", places()),
        ],
    }
}

/// A recorded series of the chosen jobs.
fn of_job(series: &str) -> String {
    format!("{series}{{{OF_JOB}}}")
}

/// A ratio of errors, in errors that the objective allows.
fn burnt(ratio: &str) -> String {
    format!("{ratio} / (1 - scalar(http_availability:objective))")
}

fn now() -> Vec<Panel> {
    let of_month = |labels: &str| {
        sum(
            "job",
            &format!("increase(http_requests_total{{{OF_JOB}, {labels}}}[30d])"),
        )
    };
    let (failed, all) = (of_month(r#"status_code=~"5..""#), of_month(r#"status_code!="0""#));
    let left = format!("1 - {}", burnt(&format!("(({failed} or 0 * {all}) / {all})")));
    vec![
        Panel::number("Availability", "The share of the requests of the last 5 minutes that were not answered 5xx.")
            .unit(RATIO)
            .thresholds(RED, &[(0.99, ORANGE), (0.999, GREEN)])
            .query(of_job("job:http_availability:ratio_rate5m"), "{{job}}"),
        Panel::number(
            "Error budget left",
            "Of the 5xx that the objective allows in 30 days, the share that is left; below 0 there were more. Prometheus must keep 30 days \
             for it: by default it keeps 15.",
        )
        .unit(RATIO)
        .thresholds(RED, &[(0.0, ORANGE), (0.5, GREEN)])
        .query(left, "{{job}}"),
        Panel::number("Requests", "In a second, in the last 5 minutes.")
            .unit(REQUESTS_PER_SECOND)
            .query(of_job("job:http_requests:rate5m"), "{{job}}"),
        Panel::number("Slowest of a hundred", "The 99th percentile of the last 5 minutes. The alert HighLatency is about 1 s.")
            .unit(SECONDS)
            .thresholds(GREEN, &[(0.5, ORANGE), (1.0, RED)])
            .query(of_job("job:http_request_duration_seconds:p99_rate5m"), "{{job}}"),
        Panel::number("Open breakers", "Each Envoy's on its own: one that is open in three Envoys counts three times.")
            .thresholds(GREEN, &[(1.0, RED)])
            .query(of_job("job:circuit_breakers_open:count"), "{{job}}"),
        Panel::number("Retries", "For each request, in the last 5 minutes.")
            .unit(RATIO)
            .thresholds(GREEN, &[(0.1, ORANGE), (0.2, RED)])
            .query(of_job("job:retries:ratio_rate5m"), "{{job}}"),
    ]
}

fn service_levels() -> Vec<Panel> {
    let by_class = format!(
        r#"sum by (class) (label_replace({}, "class", "${{1}}xx", "status_code", "(.).*"))"#,
        rate("http_requests_total", OF_JOB)
    );
    let latency = |quantile: &str| of_job(&format!("job:http_request_duration_seconds:{quantile}_rate5m"));
    let errors = |time: &str| of_job(&format!("job:http_errors:ratio_rate{time}"));
    vec![
        Panel::chart("Requests by class of status", "0xx: the client gave up before there was an answer.")
            .unit(REQUESTS_PER_SECOND)
            .stacked()
            .colour("2xx", GREEN)
            .colour("3xx", "blue")
            .colour("4xx", ORANGE)
            .colour("5xx", RED)
            .colour("0xx", "purple")
            .query(by_class, "{{class}}"),
        Panel::chart("Errors", "The share of 5xx, and what the objective allows. The alert HighErrorRatio is about 5 % of a route.")
            .unit(RATIO)
            .thresholds(GREEN, &[(0.05, RED)])
            .lines_at_thresholds()
            .colour("allowed", GREEN)
            .query(errors("5m"), "{{job}}")
            .query("1 - http_availability:objective", "allowed"),
        Panel::chart("Duration", "Of the requests of 5 minutes. The alert HighLatency is about 1 s.")
            .unit(SECONDS)
            .thresholds(GREEN, &[(1.0, RED)])
            .lines_at_thresholds()
            .query(latency("p50"), "{{job}} p50")
            .query(latency("p95"), "{{job}} p95")
            .query(latency("p99"), "{{job}} p99"),
        Panel::chart(
            "Error budget, how fast it is used up",
            "At 1 it lasts 30 days. The alert ErrorBudgetBurnFast is about 14.4 in an hour or 6 in six, ErrorBudgetBurnSlow about 3 in a day or 1 \
             in three.",
        )
        .thresholds(GREEN, &[(1.0, ORANGE), (14.4, RED)])
        .lines_at_thresholds()
        .query(burnt(&errors("1h")), "{{job}} 1 h")
        .query(burnt(&errors("6h")), "{{job}} 6 h")
        .query(burnt(&errors("3d")), "{{job}} 3 d"),
    ]
}

fn policies() -> Vec<Panel> {
    let kept = and(OF_JOB, r#"mode="enforce""#);
    let gave_up = grown(
        "plugin, what",
        "policy_degradations_total",
        OF_JOB,
        "$__rate_interval",
    );
    let deaths = ["envoy_wasm_vm_reload_success", "envoy_wasm_vm_reload_failure"];
    let deaths = deaths
        .map(|metric| format!("increase({metric}{{{OF_JOB}}}[$__rate_interval])"))
        .join(" + ");
    vec![
        Panel::states(
            "Breakers",
            "Open where it is open in any Envoy, else half-open where it is in any.",
        )
        .query(
            state("breaker, direction, position", OF_JOB),
            "{{breaker}} {{direction}} {{position}}",
        )
        .link(
            "This breaker",
            address("service", "var-breaker=${__field.labels.breaker}"),
        ),
        Panel::chart("Retries by route", "That were made.")
            .unit(EVENTS_PER_SECOND)
            .query(of_job("job_route:retries:rate5m"), "{{route}}")
            .link(
                "This route",
                address("service", "var-route=${__field.labels.route}"),
            ),
        Panel::chart(
            "Retries that were not made",
            "Of answers that would have been tried again, by why they were not.",
        )
        .unit(EVENTS_PER_SECOND)
        .colour("budget", RED)
        .query(rates("reason", "retry_suppressed_total", &kept), "{{reason}}"),
        Panel::chart("Errors by code", "Each once, as the client got it.")
            .unit(EVENTS_PER_SECOND)
            .stacked()
            .query(
                rates("error_code, origin", "errors_total", OF_JOB),
                "{{error_code}} {{origin}}",
            )
            .link(
                "This code",
                address("diagnosis", "var-code=${__field.labels.error_code}"),
            ),
        Panel::chart(
            "Ids",
            "Where those of the requests are from, and headers with one that was refused.",
        )
        .unit(REQUESTS_PER_SECOND)
        .colour("rejected", ORANGE)
        .query(rates("source", "request_ids_total", OF_JOB), "{{source}}"),
        Panel::chart(
            "What plugins gave up on",
            "A request goes on without it. docs/metrics.md says what each means.",
        )
        .bars()
        .query(gave_up, "{{plugin}} {{what}}"),
        Panel::chart("Deaths of plugins", "None should ever die.")
            .bars()
            .thresholds(GREEN, &[(1.0, RED)])
            .query(sum("plugin", &deaths), "{{plugin}}"),
    ]
}

fn places() -> Vec<Panel> {
    vec![
        Panel::table("Routes", "Of the last 5 minutes.")
            .size(14, 9)
            .query(
                sum("route", &of_job("job_route:http_requests:rate5m")),
                "Requests | reqps",
            )
            .query(
                format!(
                    "max by (route) ({})",
                    of_job("job_route:http_errors:ratio_rate5m")
                ),
                "Errors | percentunit",
            )
            .query(
                format!(
                    "max by (route) ({})",
                    of_job("job_route:http_request_duration_seconds:p99_rate5m")
                ),
                "p99 | s",
            )
            .query(sum("route", &of_job("job_route:retries:rate5m")), "Retries | ops")
            .link_column(
                "route",
                "This route",
                address("service", "var-route=${__value.raw}"),
            ),
        Panel::table(
            "Alerts",
            "That fire, or will where it goes on. docs/runbook.md says what to do about each.",
        )
        .size(10, 9)
        .unit(COUNT)
        .query("sum by (alertname, severity, alertstate) (ALERTS)", "Number"),
    ]
}
