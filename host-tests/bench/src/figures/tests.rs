use super::{OverRounds, Seen, costs};
use crate::cell::{Cell, Variant, Workload};
use crate::sample;
use crate::stage::Batch;
use std::collections::BTreeMap;
use std::time::Duration;

fn cell(workload: Workload, variant: Variant) -> Cell {
    Cell { workload, variant }
}

/// Rounds of one turn of ten requests, of so many microseconds each.
fn seen(micros: &[u64]) -> Seen {
    let mut seen = Seen::default();
    for micros in micros {
        let batch = Batch {
            cpu: Duration::from_micros(micros * 10),
            elapsed: Duration::from_millis(1),
        };
        seen.round(&[batch], 10);
    }
    seen
}

#[test]
fn what_is_added_is_told_within_each_round() {
    let base = cell(Workload::Upstream, Variant::NoFilter);
    let no_op = cell(Workload::Upstream, Variant::NoOp);
    let retry = cell(Workload::Upstream, Variant::Retry);
    // The machine is slower in the second round, and slowest in the third.
    let seen = BTreeMap::from([
        (base, seen(&[40, 50, 60])),
        (no_op, seen(&[45, 55, 65])),
        (retry, seen(&[52, 62, 74])),
    ]);
    let costs = costs(&[base, no_op, retry], &seen);
    let [of_base, of_no_op, of_retry] = &costs[..] else {
        panic!("{costs:?}");
    };
    let over = |minimum, median| OverRounds { minimum, median };
    assert_eq!(of_base.added_us, over(0.0, 0.0));
    assert_eq!(of_no_op.added_us, over(5.0, 5.0));
    assert_eq!(of_no_op.to_no_op, Some(over(1.0, 1.0)));
    assert_eq!(of_retry.cpu_us, over(52.0, 62.0));
    assert_eq!(of_retry.added_us, over(12.0, 12.0));
    assert_eq!(of_retry.to_no_op, Some(over(2.4, 2.4)));
    assert_eq!(of_retry.per_second, 10_000.0);
    assert_eq!((of_retry.p50_ms, of_retry.p99_ms), (None, None));
}

#[test]
fn a_rejection_is_compared_with_the_upstream_and_not_with_a_filter() {
    let base = cell(Workload::Upstream, Variant::NoFilter);
    let open = cell(Workload::OpenBreaker, Variant::CircuitBreaker);
    let seen = BTreeMap::from([(base, seen(&[40, 40])), (open, seen(&[30, 32]))]);
    let costs = costs(&[base, open], &seen);
    assert_eq!(
        costs[1].added_us,
        OverRounds {
            minimum: -10.0,
            median: -9.0
        }
    );
    assert_eq!(costs[1].to_no_op, None);
}

#[test]
fn several_turns_of_a_round_are_one_figure() {
    let mut seen = Seen::default();
    let turn = |micros| Batch {
        cpu: Duration::from_micros(micros),
        elapsed: Duration::from_millis(1),
    };
    seen.round(&[turn(40), turn(990), turn(10)], 10);
    // As of one turn: one that was disturbed does not make those dearer that have several.
    assert_eq!(seen.cpu_us, [4.0]);
    assert_eq!(seen.per_second, [10_000.0]);
    // The least of many is less than the least of few, so but one of them counts for the minimum.
    seen.round(&[turn(50), turn(10)], 10);
    assert_eq!(seen.first_us, [4.0, 5.0]);
}

#[test]
fn half_and_nearly_all_requests_are_told_in_milliseconds() {
    let base = cell(Workload::Upstream, Variant::NoFilter);
    let mut of_base = seen(&[40]);
    of_base.latencies = (1..=100).map(|n| Duration::from_micros(n * 10)).collect();
    let costs = costs(&[base], &BTreeMap::from([(base, of_base)]));
    assert_eq!((costs[0].p50_ms, costs[0].p99_ms), (Some(0.5), Some(0.99)));
}

#[test]
fn a_ratio_to_nothing_is_none() {
    let base = cell(Workload::Upstream, Variant::NoFilter);
    let no_op = cell(Workload::Upstream, Variant::NoOp);
    let seen = BTreeMap::from([(base, seen(&[40])), (no_op, seen(&[40]))]);
    assert_eq!(costs(&[base, no_op], &seen)[1].to_no_op, None);
}

#[test]
fn figures_are_read_as_they_are_written() {
    let figures = sample::figures();
    let text = serde_json::to_string(&figures).expect("they can be written");
    assert_eq!(
        serde_json::from_str::<super::Figures>(&text).expect("they can be read"),
        figures
    );
}
