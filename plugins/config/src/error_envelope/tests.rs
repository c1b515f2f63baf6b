use proptest::prelude::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::node::tests::as_json;
use crate::plugin::load;
use crate::setting::{Members, Setting};

/// The policy of requests that no rule picks.
pub(super) fn policy(default: &str) -> Result<Policy, String> {
    let plugin = load::<Policy>(format!("{{\"default\": {default}}}").as_bytes());
    let plugin = plugin.map_err(|faults| faults.to_string())?;
    let request = crate::rules::tests::get("h", "/");
    plugin
        .decide(&request, None)
        .policy
        .map(|policy| Policy::clone(policy))
        .ok_or("no policy".to_owned())
}

#[track_caller]
pub(super) fn refused(default: &str, fault: &str) {
    assert_eq!(policy(default).unwrap_err(), fault, "{default}");
}

#[test]
fn the_defaults_are_those_of_the_documentation() {
    let written = as_json(&Policy::default().written());
    let expected = concat!(
        r#"{"format":"negotiate","statuses":["4xx","5xx"],"origins":["local","upstream"],"#,
        r#""passthrough":"structured","upstream_message":"client_errors","max_body_bytes":65536,"#,
        r#""documentation_base_url":null,"context_headers":{},"catalog":[]}"#
    );
    assert_eq!(written, expected);
    // The keys of the defaults can themselves be configured.
    assert_eq!(policy(expected), Ok(Policy::default()));
    assert_eq!(Policy::default().keys().len(), 9);
}

#[test]
fn every_setting_can_be_given() {
    let given = policy(
        r#"{"format": "problem", "statuses": [404, "5xx"], "origins": ["local"], "passthrough": "never",
            "upstream_message": "always", "max_body_bytes": 0, "documentation_base_url": "https://docs.example/errors/",
            "context_headers": {"tenant": "X-Tenant"},
            "catalog": [{"when": {"status": 503}, "error_code": "GONE_FISHING"}]}"#,
    )
    .unwrap();
    assert_eq!(given.format, Format::Problem);
    assert_eq!(
        given.statuses,
        [ErrorStatus::of::<404, 404>(), ErrorStatus::of::<500, 599>()]
    );
    assert_eq!(given.origins, [Origin::Local]);
    assert_eq!(given.passthrough, Passthrough::Never);
    assert_eq!(given.upstream_message, UpstreamMessage::Always);
    assert_eq!(given.max_body_bytes.get(), 0);
    assert_eq!(
        given.documentation_base_url.as_deref(),
        Some("https://docs.example/errors/")
    );
    let (member, header) = given.context_headers.iter().next().unwrap();
    assert_eq!((&**member, header.as_deref()), ("tenant", Some("x-tenant")));
    assert_eq!(&*given.catalog[0].error_code, "GONE_FISHING");
}

