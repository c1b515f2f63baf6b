//! A real Envoy with the samples as users copy them, but for the plugin, which other tests are about.

use live::client::{self, Connection, Request};
use live::{Collector, Envoy, Error, Process, Sample, Upstream, validate};
use rustix::process::{Pid, test_kill_process};
use serde_json::json;
use std::io::Read;
use std::process::{Command, Stdio};

/// The sample without its plugin, on free ports, in front of `upstream`.
fn sample(name: &str, upstream: &Upstream) -> Sample {
    let sample = Sample::load(name).expect("the sample is YAML").on_free_ports();
    let sample = sample
        .without_filter("request-id")
        .expect("the sample has the plugin");
    sample
        .cluster("upstream", upstream.address())
        .expect("the sample has an upstream")
}

fn start() -> (Upstream, Envoy) {
    let upstream = Upstream::start().expect("an upstream starts");
    let envoy = Envoy::with(&sample("request-id.yaml", &upstream).to_yaml())
        .start()
        .expect("Envoy starts");
    (upstream, envoy)
}

fn is_running(process: u32) -> bool {
    let id = i32::try_from(process)
        .ok()
        .and_then(Pid::from_raw)
        .expect("a process id");
    test_kill_process(id).is_ok()
}

#[test]
fn every_route_of_the_sample_answers_as_its_comment_says() {
    let (_upstream, envoy) = start();
    for (path, status, details, route) in [
        ("/orders/7", 200, "via_upstream", json!("orders")),
        ("/nobody", 503, "no_healthy_upstream", json!("nobody")),
        ("/slow/3000", 504, "response_timeout", json!("slow")),
        ("/maintenance", 503, "direct_response", json!("maintenance")),
        ("/no-such-route", 404, "route_not_found", json!(null)),
        ("/status/418", 418, "via_upstream", json!("everything-else")),
        (
            "/reset",
            503,
            "upstream_reset_before_response_started{connection_termination}",
            json!("everything-else"),
        ),
    ] {
        let already = envoy.access_log().expect("an access log").len();
        let response = envoy.send(&Request::get(path)).expect("a response");
        let log = envoy.access_log_of(already + 1).expect("an entry");
        let entry = log.last().expect("an entry");
        assert_eq!(
            (response.status, &entry["route"]),
            (status, &route),
            "{path}: {entry}"
        );
        assert_eq!(
            (&entry["details"], &entry["code"]),
            (&json!(details), &json!(status)),
            "{path}: {entry}"
        );
        assert_eq!(entry["path"], path, "{entry}");
    }
}

#[test]
fn a_response_that_the_upstream_cuts_short_is_cut_short() {
    let (_upstream, envoy) = start();
    let cut = envoy.send(&Request::get("/reset-after-headers?body=half"));
    assert!(
        matches!(&cut, Err(Error::CutShort(response)) if response.body == b"half"),
        "{cut:?}"
    );
}

#[test]
fn bytes_pass_through_envoy_both_ways() {
    let (upstream, envoy) = start();
    let mut connection = Connection::open(envoy.address().expect("a listener")).expect("a connection");
    for byte in 0x80..=0xff {
        let value = [b'a', byte, b'z'];
        let request = Request::get(format!("/x?header=x-byte:a%{byte:02x}z")).header("x-byte", value);
        let response = connection.send(&request).expect("a response");
        assert_eq!(
            response.values("x-byte"),
            [&value],
            "byte {byte:#04x} on the way back"
        );
        assert_eq!(
            upstream.take_received()[0].values("x-byte"),
            [&value],
            "byte {byte:#04x} on the way there"
        );
    }
}

#[test]
fn statistics_are_readable_by_name_and_as_prometheus_scrapes_them() {
    let (_upstream, envoy) = start();
    let series = r#"envoy_http_downstream_rq_total{envoy_http_conn_manager_prefix="edge"}"#;
    assert_eq!(envoy.metric(series).expect("statistics"), Some(0));
    envoy.send(&Request::get("/orders")).expect("a response");
    envoy.metric_reaches(series, 1).expect("the request is counted");
    assert_eq!(
        envoy
            .stats()
            .expect("statistics")
            .get("http.edge.downstream_rq_total"),
        Some(&1)
    );
    assert_eq!(envoy.metric("no_such_series").expect("statistics"), None);
}

#[test]
fn two_with_the_same_sample_do_not_meet() {
    let (first, second) = (start(), start());
    assert_ne!(
        first.1.address().expect("a listener"),
        second.1.address().expect("a listener")
    );
    second.1.send(&Request::get("/orders")).expect("a response");
    assert_eq!((first.0.received().len(), second.0.received().len()), (0, 1));
}

