#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::node::tests::as_json;
use crate::plugin::load;
use crate::setting::Members;

/// The policy of requests that no rule picks.
fn policy(default: &str) -> Result<Policy, String> {
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
fn refused(default: &str, fault: &str) {
    assert_eq!(policy(default).unwrap_err(), fault, "{default}");
}

fn peer(text: &str) -> std::net::IpAddr {
    text.parse().unwrap()
}

#[test]
fn the_defaults_are_those_of_the_documentation() {
    let written = as_json(&Policy::default().written());
    let expected = concat!(
        r#"{"accept":["x-request-id","x-correlation-id","traceparent","b3","x-b3-traceid","x-amzn-trace-id"],"#,
        r#""trust":"always","max_length":128,"generate":"uuid7","request_headers":["x-request-id"],"#,
        r#""response_headers":["x-request-id"],"trace_context":"propagate","sampled":null,"#,
        r#""trace_id_from_request_id":false,"log_headers":{}}"#
    );
    assert_eq!(written, expected);
    // The keys of the defaults can themselves be configured.
    assert_eq!(policy(expected), Ok(Policy::default()));
    assert_eq!(Policy::default().keys().len(), 10);
}

#[test]
fn every_setting_can_be_given() {
    let given = policy(
        r#"{"accept": ["X-Trace"], "trust": {"ids": "never", "trace": {"cidrs": ["10.0.0.0/8"]}}, "max_length": 1024,
            "generate": "uuid4", "request_headers": ["x-request-id", "X-Correlation-Id"], "response_headers": [],
            "trace_context": "create", "sampled": {"percent": 2.5}, "trace_id_from_request_id": true,
            "log_headers": {"user_id": "X-User-Id"}}"#,
    )
    .unwrap();
    assert_eq!(&*given.accept[0], "x-trace");
    assert_eq!(
        (&given.trust.ids, given.trust.trace.allows(peer("10.1.2.3"))),
        (&Peers::Never, true)
    );
    assert_eq!(given.max_length.get(), 1024);
    assert_eq!(given.generate, Generate::Uuid4);
    assert_eq!(
        given
            .request_headers
            .iter()
            .map(|name| &**name)
            .collect::<Vec<_>>(),
        ["x-request-id", "x-correlation-id"]
    );
    assert!(given.response_headers.is_empty());
    assert_eq!(given.trace_context, TraceContext::Create);
    assert_eq!(given.sampled, Some(Sampled::Percent(Percent::new(2.5).unwrap())));
    assert!(given.trace_id_from_request_id);
    let (field, header) = given.log_headers.iter().next().unwrap();
    assert_eq!((&**field, header.as_deref()), ("user_id", Some("x-user-id")));
}

