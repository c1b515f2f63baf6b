use super::{Cell, Variant, Workload, chosen};

fn names(of: &[&str]) -> Vec<String> {
    of.iter().map(ToString::to_string).collect()
}

#[test]
fn all_are_measured_where_none_is_named() {
    assert_eq!(chosen(&[]).expect("all").len(), 14 + 14 + 4 + 6 + 19);
}

#[test]
fn what_is_chosen_brings_along_what_it_is_compared_with() {
    let cells = chosen(&names(&["direct-response", "retry"])).expect("they are there");
    let workload = Workload::DirectResponse;
    let of = [Variant::NoFilter, Variant::NoOp, Variant::Retry];
    assert_eq!(cells, of.map(|variant| Cell { workload, variant }));
}

#[test]
fn a_rejection_is_compared_with_a_request_to_the_upstream() {
    let cells = chosen(&names(&["open-breaker"])).expect("they are there");
    assert_eq!(cells.len(), 5);
    let base = Cell {
        workload: Workload::Upstream,
        variant: Variant::NoFilter,
    };
    assert_eq!(cells[0], base);
    assert!(cells.iter().all(|cell| cell.base() == base));
}

#[test]
fn a_name_that_is_neither_is_refused_with_those_that_there_are() {
    let error = chosen(&names(&["retries"]))
        .expect_err("there is none")
        .to_string();
    assert!(
        error.starts_with("retries is no variant and no workload"),
        "{error}"
    );
    assert!(
        error.contains("open-breaker, replaced-error, calls, no-filter"),
        "{error}"
    );
}

#[test]
fn no_two_have_the_same_name() {
    let mut names: Vec<&str> = Workload::ALL.iter().map(|workload| workload.name()).collect();
    names.extend(Variant::ALL.iter().map(|variant| variant.name()));
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[test]
fn a_call_is_compared_with_the_same_module_without_one() {
    let cells = chosen(&names(&["calls", "clock"])).expect("they are there");
    let workload = Workload::Calls;
    let of = [Variant::NoOp, Variant::NoCall, Variant::Clock];
    assert_eq!(cells, of.map(|variant| Cell { workload, variant }));
    assert_eq!(cells[2].base(), cells[1]);
}

#[test]
fn a_call_is_measured_under_no_other_workload() {
    for workload in Workload::ALL
        .iter()
        .filter(|workload| **workload != Workload::Calls)
    {
        assert!(
            !workload.variants().contains(&Variant::Clock),
            "{}",
            workload.title()
        );
    }
}
