//! How long each thing may take.

use super::{FILE, assert_error, get, managed, reached, send_bytes, stand, text};
use crate::samples::stand_with as stand_of;
use crate::stand::Stand;
use live::client::{Connection, Request, Response};
use serde_json::json;
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

const UNFINISHED: &[u8] = b"POST /orders HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc";

/// Sends it with more patience than the edge has, and tells how long it took.
#[track_caller]
fn patiently(stand: &Stand, request: &Request) -> (Response, Duration) {
    let began = Instant::now();
    let connection = Connection::open(stand.envoy.address().expect("it has a listener"));
    let mut connection = connection.expect("it listens").patience(Duration::from_secs(60));
    let response = connection.send(request).unwrap_or_else(|error| panic!("{error}"));
    (response, began.elapsed())
}

/// Envoy's timers count from the beginning of a round of its loop, so that they end a little early; and the machine may be
/// busy.
fn is_about(seconds: u64, took: Duration) -> bool {
    let early = Duration::from_millis(500);
    (Duration::from_secs(seconds) - early..Duration::from_secs(seconds + 9)).contains(&took)
}

#[test]
fn a_request_has_thirty_seconds_of_which_each_attempt_has_ten() {
    let stand = stand();
    thread::scope(|scope| {
        scope.spawn(|| {
            let (given_up, took) = patiently(&stand, &Request::get("/slow/31000"));
            assert_error(&given_up, 504, "UPSTREAM_TIMEOUT");
            assert_eq!(text(&given_up, "x-envoy-attempt-count"), "3");
            assert!(is_about(30, took), "{took:?}");
            assert_eq!(reached(&stand, "/slow/31000"), 3 + 1, "and the report");
        });
        scope.spawn(|| {
            let (once, _) = patiently(&stand, &Request::new("POST", "/slow/11000"));
            assert_eq!(
                (once.status, text(&once, "x-envoy-attempt-count")),
                (200, "1".to_owned()),
                "a POST has all the time for its one attempt"
            );
        });
        scope.spawn(|| {
            let (report, _) = patiently(&stand, &Request::get("/reports/slow/31000"));
            assert_eq!(report.status, 200, "{}", report.text());
        });
    });
}

#[test]
fn a_connection_has_five_seconds() {
    let silent = Silent::start();
    let stand = stand_of(FILE, |sample| {
        sample.cluster(
            "upstream",
            silent.listener.local_addr().expect("it has an address"),
        )
    });
    // A retry of somebody else: it is tried once.
    let request = Request::get("/orders").header("x-envoy-attempt-count", "2");
    let (given_up, took) = patiently(&stand, &request);
    assert_error(&given_up, 503, "UPSTREAM_CONNECT_FAILURE");
    assert!(is_about(5, took), "{took:?}");
    let entry = &stand.envoy.access_log_of(1).expect("it is logged")[0];
    let details = entry["details"].as_str().unwrap_or_default();
    assert!(details.contains("connection_timeout"), "{details}");
}

/// A server whose system takes no further connection, and refuses none either.
struct Silent {
    listener: TcpListener,
    _waiting: Vec<TcpStream>,
}

impl Silent {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("it has an address");
        let wait = Duration::from_millis(500);
        let waiting: Vec<_> = (0..5000)
            .map_while(|_| TcpStream::connect_timeout(&address, wait).ok())
            .collect();
        assert!(waiting.len() < 5000, "its queue has an end");
        Silent {
            listener,
            _waiting: waiting,
        }
    }
}

#[test]
fn a_client_that_does_not_finish_its_request_is_told_so() {
    let stand = managed("request_timeout", json!("1s"));
    assert_error(&send_bytes(&stand, UNFINISHED), 408, "REQUEST_INCOMPLETE");
}

#[test]
fn where_nothing_moves_either_way_it_ends() {
    let stand = managed("stream_idle_timeout", json!("1s"));
    assert_error(&send_bytes(&stand, UNFINISHED), 408, "STREAM_TIMEOUT");
    let report = get(&stand, "/reports/slow/30000");
    assert_error(&report, 504, "STREAM_TIMEOUT");
}
