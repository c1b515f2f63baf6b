//! Foreign functions, with the statuses that Envoy 1.40.0 answered.

use host::{Host, Plugin};

use crate::guest::{guest, notes};

/// A call of a foreign function, as a function `$foreign_N` that notes its status and then what it handed over (`?` if
/// nothing was written).
fn calls(calls: &[(&str, &[u8])]) -> String {
    let mut text = String::new();
    for (number, (name, argument)) in calls.iter().enumerate() {
        let at = 8192 + 512 * number;
        let escaped: String = argument.iter().map(|byte| format!("\\{byte:02x}")).collect();
        text += &format!(
            r#"(data (i32.const {at}) "{name}") (data (i32.const {}) "{escaped}")
            (func $foreign_{number}
                (i32.store (i32.const 32) (i32.const 2000)) (i32.store (i32.const 36) (i32.const 1))
                (i32.store8 (i32.const 2000) (i32.const 63))
                (call $note (call $foreign (i32.const {at}) (i32.const {}) (i32.const {}) (i32.const {})
                    (i32.const 32) (i32.const 36)))
                (drop (call $log (i32.const 2) (i32.load (i32.const 32)) (i32.load (i32.const 36)))))"#,
            at + 64,
            name.len(),
            at + 64,
            argument.len()
        );
    }
    text
}

/// The functions `$foreign_FROM` … called one after another.
fn all(numbers: std::ops::Range<usize>) -> String {
    numbers
        .map(|number| format!("(call $foreign_{number})"))
        .collect()
}

/// What these calls note in the request phase.
fn noted(list: &[(&str, &[u8])]) -> Vec<String> {
    let host = Host::new(guest(&format!(
        r#"{} (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) {} (i32.const 0))"#,
        calls(list),
        all(0..list.len())
    )));
    host.get("/").answered_with(200);
    notes(&host)
}

/// A protobuf field of bytes, and one that is a number.
fn text(field: u8, value: &str) -> Vec<u8> {
    [&[field << 3 | 2, value.len() as u8], value.as_bytes()].concat()
}

fn number(field: u8, value: u8) -> Vec<u8> {
    vec![field << 3, value]
}

#[test]
fn one_that_envoy_has_not_writes_nothing_and_one_that_it_has_always_does() {
    assert_eq!(noted(&[("fly", b"")]), ["1", "?"]);
    assert_eq!(noted(&[("clear_route_cache", b"whatever")]), ["0", ""]);
    assert_eq!(noted(&[("uncompress", b"\xff\xff\xff")]), ["3", ""]);
}

#[test]
fn what_is_compressed_can_be_uncompressed() {
    let module = guest(&format!(
        r#"{}
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
            (call $note (call $foreign (i32.const 8192) (i32.const 8) (i32.const 8256) (i32.const 60)
                (i32.const 32) (i32.const 36)))
            (call $note (i32.lt_u (i32.load (i32.const 36)) (i32.const 60)))
            (call $note (call $foreign (i32.const 8704) (i32.const 10) (i32.load (i32.const 32))
                (i32.load (i32.const 36)) (i32.const 32) (i32.const 36)))
            (drop (call $log (i32.const 2) (i32.load (i32.const 32)) (i32.load (i32.const 36))))
            (i32.const 0))"#,
        calls(&[("compress", &b"hello ".repeat(10)), ("uncompress", b"")])
    ));
    let host = Host::new(module);
    host.get("/").answered_with(200);
    assert_eq!(notes(&host), ["0", "1", "0", &"hello ".repeat(10)]);
}

#[test]
fn uncompress_takes_zlib_that_is_whole_and_does_not_mind_what_follows() {
    let hi = b"x\x9c\xcb\xc8\x04\x00\x01;\x00\xd2";
    assert_eq!(
        noted(&[("uncompress", &[&hi[..], b"junk"].concat())]),
        ["0", "hi"]
    );
    assert_eq!(noted(&[("uncompress", &hi[..7])]), ["3", ""]);
    assert_eq!(noted(&[("uncompress", b"")]), ["3", ""]);
    assert_eq!(
        noted(&[("uncompress", b"x\x9c\x03\x00\x00\x00\x00\x01")]),
        ["0", ""]
    );
}

#[test]
fn the_result_may_be_asked_for_nowhere() {
    let host = Host::new(guest(&format!(
        r#"{} (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
            (call $note (call $foreign (i32.const 8192) (i32.const 8) (i32.const 8256) (i32.const 1)
                (i32.const 0) (i32.const 0)))
            (i32.const 0))"#,
        calls(&[("compress", b"a")])
    )));
    host.get("/").answered_with(200);
    assert_eq!(notes(&host), ["0"]);
}

