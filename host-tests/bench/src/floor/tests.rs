use super::{calls, floors};
use crate::cell::{Variant, Workload};
use crate::configuration::call::function;
use crate::figures::{Cost, OverRounds};
use crate::sample;
use std::collections::BTreeMap;
use std::fs;

/// The calls of a case of the golden file, by function.
fn golden(case: &str) -> BTreeMap<String, u32> {
    let path = live::repository().join("host-tests/golden/cost.txt");
    let text = fs::read_to_string(path).expect("the golden file");
    let (_, part) = text
        .split_once(&format!("{case}\ncallback "))
        .expect("it has this case");
    let (part, _) = part.split_once("\ntotal").expect("a case ends");
    let mut calls = BTreeMap::new();
    for line in part.lines().skip(1).filter_map(|line| line.strip_prefix("    ")) {
        let (name, times) = line.split_once(' ').expect("a name and a number");
        *calls.entry(name.to_owned()).or_default() += times.trim().parse::<u32>().expect("a number");
    }
    calls
}

fn counted(variant: Variant) -> BTreeMap<String, u32> {
    let mut counted = BTreeMap::new();
    for &(call, times) in calls(variant).expect("it makes calls") {
        let function = function(call).expect("it is a call").to_owned();
        *counted.entry(function).or_default() += times;
    }
    counted
}

#[test]
fn the_calls_of_a_floor_are_those_that_the_plugin_makes() {
    for (variant, case) in [
        (Variant::RequestId, "an id is generated"),
        (Variant::ErrorEnvelope, "a 200 that passes"),
        (Variant::CircuitBreaker, "closed, and a success"),
        (Variant::Retry, "a GET that succeeds at the first attempt"),
    ] {
        assert_eq!(counted(variant), golden(case), "{case}");
    }
    // There the request brings its id along; here it is made, and set.
    let mut in_one_pass = golden("all in one pass, and a 200");
    *in_one_pass
        .entry("proxy_replace_header_map_value".into())
        .or_default() += 1;
    assert_eq!(counted(Variant::OnePass), in_one_pass);
}

#[test]
fn a_floor_is_the_module_and_its_calls() {
    let mut figures = sample::figures();
    assert!(floors(&figures).is_empty(), "no call was measured");
    let added = |variant, added| Cost {
        workload: Workload::Calls,
        variant,
        added_us: OverRounds {
            minimum: added,
            median: added,
        },
        ..figures.costs[0].clone()
    };
    let measured = [
        (Variant::NoFilter, -4.0),
        (Variant::NoOp, 1.0),
        (Variant::RequestHeaderMap, 2.0),
        (Variant::Clock, 0.25),
        (Variant::SetRequestHeader, 1.0),
        (Variant::SetFilterState, 2.0),
        (Variant::SetResponseHeader, 0.5),
    ];
    let measured = measured.map(|(variant, micros)| added(variant, micros));
    figures.costs.extend(measured);
    let floors = floors(&figures);
    let [floor] = &floors[..] else {
        panic!("{} floors", floors.len());
    };
    assert_eq!(floor.goal.claim, "request-id, to no-op wasm");
    assert_eq!((floor.calls, floor.module_us, floor.calls_us), (5, 4.0, 5.75));
    // Of what the no-op adds, which is 5.
    assert_eq!((floor.over_us, floor.ratio), (5.0, 1.95));
}
