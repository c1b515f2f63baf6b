//! What a rejected client gets, whatever it speaks, with error-envelope and request-id in front.

use super::stage::{MANAGER, eventually, sample, start, three_strikes};
use live::client::{Connection, Request, Response};
use live::wire::{Exchange, Head, Message};
use live::{Envoy, Sample, Upstream, values};
use serde_json::{Value, json};

/// Envoy whose breaker is open, for all who do not ask for another.
fn open(but: &Value, change: impl FnOnce(Sample) -> Sample) -> (Envoy, Upstream) {
    let upstream = Upstream::start().expect("an upstream can be started");
    let mut policy = three_strikes(but);
    policy["open"] = json!({ "for": "1000s", "max": "1000s", "jitter": 0 });
    let sample = sample(
        &json!({ "service_name": "shop", "default": policy }),
        upstream.address(),
    );
    let envoy = start(&change(sample));
    for _ in 0..3 {
        assert_eq!(get(&envoy, "/status/500").status, 500);
    }
    upstream.take_received();
    (envoy, upstream)
}

#[track_caller]
fn get(envoy: &Envoy, path: &str) -> Response {
    envoy
        .send(&Request::get(path))
        .unwrap_or_else(|error| panic!("{error}"))
}

/// The one object that a body is: that of a rejection.
#[track_caller]
fn assert_standard(body: &[u8]) {
    let body: Value = serde_json::from_slice(body).expect("the body is one JSON object");
    let message = "The service is temporarily unavailable.";
    for (member, expected) in [
        ("error_code", json!("CIRCUIT_OPEN")),
        ("message", json!(message)),
        ("status_code", json!(503)),
        ("service_name", json!("shop")),
        ("retryable", json!(true)),
        ("request_id", json!("r-1")),
    ] {
        assert_eq!(body[member], expected, "{member}: {body}");
    }
}

/// The headers that every rejection has, over HTTP/1.1 and HTTP/2.
#[track_caller]
fn assert_headers(headers: &live::Headers) {
    let seconds = values(headers, "retry-after");
    let seconds: u64 = match seconds.as_slice() {
        [seconds] => std::str::from_utf8(seconds)
            .ok()
            .and_then(|text| text.parse().ok())
            .expect("it is a number"),
        other => panic!("{other:?}"),
    };
    // What is left of a thousand.
    assert!((900..=1000).contains(&seconds), "{seconds}");
    assert_eq!(values(headers, "x-error-code"), [b"CIRCUIT_OPEN"]);
    assert_eq!(values(headers, "x-envoy-ratelimited"), [b"true"]);
    assert_eq!(values(headers, "x-request-id"), [b"r-1"]);
    assert!(values(headers, "x-envoy-upstream-service-time").is_empty());
}

fn head(method: &str, path: &str, fields: &[(&str, &str)]) -> Head {
    let field = |(name, value): &(&str, &str)| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
    let mut headers: live::Headers = fields.iter().map(field).collect();
    headers.push((b"x-request-id".to_vec(), b"r-1".to_vec()));
    Head {
        method: method.to_owned(),
        path: path.to_owned(),
        authority: "shop.test".to_owned(),
        headers,
        ..Head::default()
    }
}

#[track_caller]
fn over_http2(envoy: &Envoy, head: &Head) -> Message {
    let address = envoy.address().expect("the sample has a listener");
    let exchange = Exchange::open(address, head, true).expect("Envoy listens");
    eventually("an answer", || {
        exchange.received().filter(|message| message.complete)
    })
}

#[test]
fn who_is_rejected_gets_the_standard_body_once_and_all_that_goes_with_it() {
    let (envoy, upstream) = open(&json!({}), |sample| sample);
    let plain = envoy
        .send(&Request::get("/orders").header("x-request-id", "r-1"))
        .expect("there is an answer");
    assert_eq!(plain.status, 503);
    assert_headers(&plain.headers);
    assert_eq!(plain.values("content-type"), [b"application/json"]);
    assert_eq!(
        plain.values("content-length"),
        [plain.body.len().to_string().as_bytes()]
    );
    assert_standard(&plain.body);

    let post = Request::post("/orders", "x".repeat(100_000)).header("x-request-id", "r-1");
    let post = envoy.send(&post).expect("there is an answer");
    assert_headers(&post.headers);
    assert_standard(&post.body);

    let mut connection = Connection::open(envoy.address().expect("it listens")).expect("it listens");
    let request = Request::new("HEAD", "/orders").header("x-request-id", "r-1");
    let bodiless = connection.send(&request).expect("there is an answer");
    assert_eq!((bodiless.status, bodiless.body.len()), (503, 0));
    assert_headers(&bodiless.headers);
    let next = connection
        .send(&Request::get("/orders"))
        .expect("no body is in the way of the next answer");
    assert_eq!(next.status, 503);

    let http2 = over_http2(&envoy, &head("GET", "/orders", &[]));
    assert_eq!(http2.status(), 503);
    assert_headers(&http2.headers);
    assert_standard(&http2.body());
    assert!(upstream.received().is_empty(), "nobody reached it");
}

