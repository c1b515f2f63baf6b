//! Configurations of error-envelope, sound and not. What every plugin has in common is request-id's to show.

use proptest::prelude::*;

use crate::describe::schema;
use crate::error_envelope::Policy;
use crate::error_envelope::tests::any_text;

/// What both the reader and the schema take.
pub(super) const GOOD: &[&str] = &[
    "{}",
    r#"{"default": null, "log": {"errors": "all"}}"#,
    r#"{"default": {"format": "standard", "passthrough": "enveloped", "upstream_message": "never"}}"#,
    r#"{"default": {"statuses": [], "origins": []}}"#,
    r#"{"default": {"statuses": [400, 599.0, "503", "4xx", "5xx", "500-504", "400-599", "503-503"]}}"#,
    r#"{"default": {"origins": ["upstream", "upstream"]}}"#,
    r#"{"default": {"max_body_bytes": 0}}"#,
    r#"{"default": {"max_body_bytes": 16777216}}"#,
    r#"{"default": {"documentation_base_url": null}}"#,
    r#"{"default": {"documentation_base_url": "https://docs.example/errors/"}}"#,
    r#"{"default": {"documentation_base_url": "http://[::1]:8080/a%2Fb?code="}}"#,
    r#"{"default": {"documentation_base_url": "https://docs.example#"}}"#,
    r#"{"default": {"context_headers": {"tenant": "X-Tenant", "_a1": null, "Errors": "x-a"}}}"#,
    r#"{"default": {"catalog": []}}"#,
    r#"{"default": {"catalog": [{"when": {"status": 503, "details": "no_healthy_upstream", "origin": "local"},
        "error_code": "UPSTREAM_UNAVAILABLE", "message": "…", "status": 503, "retryable": true}]}}"#,
    r#"{"default": {"catalog": [{"when": {"status": "4xx", "details": null, "origin": null}, "error_code": "A",
        "message": null, "status": null, "retryable": null}, {"when": {"details": "jwt_*"}, "error_code": "B_1"}]}}"#,
    r#"{"default": {"catalog": [{"when": {"details": "rbac_access_denied_matched_policy[no_robots]"}, "error_code": "A"}]}}"#,
];

/// What both refuse.
pub(super) const BAD: &[&str] = &[
    r#"{"default": {"documentation_base_url": "https://[::g]/"}}"#,
    r#"{"default": {"format": "json"}}"#,
    r#"{"default": {"format": false}}"#,
    r#"{"default": {"statuses": "5xx"}}"#,
    r#"{"default": {"statuses": [399]}}"#,
    r#"{"default": {"statuses": [600]}}"#,
    r#"{"default": {"statuses": [503.5]}}"#,
    r#"{"default": {"statuses": ["302"]}}"#,
    r#"{"default": {"statuses": ["2xx"]}}"#,
    r#"{"default": {"statuses": ["6xx"]}}"#,
    r#"{"default": {"statuses": ["5XX"]}}"#,
    r#"{"default": {"statuses": ["50x"]}}"#,
    r#"{"default": {"statuses": ["300-404"]}}"#,
    r#"{"default": {"statuses": ["500-600"]}}"#,
    r#"{"default": {"statuses": ["4xx-5xx"]}}"#,
    r#"{"default": {"statuses": [""]}}"#,
    r#"{"default": {"statuses": [null]}}"#,
    r#"{"default": {"origins": ["client"]}}"#,
    r#"{"default": {"origins": null}}"#,
    r#"{"default": {"passthrough": "json"}}"#,
    r#"{"default": {"upstream_message": true}}"#,
    r#"{"default": {"max_body_bytes": -1}}"#,
    r#"{"default": {"max_body_bytes": 16777217}}"#,
    r#"{"default": {"max_body_bytes": "64KiB"}}"#,
    r#"{"default": {"documentation_base_url": ""}}"#,
    r#"{"default": {"documentation_base_url": "/errors/"}}"#,
    r#"{"default": {"documentation_base_url": "ftp://docs.example/"}}"#,
    r#"{"default": {"documentation_base_url": "https://docs.example"}}"#,
    r#"{"default": {"documentation_base_url": "https://docs.example/errors"}}"#,
    r#"{"default": {"documentation_base_url": "https:///errors/"}}"#,
    r#"{"default": {"documentation_base_url": "https://me:secret@docs.example/"}}"#,
    r#"{"default": {"documentation_base_url": "https://docs.example/a b/"}}"#,
    r#"{"default": {"documentation_base_url": "https://docs.example/\"/"}}"#,
    r#"{"default": {"documentation_base_url": "https://docs.example/'/"}}"#,
    r#"{"default": {"documentation_base_url": "https://docs.example/\n/"}}"#,
    r#"{"default": {"documentation_base_url": "https://docs.example/%2/"}}"#,
    r##"{"default": {"documentation_base_url": "https://docs.example/#a#"}}"##,
    r#"{"default": {"context_headers": {"errors": "x-a"}}}"#,
    r#"{"default": {"context_headers": {"a-b": "x-a"}}}"#,
    r#"{"default": {"context_headers": {"1a": "x-a"}}}"#,
    r#"{"default": {"context_headers": {"key": "X-Api-Key"}}}"#,
    r#"{"default": {"context_headers": {"tenant": ["x-a"]}}}"#,
    r#"{"default": {"catalog": null}}"#,
    r#"{"default": {"catalog": [null]}}"#,
    r#"{"default": {"catalog": [{"error_code": "A"}]}}"#,
    r#"{"default": {"catalog": [{"when": null, "error_code": "A"}]}}"#,
    r#"{"default": {"catalog": [{"when": {"status": 404}}]}}"#,
    r#"{"default": {"catalog": [{"when": {"status": 404}, "error_code": null}]}}"#,
    r#"{"default": {"catalog": [{"when": {"status": 404}, "error_code": "not_found"}]}}"#,
    r#"{"default": {"catalog": [{"when": {"status": 404}, "error_code": "_A"}]}}"#,
    r#"{"default": {"catalog": [{"when": {"status": 404}, "error_code": "A", "code": "B"}]}}"#,
    r#"{"default": {"catalog": [{"when": {"status": 302}, "error_code": "A"}]}}"#,
    r#"{"default": {"catalog": [{"when": {"status": [404]}, "error_code": "A"}]}}"#,
    r#"{"default": {"catalog": [{"when": {"details": ""}, "error_code": "A"}]}}"#,
    r#"{"default": {"catalog": [{"when": {"details": "*"}, "error_code": "A"}]}}"#,
    r#"{"default": {"catalog": [{"when": {"details": "*_timeout"}, "error_code": "A"}]}}"#,
    r#"{"default": {"catalog": [{"when": {"details": "no healthy upstream"}, "error_code": "A"}]}}"#,
    r#"{"default": {"catalog": [{"when": {"origin": "both"}, "error_code": "A"}]}}"#,
    r#"{"default": {"catalog": [{"when": {"route": "r"}, "error_code": "A"}]}}"#,
    r#"{"default": {"catalog": [{"when": {"status": 404}, "error_code": "A", "message": ""}]}}"#,
    r#"{"default": {"catalog": [{"when": {"status": 404}, "error_code": "A", "message": "a\tb"}]}}"#,
    r#"{"default": {"catalog": [{"when": {"status": 404}, "error_code": "A", "status": 200}]}}"#,
    r#"{"default": {"catalog": [{"when": {"status": 404}, "error_code": "A", "status": "404"}]}}"#,
    r#"{"default": {"catalog": [{"when": {"status": 404}, "error_code": "A", "retryable": "never"}]}}"#,
];

