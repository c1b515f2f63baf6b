//! How it knows of breakers and budgets: they are entered once, by whoever meets them first.

use super::{
    admin, breaker, expect_rejected, force, met, running, shown, strikes_with, succeed, the_breaker,
    three_strikes,
};
use host::{Host, Status, secs};
use serde_json::json;

/// How often somebody has written, or tried to.
fn writes(host: &Host) -> usize {
    let calls = host.host_calls();
    calls
        .iter()
        .filter(|call| call.name == "proxy_set_shared_data")
        .count()
}

fn names(host: &Host) -> Vec<String> {
    let shown = shown(host.worker(0));
    let breakers = shown["breakers"].as_array().expect("it is a list").clone();
    breakers
        .iter()
        .map(|breaker| breaker["breaker"].as_str().expect("it is text").to_owned())
        .collect()
}

#[test]
fn what_is_known_is_not_written_again() {
    let host = met();
    let before = writes(&host);
    succeed(host.worker(1));
    for worker in [0, 1, 0, 1] {
        succeed(host.worker(worker));
    }
    assert_eq!(writes(&host), before);
}

#[test]
fn thousands_of_breakers_are_all_there() {
    let policy = strikes_with(json!({ "key": { "header": "x-tenant" }, "max_keys": 4_000 }));
    // As Envoy, which has no such bound: a worker that shows so many does nothing else meanwhile.
    let host = Host::chain([admin(json!({})), breaker(policy)])
        .workers(2)
        .fuel_per_callback(1_000_000_000);
    for tenant in 0..2_000 {
        let request = host.worker(tenant % 2).get("/");
        request
            .header("x-tenant", format!("t{tenant:04}"))
            .answered_with(200);
    }
    let names = names(&host);
    assert_eq!(names.len(), 2_001, "with that of those without a slot");
    assert_eq!((names[0].as_str(), names[2_000].as_str()), ("other", "t1999"));
}

#[test]
fn two_workers_that_meet_two_breakers_at_once_enter_both() {
    let policy = strikes_with(json!({ "key": { "header": "x-tenant" }, "known": ["a", "b"] }));
    // Sixty-four names have one bucket together at least: each pair below meets in one sooner or later.
    let host = Host::chain([admin(json!({})), breaker(policy)]).workers(2);
    let order: Vec<usize> = (0..600).map(|step| step % 2).collect();
    host.step(order, |worker| {
        for tenant in 0..40 {
            let name = format!("w{}-{tenant:02}", worker.number());
            worker.get("/").header("x-tenant", name).answered_with(200);
        }
    });
    assert_eq!(names(&host).len(), 81);
}

#[test]
fn what_could_not_be_entered_is_entered_with_the_next_tick() {
    // A name has no slot to take, so the first that is written is the register.
    let running = || running(strikes_with(json!({ "key": { "name": "payments" } })));
    let host = running();
    succeed(host.worker(0));
    let calls = host.host_calls();
    let entering = calls.iter().position(|call| call.name == "proxy_set_shared_data");
    let entering = entering.expect("it is entered");
    for status in [Status::INTERNAL_FAILURE, Status::CAS_MISMATCH] {
        let host = running().fail_host_call(entering, status);
        succeed(host.worker(0));
        host.advance(secs(1));
        assert_eq!(the_breaker(host.worker(1))["breaker"], "payments", "{status:?}");
    }
}

#[test]
fn a_register_of_nonsense_begins_anew() {
    for nonsense in [&b""[..], b"nonsense", b"\x01\x00\x00\x00\x00", &[0xff; 3_000]] {
        let host = running(three_strikes());
        for bucket in 0..64 {
            for of in ["circuit_breaker", "retry_budget"] {
                host.set_shared_data(format!("{of}/register/1/{bucket}"), nonsense);
            }
        }
        assert_eq!(shown(host.worker(0))["breakers"], json!([]));
        succeed(host.worker(0));
        assert_eq!(the_breaker(host.worker(1))["breaker"], "upstream");
        assert_eq!(shown(host.worker(1))["retry_budgets"][0]["cluster"], "upstream");
    }
}