#[test]
fn a_stopped_one_leaves_whole_logs_and_no_process() {
    let (_upstream, envoy) = start();
    envoy.send(&Request::get("/orders")).expect("a response");
    let (process, address) = (envoy.process_id(), envoy.address().expect("a listener"));
    let stopped = envoy.stop().expect("it stops");
    assert!(stopped.status.success(), "{:?}", stopped.status);
    assert!(stopped.log.contains("SIGTERM"), "{}", stopped.log);
    assert_eq!(stopped.access_log.len(), 1);
    assert!(!is_running(process));
    assert!(client::send(address, &Request::get("/orders")).is_err());
}

#[test]
fn a_dropped_one_leaves_no_process() {
    let (_upstream, envoy) = start();
    let process = envoy.process_id();
    assert!(is_running(process));
    drop(envoy);
    assert!(!is_running(process));
}

#[test]
fn a_process_that_will_not_end_is_ended() {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", "trap '' TERM; echo ready; exec sleep 600"])
        .stdout(Stdio::piped());
    let mut process = Process::start("a stubborn process", &mut command).expect("it starts");
    let (output, _) = process.take_output();
    let mut ready = [0; 6];
    output
        .expect("a pipe")
        .read_exact(&mut ready)
        .expect("it says that it ignores SIGTERM");
    let status = process.stop().expect("it stops");
    assert!(!status.success() && !is_running(process.id()), "{status}");
}

#[test]
fn a_configuration_that_envoy_refuses_is_an_error_that_says_why() {
    let upstream = Upstream::start().expect("an upstream starts");
    let bad = sample("request-id.yaml", &upstream)
        .set("/static_resources/clusters/0/connect_timeout", json!("soon"))
        .expect("a cluster")
        .to_yaml();
    let error = Envoy::with(&bad).start().expect_err("it is refused");
    assert!(
        matches!(&error, Error::EnvoyEnded { log, .. } if log.contains("soon")),
        "{error}"
    );
    let validation = validate(&bad).expect("Envoy judges");
    assert!(
        !validation.accepted && validation.output.contains("soon"),
        "{validation:?}"
    );
}

#[test]
fn every_sample_is_accepted() {
    let upstream = Upstream::start().expect("an upstream starts");
    for name in ["request-id.yaml", "request-id-tracing.yaml"] {
        let validation = validate(&sample(name, &upstream).to_yaml()).expect("Envoy judges");
        assert!(validation.accepted, "{name}: {}", validation.output);
    }
}

#[test]
fn the_access_log_goes_to_a_file_where_a_test_wants_it() {
    let upstream = Upstream::start().expect("an upstream starts");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("access.log");
    let sample = sample("request-id.yaml", &upstream)
        .access_log(&file)
        .expect("an access log");
    let envoy = Envoy::with(&sample.to_yaml())
        .concurrency(2)
        .start()
        .expect("Envoy starts");
    envoy.send(&Request::get("/orders")).expect("a response");
    envoy.stop().expect("it stops");
    let text = std::fs::read_to_string(file).expect("the file is there");
    let entry: serde_json::Value = serde_json::from_str(&text).expect("one JSON object");
    assert_eq!(entry["route"], "orders");
}

#[test]
fn the_tracer_of_the_tracing_sample_tells_the_collector_the_trace_that_the_upstream_sees() {
    let upstream = Upstream::start().expect("an upstream starts");
    let collector = Collector::start().expect("a collector starts");
    let sample = sample("request-id-tracing.yaml", &upstream);
    let sample = sample
        .cluster("collector", collector.address())
        .expect("a collector");
    let envoy = Envoy::with(&sample.to_yaml()).start().expect("Envoy starts");
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    envoy
        .send(&Request::get("/orders").header("traceparent", parent))
        .expect("a response");

    let spans = collector.spans_of(1).expect("a span");
    assert_eq!(spans[0].trace_id, "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(spans[0].parent_span_id.as_deref(), Some("b7ad6b7169203331"));
    assert_eq!(
        spans[0].attributes.get("http.status_code").map(String::as_str),
        Some("200"),
        "{spans:?}"
    );
    assert_eq!(
        spans[0].attributes.get("service.name").map(String::as_str),
        Some("demo"),
        "{spans:?}"
    );
    let traceparent = format!("00-{}-{}-01", spans[0].trace_id, spans[0].span_id);
    assert_eq!(
        upstream.received()[0].values("traceparent"),
        [traceparent.as_bytes()]
    );
}
