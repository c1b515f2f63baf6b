//! The body of an upstream's error, and the one that a client gets instead.

use crate::input::Input;
use policy::envelope::{Envelope, Format, code_of_standard, standard_as_problem};
use policy::error_message::read;
use policy::json::Object;
use policy::media_type::MediaType;
use serde_json::Value;

/// The first byte is the type, the rest is the body.
pub(crate) fn run(bytes: &[u8]) {
    let mut input = Input(bytes);
    let kind = *input.one_of(&[
        MediaType::Json,
        MediaType::Problem,
        MediaType::PlainText,
        MediaType::Html,
        MediaType::Other,
    ]);
    let body = input.0;
    let found = read(body, kind);
    assert!(found.faults.len() <= 32);
    if let Some(message) = &found.message {
        assert!(
            (1..=1_024).contains(&message.len()) && !message.starts_with('<'),
            "{message:?}"
        );
    }
    let code = code_of_standard(body);
    let problem = standard_as_problem(body);
    assert!(
        problem.is_none() || code.is_some(),
        "a problem was made of what is no error of the standard form"
    );
    if let Some(problem) = &problem {
        let problem: Value = serde_json::from_slice(problem)
            .unwrap_or_else(|error| panic!("{error}: {}", problem.escape_ascii()));
        assert!(problem.is_object());
    }
    let mut context = Object::default();
    context.list("errors", found.faults.iter().cloned());
    context.bytes("body", body);
    written(
        found.message.as_deref().unwrap_or("no message"),
        &code.unwrap_or_default(),
        &context,
    );
}

/// What is written is JSON, and says what it was to say.
fn written(message: &str, code: &str, context: &Object) {
    let envelope = Envelope {
        trace_id: code,
        request_id: message,
        error_code: code,
        message,
        status: 503,
        unix_millis: 1_700_000_000_000,
        service_name: Some(message),
        context,
        documentation_url: Some(code),
        retryable: Some(true),
        retry_after: Some(7),
    };
    let standard = envelope.write(Format::Standard);
    let json: Value = serde_json::from_slice(&standard)
        .unwrap_or_else(|error| panic!("{error}: {}", standard.escape_ascii()));
    assert_eq!(json["message"], message);
    assert_eq!(json["error_code"], code);
    assert_eq!(code_of_standard(&standard).as_deref(), Some(code));
    let as_problem = standard_as_problem(&standard).unwrap_or_else(|| panic!("it is in the standard form"));
    for problem in [envelope.write(Format::Problem), as_problem] {
        let json: Value = serde_json::from_slice(&problem)
            .unwrap_or_else(|error| panic!("{error}: {}", problem.escape_ascii()));
        assert_eq!(json["detail"], message);
        assert_eq!(json["status"], 503);
    }
}