#[test]
fn a_record_of_nonsense_is_a_closed_breaker_that_can_be_forced() {
    let host = met();
    let record = "circuit_breaker/1/any/downstream/cluster/#";
    let slot = (0..1_000).find(|slot| host.shared_data(format!("{record}{slot}")).is_some());
    assert!(slot.is_some(), "a cluster has a slot");
    // Not of a slot: whose that is, its record says.
    let host = running(strikes_with(json!({ "key": { "name": "payments" } })));
    succeed(host.worker(0));
    host.set_shared_data("circuit_breaker/1/any/downstream/name/=payments", b"nonsense");
    assert_eq!(the_breaker(host.worker(0))["state"], "closed");
    let path = "/.policy/force?breaker=payments&state=open&for=60s&reason=x";
    host.post(path).run(200).expect_status(200);
    expect_rejected(host.worker(1), "60");
}

#[test]
fn what_another_clock_has_forced_ends_within_its_time() {
    let early = running(strikes_with(json!({ "key": { "name": "payments" } })));
    early.advance(secs(1_000));
    succeed(early.worker(0));
    let path = "/.policy/force?breaker=payments&state=open&for=60s&reason=x";
    early.post(path).run(200).expect_status(200);
    let name = "circuit_breaker/1/any/downstream/name/=payments";
    let record = early.shared_data(name).expect("it is forced");

    let host = running(strikes_with(json!({ "key": { "name": "payments" } })));
    succeed(host.worker(0));
    host.set_shared_data(name, record);
    assert_eq!(the_breaker(host.worker(0))["forced"]["left_ms"], 60_000);
    expect_rejected(host.worker(1), "60");
    host.advance(secs(60));
    host.get("/orders").expect_forwarded().answer(200);
}

#[test]
fn more_than_there_is_room_for_is_counted_and_not_shown() {
    let host = running(strikes_with(json!({ "key": { "name": "payments" } })));
    // All buckets full, of what nobody knows.
    let full = |bucket: u64| {
        let mut bytes = vec![1];
        for entry in 0..256 {
            let name = format!("x{entry:03}");
            bytes.extend([4, 0]);
            bytes.extend(name.as_bytes());
            bytes.extend([0, 0]);
        }
        let sum = bytes.iter().fold(0x811c_9dc5u32, |hash, byte| {
            (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
        });
        bytes.extend(sum.to_le_bytes());
        host.set_shared_data(format!("circuit_breaker/register/1/{bucket}"), bytes);
    };
    (0..64).for_each(full);
    succeed(host.worker(0));
    assert_eq!(shown(host.worker(0))["breakers"], json!([]));
    let what = "policy_degradations_total.plugin=circuit-breaker;.what=register;";
    assert_eq!(host.metric(what), 1);
    host.advance(secs(10));
    assert_eq!(host.metric(what), 1, "it is told once");
}

#[test]
fn of_the_module_of_all_is_shown_what_is_shown_of_the_single_ones() {
    use host::Plugin;
    use host_tests::plugin::POLICIES;
    let one = |root_id: &str, configuration| {
        Plugin::new(POLICIES.module())
            .name(root_id)
            .root_id(root_id)
            .config(configuration)
    };
    let shown = |host: Host| {
        succeed(host.worker(0));
        let answer = force(host.worker(0), "open", "60s");
        expect_rejected(host.worker(1), "60");
        (answer, shown(host.worker(1)))
    };
    let default = json!({ "default": three_strikes() });
    let chain = Host::chain([
        admin(json!({})),
        one("circuit-breaker", default.clone()),
        one("retry", json!({})),
    ])
    .workers(2);
    let expected = shown(running(three_strikes()));
    assert_eq!(shown(chain), expected);
    let sections = json!({ "circuit-breaker": default, "retry": {} });
    let in_one_pass = Host::chain([admin(json!({})), one("policies", sections)]).workers(2);
    assert_eq!(shown(in_one_pass), expected);
}
