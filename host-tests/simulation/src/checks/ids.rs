//! Each request has one valid id, and it is the same at the upstream, at the next Envoy, on the response, in the error body and
//! in the log. The client's is taken where it is valid and believed.

use super::Broken;
use crate::story::client::Asked;
use crate::world::settings::Ids as Settings;
use host::LogLine;
use serde_json::Value;
use std::collections::BTreeSet;

const PROMISE: &str = "each request has one valid id, the same everywhere";

/// The id that must be taken, if one of the client's is; and how many headers must be refused before.
pub(crate) fn expected(asked: &Asked, settings: &Settings) -> (Option<String>, u64) {
    let mut refused = 0;
    for sent in [&asked.id, &asked.correlation]
        .into_iter()
        .flatten()
        .filter(|_| settings.trusts)
    {
        if is_valid(sent, settings) {
            return (Some(sent.clone()), refused);
        }
        refused += 1;
    }
    (None, refused)
}

fn is_valid(id: &str, settings: &Settings) -> bool {
    let allowed = |byte: u8| byte.is_ascii_graphic() && !b"\"'`\\,;".contains(&byte);
    !id.is_empty() && id.len() as u64 <= settings.max_length && id.bytes().all(allowed)
}

/// An id that was made by the plugin.
pub(crate) fn generated(id: &str, settings: &Settings, known: &BTreeSet<String>) -> Result<(), Broken> {
    let version = if settings.uuid4 { '4' } else { '7' };
    let is_uuid = id.len() == 36 && id.chars().nth(14) == Some(version) && id.split('-').count() == 5;
    Broken::unless(is_uuid, PROMISE, || {
        format!("a new id must be a UUID of version {version}, and is {id:?}")
    })?;
    Broken::unless(!known.contains(id), PROMISE, || {
        format!("another request has the id {id}")
    })
}

/// The values of `x-request-id` that somebody got: there must be this one.
pub(crate) fn seen(place: &str, values: &[Vec<u8>], id: &str) -> Result<(), Broken> {
    let is_one = matches!(values, [value] if value == id.as_bytes());
    Broken::unless(is_one, PROMISE, || {
        let values: Vec<_> = values
            .iter()
            .map(|value| String::from_utf8_lossy(value))
            .collect();
        format!("{place} must have the id {id:?}, and has {values:?}")
    })
}

/// Whatever id a line names is that of a request that this Envoy had.
pub(crate) fn of_lines(lines: &[LogLine], known: &BTreeSet<String>) -> Result<(), Broken> {
    lines.iter().try_for_each(|line| of_line(&line.message, known))
}

fn of_line(message: &str, known: &BTreeSet<String>) -> Result<(), Broken> {
    let line: Value = serde_json::from_str(message).unwrap_or_default();
    match line["request_id"].as_str() {
        Some(id) if !known.contains(id) => Err(Broken::new(
            PROMISE,
            format!("no request has the id of the line {message}"),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::WAYS;

    const SETTINGS: Settings = Settings {
        trusts: true,
        max_length: 16,
        uuid4: false,
    };

    fn asked(id: &str, correlation: &str) -> Asked {
        Asked {
            id: Some(id.to_owned()),
            correlation: Some(correlation.to_owned()),
            ..Asked::plain(1, WAYS[0])
        }
    }

    #[test]
    fn the_first_valid_id_of_the_client_is_taken() {
        assert_eq!(
            expected(&asked("a;b", "ok"), &SETTINGS),
            (Some("ok".to_owned()), 1)
        );
        assert_eq!(
            expected(&asked("ok", "a;b"), &SETTINGS),
            (Some("ok".to_owned()), 0)
        );
        assert_eq!(expected(&asked("", "12345678901234567"), &SETTINGS), (None, 2));
        assert_eq!(
            expected(
                &asked("ok", "ok"),
                &Settings {
                    trusts: false,
                    ..SETTINGS
                }
            ),
            (None, 0)
        );
    }

    #[test]
    fn a_second_value_or_another_id_breaks_the_promise() {
        assert_eq!(seen("the upstream", &[b"a".to_vec()], "a"), Ok(()));
        assert!(seen("the upstream", &[b"a".to_vec(), b"a".to_vec()], "a").is_err());
        assert!(seen("the upstream", &[b"b".to_vec()], "a").is_err());
        assert!(seen("the upstream", &[], "a").is_err());
    }

    #[test]
    fn a_new_id_is_a_uuid_that_nobody_has() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        assert_eq!(generated(id, &SETTINGS, &BTreeSet::new()), Ok(()));
        assert!(generated(id, &SETTINGS, &BTreeSet::from([id.to_owned()])).is_err());
        assert!(
            generated(
                id,
                &Settings {
                    uuid4: true,
                    ..SETTINGS
                },
                &BTreeSet::new()
            )
            .is_err()
        );
    }

    #[test]
    fn a_line_with_an_id_that_nobody_has_breaks_the_promise() {
        let known = BTreeSet::from(["a".to_owned()]);
        assert_eq!(of_line(r#"{"request_id":"a"}"#, &known), Ok(()));
        assert_eq!(of_line(r#"{"event":"transition"}"#, &known), Ok(()));
        assert!(of_line(r#"{"request_id":"b"}"#, &known).is_err());
    }
}
