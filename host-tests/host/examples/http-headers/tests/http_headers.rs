//! The plugin beside this, in the host: loaded as bytes, like any other.
//!
//! The first test to need the module has cargo build it, in a target folder of its own, and takes it from there. So it
//! is never an old one; and no build script of `host` makes everyone who uses that crate build an example.

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use host::{Answer, Host, Module, faults};

static MODULE: LazyLock<Module> = LazyLock::new(|| {
    let plugin = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/http-headers");
    let target = concat!(env!("CARGO_TARGET_TMPDIR"), "/http-headers");
    let built = Command::new(env!("CARGO"))
        .args([
            "build",
            "--locked",
            "--quiet",
            "--release",
            "--target",
            "wasm32-wasip1",
            "--target-dir",
            target,
        ])
        .current_dir(plugin)
        // What is meant for this machine's code (instrumentation, link arguments) is not for the module.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .status()
        .expect("cargo can be started");
    assert!(
        built.success(),
        "{plugin} does not build; if the target is missing: rustup target add wasm32-wasip1"
    );
    let file = Path::new(target).join("wasm32-wasip1/release/http_headers.wasm");
    let bytes = std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    Module::new(&bytes)
});

fn host() -> Host {
    Host::new(&*MODULE)
}

fn messages(exchange: &host::Exchange) -> Vec<String> {
    exchange.logs().into_iter().map(|line| line.message).collect()
}

#[test]
fn hello_is_answered_without_an_upstream() {
    let exchange = host().get("/hello").expect_rejected(200);
    exchange
        .header("x-answered-by", "http-headers")
        .expect_body("hello\n");
}

#[test]
fn all_else_is_forwarded() {
    let exchange = host()
        .get("/hello/there")
        .answered_with(Answer::new(201).body("made"));
    exchange
        .expect_status(201)
        .no_header("x-answered-by")
        .expect_body("made");
}

#[test]
fn every_header_is_logged_and_then_the_end() {
    let exchange = host()
        .get("/orders")
        .header("X-Tenant", "a")
        .answered_with(Answer::new(200).header("x-up", "1"));
    assert_eq!(
        messages(&exchange),
        [
            "request :authority: host.test",
            "request :path: /orders",
            "request :method: GET",
            "request :scheme: http",
            "request x-tenant: a",
            "request x-forwarded-proto: http",
            "response :status: 200",
            "response x-up: 1",
            "response content-length: 0",
            "response x-envoy-upstream-service-time: 0",
            "over",
        ]
    );
}

#[test]
fn the_plugins_own_answer_passes_its_response_callback() {
    let exchange = host().get("/hello").expect_rejected(200);
    assert!(messages(&exchange).contains(&"response x-answered-by: http-headers".to_owned()));
}

#[test]
fn a_value_that_is_no_text_is_logged_and_does_no_harm() {
    let host = host();
    let exchange = host.get("/").header("x-name", b"caf\xe9").answered_with(200);
    exchange.expect_status(200);
    assert!(messages(&exchange).contains(&r"request x-name: caf\xe9".to_owned()));
    host.get("/").answered_with(200).expect_status(200);
}

#[test]
fn each_header_map_is_read_in_one_call() {
    let cost = host().get("/orders").answered_with(200).cost();
    let reads: u64 = cost
        .callbacks
        .iter()
        .filter_map(|spent| spent.calls.get("proxy_get_header_map_pairs"))
        .sum();
    assert_eq!(reads, 2, "{cost}");
}

/// What the author learns here: the SDK panics on each status that it did not expect, and takes the worker with it.
#[test]
#[should_panic(expected = "faults were not survived")]
fn the_sdk_does_not_survive_a_host_call_that_fails() {
    faults::inject_everywhere(host, |host| {
        host.get("/orders").run(200);
    });
}
