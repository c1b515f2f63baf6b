use proptest::prelude::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::super::tests::{any_text, policy, refused};
use super::*;
use crate::value::Form;

fn catalog(entries: &str) -> Catalog {
    policy(&format!("{{\"catalog\": [{entries}]}}")).unwrap().catalog
}

#[test]
fn an_entry_says_what_the_error_is_called_and_how_it_is_answered() {
    let catalog = catalog(
        r#"{"when": {"status": "500-504", "details": "no_healthy_upstream", "origin": "local"},
            "error_code": "UPSTREAM_UNAVAILABLE", "message": "Bitte später.", "status": 502, "retryable": true},
           {"when": {"origin": "upstream"}, "error_code": "B", "message": null, "status": null, "retryable": null}"#,
    );
    let [first, second] = &*catalog else {
        panic!("there are two")
    };
    assert_eq!(&*first.error_code, "UPSTREAM_UNAVAILABLE");
    assert_eq!(first.answer.message.as_deref(), Some("Bitte später."));
    assert_eq!(first.answer.status.map(Int::get), Some(502));
    assert_eq!(first.answer.retryable, Some(true));
    assert_eq!(second.answer, Answer::default());
}

#[test]
fn the_first_entry_of_which_all_holds_is_used() {
    let catalog = catalog(
        r#"{"when": {"status": 503, "details": "no_healthy_upstream", "origin": "local"}, "error_code": "ALL"},
           {"when": {"status": 503}, "error_code": "STATUS"},
           {"when": {"origin": "upstream", "status": null}, "error_code": "ORIGIN"},
           {"when": {"details": "jwt_*"}, "error_code": "DETAILS"}"#,
    );
    let cases: [(u16, &str, Origin, Option<&str>); 6] = [
        (503, "no_healthy_upstream", Origin::Local, Some("ALL")),
        (503, "no_healthy_upstream", Origin::Upstream, Some("STATUS")),
        (503, "via_upstream", Origin::Local, Some("STATUS")),
        (502, "via_upstream", Origin::Upstream, Some("ORIGIN")),
        (
            401,
            "jwt_authn_access_denied{Jwt_is_missing}",
            Origin::Local,
            Some("DETAILS"),
        ),
        (404, "route_not_found", Origin::Local, None),
    ];
    for (status, details, origin, code) in cases {
        let found = catalog.find(status, details.as_bytes(), origin);
        assert_eq!(
            found.map(|entry| &*entry.error_code),
            code,
            "{status} {details} {origin:?}"
        );
    }
}

/// Details as Envoy 1.40 gave them.
const REFUSED: &str = "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}";

