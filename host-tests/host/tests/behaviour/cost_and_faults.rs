//! What an exchange costs, and what becomes of it when a host call fails.

use host::{Host, Module, Status, cost, faults};

use crate::guest::{guest, notes};

/// Reads the path and writes a header; with `strict`, traps when either fails.
fn reader(strict: bool) -> Module {
    let on_failure = if strict {
        "(if (local.get 0) (then unreachable))"
    } else {
        ""
    };
    guest(&format!(
        r#"(func $check (param i32) {on_failure})
           (func (export "proxy_on_configure") (param i32 i32) (result i32)
               (i32.eqz (call $define (i32.const 0) (i32.const 170) (i32.const 5) (i32.const 8))))
           (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (call $check (call $get_path))
               (call $check (call $set_a (i32.const 0)))
               (i32.const 0))"#
    ))
}

#[test]
fn the_cost_of_the_usual_exchange_is_the_same_each_time_and_says_where_it_went() {
    let host = Host::new(reader(false)).plugin_name("reader");
    let measured = cost::usual(&host, |host| host.get("/orders").answered_with(200));
    assert_eq!(
        measured.first, measured.usual,
        "this guest has nothing to warm up"
    );
    let usual = measured.usual;
    // Out: 7 bytes of path, pointer and length. In: the names `:path` and `x-a`, and `value`.
    assert_eq!(
        (
            usual.calls(),
            usual.bytes_out(),
            usual.bytes_in(),
            usual.pages_grown()
        ),
        (2, 15, 13, 0)
    );
    assert!(usual.fuel() > 0);
    let again = cost::usual(&Host::new(reader(false)).plugin_name("reader"), |host| {
        host.get("/orders").answered_with(200)
    });
    assert_eq!(again.usual.to_string(), usual.to_string());
    let text = usual.to_string();
    let words: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(words[1][..3], ["reader", "proxy_on_request_headers", "2"]);
    assert_eq!(words[2], ["proxy_get_header_map_value", "1"]);
    assert_eq!(words[3], ["proxy_replace_header_map_value", "1"]);
    assert_eq!(words[4][..2], ["total", "2"]);
}

#[test]
fn a_failed_host_call_does_nothing_but_answer() {
    let host = Host::new(reader(false));
    host.get("/")
        .answered_with(200)
        .upstream_header("x-a")
        .is("value");
    let set = host
        .host_calls()
        .iter()
        .position(|call| call.name == "proxy_replace_header_map_value");
    let host = Host::new(reader(false)).fail_host_call(set.unwrap(), Status::BAD_ARGUMENT);
    host.get("/")
        .answered_with(200)
        .upstream_header("x-a")
        .is_absent();
    host.get("/")
        .answered_with(200)
        .upstream_header("x-a")
        .is("value");
}

#[test]
fn every_status_that_a_call_could_answer_is_tried() {
    let report = faults::inject_everywhere(
        || Host::new(reader(false)),
        |host| {
            host.get("/").run(200);
        },
    );
    // Three times proxy_define_metric (canary, main, worker) with 3 statuses, which this guest takes for a refusal;
    // proxy_get_header_map_value with 4, proxy_replace_header_map_value with 3.
    assert_eq!(
        report,
        faults::Report {
            calls: 5,
            runs: 16,
            refused: 9
        }
    );
}

#[test]
#[should_panic(expected = "7 of 16 faults were not survived")]
fn a_guest_that_traps_on_a_status_it_did_not_expect_is_found() {
    faults::inject_everywhere(
        || Host::new(reader(true)),
        |host| {
            host.get("/").run(200);
        },
    );
}

#[test]
#[should_panic(expected = "holds the request and never lets it go")]
fn a_guest_that_loses_the_request_after_a_fault_is_found() {
    let holds_on_failure = guest(
        r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (i32.ne (call $get_path) (i32.const 0)))"#,
    );
    faults::inject_everywhere(
        || Host::new(&holds_on_failure),
        |host| {
            host.get("/").run(200);
        },
    );
}

#[test]
fn a_reply_that_comes_of_a_fault_is_an_answer() {
    let replies_on_failure = guest(
        r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (if (call $get_path) (then (drop (call $reply_with (i32.const 500)))))
               (i32.const 0))"#,
    );
    let report = faults::inject_everywhere(
        || Host::new(&replies_on_failure),
        |host| {
            host.get("/").run(200);
        },
    );
    assert_eq!(
        report,
        faults::Report {
            calls: 1,
            runs: 4,
            refused: 0
        }
    );
}

#[test]
fn ticks_are_covered() {
    let ticks = guest(
        r#"(func (export "proxy_on_configure") (param i32 i32) (result i32)
               (drop (call $tick_every (i32.const 10))) (i32.const 1))
           (func (export "proxy_on_tick") (param i32)
               (if (call $now (i32.const 0)) (then unreachable)))"#,
    );
    let run = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        faults::inject_everywhere(|| Host::new(&ticks), |host| host.advance(host::millis(10)))
    }));
    let panic = run.unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(
        text.contains("proxy_get_current_time_nanoseconds in proxy_on_tick on Main"),
        "{text}"
    );
    assert!(
        text.contains("proxy_get_current_time_nanoseconds in proxy_on_tick on Worker(0)"),
        "{text}"
    );
}

#[test]
fn a_fault_in_the_log_is_no_concern_of_the_client() {
    let host = Host::new(guest(
        r#"(func (export "proxy_on_log") (param i32) (call $note (call $get_path)))"#,
    ))
    .fail_host_call(0, Status::INTERNAL_FAILURE);
    host.get("/").answered_with(200).expect_status(200);
    assert_eq!(notes(&host), [":"], "10 is INTERNAL_FAILURE");
}

#[test]
fn calls_of_body_and_trailers_are_tried_and_counted() {
    let module = guest(
        r#"(func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
               (drop (call $put (i32.const 0) (i32.const 0) (i32.const 100))) (i32.const 0))
           (func (export "proxy_on_response_trailers") (param i32 i32) (result i32)
               (drop (call $set_a (i32.const 3))) (i32.const 0))"#,
    );
    let send = |host: &Host| {
        let answer = host::Answer::new(200).pieces(["ab"]).trailer("x-a", "1");
        host.post("/").pieces(["he"]).run(answer)
    };
    let cost = send(&Host::new(&module)).cost();
    // Two pieces with the one that ends the body, then the trailers; name and value count as bytes in.
    assert_eq!((cost.calls(), cost.bytes_in()), (3, 5 + 5 + 3 + 5));
    let report = faults::inject_everywhere(|| Host::new(&module), |host| drop(send(host)));
    // Writing a buffer can answer four other statuses, writing a header three.
    assert_eq!((report.calls, report.runs), (3, 4 + 4 + 3));
}
