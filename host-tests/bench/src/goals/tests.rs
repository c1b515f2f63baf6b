use crate::cell::{Variant, Workload};
use crate::sample;

#[test]
fn a_goal_whose_cells_were_measured_is_met_or_not() {
    let figures = sample::figures();
    let told: Vec<_> = figures
        .goals
        .iter()
        .map(|goal| (goal.claim.as_str(), goal.at_most, goal.found.median, goal.met))
        .collect();
    assert_eq!(
        told,
        [
            ("request-id, to no-op wasm", 2.2, 2.4, false),
            (
                "an open breaker's rejection, to a request to the upstream without a filter",
                1.0,
                0.8,
                true
            ),
        ]
    );
}

#[test]
fn a_goal_of_a_variant_is_found_by_it() {
    assert_eq!(super::to_no_op(Variant::Retry), Some(2.6));
    assert_eq!(super::to_no_op(Variant::OnePass), Some(4.0));
    assert_eq!(super::to_no_op(Variant::LuaNothing), None);
    let open = super::to_no_filter(Workload::OpenBreaker, Variant::CircuitBreaker);
    assert_eq!(open, Some(1.0));
    assert_eq!(super::to_no_filter(Workload::Upstream, Variant::Chain), None);
}
