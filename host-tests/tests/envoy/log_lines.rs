//! The log as it really comes out of Envoy, read line by line, under traffic that makes every plugin write: what is ours is
//! one JSON object behind Envoy's prefix, and no more of them than `log.max_per_second` allows.

mod line;

use crate::samples::stand_with;
use crate::stand::Stand;
use line::{Line, lines};
use live::client::{Connection, Request};
use live::{Sample, wait};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// `log.max_per_second` of each plugin.
const PER_SECOND: usize = 5;
/// How long there is far more to tell than may be told.
const FLOOD: Duration = Duration::from_secs(3);
/// To all workers, or to one: not more than its worker may write lines in a second.
const CONNECTIONS: usize = PER_SECOND;
/// What a client may send to spoil a log: what ends strings and objects, what ends lines in places, and no text at all.
const HOSTILE: &[u8] = b"\"} wasm log x x x: {\\ \xff\xfe\t{\"event\":\"forged\"}";

/// The sample with all that can be logged.
fn sample(sample: Sample) -> live::Result<Sample> {
    let log = json!({ "requests": true, "errors": "all", "max_per_second": PER_SECOND });
    sample
        .configuration(
            "request-id",
            &json!({ "log": log, "default": { "log_headers": { "user": "x-user" } } }),
        )?
        .configuration("error-envelope", &json!({ "log": log }))?
        .configuration(
            "circuit-breaker",
            &json!({
                "log": log,
                "default": {
                    "key": "route", "trip": { "consecutive_failures": 3 }, "open": { "for": "1s", "jitter": 0 },
                    "half_open": { "max_calls": 1, "successes": 1 }, "ramp": null,
                },
                "routes": [{ "match": { "route": "shadow" }, "mode": "shadow" }],
            }),
        )?
        .configuration(
            "retry",
            // The key is one that no version knows.
            &json!({
                "log": log, "unknown_keys": "warn", "unheard_of": true,
                "default": { "statuses": [409] },
                "routes": [{ "match": { "methods": ["GET"] }, "policy": { "attempts": 1 } }],
            }),
        )
}

/// A round of requests: every plugin has something to tell of it.
fn round() -> [Request; 3] {
    [
        // Refused as an id, not tried again for its method, and an error.
        Request::post("/background/status/409", "")
            .header("x-request-id", "re;fused")
            .header("x-user", HOSTILE)
            .header("user-agent", HOSTILE),
        // Opens the route's breaker, and is rejected then.
        Request::get("/orders/status/503?{%22%0a}"),
        // Would be rejected.
        Request::get("/shadow/status/503"),
    ]
}

/// How many rounds and single requests were sent.
struct Sent {
    rounds: usize,
    more: usize,
}

/// Rounds for a while, and then so many requests that each worker can tell what it has held back.
fn traffic(stand: &Stand) -> Sent {
    let address = stand.envoy.address().expect("it has a listener");
    let mut connections: Vec<Connection> = (0..CONNECTIONS)
        .map(|_| Connection::open(address).expect("Envoy takes connections"))
        .collect();
    let mut send = |request: &Request, at: usize| {
        let answer = connections[at % CONNECTIONS].send(request);
        drop(answer.unwrap_or_else(|error| panic!("{request:?}: {error}")));
    };
    let end = Instant::now() + FLOOD;
    let mut sent = Sent { rounds: 0, more: 0 };
    while Instant::now() < end {
        for request in round() {
            send(&request, sent.rounds);
        }
        sent.rounds += 1;
    }
    let bound = Duration::from_secs(30);
    let told = wait::until(bound, "all that was held back being told", || {
        // In a second in which nothing is held back, the first line of each worker tells of all before it. There is one of
        // these a second.
        for at in 0..CONNECTIONS {
            send(&Request::post("/background/status/409", ""), at);
            sent.more += 1;
        }
        let settled = wait::until(Duration::from_millis(1_100), "the lines", || {
            let lines = lines(&stand.envoy.log()?);
            let errors = told_and_held_back(&lines, "error-envelope");
            let ids = told_and_held_back(&lines, "request-id");
            // Of the first of a round: two lines of request-id.
            let all = errors == 3 * sent.rounds + sent.more && ids == 4 * sent.rounds + sent.more;
            Ok(all.then_some(()))
        });
        Ok(settled.ok())
    });
    told.unwrap_or_else(|error| panic!("{error}, after {} rounds and {}", sent.rounds, sent.more));
    sent
}

/// How many lines a plugin has written, and how many it says that it held back.
fn told_and_held_back(lines: &[Line], plugin: &str) -> usize {
    let mine = lines.iter().filter(|line| line.plugin == plugin);
    let counts = mine.map(|line| 1 + line.json["held_back"].as_u64().unwrap_or_default() as usize);
    counts.sum()
}

/// The lines of one plugin in one worker, those of changes apart, as they have a bound of their own.
fn by_worker(lines: &[Line]) -> BTreeMap<(&str, &str, bool), Vec<u64>> {
    let mut times: BTreeMap<_, Vec<u64>> = BTreeMap::new();
    for line in lines {
        let is_change = line.json["event"] == "transition";
        // Faults and passed-over keys come once for each reading of a configuration.
        if line.json["event"] != "configuration_passed_over" {
            let key = (line.plugin.as_str(), line.worker.as_str(), is_change);
            times.entry(key).or_default().push(line.millis());
        }
    }
    times
}

