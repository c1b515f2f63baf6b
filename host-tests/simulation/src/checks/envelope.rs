//! Each error is enveloped exactly once, with the members that it must have; what is no error, and what is to stay, comes through
//! byte for byte.

use super::Broken;
use crate::world::settings::Errors as Settings;
use serde_json::Value;

const PROMISE: &str = "each error is enveloped once, and nothing else is touched";

/// What a client got, and what it is made from.
#[derive(Clone, Debug)]
pub(crate) struct Answered<'a> {
    pub(crate) status: u16,
    pub(crate) content_type: Option<String>,
    pub(crate) error_code: Option<String>,
    pub(crate) length: Option<String>,
    pub(crate) body: &'a [u8],
    pub(crate) accept: Option<&'a str>,
    pub(crate) id: &'a str,
    /// What the upstream sent, if it was one that answered: the type and the body, if there was one.
    pub(crate) upstream: Option<Sent<'a>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Sent<'a> {
    pub(crate) content_type: Option<&'a str>,
    pub(crate) body: &'a [u8],
    /// Whether it says so itself that it is enveloped, by its header.
    pub(crate) has_code: bool,
}

pub(crate) fn check(answered: &Answered<'_>, settings: &Settings) -> Result<(), Broken> {
    let broken = |words: String| Broken::new(PROMISE, format!("{words}: {}", describe(answered)));
    if answered
        .length
        .as_ref()
        .is_some_and(|length| *length != answered.body.len().to_string())
    {
        return Err(broken(format!("its length is not {:?}", answered.length)));
    }
    if stays(answered, settings) {
        let sent = answered
            .upstream
            .as_ref()
            .map(|sent| sent.body)
            .unwrap_or_default();
        return Broken::unless(answered.body == sent, PROMISE, || {
            let sent = String::from_utf8_lossy(sent);
            format!(
                "the body must be the upstream's, {sent:?}: {}",
                describe(answered)
            )
        });
    }
    let problem = wants_problem(answered, settings);
    let wanted = if problem {
        "application/problem+json"
    } else {
        "application/json"
    };
    if answered
        .content_type
        .as_deref()
        .and_then(|text| text.split(';').next())
        != Some(wanted)
    {
        return Err(broken(format!("its type must be {wanted}")));
    }
    let body: Value =
        serde_json::from_slice(answered.body).map_err(|_| broken("its body is no JSON".to_owned()))?;
    let (status, message): (_, _) = match problem {
        true => ("status", "detail"),
        false => ("status_code", "message"),
    };
    for member in ["trace_id", "request_id", "error_code", "timestamp", message] {
        if body[member].as_str().is_none_or(str::is_empty) {
            return Err(broken(format!("its body has no {member}")));
        }
    }
    let holds = [
        (
            body["request_id"] == *answered.id,
            "its body must have the request's id",
        ),
        (body[status] == answered.status, "its body must have its status"),
        (
            answered
                .error_code
                .as_ref()
                .is_none_or(|code| body["error_code"] == **code),
            "its body must have the code of its header",
        ),
        (
            body[message]
                .as_str()
                .is_some_and(|text| !text.contains("error_code")),
            "its message is an error itself",
        ),
        (
            answered.status < 500
                || body[message]
                    .as_str()
                    .is_some_and(|text| !text.contains("the upstream's")),
            "a 5xx must not tell what the upstream said",
        ),
    ];
    match holds.iter().find(|(holds, _)| !holds) {
        Some((_, words)) => Err(broken((*words).to_owned())),
        None => Ok(()),
    }
}

/// Whether the body that the upstream sent is to come through.
fn stays(answered: &Answered<'_>, settings: &Settings) -> bool {
    if answered.status < 400 {
        return true;
    }
    let Some(sent) = &answered.upstream else {
        return false;
    };
    let is = |kind: &str| sent.content_type == Some(kind) && !sent.body.is_empty();
    match settings.passthrough {
        "structured" => sent.has_code || is("application/json") || is("application/problem+json"),
        "enveloped" => {
            // One in the standard form becomes a problem where the client wants that.
            sent.has_code
                || is("application/problem+json")
                || (is_standard(sent.body) && !wants_problem(answered, settings))
        }
        _ => false,
    }
}

fn is_standard(body: &[u8]) -> bool {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    ["trace_id", "error_code", "message", "status_code", "timestamp"]
        .iter()
        .all(|member| body.get(member).is_some())
}

fn wants_problem(answered: &Answered<'_>, settings: &Settings) -> bool {
    let asked = answered.accept == Some("application/problem+json");
    settings.format == "problem" || (settings.format == "negotiate" && asked)
}

fn describe(answered: &Answered<'_>) -> String {
    let Answered {
        status,
        content_type,
        error_code,
        body,
        ..
    } = answered;
    format!(
        "{status}, type {content_type:?}, code {error_code:?}, body {:?}",
        String::from_utf8_lossy(body)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: Settings = Settings {
        format: "standard",
        passthrough: "structured",
    };
    const GOOD: &str = r#"{"trace_id":"a","request_id":"a","error_code":"INTERNAL","message":"no","status_code":500,"timestamp":"t"}"#;

    fn answered(body: &str) -> Answered<'_> {
        Answered {
            status: 500,
            content_type: Some("application/json".to_owned()),
            error_code: Some("INTERNAL".to_owned()),
            length: None,
            body: body.as_bytes(),
            accept: None,
            id: "a",
            upstream: None,
        }
    }

    #[test]
    fn an_error_has_every_member_once() {
        assert_eq!(check(&answered(GOOD), &SETTINGS), Ok(()));
        let spoiled = [
            GOOD.replace("INTERNAL", "OTHER"),
            GOOD.replace("500", "503"),
            GOOD.replace("\"request_id\":\"a\"", "\"request_id\":\"b\""),
            GOOD.replace("timestamp", "time"),
            GOOD.replace("\"no\"", "\"{\\\"error_code\\\":1}\""),
            GOOD.replace("\"no\"", "\"the upstream's text 1\""),
            format!("{GOOD}{GOOD}"),
            String::new(),
        ];
        for body in spoiled {
            assert!(check(&answered(&body), &SETTINGS).is_err(), "{body}");
        }
        let length = |length: usize| Answered {
            length: Some(length.to_string()),
            ..answered(GOOD)
        };
        assert_eq!(check(&length(GOOD.len()), &SETTINGS), Ok(()));
        assert!(check(&length(GOOD.len() - 1), &SETTINGS).is_err());
    }

    #[test]
    fn what_is_no_error_or_is_to_stay_is_not_touched() {
        let sent = |body: &'static str, has_code| Sent {
            content_type: Some("application/json"),
            body: body.as_bytes(),
            has_code,
        };
        let mut good = Answered {
            status: 200,
            upstream: Some(sent("{}", false)),
            ..answered("{}")
        };
        assert_eq!(check(&good, &SETTINGS), Ok(()));
        good.status = 404;
        assert_eq!(check(&good, &SETTINGS), Ok(()));
        good.body = GOOD.as_bytes();
        assert!(check(&good, &SETTINGS).is_err());
        let strict = Settings {
            passthrough: "enveloped",
            ..SETTINGS
        };
        let own = Answered {
            upstream: Some(sent("{\"own\":1}", true)),
            ..answered("{\"own\":1}")
        };
        assert_eq!(check(&own, &strict), Ok(()));
        assert!(
            check(
                &own,
                &Settings {
                    passthrough: "never",
                    ..SETTINGS
                }
            )
            .is_err()
        );
    }
}
