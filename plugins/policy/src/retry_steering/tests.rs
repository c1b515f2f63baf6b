#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

mod answers;
mod any;
mod restraints;

/// What the documentation says.
fn plan() -> Plan {
    plan_of(3)
}

fn plan_of(attempts: u32) -> Plan {
    Plan::new(
        attempts,
        Conditions::of([
            "connect-failure",
            "refused-stream",
            "reset-before-request",
            "gateway-error",
        ]),
        Vec::new(),
        Conditions::of(["connect-failure", "refused-stream"]),
        Conditions::of(["unavailable"]),
    )
    .methods(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"], [])
}

const GET: Request<'static> = Request {
    method: b"GET",
    is_grpc: false,
    key: IdempotencyKey::Absent,
    attempt: 1,
    budget_left: None,
    is_half_open: false,
    left_millis: None,
};
const POST: Request<'static> = Request {
    method: b"POST",
    ..GET
};
const GRPC: Request<'static> = Request {
    is_grpc: true,
    ..POST
};

/// What the router is told, all that is removed left out.
#[track_caller]
fn is(plan: &Plan, request: Request<'_>, told: &[(&str, &str)]) {
    let headers = plan.steer(&request).headers();
    assert_eq!(headers.each_ref().map(|(name, _)| *name), HEADERS);
    let short = |name: &'static str| name.strip_prefix("x-envoy-").unwrap();
    let says: Vec<(&str, &str)> = headers
        .iter()
        .filter_map(|(name, says)| Some((short(name), says.as_deref()?)))
        .collect();
    assert_eq!(says, told, "{request:?}");
}

const ON: &str = "connect-failure,refused-stream,reset-before-request,gateway-error";
const NARROW: &str = "connect-failure,refused-stream";
const NEVER: &[(&str, &str)] = &[("max-retries", "0")];
const FULL: &[(&str, &str)] = &[("retry-on", ON), ("max-retries", "2")];
const NARROWLY: &[(&str, &str)] = &[
    ("retry-on", NARROW),
    ("max-retries", "2"),
    ("hedge-on-per-try-timeout", "false"),
];

#[test]
fn every_header_of_the_router_is_written_or_removed() {
    let names: Vec<String> = HEADERS.iter().map(|name| (*name).to_owned()).collect();
    for word in [
        "retry-on",
        "retry-grpc-on",
        "retriable-status-codes",
        "retriable-header-names",
        "max-retries",
        "upstream-rq-timeout-ms",
        "upstream-rq-per-try-timeout-ms",
        "upstream-rq-timeout-alt-response",
        "upstream-stream-duration-ms",
        "expected-rq-timeout-ms",
        "hedge-on-per-try-timeout",
    ] {
        assert!(names.contains(&format!("x-envoy-{word}")), "{word}");
    }
}

#[test]
fn what_does_no_harm_twice_is_tried_again_as_configured() {
    for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"] {
        is(
            &plan(),
            Request {
                method: method.as_bytes(),
                ..GET
            },
            FULL,
        );
    }
}

#[test]
fn anything_else_is_tried_again_where_the_upstream_has_seen_nothing_of_it() {
    for method in ["POST", "PATCH", "get", "CONNECT", "", "GETS"] {
        is(
            &plan(),
            Request {
                method: method.as_bytes(),
                ..GET
            },
            NARROWLY,
        );
    }
    let mut none = plan();
    none.narrow = Conditions::default();
    is(&none, POST, NEVER);
}

#[test]
fn headers_cannot_narrow_a_routes_own_policy_and_so_it_is_silenced() {
    let plan = plan().route_policy(true);
    is(&plan, GET, FULL);
    is(&plan, POST, NEVER);
    is(&plan, GRPC, NEVER);
}

#[test]
fn a_key_unlocks_the_methods_that_it_is_for() {
    let plan = plan().methods(["GET"], ["POST"]);
    for (method, key, told) in [
        ("POST", IdempotencyKey::Valid, FULL),
        ("POST", IdempotencyKey::Absent, NARROWLY),
        ("POST", IdempotencyKey::Malformed, NARROWLY),
        ("PATCH", IdempotencyKey::Valid, NARROWLY),
        ("GET", IdempotencyKey::Malformed, FULL),
    ] {
        is(
            &plan,
            Request {
                method: method.as_bytes(),
                key,
                ..GET
            },
            told,
        );
    }
    is(
        &plan.route_policy(true),
        Request {
            key: IdempotencyKey::Valid,
            ..POST
        },
        FULL,
    );
}

#[test]
fn statuses_are_listed_one_by_one_and_each_once() {
    let plan = Plan::new(
        2,
        Conditions::default(),
        vec![(500, 502), (409, 409), (502, 503)],
        Conditions::default(),
        Conditions::default(),
    )
    .methods(["GET"], []);
    is(
        &plan,
        GET,
        &[
            ("retry-on", "retriable-status-codes"),
            ("retriable-status-codes", "409,500,501,502,503"),
            ("max-retries", "1"),
        ],
    );
    is(&plan, POST, NEVER);
}

#[test]
fn grpc_goes_by_its_own_conditions() {
    let grpc = |words: &[&str]| {
        Plan::new(
            3,
            Conditions::of(["5xx"]),
            vec![(503, 503)],
            Conditions::of(["connect-failure"]),
            Conditions::of(words.iter().copied()),
        )
        .methods(["GET", "POST"], [])
    };
    is(
        &grpc(&["cancelled", "internal", "resource-exhausted", "deadline-exceeded"]),
        GRPC,
        &[
            (
                "retry-grpc-on",
                "cancelled,deadline-exceeded,resource-exhausted,internal",
            ),
            ("max-retries", "2"),
            ("hedge-on-per-try-timeout", "false"),
        ],
    );
    is(
        &grpc(&["unavailable"]),
        GRPC,
        &[
            ("retry-on", "connect-failure"),
            ("retry-grpc-on", "unavailable"),
            ("max-retries", "2"),
            ("hedge-on-per-try-timeout", "false"),
        ],
    );
    is(&grpc(&[]), GRPC, NEVER);
}

#[test]
fn one_attempt_is_no_retry() {
    let once = plan_of(1);
    is(&once, GET, NEVER);
    is(&once, POST, NEVER);
    is(&once, GRPC, NEVER);
    assert_eq!(once.steer(&GET).reason(), None);
}

#[test]
fn conditions_that_the_router_does_not_know_are_none() {
    assert_eq!(Conditions::of(["often", ""]), Conditions::default());
    assert_eq!(Conditions::of(["5xx", "often"]), Conditions::of(["5xx"]));
}