#[test]
fn creating_traces_needs_to_know_about_sampling() {
    const RULE: &str = "\"create\" needs sampled to be true, false or {\"percent\": …}";
    refused(
        r#"{"trace_context": "create"}"#,
        &format!("default.trace_context: {RULE}"),
    );
    refused(
        r#"{"trace_context": "create", "sampled": null}"#,
        &format!("default.sampled: {RULE}"),
    );
    for sampled in ["true", "false", "{\"percent\": 0}"] {
        let policy = policy(&format!(
            "{{\"trace_context\": \"create\", \"sampled\": {sampled}}}"
        ));
        assert!(policy.is_ok(), "{policy:?}");
    }
    assert_eq!(
        policy(r#"{"trace_context": false}"#).map(|policy| policy.trace_context),
        Ok(TraceContext::Disabled)
    );
}

#[test]
fn sampling_is_a_choice() {
    let wanted = "default.sampled: must be true, false, null or {\"percent\": …}, got ";
    refused(r#"{"sampled": "always"}"#, &format!("{wanted}\"always\""));
    refused(r#"{"sampled": {}}"#, &format!("{wanted}an object"));
    refused(r#"{"sampled": 5}"#, &format!("{wanted}5"));
    refused(
        r#"{"sampled": {"percent": 101}}"#,
        "default.sampled.percent: must be a percentage from 0 to 100, got 101",
    );
}

#[test]
fn trust_is_a_choice() {
    let wanted = "must be \"always\", \"never\" or {\"cidrs\": […]}, got ";
    refused(
        r#"{"trust": "sometimes"}"#,
        &format!("default.trust: {wanted}\"sometimes\""),
    );
    refused(r#"{"trust": {}}"#, &format!("default.trust: {wanted}an object"));
    refused(r#"{"trust": false}"#, &format!("default.trust: {wanted}false"));
    refused(
        r#"{"trust": {"cidrs": []}}"#,
        "default.trust.cidrs: must have at least one item",
    );
    refused(
        r#"{"trust": {"ids": "never"}}"#,
        "default.trust: must have both members, ids and trace",
    );
    refused(
        r#"{"trust": {"ids": "x", "trace": {"cidrs": [1]}}}"#,
        &format!("default.trust.ids: {wanted}\"x\"\ndefault.trust.trace.cidrs[0]: must be a network, got 1"),
    );
}

#[test]
fn peers_belong_to_networks_by_their_first_bits() {
    let cases = [
        ("10.0.0.0/8", "10.255.255.255", true),
        ("10.0.0.0/8", "11.0.0.0", false),
        ("10.0.0.0/8", "::ffff:10.1.2.3", true),
        ("10.0.0.0/8", "::10.1.2.3", false),
        ("10.1.2.3/32", "10.1.2.3", true),
        ("10.1.2.3/32", "10.1.2.2", false),
        ("0.0.0.0/0", "255.255.255.255", true),
        ("0.0.0.0/0", "::1", false),
        ("192.168.4.0/22", "192.168.7.255", true),
        ("192.168.4.0/22", "192.168.8.0", false),
        ("fd00::/8", "fdff::1", true),
        ("fd00::/8", "fe00::", false),
        ("2001:db8::/33", "2001:db8:7fff::", true),
        ("2001:db8::/33", "2001:db8:8000::", false),
        ("::1/128", "::1", true),
        ("::1/128", "::2", false),
        ("::/0", "2001::", true),
        ("::/0", "::ffff:10.0.0.1", false),
    ];
    for (network, address, expected) in cases {
        let policy = policy(&format!(
            "{{\"trust\": {{\"cidrs\": [\"fc00::/16\", {network:?}]}}}}"
        ))
        .unwrap();
        assert_eq!(
            policy.trust.ids.allows(peer(address)),
            expected,
            "{address} in {network}"
        );
    }
    assert!(Peers::Always.allows(peer("::1")) && !Peers::Never.allows(peer("::1")));
}

#[test]
fn a_network_with_host_bits_is_refused_with_the_right_one() {
    let cases = [
        ("10.0.0.1/8", "10.0.0.0/8"),
        ("192.168.5.0/22", "192.168.4.0/22"),
        ("10.0.0.1/0", "0.0.0.0/0"),
        ("fd00::1/8", "fd00:0000:0000:0000:0000:0000:0000:0000/8"),
    ];
    for (wrong, right) in cases {
        refused(
            &format!("{{\"trust\": {{\"cidrs\": [{wrong:?}]}}}}"),
            &format!(
                "default.trust.cidrs[0]: must be a network without host bits, such as {right:?}, got {wrong:?}"
            ),
        );
    }
}

#[test]
fn what_is_no_network_is_refused() {
    for network in [
        "",
        "/",
        "10.0.0.1",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "10.0.0.0/08",
        "10.0.0.0/",
        "10.0.0/8",
        "010.0.0.0/8",
        "::/129",
        ":::/8",
        "fd00::1%eth0/8",
        "::ffff:10.0.0.0/104",
        "10.0.0.0/8/8",
        " 10.0.0.0/8",
    ] {
        let fault = policy(&format!("{{\"trust\": {{\"cidrs\": [{network:?}]}}}}")).unwrap_err();
        assert!(
            fault.starts_with("default.trust.cidrs[0]: must be a network such as \"10.0.0.0/8\""),
            "{fault}"
        );
    }
}

#[test]
fn headers_that_cannot_carry_an_id_are_refused() {
    for name in [
        ":path",
        "host",
        "Content-Length",
        "transfer-encoding",
        "connection",
        "te",
        "traceparent",
        "tracestate",
        "b3",
        "X-B3-TraceId",
        "x-b3-spanid",
        "x-amzn-trace-id",
        "authorization",
        "x-api-key",
        "x-envoy-max-retries",
        "x-forwarded-for",
        "grpc-timeout",
    ] {
        for key in ["request_headers", "response_headers"] {
            let fault = policy(&format!("{{{key:?}: [\"x-a\", {name:?}]}}")).unwrap_err();
            assert!(
                fault.starts_with(&format!("default.{key}[1]: must be the name of a header")),
                "{fault}"
            );
            assert!(fault.ends_with(&format!("got {name:?}")), "{fault}");
        }
    }
    refused(
        r#"{"request_headers": []}"#,
        "default.request_headers: must have at least one item",
    );
}

#[test]
fn headers_that_cannot_bring_an_id_are_refused() {
    for name in [
        "host",
        "tracestate",
        "x-b3-spanid",
        "x-b3-sampled",
        "Authorization",
        "x-session-token",
        ":path",
    ] {
        let fault = policy(&format!("{{\"accept\": [{name:?}]}}")).unwrap_err();
        assert!(
            fault.starts_with("default.accept[0]: must be the name of a header"),
            "{fault}"
        );
    }
    assert!(policy(r#"{"accept": []}"#).is_ok());
}

#[test]
fn fields_of_the_log_cannot_hide_its_own() {
    for field in RESERVED_FIELDS {
        refused(
            &format!("{{\"log_headers\": {{{field:?}: \"x-a\"}}}}"),
            &format!(
                "default.log_headers.{field}: the key must be another one than those that the log line has of its own"
            ),
        );
    }
    for field in ["", "1a", "a-b", "a.b", "é", &"a".repeat(65)] {
        let fault = policy(&format!("{{\"log_headers\": {{{field:?}: \"x-a\"}}}}")).unwrap_err();
        assert!(fault.contains("the key must be at most 64 letters"), "{fault}");
    }
    refused(
        r#"{"log_headers": {"user": "cookie"}}"#,
        "default.log_headers.user: must be the name of a header that cannot hold a secret, got \"cookie\"",
    );
}

#[test]
fn a_field_of_the_log_can_be_taken_out_again() {
    let config = br#"{"default": {"log_headers": {"user": "x-user", "tenant": "x-tenant"}},
        "routes": [{"match": {}, "policy": {"log_headers": {"user": null}}}]}"#;
    let plugin = load::<Policy>(config).unwrap();
    let request = crate::rules::tests::get("h", "/");
    let policy = plugin.decide(&request, None).policy.unwrap();
    let fields = policy
        .log_headers
        .iter()
        .map(|(field, header)| (&**field, header.as_deref()));
    assert_eq!(
        fields.collect::<Vec<_>>(),
        [("tenant", Some("x-tenant")), ("user", None)]
    );
}