#[test]
fn details_are_compared_up_to_what_envoy_adds() {
    let cases = [
        ("route_not_found", "route_not_found", true),
        ("route_not_found", "route_not_foun", false),
        ("route_not_foun", "route_not_found", false),
        ("upstream_reset_before_response_started", REFUSED, true),
        ("upstream_reset_before_response_started{overflow}", REFUSED, false),
        (
            "upstream_reset_before_response_started{remote_connection_failure*",
            REFUSED,
            true,
        ),
        (
            "upstream_reset_before_response_started{remote_connection_failure",
            REFUSED,
            false,
        ),
        ("upstream_*", REFUSED, true),
        (
            "upstream_reset_before_response_started*",
            "upstream_reset_before_response_started",
            true,
        ),
        (
            "rbac_access_denied_matched_policy",
            "rbac_access_denied_matched_policy[no_robots]",
            true,
        ),
        (
            "rbac_access_denied_matched_policy[no_robots]",
            "rbac_access_denied_matched_policy[no_robots]",
            true,
        ),
        (
            "jwt_authn_access_denied",
            "jwt_authn_access_denied{Jwt_is_missing}",
            true,
        ),
        ("local_rate_limited", "", false),
    ];
    for (meant, details, matches) in cases {
        let catalog = catalog(&format!(
            "{{\"when\": {{\"details\": {meant:?}}}, \"error_code\": \"A\"}}"
        ));
        let found = catalog.find(500, details.as_bytes(), Origin::Local);
        assert_eq!(found.is_some(), matches, "{meant} {details}");
    }
    assert!(
        catalog(r#"{"when": {"details": "a*"}, "error_code": "A"}"#)
            .find(500, b"a\xff", Origin::Local)
            .is_some()
    );
}

/// That a catalogue of this one entry has this fault, below `default.catalog[0]`.
#[track_caller]
fn refused_entry(entry: &str, fault: &str) {
    refused(
        &format!("{{\"catalog\": [{entry}]}}"),
        &format!("default.catalog[0]{fault}"),
    );
}

#[test]
fn an_entry_without_a_condition_is_refused() {
    const RULE: &str = ".when: must have one of status, details and origin, or it hides all that is built in";
    refused_entry(r#"{"when": {}, "error_code": "A"}"#, RULE);
    refused_entry(
        r#"{"when": {"status": null, "details": null}, "error_code": "A"}"#,
        RULE,
    );
    refused_entry(r#"{"error_code": "A"}"#, ": must have the member when");
    refused_entry(
        r#"{"when": null, "error_code": "A"}"#,
        ".when: must be an object, got null",
    );
    // Not both: which conditions were meant cannot be told.
    refused_entry(
        r#"{"when": {"stats": 404}, "error_code": "A"}"#,
        ".when.stats: unknown key, did you mean status?",
    );
}

#[test]
fn what_an_entry_cannot_be_is_refused() {
    refused_entry("404", ": must be an object, got 404");
    refused_entry(
        r#"{"when": {"status": 404}}"#,
        ": must have the member error_code",
    );
    let cases = [
        (
            "message",
            "\"\"",
            "a text of 1 to 512 characters, none of them a control character",
        ),
        ("status", "399", "a whole number from 400 to 599"),
        ("retryable", "1", "true or false"),
    ];
    for (key, value, wanted) in cases {
        refused_entry(
            &format!("{{\"when\": {{\"status\": 404}}, \"error_code\": \"A\", {key:?}: {value}}}"),
            &format!(".{key}: must be {wanted}, got {value}"),
        );
    }
    refused_entry(
        r#"{"when": {"status": 404}, "error_code": "A", "code": "B"}"#,
        ".code: unknown key, known are message, status, retryable, when, error_code",
    );
    refused_entry(
        r#"{"when": {"status": "3xx"}, "error_code": "A"}"#,
        ".when.status: must be statuses from 400 to 599, such as 503, \"5xx\" or \"500-504\", got \"3xx\"",
    );
}

#[test]
fn messages_are_bounded_in_characters() {
    let entry = |message: &str| {
        policy(&format!(
            "{{\"catalog\": [{{\"when\": {{\"status\": 404}}, \"error_code\": \"A\", \"message\": {message:?}}}]}}"
        ))
    };
    assert!(entry(&"é".repeat(512)).is_ok());
    assert!(entry(&"é".repeat(513)).is_err());
    assert!(entry("a\nb").is_err());
}

#[test]
fn codes_are_in_upper_case() {
    for code in ["A", "A1_", &"A".repeat(64)] {
        let catalog = catalog(&format!(
            "{{\"when\": {{\"status\": 404}}, \"error_code\": {code:?}}}"
        ));
        assert_eq!(&*catalog[0].error_code, code);
    }
    for code in ["", "a", "Ab", "1A", "_A", "A-B", "A B", "É", &"A".repeat(65)] {
        let shown: String = code.chars().take(64).collect();
        let cut = if code.len() > 64 { "…" } else { "" };
        refused_entry(
            &format!("{{\"when\": {{\"status\": 404}}, \"error_code\": {code:?}}}"),
            &format!(
                ".error_code: must be a code of at most 64 upper-case letters, digits and _, beginning with a letter, \
                 such as \"UPSTREAM_UNAVAILABLE\", got \"{shown}{cut}\""
            ),
        );
    }
}

#[test]
fn what_envoy_never_gives_as_details_is_refused() {
    for details in ["", "*", "a**", "a*b", "a b", "é", &"a".repeat(257)] {
        let entry = format!("{{\"when\": {{\"details\": {details:?}}}, \"error_code\": \"A\"}}");
        let fault = policy(&format!("{{\"catalog\": [{entry}]}}")).unwrap_err();
        assert!(
            fault.starts_with(
                "default.catalog[0].when.details: must be response code details, such as \"no_healthy_upstream\", or \
                 their beginning and a *, such as \"jwt_*\", got \""
            ),
            "{fault}"
        );
    }
}

#[test]
fn an_entry_that_an_earlier_one_hides_is_refused() {
    let cases = [
        (r#"{"status": 404}"#, r#"{"status": 404}"#, true),
        (r#"{"status": "4xx"}"#, r#"{"status": "404-410"}"#, true),
        (r#"{"status": "404-410"}"#, r#"{"status": "4xx"}"#, false),
        (
            r#"{"status": 404}"#,
            r#"{"status": 404, "origin": "local"}"#,
            true,
        ),
        (
            r#"{"status": 404, "origin": "local"}"#,
            r#"{"status": 404}"#,
            false,
        ),
        (r#"{"origin": "local"}"#, r#"{"origin": "upstream"}"#, false),
        (
            r#"{"details": "a"}"#,
            r#"{"details": "a{b}", "status": 404}"#,
            true,
        ),
        (r#"{"details": "a{b}"}"#, r#"{"details": "a"}"#, false),
        (r#"{"details": "a"}"#, r#"{"details": "a*"}"#, false),
        (r#"{"details": "a"}"#, r#"{"details": "a[*"}"#, true),
        (r#"{"details": "a*"}"#, r#"{"details": "ab*"}"#, true),
        (r#"{"details": "ab*"}"#, r#"{"details": "a*"}"#, false),
    ];
    for (earlier, later, hidden) in cases {
        let config = format!(
            r#"{{"catalog": [{{"when": {{"status": 418, "origin": "local"}}, "error_code": "A"}},
                {{"when": {earlier}, "error_code": "B"}}, {{"when": {later}, "error_code": "C"}}]}}"#
        );
        match hidden {
            true => refused(
                &config,
                "default.catalog[2].when: is never reached: default.catalog[1] takes all that it matches",
            ),
            false => assert!(policy(&config).is_ok(), "{config}"),
        }
    }
}

#[test]
fn a_catalogue_has_at_most_1000_entries() {
    let entries = |count: usize| {
        let entry = |number: usize| {
            format!("{{\"when\": {{\"details\": \"d{number}\"}}, \"error_code\": \"E{number}\"}}")
        };
        let entries: Vec<String> = (0..count).map(entry).collect();
        policy(&format!("{{\"catalog\": [{}]}}", entries.join(",")))
    };
    let catalog = entries(1000).unwrap().catalog;
    let last = catalog.find(500, b"d999", Origin::Local).unwrap();
    assert_eq!(&*last.error_code, "E999");
    assert_eq!(
        entries(1001).unwrap_err(),
        "default.catalog: must have at most 1000 entries"
    );
}

fn any_when() -> impl Strategy<Value = When> {
    let status = (400u16..404, 0u16..4).prop_map(|(first, more)| {
        let node = Node::Text(format!("{first}-{}", first + more));
        ErrorStatus::read(&node, &Place::top(), &mut Reading::default()).unwrap()
    });
    let details = any_text(&["a", "b", "{", "*"])
        .prop_filter("no details", |text| Details::broken(text).is_none())
        .prop_map(|text| Details::of(&text));
    let origin = prop::sample::select(vec![Origin::Local, Origin::Upstream]);
    (
        prop::option::of(status),
        prop::option::of(details),
        prop::option::of(origin),
    )
        .prop_map(|(status, details, origin)| When {
            status,
            details,
            origin,
        })
}

proptest! {
    #[test]
    fn what_is_hidden_is_never_reached(
        conditions in prop::collection::vec(any_when(), 8),
        errors in prop::collection::vec((400u16..408, any_text(&["a", "b", "{", "}"])), 32),
    ) {
        let pairs = conditions.iter().flat_map(|earlier| conditions.iter().map(move |later| (earlier, later)));
        for (earlier, later) in pairs.filter(|(earlier, later)| earlier.includes(later)) {
            for (status, details) in &errors {
                for origin in [Origin::Local, Origin::Upstream] {
                    let error = (*status, details.as_bytes(), origin);
                    let matches = |when: &When| when.matches(error.0, error.1, error.2);
                    prop_assert!(matches(earlier) || !matches(later), "{earlier:?} {later:?} {error:?}");
                }
            }
        }
    }
}
