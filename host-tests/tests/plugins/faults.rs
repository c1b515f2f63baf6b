//! Whatever any one host call answers, nothing traps, hangs or loses the request.
//!
//! The exchanges are those that host and Envoy agree on. They are dealt out to several tests, which run in parallel.

use host::faults::inject_everywhere;
use host_tests::exchange::{Exchange, error_envelope, request_id};
use host_tests::plugin::{ERROR_ENVELOPE, Plugin, REQUEST_ID};

/// Tests among which the exchanges of a plugin are dealt out.
const PARTS: usize = 8;

#[track_caller]
fn part(plugin: &Plugin, exchanges: Vec<Exchange>, part: usize) {
    let mine: Vec<_> = exchanges.into_iter().skip(part).step_by(PARTS).collect();
    assert!(!mine.is_empty(), "there are fewer exchanges than parts");
    for exchange in mine {
        let report = inject_everywhere(
            || exchange.host(plugin),
            |host| {
                exchange.run(host);
            },
        );
        assert!(report.runs > report.calls, "{}: {report}", exchange.name);
        // Nothing but a configuration that cannot be read keeps the plugin from starting.
        let clean = exchange.host(plugin);
        clean.start();
        let calls = clean.host_calls();
        let reading = calls.iter().filter(|call| call.name == "proxy_get_buffer_bytes");
        let refused: usize = reading.map(|call| call.other_statuses().len()).sum();
        assert_eq!(report.refused, refused, "{}: {report}", exchange.name);
    }
}

macro_rules! parts {
    ($($name:ident $part:literal),*) => {$(
        mod $name {
            use super::*;

            #[test]
            fn request_id_survives() {
                part(&REQUEST_ID, request_id::exchanges(), $part);
            }

            #[test]
            fn error_envelope_survives() {
                part(&ERROR_ENVELOPE, error_envelope::exchanges(), $part);
            }
        }
    )*};
}

parts! {
    every_fault_part_1 0, every_fault_part_2 1, every_fault_part_3 2, every_fault_part_4 3,
    every_fault_part_5 4, every_fault_part_6 5, every_fault_part_7 6, every_fault_part_8 7
}

#[test]
fn no_fault_is_fatal_where_everything_is_on_and_two_workers_serve() {
    let report = inject_everywhere(
        || crate::cost::everything_on().workers(2),
        |host| {
            for worker in [0, 1] {
                host.worker(worker)
                    .get("/r")
                    .header("x-correlation-id", "a;b")
                    .header("x-user", b"\xff")
                    .run(503);
            }
        },
    );
    assert!(report.runs > report.calls, "{report}");
}
