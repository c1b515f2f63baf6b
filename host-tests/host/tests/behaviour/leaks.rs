//! Memory that grows from exchange to exchange fails a test; memory that a plugin may well take does not.

use host::{Host, Module, cost};

/// A plugin with a counter of its exchanges, `$served`, that runs this when one has ended.
fn plugin(at_the_end: &str) -> Module {
    let text = format!(
        r#"(module
            (import "env" "proxy_get_buffer_bytes" (func $buffer (param i32 i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (global $served (mut i32) (i32.const 0))
            (global $top (mut i32) (i32.const 1024))
            (func (export "proxy_abi_version_0_2_1"))
            ;; Never frees, and takes pages as it needs them.
            (func $take (export "malloc") (param $bytes i32) (result i32)
                global.get $top
                (global.set $top (i32.add (global.get $top) (local.get $bytes)))
                (loop $more (if (i32.gt_u (global.get $top) (i32.shl (memory.size) (i32.const 16)))
                    (then (drop (memory.grow (i32.const 1))) (br $more)))))
            ;; Reads the whole body into memory that it uses again for the next one.
            (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
                (drop (call $buffer (i32.const 0) (i32.const 0) (i32.const -1) (i32.const 0) (i32.const 4)))
                (global.set $top (i32.const 1024))
                (i32.const 0))
            (func (export "proxy_on_log") (param i32)
                (global.set $served (i32.add (global.get $served) (i32.const 1)))
                {at_the_end}))"#
    );
    Module::new(&wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}")))
}

/// Grows by a page where this holds.
fn grows_if(condition: &str) -> Module {
    plugin(&format!(
        "(if {condition} (then (drop (memory.grow (i32.const 1)))))"
    ))
}

fn serve(host: &Host, exchanges: usize) {
    for _ in 0..exchanges {
        host.get("/").answered_with(200);
    }
}

#[test]
#[should_panic(
    expected = "the memory of plugin keeper on Worker(0) grew steadily, by 960 KiB over 16 exchanges: if that is no \
                leak, say allow_memory_growth"
)]
fn a_page_an_exchange_is_a_leak() {
    serve(&Host::new(grows_if("(i32.const 1)")).plugin_name("keeper"), 16);
}

#[test]
#[should_panic(expected = "grew steadily")]
fn so_is_less_over_more_exchanges() {
    serve(&Host::new(plugin("(drop (call $take (i32.const 1000)))")), 600);
}

#[test]
#[should_panic(expected = "on Worker(1) grew steadily")]
fn each_worker_is_looked_at() {
    let host = Host::new(grows_if("(i32.const 1)")).workers(2);
    serve(&host, 3);
    for _ in 0..16 {
        host.worker(1).get("/").answered_with(200);
    }
}

#[test]
#[should_panic(expected = "grew steadily")]
fn a_vm_that_has_gone_is_not_forgotten() {
    let host = Host::new(grows_if("(i32.const 1)"));
    serve(&host, 16);
    host.shut_down();
}

#[test]
fn a_test_may_allow_it() {
    serve(&Host::new(grows_if("(i32.const 1)")).allow_memory_growth(), 64);
}

#[test]
fn few_exchanges_say_nothing() {
    serve(&Host::new(grows_if("(i32.const 1)")), 15);
}

#[test]
fn a_cache_that_fills_is_no_leak() {
    serve(
        &Host::new(grows_if("(i32.lt_u (global.get $served) (i32.const 12))")),
        64,
    );
}

#[test]
fn a_table_that_doubles_is_no_leak() {
    let is_power_of_two =
        "(i32.eqz (i32.and (global.get $served) (i32.sub (global.get $served) (i32.const 1))))";
    serve(&Host::new(grows_if(is_power_of_two)), 600);
}

#[test]
fn ever_larger_requests_may_take_ever_more() {
    let host = Host::new(plugin(""));
    for pages in 1..=16 {
        host.post("/").body(vec![b'x'; pages << 16]).answered_with(200);
    }
    let grown = |exchange: host::Exchange| exchange.cost().pages_grown();
    assert!(
        grown(host.post("/").body(vec![b'x'; 17 << 16]).answered_with(200)) > 0,
        "it does take more"
    );
}

#[test]
fn a_small_leak_is_seen_over_many_exchanges() {
    let growth = |module| cost::growth(&Host::new(module), 2000, |host| serve(host, 1));
    assert_eq!(growth(plugin("")), 0);
    assert_eq!(growth(plugin("(drop (call $take (i32.const 64)))")), 1);
}
