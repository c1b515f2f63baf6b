//! The metrics that have seen all this.

use super::super::metrics::{Metrics, TOLD};
use super::super::walk::{Shown, Walk};
use super::Chapter;

pub(super) const CHAPTER: Chapter = Chapter {
    title: "What the numbers saw",
    text: "Nobody watches single requests. Envoy counts what happens as metrics: numbers with labels (which breaker? which error?) that \
           a monitoring system such as Prometheus collects every few seconds, draws, and wakes people by. Here is by how much each has \
           grown during this demo; docs/metrics.md has all of them.",
    show,
};

/// What this demo has done, at least: on an Envoy that others use, too, it is more.
const SEEN: [(u64, &[&str]); 11] = [
    (1, &["request_ids_total{", "source=\"accepted\""]),
    (1, &["request_ids_total{", "source=\"generated\""]),
    (
        1,
        &[
            "errors_total{",
            "error_code=\"INTERNAL_SERVER_ERROR\"",
            "origin=\"upstream\"",
        ],
    ),
    (
        1,
        &[
            "errors_total{",
            "error_code=\"UPSTREAM_TIMEOUT\"",
            "origin=\"local\"",
        ],
    ),
    (
        2,
        &["errors_total{", "error_code=\"CIRCUIT_OPEN\"", "origin=\"local\""],
    ),
    (4, &["retry_attempts_total{", "attempt=\"3\""]),
    (1, &["retry_suppressed_total{", "reason=\"idempotency_key\""]),
    (2, &["circuit_breaker_calls_total{", "outcome=\"rejected\""]),
    (
        1,
        &[
            "circuit_breaker_transitions_total{",
            "from=\"closed\",to=\"open\"",
        ],
    ),
    (
        1,
        &[
            "circuit_breaker_transitions_total{",
            "from=\"open\",to=\"half_open\"",
        ],
    ),
    (
        1,
        &[
            "circuit_breaker_transitions_total{",
            "from=\"half_open\",to=\"closed\"",
        ],
    ),
];

fn show(walk: &mut Walk<'_, '_>) -> Shown {
    let now = walk.claim_of_metrics(
        "each part of this demo is in the metrics, the three changes of the breaker's state among them:",
        saw_all,
    )?;
    for (metric, meaning) in TOLD {
        walk.screen.gap();
        walk.screen.tell_of(metric, meaning);
        for (labels, value) in now.since(&walk.before, metric) {
            walk.screen.number(&value, &labels);
        }
    }
    Ok(())
}

fn saw_all(now: &Metrics, before: &Metrics) -> bool {
    SEEN.iter()
        .all(|(at_least, parts)| now.grown(before, parts) >= *at_least)
}