#[test]
fn every_line_of_ours_is_one_json_object_and_there_are_no_more_than_allowed() {
    let stand = stand_with("envoy.yaml", sample);
    let sent = traffic(&stand);
    let log = stand.envoy.log().expect("Envoy has a log");
    let lines = lines(&log);

    let events: BTreeSet<(&str, &str)> = lines
        .iter()
        .map(|line| {
            (
                line.plugin.as_str(),
                line.json["event"].as_str().unwrap_or_default(),
            )
        })
        .collect();
    assert_eq!(
        events,
        BTreeSet::from([
            ("circuit-breaker", "rejected"),
            ("circuit-breaker", "request"),
            ("circuit-breaker", "transition"),
            ("error-envelope", "error"),
            ("request-id", "request"),
            ("request-id", "request_id_rejected"),
            ("retry", "configuration_passed_over"),
            ("retry", "retry_suppressed"),
        ])
    );

    // Far more happened than was told.
    assert!(sent.rounds >= 10 * PER_SECOND, "{} rounds", sent.rounds);
    let counted = by_worker(&lines);
    assert!(counted.keys().any(|(plugin, _, _)| *plugin == "error-envelope"));
    for ((plugin, worker, _), mut times) in counted {
        times.sort_unstable();
        // A second of the limit may begin within any second of the clock: so two of them meet in it.
        for (at, first) in times.iter().enumerate() {
            let within = times[at..].iter().take_while(|time| *time - first < 950).count();
            assert!(
                within <= 2 * PER_SECOND,
                "{plugin} wrote {within} lines in a second of worker {worker}"
            );
        }
        let span = times.last().unwrap_or(&0) - times.first().unwrap_or(&0);
        let seconds = usize::try_from(span / 1000).expect("it is short") + 2;
        assert!(
            times.len() <= PER_SECOND * seconds,
            "{plugin} wrote {} lines in {seconds} seconds of worker {worker}",
            times.len()
        );
    }
}

#[test]
fn no_flood_holds_back_the_change_of_a_breaker() {
    let stand = stand_with("envoy.yaml", sample);
    traffic(&stand);
    let transitions = |log: &str| {
        let mut seen: BTreeMap<(String, String, String), u64> = BTreeMap::new();
        for line in lines(log)
            .iter()
            .filter(|line| line.json["event"] == "transition")
        {
            let text = |member: &str| line.json[member].as_str().unwrap_or_default().to_owned();
            *seen
                .entry((text("breaker"), text("from"), text("to")))
                .or_default() += 1;
        }
        seen
    };
    let counted = |prometheus: &str| {
        let mut seen: BTreeMap<(String, String, String), u64> = BTreeMap::new();
        for line in prometheus.lines() {
            let Some(series) = line.strip_prefix("circuit_breaker_transitions_total{") else {
                continue;
            };
            let label = |name: &str| {
                let value = series
                    .split_once(&format!("{name}=\""))
                    .and_then(|(_, rest)| rest.split('"').next());
                value.unwrap_or_default().to_owned()
            };
            let value = series
                .rsplit_once(' ')
                .and_then(|(_, value)| value.parse::<u64>().ok());
            *seen
                .entry((label("breaker"), label("from"), label("to")))
                .or_default() += value.unwrap_or_default();
        }
        seen.retain(|_, count| *count > 0);
        seen
    };
    let same = wait::until(
        Duration::from_secs(20),
        "a line for each transition that is counted",
        || {
            let (told, counted) = (
                transitions(&stand.envoy.log()?),
                counted(&stand.envoy.prometheus()?),
            );
            Ok((told == counted && told.len() >= 4).then_some(told))
        },
    );
    let told = same.unwrap_or_else(|error| {
        let counted = counted(&stand.envoy.prometheus().expect("Envoy tells its metrics"));
        panic!(
            "{error}: {:?} and {counted:?}",
            transitions(&stand.envoy.log().expect("Envoy has a log"))
        )
    });
    let opened = ("orders".to_owned(), "closed".to_owned(), "open".to_owned());
    assert_eq!(told.get(&opened), Some(&1), "{told:?}");
}

#[test]
fn a_header_that_looks_like_a_line_stays_within_its_own() {
    let stand = stand_with("envoy.yaml", sample);
    let request = &round()[0];
    stand.envoy.send(request).expect("there is an answer");
    let log = stand
        .envoy
        .log_with("\"event\":\"request\"")
        .expect("it is logged");
    let lines = lines(&log);
    let of = |event: &str| -> Vec<&Value> {
        let of = lines.iter().filter(|line| line.json["event"] == event);
        of.map(|line| &line.json).collect()
    };
    assert!(of("forged").is_empty());
    let [line] = of("request_id_rejected")[..] else {
        panic!("{log}");
    };
    assert_eq!(
        line["user"],
        "\"} wasm log x x x: {\\ \u{fffd}\u{fffd}\t{\"event\":\"forged\"}"
    );
}