#[test]
fn an_answer_is_covered_by_its_status_and_its_origin() {
    let cases = [
        ("{}", 399, Origin::Local, false),
        ("{}", 400, Origin::Local, true),
        ("{}", 599, Origin::Upstream, true),
        ("{}", 600, Origin::Upstream, false),
        (r#"{"statuses": []}"#, 500, Origin::Local, false),
        (r#"{"origins": []}"#, 500, Origin::Local, false),
        (r#"{"origins": ["local"]}"#, 500, Origin::Local, true),
        (r#"{"origins": ["local"]}"#, 500, Origin::Upstream, false),
        (r#"{"statuses": ["4xx", 503]}"#, 503, Origin::Upstream, true),
        (r#"{"statuses": ["4xx", 503]}"#, 504, Origin::Upstream, false),
    ];
    for (config, status, origin, covered) in cases {
        assert_eq!(
            policy(config).unwrap().covers(status, origin),
            covered,
            "{config} {status} {origin:?}"
        );
    }
}

#[test]
fn what_is_no_error_has_no_envelope() {
    for (status, shown) in [
        ("\"2xx\"", "\"2xx\""),
        ("302", "302"),
        ("399", "399"),
        ("600", "600"),
        ("\"300-404\"", "\"300-404\""),
        ("\"400-600\"", "\"400-600\""),
        ("null", "null"),
    ] {
        refused(
            &format!("{{\"statuses\": [\"5xx\", {status}]}}"),
            &format!(
                "default.statuses[1]: must be statuses from 400 to 599, such as 503, \"5xx\" or \"500-504\", got {shown}"
            ),
        );
    }
    refused(
        r#"{"statuses": "5xx"}"#,
        "default.statuses: must be a list, got \"5xx\"",
    );
    refused(
        r#"{"statuses": null}"#,
        "default.statuses: must be a list, got null",
    );
}

#[test]
fn words_and_numbers_outside_of_what_there_is_are_refused() {
    let cases = [
        ("format", "\"json\"", "one of standard, problem, negotiate"),
        ("passthrough", "\"all\"", "one of structured, enveloped, never"),
        ("passthrough", "false", "one of structured, enveloped, never"),
        (
            "upstream_message",
            "\"4xx\"",
            "one of client_errors, never, always",
        ),
        ("max_body_bytes", "16777217", "a whole number from 0 to 16777216"),
        ("max_body_bytes", "null", "a whole number from 0 to 16777216"),
        ("origins", "\"local\"", "a list"),
        ("catalog", "null", "a list"),
        ("context_headers", "null", "an object"),
    ];
    for (key, value, wanted) in cases {
        refused(
            &format!("{{{key:?}: {value}}}"),
            &format!("default.{key}: must be {wanted}, got {value}"),
        );
    }
    refused(
        r#"{"origins": ["upstream", "client"]}"#,
        "default.origins[1]: must be one of local, upstream, got \"client\"",
    );
    refused(
        r#"{"documentation_base_url": "https://docs.example/errors"}"#,
        "default.documentation_base_url: must be a URL to which something can be appended, such as \
         \"https://docs.example/errors/\", got \"https://docs.example/errors\"",
    );
}

#[test]
fn context_is_named_like_members_and_taken_from_headers_without_secrets() {
    refused(
        r#"{"context_headers": {"errors": "x-a"}}"#,
        "default.context_headers.errors: the key must be another one than \"errors\", under which stands what was \
         wrong with a request",
    );
    for name in ["", "1a", "a-b", "a.b", "é", &"a".repeat(65)] {
        let fault = policy(&format!("{{\"context_headers\": {{{name:?}: \"x-a\"}}}}")).unwrap_err();
        assert!(
            fault.ends_with(": the key must be at most 64 letters, digits and _, not beginning with a digit"),
            "{fault}"
        );
    }
    refused(
        r#"{"context_headers": {"user": "cookie"}}"#,
        "default.context_headers.user: must be the name of a header that cannot hold a secret, got \"cookie\"",
    );
}

#[test]
fn a_member_of_the_context_can_be_taken_out_again() {
    let config = br#"{"default": {"context_headers": {"user": "x-user", "tenant": "x-tenant"}},
        "routes": [{"match": {}, "policy": {"context_headers": {"user": null}}}]}"#;
    let plugin = load::<Policy>(config).unwrap();
    let request = crate::rules::tests::get("h", "/");
    let policy = plugin.decide(&request, None).policy.unwrap();
    let members = policy
        .context_headers
        .iter()
        .map(|(member, header)| (&**member, header.as_deref()));
    assert_eq!(
        members.collect::<Vec<_>>(),
        [("tenant", Some("x-tenant")), ("user", None)]
    );
}

#[test]
fn lists_of_an_inner_layer_replace_those_of_the_outer() {
    let config = br#"{"default": {"statuses": [404], "catalog": [{"when": {"status": 404}, "error_code": "A"}]},
        "routes": [{"match": {}, "policy": {"statuses": ["5xx"],
            "catalog": [{"when": {"status": 500}, "error_code": "B"}, {"when": {"status": 404}, "error_code": "C"}]}}]}"#;
    let plugin = load::<Policy>(config).unwrap();
    let request = crate::rules::tests::get("h", "/");
    let policy = plugin.decide(&request, None).policy.unwrap();
    assert_eq!(policy.statuses, [ErrorStatus::of::<500, 599>()]);
    let codes: Vec<&str> = policy.catalog.iter().map(|entry| &*entry.error_code).collect();
    assert_eq!(codes, ["B", "C"]);
}

#[test]
fn every_fault_of_a_policy_is_found() {
    refused(
        r#"{"format": 1, "statuses": ["1xx"], "catalog": [{"when": {"origin": "me"}, "error_code": "a"}, {}]}"#,
        "default.format: must be one of standard, problem, negotiate, got 1\n\
         default.statuses[0]: must be statuses from 400 to 599, such as 503, \"5xx\" or \"500-504\", got \"1xx\"\n\
         default.catalog[0].when.origin: must be one of local, upstream, got \"me\"\n\
         default.catalog[0].error_code: must be a code of at most 64 upper-case letters, digits and _, beginning with \
         a letter, such as \"UPSTREAM_UNAVAILABLE\", got \"a\"\n\
         default.catalog[1]: must have the member when\n\
         default.catalog[1]: must have the member error_code",
    );
}

/// Texts of these pieces, at most six of them.
pub(crate) fn any_text(pieces: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(pieces), 0..7).prop_map(|pieces| pieces.concat())
}

fn any_policy() -> impl Strategy<Value = String> {
    let status = prop_oneof![
        (400u16..600).prop_map(|status| status.to_string()),
        (400u16..600).prop_map(|status| format!("\"{status}\"")),
        (4u16..6).prop_map(|class| format!("\"{class}xx\"")),
        (400u16..500, 500u16..600).prop_map(|(first, last)| format!("\"{first}-{last}\"")),
    ];
    let entry = (status.clone(), any_text(&["a", "b", "_"]), any::<bool>()).prop_map(
        |(status, details, retryable)| {
            format!(
                r#"{{"when": {{"status": {status}, "details": "d{details}*"}}, "error_code": "A", "status": 400,
                "message": "it is {details}", "retryable": {retryable}}}"#
            )
        },
    );
    let word = prop::sample::select(vec!["standard", "problem", "negotiate"]);
    let url = prop::sample::select(vec!["null", "\"http://a/#\"", "\"https://[::1]:80/?a=\""]);
    (prop::collection::vec(status, 0..4), prop::option::of(entry), word, url).prop_map(
        |(statuses, entry, word, url)| {
            format!(
                r#"{{"statuses": [{}], "catalog": [{}], "format": {word:?}, "documentation_base_url": {url}}}"#,
                statuses.join(","),
                entry.unwrap_or_default()
            )
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_reads_back_the_same(config in any_policy()) {
        let read = policy(&config).unwrap();
        prop_assert_eq!(policy(&as_json(&read.written())), Ok(read));
    }
}