/// What only the reader can tell to be wrong: which of two is greater, what an entry hides.
pub(super) const BAD_BEYOND_THE_SCHEMA: &[&str] = &[
    r#"{"default": {"statuses": ["504-500"]}}"#,
    r#"{"default": {"catalog": [{"when": {}, "error_code": "A"}]}}"#,
    r#"{"default": {"catalog": [{"when": {"status": null}, "error_code": "A"}]}}"#,
    r#"{"default": {"catalog": [{"when": {"status": "4xx"}, "error_code": "A"}, {"when": {"status": 404}, "error_code": "B"}]}}"#,
];

fn any_status() -> impl Strategy<Value = String> {
    prop_oneof![
        any_text(&["4", "5", "6", "0", "00", "xx", "-"]),
        "[3-6][0-9][0-9](-[3-6][0-9][0-9])?",
    ]
}

fn any_url() -> impl Strategy<Value = String> {
    let rest = any_text(&[
        "h", "é", "@", ":", "8", "/", "?", "#", "%2F", "%", "'", "\"", "_", ".", "[", " ", "\n",
    ]);
    let start = prop::sample::select(vec![
        "https://docs.example",
        "http://[::1]",
        "https://",
        "http://*.",
        "//",
    ]);
    (start, rest).prop_map(|(start, rest)| format!("{start}{rest}/"))
}

fn any_entry() -> impl Strategy<Value = String> {
    let code = any_text(&["A", "Z", "a", "0", "_", "-", " "]);
    let details = any_text(&["a", "*", "{b", "}", "[", " ", "é", "\n"]);
    let message = prop_oneof![any_text(&["é", "\u{85}", " ", "\"", "\u{7f}"]), "é{510,514}"];
    (code, details, message).prop_map(|(code, details, message)| {
        let [code, details, message] =
            [code, details, message].map(|text| serde_json::to_string(&text).unwrap());
        format!(r#"{{"when": {{"details": {details}}}, "error_code": {code}, "message": {message}}}"#)
    })
}

#[test]
fn schema_and_reader_agree_on_every_text() {
    let schema = serde_json::from_str(&schema::<Policy>()).unwrap();
    let schema = jsonschema::draft202012::new(&schema).unwrap();
    proptest!(|(statuses in any_status(), url in any_url(), entry in any_entry())| {
        for member in [
            format!(r#""statuses": ["{statuses}"]"#),
            format!(r#""documentation_base_url": {}"#, serde_json::to_string(&url).unwrap()),
            format!(r#""catalog": [{entry}]"#),
        ] {
            let config = format!("{{\"default\": {{{member}}}}}");
            let loaded = crate::load::<Policy>(config.as_bytes()).map_err(|faults| faults.to_string());
            let beyond = loaded.as_ref().is_err_and(|faults| faults.contains("from the lower to the higher"));
            let valid = schema.is_valid(&serde_json::from_str(&config).unwrap());
            prop_assert_eq!(valid, loaded.is_ok() || beyond, "{} {:?}", config, loaded.err());
        }
    });
}