/// Sets the property `x-a`, and notes the status.
const SET: &str =
    "(call $note (call $set_property (i32.const 110) (i32.const 3) (i32.const 120) (i32.const 5)))";

#[test]
fn a_property_that_the_root_context_declared_read_only_is_set_once() {
    let read_only = [text(1, "x-a"), number(2, 1)].concat();
    let declares = guest(&format!(
        r#"{}
        (func (export "proxy_on_configure") (param i32 i32) (result i32) {} (i32.const 1))
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) {SET} {SET} (i32.const 0))
        (func (export "proxy_on_log") (param i32) {SET})"#,
        calls(&[
            ("declare_property", &read_only),
            ("declare_property", &text(1, "x-a")),
            ("declare_property", b"\xff"),
        ]),
        all(0..3)
    ));
    let other = guest(&format!(
        r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) {SET} (i32.const 0))"#
    ));
    let plugin = |module, name| Plugin::new(module).name(name).vm_id(name);
    let host = Host::chain([plugin(&declares, "a"), plugin(&other, "b")]);
    host.get("/").answered_with(200);
    // Declared once more, or malformed: BAD_ARGUMENT.
    assert_eq!(notes(&host)[..6], ["0", "", "2", "", "2", ""]);
    // Nor may another plugin set it, nor the same one at the end.
    assert_eq!(notes(&host)[6..], ["0", "2", "2", "2"]);
    // What another plugin set first is not read-only.
    let host = Host::chain([plugin(&other, "b"), plugin(&declares, "a")]);
    host.get("/").answered_with(200);
    assert_eq!(notes(&host)[6..], ["0", "0", "0", "0"]);
}

#[test]
fn what_a_stream_context_declares_counts_for_nothing() {
    let read_only = [text(1, "x-a"), number(2, 1)].concat();
    let host = Host::new(guest(&format!(
        r#"{} (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
            {} {SET} {SET} (i32.const 0))"#,
        calls(&[("declare_property", &read_only), ("declare_property", &read_only)]),
        all(0..2)
    )));
    host.get("/").answered_with(200);
    assert_eq!(notes(&host), ["0", "", "2", "", "0", "0"]);
    // The next request has a context of its own.
    host.get("/").answered_with(200);
    assert_eq!(notes(&host)[6..], ["0", "", "2", "", "0", "0"]);
}

#[test]
fn filter_state_of_envoys_own_takes_the_names_that_its_filters_know() {
    let set = |name, value| [text(1, name), text(2, value)].concat();
    let list = [
        set("envoy.string", "any"),
        set("envoy.tcp_proxy.cluster", "orders"),
        set("envoy.upstream.dynamic_port", "8080"),
        set("envoy.upstream.dynamic_port", "-1"),
        set("envoy.network.ip", "::1"),
        set("envoy.network.ip", "1"),
        set("wasm.x", "v"),
        b"\xff".to_vec(),
        Vec::new(),
    ];
    let list: Vec<(&str, &[u8])> = list
        .iter()
        .map(|argument| ("set_envoy_filter_state", &argument[..]))
        .collect();
    let all_calls = calls(&list);
    let host = Host::new(guest(&format!(
        r#"{all_calls}
        (func (export "proxy_on_configure") (param i32 i32) (result i32) (call $foreign_0) (i32.const 1))
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) {} (i32.const 0))"#,
        all(0..list.len())
    )));
    let exchange = host.get("/").answered_with(200);
    let statuses: Vec<String> = notes(&host).into_iter().step_by(2).collect();
    // A root context has no stream to set it on.
    assert_eq!(statuses, ["1", "0", "0", "0", "2", "0", "2", "1", "2", "1"]);
    exchange
        .envoys_filter_state("envoy.tcp_proxy.cluster")
        .is("orders");
    exchange.filter_state("envoy.tcp_proxy.cluster").is_absent();
    assert!(
        exchange
            .to_string()
            .contains("filter state of Envoy:\n  envoy.network.ip = ::1\n"),
        "{exchange}"
    );
}

#[test]
#[should_panic(
    expected = "filter state envoy.filters.listener.original_dst.local_ip is not served by this host"
)]
fn a_name_whose_values_this_host_does_not_know_fails_the_test() {
    noted(&[(
        "set_envoy_filter_state",
        &text(1, "envoy.filters.listener.original_dst.local_ip"),
    )]);
}
