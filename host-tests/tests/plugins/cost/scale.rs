//! What many rules, breakers, workers and requests cost. `make scale` prints all of it; this holds it to bounds.

use host_tests::plugin::{CIRCUIT_BREAKER, ERROR_ENVELOPE, POLICIES, REQUEST_ID, RETRY};
use scale::{
    Contention, Held, KEYED, Keyed, MIXES, Match, Mix, Modules, Rules, SUBJECTS, Subject, Turns, contention,
    growth,
};

fn modules() -> Modules {
    let all = [&CIRCUIT_BREAKER, &ERROR_ENVELOPE, &POLICIES, &REQUEST_ID, &RETRY];
    Modules::new(|name| {
        let plugin = all.iter().find(|plugin| plugin.name == name);
        plugin.expect("it is one of these").module().clone()
    })
}

/// What a request costs that meets the last of 10,000 rules is what it costs to meet the only one.
#[track_caller]
fn expect_flat(subject: Subject) {
    let modules = modules();
    for by in Match::EXACT {
        let [one, many] = [1, 10_000].map(|count| Rules { by, count }.cost(&modules, subject));
        assert_eq!(one.calls(), many.calls(), "{by:?}\n{one}\n{many}");
        assert!(
            many.fuel() * 100 <= one.fuel() * 110,
            "{by:?}: {} against {}",
            many.fuel(),
            one.fuel()
        );
    }
}

#[test]
fn ten_thousand_exact_rules_of_one_plugin_cost_a_request_what_one_does() {
    for subject in SUBJECTS
        .into_iter()
        .filter(|subject| subject.module != "policies")
    {
        expect_flat(subject);
    }
}

#[test]
fn ten_thousand_exact_rules_of_each_plugin_in_one_pass_cost_a_request_what_one_does() {
    for subject in SUBJECTS
        .into_iter()
        .filter(|subject| subject.module == "policies")
    {
        expect_flat(subject);
    }
}

#[test]
fn a_thousand_breakers_that_a_worker_has_met_cost_a_request_what_one_does() {
    let modules = modules();
    for keyed in KEYED {
        let [one, many] = [1, 1_000].map(|count| keyed.cost(&modules, count));
        assert_eq!(one.calls(), many.calls(), "{keyed:?}\n{one}\n{many}");
        assert!(
            many.fuel() * 100 <= one.fuel() * 110,
            "{keyed:?}: {} against {}",
            many.fuel(),
            one.fuel()
        );
    }
}

/// By how much more is held, for each of so many.
fn each(none: Held, many: Held, count: u64) -> (u64, u64) {
    (
        (many.memory - none.memory) / count,
        (many.shared - none.shared) / count,
    )
}

#[test]
fn a_breaker_is_so_small() {
    let modules = modules();
    // Bytes of a worker's memory, and of shared data. Those with metrics of their own have their names, too.
    for (keyed, memory, shared) in [
        (Keyed::Known, 1_700, 450),
        (Keyed::Header, 500, 350),
        (Keyed::Host, 500, 350),
        (Keyed::Route, 1_700, 450),
        (Keyed::Cluster, 1_700, 450),
        // With a rule for each.
        (Keyed::Name, 2_300, 450),
        (Keyed::Budget, 400, 300),
    ] {
        let held = each(keyed.held(&modules, 1), keyed.held(&modules, 1_000), 1_000);
        assert!(held.0 <= memory && held.1 <= shared, "{keyed:?}: {held:?}");
    }
}

#[test]
fn a_rule_is_so_small() {
    let modules = modules();
    for (module, memory) in [
        ("request-id", 1_700),
        ("error-envelope", 1_500),
        ("circuit-breaker", 1_900),
        ("retry", 2_000),
        // One of each.
        ("policies", 6_000),
    ] {
        let held = |count| {
            let by = Match::Exact;
            Held::of(&Rules { by, count }.host(&modules, module))
        };
        let held = each(held(0), held(10_000), 10_000);
        assert!(held.0 <= memory && held.1 == 0, "{module}: {held:?}");
    }
}

/// As though each worker had a processor of its own and did nothing but call the host.
fn contended(mix: Mix, workers: usize) -> Contention {
    contention(&modules(), mix, workers, 960 / workers, Turns::Drawn(1))
}

#[test]
fn workers_whose_requests_succeed_do_not_meet_at_a_breaker() {
    let (one, many) = (contended(Mix::Successes, 1), contended(Mix::Successes, 64));
    assert_eq!((many.written, many.overtaken, many.gave_up), (0, 0, 0));
    assert_eq!(many.calls, one.calls);
    // Each worker has memory of its own, in which a place is found a few instructions sooner or later.
    assert!(
        many.fuel.abs_diff(one.fuel) * 1_000 < one.fuel,
        "{many:?} against {one:?}"
    );
}

#[test]
fn eight_workers_at_one_record_give_nothing_up() {
    for mix in MIXES {
        let seen = contended(mix, 8);
        assert_eq!(seen.gave_up, 0, "{mix:?}: {seen:?}");
    }
}

#[test]
fn sixty_four_workers_at_one_record_lose_few_of_their_changes_and_count_each_loss() {
    // Of a hundred requests, how many at the most lose a change; and how often at the most one is overtaken.
    for (mix, lost, overtaken) in [
        (Mix::Few, 6, 6),
        (Mix::Failures, 6, 6),
        (Mix::FewProbes, 2, 4),
        (Mix::Retries, 4, 5),
        (Mix::FewRetries, 0, 1),
    ] {
        let seen = contended(mix, 64);
        assert!(seen.gave_up * 100 <= seen.requests * lost, "{mix:?}: {seen:?}");
        assert!(seen.overtaken <= seen.requests * overtaken, "{mix:?}: {seen:?}");
    }
    for mix in [Mix::Failures, Mix::Retries] {
        let seen = contended(mix, 64);
        assert_eq!(seen.written + seen.gave_up, seen.requests, "{mix:?}: {seen:?}");
    }
}

#[test]
fn twenty_thousand_requests_of_strangers_leave_no_more_behind_than_ten_thousand() {
    let seen = growth(&modules(), 20_000, |_| {});
    let [.., half, _, _, _, _, last] = seen.as_slice() else {
        panic!("{seen:?}");
    };
    assert_eq!((half.requests, last.requests), (10_000, 20_000));
    // A page: the worker has met a few more of the breakers that it may meet.
    assert!(last.held.memory <= half.held.memory + 65_536, "{seen:?}");
    // 200 slots for headers, as many for hosts; routes, clusters, budgets, registers, and what is known.
    assert!(last.held.keys <= 560, "{seen:?}");
    // 17 breakers with 13 names each at the most, five budgets, some 60 codes: nothing that a stranger has chosen.
    assert!(last.held.metrics <= 330, "{seen:?}");
}
