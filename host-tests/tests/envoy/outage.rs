//! A whole outage through all four plugins, with two workers: healthy, failing, open, half-open and failing still, open
//! again, half-open, healthy. Once with the sample that `make run` starts, and once with that of one module in one pass:
//! the same is seen and told.

use crate::samples::load_built_modules;
use live::client::{Request, Response};
use live::{Envoy, Received, Sample, Upstream, wait};
use serde_json::{Value, json};
use std::time::Duration;

/// Far beyond what anything here takes, for a machine that has much else to do.
const BOUND: Duration = Duration::from_secs(60);
/// What the upstream answers in its outage, which is no JSON.
const FAILING: &str = "/status/503?body=out%20of%20order";
const WORKING: &str = "/orders";
const FILTERS: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters";
const OPEN_FOR: &str = r#""for": "10s""#;

struct Outage {
    envoy: Envoy,
    upstream: Upstream,
    requests: usize,
    /// The ids of those that came to an error.
    failed: Vec<String>,
}

/// What one request came to.
struct Step {
    response: Response,
    received: Vec<Received>,
    /// The access log's entry of it.
    entry: Value,
}

/// Opens the breaker of this filter for three seconds, each time.
fn shorten(tree: &mut Value, filter: &str) {
    let filters = tree
        .pointer_mut(FILTERS)
        .and_then(Value::as_array_mut)
        .expect("the sample has filters");
    let filter = filters.iter_mut().find(|each| each["name"] == filter);
    let filter = filter.expect("the sample has the filter");
    let text = &mut filter["typed_config"]["config"]["configuration"]["value"];
    let longer = text.as_str().expect("a text");
    assert!(longer.contains(OPEN_FOR), "{longer}");
    *text = json!(longer.replace(OPEN_FOR, r#""for": "3s", "multiplier": 1"#));
}

impl Outage {
    /// The sample as it is, but for how long the breaker is open; `filter` is the one that has its configuration.
    fn new(file: &str, filter: &str) -> Self {
        let upstream = Upstream::start().expect("an upstream can be started");
        let load = || {
            let mut sample = Sample::load(file)?.on_free_ports().upstream(upstream.address())?;
            load_built_modules(sample.tree());
            shorten(sample.tree(), filter);
            Envoy::with(&sample.to_yaml()).concurrency(2).start()
        };
        let envoy = load().unwrap_or_else(|error: live::Error| panic!("{error}"));
        Self {
            envoy,
            upstream,
            requests: 0,
            failed: Vec::new(),
        }
    }

    /// Sends a request on a new connection, whichever worker that reaches. Its one id is on the response, on each attempt
    /// and in the access log, and in the body of an error, which has the standard form.
    #[track_caller]
    fn get(&mut self, path: &str) -> Step {
        let response = self.envoy.send(&Request::get(path)).expect("there is an answer");
        self.requests += 1;
        let mut log = self.envoy.access_log_of(self.requests).expect("it is logged");
        let step = Step {
            received: self.upstream.take_received(),
            entry: log.pop().expect("there are so many"),
            response,
        };
        let id = step.id();
        for received in &step.received {
            assert_eq!(received.values("x-request-id"), [id.as_bytes()]);
        }
        assert_eq!(step.entry["request_id"], *id, "{}", step.entry);
        if step.response.status >= 400 {
            let body = step.body();
            for (member, value) in [
                ("request_id", json!(id)),
                ("status_code", json!(step.response.status)),
                ("error_code", step.entry["error_code"].clone()),
                ("service_name", json!("demo")),
            ] {
                assert_eq!(body[member], value, "{member} in {body}");
            }
            assert_eq!(step.response.values("content-type"), [b"application/json"]);
            self.failed.push(id);
        }
        step
    }

    #[track_caller]
    fn until_half_open(&self) {
        let state = "circuit_breaker_state{breaker=\"upstream\"}";
        let half_open = || Ok((self.envoy.metric(state)? == Some(2)).then_some(()));
        wait::until(BOUND, "the breaker being half-open", half_open)
            .unwrap_or_else(|error| panic!("{error}"));
    }

    /// What the lines of this event say, each as the object that it is.
    fn lines(&self, event: &str) -> Vec<Value> {
        let log = self.envoy.log().expect("Envoy has a log");
        let objects = log
            .lines()
            .filter_map(|line| line.find('{').map(|start| &line[start..]));
        let objects = objects.filter_map(|object| serde_json::from_str(object).ok());
        objects
            .filter(|object: &Value| object["event"] == event)
            .collect()
    }

    #[track_caller]
    fn metric(&self, series: &str, value: u64) {
        self.envoy
            .metric_reaches(series, value)
            .unwrap_or_else(|error| panic!("{error}"));
    }
}

impl Step {
    #[track_caller]
    fn id(&self) -> String {
        let values = self.response.values("x-request-id");
        let [id] = values[..] else {
            panic!("{} ids", values.len());
        };
        String::from_utf8(id.to_vec()).expect("an id is text")
    }

    #[track_caller]
    fn body(&self) -> Value {
        let body = serde_json::from_slice(&self.response.body);
        body.unwrap_or_else(|error| panic!("{error}: {}", self.response.text()))
    }

    /// Its status, how often it reached the upstream, and what the access log says of its error, its breaker and its retries.
    #[track_caller]
    fn is(
        &self,
        status: u16,
        attempts: usize,
        error: Option<&str>,
        circuit: Option<&str>,
        retry: Option<&str>,
    ) {
        let told = |name: &str| self.entry[name].as_str();
        assert_eq!(
            (
                self.response.status,
                self.received.len(),
                told("error_code"),
                told("circuit"),
                told("retry")
            ),
            (status, attempts, error, circuit, retry),
            "{}",
            self.entry
        );
        let logged = self.entry["attempts"].as_u64();
        assert_eq!(logged, Some(attempts as u64), "{}", self.entry);
    }

    fn retry_after(&self) -> Option<u64> {
        let value = *self.response.values("retry-after").first()?;
        std::str::from_utf8(value).ok()?.parse().ok()
    }
}

#[test]
fn a_whole_outage_through_a_chain_of_four_modules() {
    walk(Outage::new("envoy.yaml", "circuit-breaker"));
}

#[test]
fn a_whole_outage_through_one_module_in_one_pass() {
    walk(Outage::new("policies.yaml", "policies"));
}

#[track_caller]
fn walk(mut outage: Outage) {
    let (open, half_open) = (Some("upstream:open"), Some("upstream:half_open"));
    let unavailable = Some("SERVICE_UNAVAILABLE");

    // Healthy.
    outage.get(WORKING).is(200, 1, None, None, None);

    // Failing: each is tried three times, and the third one opens the breaker.
    for _ in 0..3 {
        let step = outage.get(FAILING);
        step.is(503, 3, unavailable, None, Some("retried:2"));
        assert!(
            matches!(step.retry_after(), Some(1 | 2)),
            "{:?}",
            step.retry_after()
        );
    }

    // Open: the upstream is left alone, on whichever worker.
    for _ in 0..4 {
        let step = outage.get(WORKING);
        step.is(503, 0, Some("CIRCUIT_OPEN"), open, None);
        assert_eq!(step.entry["details"], "circuit_breaker_open");
        assert!(
            matches!(step.retry_after(), Some(1..=4)),
            "{:?}",
            step.retry_after()
        );
    }

    // Half-open: one finds out, at one attempt, that it still fails.
    outage.until_half_open();
    let probe = outage.get(FAILING);
    probe.is(503, 1, unavailable, half_open, Some("suppressed:half_open"));
    outage.get(WORKING).is(503, 0, Some("CIRCUIT_OPEN"), open, None);

    // Half-open: one finds out that it works.
    outage.until_half_open();
    outage.get(WORKING).is(200, 1, None, half_open, None);

    // Healthy, retries included.
    outage.get(WORKING).is(200, 1, None, None, None);
    outage
        .get(FAILING)
        .is(503, 3, unavailable, None, Some("retried:2"));

    let transition = |from: &str, to: &str, reason: &str| {
        format!(
            "circuit_breaker_transitions_total{{breaker=\"upstream\",from=\"{from}\",to=\"{to}\",reason=\"{reason}\"}}"
        )
    };
    let calls = |outcome: &str| {
        format!("circuit_breaker_calls_total{{breaker=\"upstream\",outcome=\"{outcome}\",mode=\"enforce\"}}")
    };
    let retries =
        |attempt: u32| format!("retry_attempts_total{{route=\"everything-else\",attempt=\"{attempt}\"}}");
    let errors = |code: &str, origin: &str| {
        format!(
            "errors_total{{error_code=\"{code}\",class=\"server_error\",origin=\"{origin}\",mode=\"enforce\"}}"
        )
    };
    for (series, value) in [
        (&*transition("open", "half_open", "open_elapsed"), 2),
        (&*transition("half_open", "open", "probe_failed"), 1),
        (&*transition("half_open", "closed", "probes_succeeded"), 1),
        (&*transition("closed", "open", "consecutive_failures"), 1),
        ("circuit_breaker_probes_total{breaker=\"upstream\"}", 2),
        ("circuit_breaker_state{breaker=\"upstream\"}", 0),
        (&*calls("failure"), 5),
        (&*calls("success"), 3),
        (&*calls("rejected"), 5),
        (&*retries(2), 4),
        (&*retries(3), 4),
        (
            "retry_suppressed_total{route=\"everything-else\",reason=\"half_open\",mode=\"enforce\"}",
            1,
        ),
        (&*errors("CIRCUIT_OPEN", "local"), 5),
        (&*errors("SERVICE_UNAVAILABLE", "upstream"), 5),
        ("request_ids_total{source=\"generated\"}", 13),
    ] {
        outage.metric(series, value);
    }

    let changes: Vec<_> = outage
        .lines("transition")
        .iter()
        .map(|line| ["from", "to"].map(|member| line[member].as_str().unwrap_or_default().to_owned()))
        .collect();
    assert_eq!(
        changes,
        [
            ["closed", "open"],
            ["open", "half_open"],
            ["half_open", "open"],
            ["open", "half_open"],
            ["half_open", "closed"],
        ]
    );
    let suppressed = outage.lines("retry_suppressed");
    let [line] = &suppressed[..] else {
        panic!("{suppressed:?}");
    };
    assert_eq!(
        (&line["request_id"], &line["attempts"]),
        (&json!(probe.id()), &json!(1)),
        "{line}"
    );
    // Each error has its line, by its id.
    let errors = outage.lines("error");
    let ids: Vec<_> = errors
        .iter()
        .map(|line| line["request_id"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(ids, outage.failed);
}
