use super::*;
use proptest::prelude::*;
use serde_json::Value;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn least(context: &Object) -> Envelope<'_> {
    Envelope {
        trace_id: "t",
        request_id: "r",
        error_code: "NOT_FOUND",
        message: "There is no such thing.",
        status: 404,
        unix_millis: 1_718_000_000_123,
        service_name: None,
        context,
        documentation_url: None,
        retryable: None,
        retry_after: None,
    }
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

#[test]
fn the_standard_body_has_six_members_always_and_no_other_without_need() {
    assert_eq!(
        text(&least(&Object::default()).write(Format::Standard)),
        r#"{"trace_id":"t","request_id":"r","error_code":"NOT_FOUND","message":"There is no such thing.","status_code":404,"timestamp":"2024-06-10T06:13:20.123Z"}"#
    );
}

#[test]
fn the_standard_body_says_what_there_is_to_say() {
    let mut context = Object::default();
    context.text("tenant", "blue");
    let envelope = Envelope {
        service_name: Some("orders"),
        documentation_url: Some("https://docs.example/NOT_FOUND"),
        retryable: Some(false),
        retry_after: Some(7),
        ..least(&context)
    };
    let body: Value = serde_json::from_slice(&envelope.write(Format::Standard)).unwrap();
    assert_eq!(body["service_name"], "orders");
    assert_eq!(body["context"]["tenant"], "blue");
    assert_eq!(body["documentation_url"], "https://docs.example/NOT_FOUND");
    assert_eq!(body["retryable"], false);
    assert_eq!(body["retry_after"], 7);
    assert_eq!(body.as_object().unwrap().len(), 11);
}

#[test]
fn a_problem_has_the_members_of_rfc_9457_and_the_same_facts() {
    assert_eq!(
        text(&least(&Object::default()).write(Format::Problem)),
        r#"{"type":"about:blank","title":"Not Found","status":404,"detail":"There is no such thing.","trace_id":"t","request_id":"r","error_code":"NOT_FOUND","timestamp":"2024-06-10T06:13:20.123Z"}"#
    );
    let nothing = Object::default();
    let documented = Envelope {
        documentation_url: Some("https://docs.example/NOT_FOUND"),
        ..least(&nothing)
    };
    let body: Value = serde_json::from_slice(&documented.write(Format::Problem)).unwrap();
    assert_eq!(body["type"], "https://docs.example/NOT_FOUND");
    assert_eq!(body.get("documentation_url"), None);
}

#[test]
fn a_standard_body_is_known_by_its_five_members_wherever_they_stand() {
    let standard =
        br#"{"x":1,"timestamp":"","status_code":4,"message":"m","error_code":"MY_CODE","trace_id":"t"}"#;
    assert_eq!(code_of_standard(standard).as_deref(), Some("MY_CODE"));
    for missing in ["timestamp", "status_code", "message", "error_code", "trace_id"] {
        let other = text(standard).replace(&format!("\"{missing}\""), "\"y\"");
        assert_eq!(code_of_standard(other.as_bytes()), None, "{missing}");
    }
    assert_eq!(code_of_standard(br#"{"message":"m"}"#), None);
    assert_eq!(code_of_standard(b"\xff"), None);
}

#[test]
fn a_problem_of_a_standard_body_is_the_problem_that_would_have_been_written() {
    let mut context = Object::default();
    context.text("tenant", "blue");
    for url in [None, Some("https://docs.example/NOT_FOUND")] {
        let envelope = Envelope {
            service_name: Some("orders \u{1f600}\u{1}"),
            documentation_url: url,
            retryable: Some(true),
            retry_after: Some(7),
            ..least(&context)
        };
        let reformatted = standard_as_problem(&envelope.write(Format::Standard)).unwrap();
        assert_eq!(text(&reformatted), text(&envelope.write(Format::Problem)));
    }
}

#[test]
fn what_is_not_standard_is_no_problem() {
    assert_eq!(standard_as_problem(br#"{"message":"m"}"#), None);
    let odd = br#"{"timestamp":"","status_code":"x","message":"m","error_code":"MY_CODE","trace_id":"t"}"#;
    assert_eq!(standard_as_problem(odd), None);
}

proptest! {
    #[test]
    fn whatever_is_said_is_json_and_bounded(message: Vec<char>, id: Vec<char>, status: u16, millis: u64) {
        let (message, id) = (String::from_iter(message), String::from_iter(id));
        let nothing = Object::default();
        let envelope = Envelope {
            message: &message,
            request_id: &id,
            trace_id: &id,
            status,
            unix_millis: millis,
            ..least(&nothing)
        };
        for format in [Format::Standard, Format::Problem] {
            let body = envelope.write(format);
            prop_assert!(serde_json::from_slice::<Value>(&body).is_ok());
            prop_assert!(body.len() < 32 * 1024);
        }
        let code = code_of_standard(&envelope.write(Format::Standard));
        prop_assert_eq!(code.as_deref(), Some("NOT_FOUND"));
    }

    #[test]
    fn any_body_is_harmless(body: Vec<u8>) {
        let _ = (code_of_standard(&body), standard_as_problem(&body));
    }
}