#[test]
fn a_caller_of_grpc_gets_the_status_of_grpc_in_headers_alone() {
    let (envoy, upstream) = open(&json!({}), |sample| sample);
    let fields = [("content-type", "application/grpc"), ("te", "trailers")];
    let answer = over_http2(&envoy, &head("POST", "/shop.Orders/Get", &fields));
    assert_eq!(answer.status(), 200);
    assert_headers(&answer.headers);
    assert_eq!(values(&answer.headers, "grpc-status"), [b"14"]);
    assert_eq!(
        values(&answer.headers, "grpc-message"),
        [b"The service is temporarily unavailable."]
    );
    assert_eq!(values(&answer.headers, "grpc-retry-pushback-ms"), [b"-1"]);
    assert_eq!(values(&answer.headers, "content-type"), [b"application/grpc"]);
    assert!(
        answer.pieces.is_empty() && answer.trailers.is_empty(),
        "{answer:?}"
    );
    assert!(upstream.received().is_empty());
}

#[test]
fn access_log_log_and_metrics_tell_of_it() {
    let (envoy, _upstream) = open(&json!({}), |sample| sample);
    let request = Request::get("/orders").header("x-request-id", "r-1");
    envoy.send(&request).expect("there is an answer");
    let entries = envoy.access_log_of(4).expect("each request is logged");
    let (failed, rejected) = (&entries[2], &entries[3]);
    assert_eq!(
        (&failed["code"], &failed["circuit"]),
        (&json!(500), &json!(null)),
        "{failed}"
    );
    for (field, expected) in [
        ("code", json!(503)),
        ("details", json!("circuit_breaker_open")),
        ("circuit", json!("upstream:open")),
        ("error_code", json!("CIRCUIT_OPEN")),
        ("request_id", json!("r-1")),
    ] {
        assert_eq!(rejected[field], expected, "{field}: {rejected}");
    }

    let log = envoy
        .log_with("\"event\":\"transition\"")
        .expect("the transition is logged");
    let lines: Vec<_> = log
        .lines()
        .filter(|line| line.contains("\"event\":\"transition\""))
        .collect();
    let [line] = lines.as_slice() else {
        panic!("{lines:?}")
    };
    assert!(line.contains("[warning][wasm]"), "{line}");
    let line: Value =
        serde_json::from_str(&line[line.find('{').expect("it has an object")..]).expect("it is JSON");
    for (member, expected) in [
        ("severity", json!("WARN")),
        ("plugin", json!("circuit-breaker")),
        ("breaker", json!("upstream")),
        ("key", json!("cluster")),
        ("from", json!("closed")),
        ("to", json!("open")),
        ("reason", json!("consecutive_failures")),
        ("consecutive_failures", json!(3)),
        ("open_ms", json!(1_000_000)),
        ("service_name", json!("shop")),
    ] {
        assert_eq!(line[member], expected, "{member}: {line}");
    }
    assert_eq!(
        line["request_id"], failed["request_id"],
        "the request that opened it"
    );

    for (series, value) in [
        ("circuit_breaker_state{breaker=\"upstream\"}", 1),
        (
            "circuit_breaker_calls_total{breaker=\"upstream\",outcome=\"failure\",mode=\"enforce\"}",
            3,
        ),
        (
            "circuit_breaker_calls_total{breaker=\"upstream\",outcome=\"rejected\",mode=\"enforce\"}",
            1,
        ),
        (
            "circuit_breaker_transitions_total{breaker=\"upstream\",from=\"closed\",to=\"open\",reason=\"consecutive_failures\"}",
            1,
        ),
        (
            "errors_total{error_code=\"CIRCUIT_OPEN\",class=\"server_error\",origin=\"local\",mode=\"enforce\"}",
            1,
        ),
    ] {
        envoy
            .metric_reaches(series, value)
            .unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn who_is_rejected_can_be_served_by_another_cluster() {
    let fallback = Upstream::start().expect("an upstream can be started");
    let reroute = json!({ "header": "x-fallback", "value": "bestsellers" });
    let (envoy, upstream) = open(&json!({ "reject": { "reroute": reroute } }), |mut sample| {
        let clusters = &mut sample.tree()["static_resources"]["clusters"];
        let mut cluster = clusters[0].clone();
        cluster["name"] = json!("fallback");
        cluster["load_assignment"]["cluster_name"] = json!("fallback");
        clusters.as_array_mut().expect("it is a list").push(cluster);
        let route = json!({
            "name": "fallback",
            "match": { "prefix": "/", "headers": [{ "name": "x-fallback", "string_match": { "exact": "bestsellers" } }] },
            "route": { "cluster": "fallback" },
        });
        sample
            .set(&format!("{MANAGER}/route_config/virtual_hosts/0/routes/0"), route)
            .and_then(|sample| sample.cluster("fallback", fallback.address()))
            .expect("the sample has such a route")
    });
    for n in 1..=20 {
        let response = get(&envoy, "/orders");
        assert_eq!((response.status, response.values("x-error-code").len()), (200, 0));
        assert_eq!(fallback.received().len(), n);
    }
    assert_eq!(fallback.received()[0].values("x-fallback"), [b"bestsellers"]);
    assert!(upstream.received().is_empty());
    let entries = envoy.access_log_of(23).expect("each request is logged");
    assert_eq!(
        (&entries[22]["route"], &entries[22]["circuit"]),
        (&json!("fallback"), &json!("upstream:open"))
    );
    let rejected = "circuit_breaker_calls_total{breaker=\"upstream\",outcome=\"rejected\",mode=\"enforce\"}";
    envoy
        .metric_reaches(rejected, 20)
        .unwrap_or_else(|error| panic!("{error}"));
}
