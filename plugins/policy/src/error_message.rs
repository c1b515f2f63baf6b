//! What an upstream's body says about its error: a message for people, what was wrong with which field, or a whole
//! error in the standard form.
//!
//! The bytes come from a stranger, so they are read with patience and copied with care: what is too long, no text or a
//! page is not quoted, and of a list of faults nothing but place, kind and message is taken. The input that a field was
//! given is never among them.

use crate::json::Object;
use crate::json_members::{elements, members, text};
use crate::media_type::MediaType;

/// Bytes of the longest message that is taken over; a longer one is passed over, not cut.
const LONGEST_MESSAGE: usize = 1024;
/// Faults of fields that are taken over.
const MOST_FAULTS: usize = 32;
/// Steps of the longest place that is taken over, as in `body.items.0.name`.
const MOST_STEPS: usize = 16;

/// What was found in a body.
#[derive(Debug, Default)]
pub struct Found {
    /// A message for people.
    pub message: Option<String>,
    /// What was wrong with which field: objects of `location`, `type` and `message`.
    pub faults: Vec<Object>,
}

/// Reads a whole body of this type.
pub fn read(body: &[u8], media_type: MediaType) -> Found {
    let Ok(body) = str::from_utf8(body) else {
        return Found::default();
    };
    match media_type {
        MediaType::Json | MediaType::Problem => from_json(body),
        MediaType::PlainText => Found {
            message: quotable(body),
            faults: Vec::new(),
        },
        _ => Found::default(),
    }
}

fn from_json(json: &str) -> Found {
    let wanted = ["message", "detail", "error", "title", "error_description"];
    let Some([message, detail, error, title, description]) = members(json, wanted) else {
        return Found::default();
    };
    let faults = detail.map(faults).unwrap_or_default();
    let error_message = || {
        error
            .and_then(|error| members(error, ["message"]))
            .and_then(|[message]| said(message))
    };
    let first_fault = || faults.first().map(|fault| fault.in_words());
    let message = said(message)
        .or_else(|| said(detail))
        .or_else(first_fault)
        .or_else(error_message)
        // OAuth (RFC 6749, section 5.2) has a code in `error` and the sentence here.
        .or_else(|| said(description))
        .or_else(|| said(error))
        .or_else(|| said(title));
    Found {
        message,
        faults: faults.iter().map(Fault::object).collect(),
    }
}

/// The text of a member, if it is one that can be quoted.
fn said(json: Option<&str>) -> Option<String> {
    quotable(&text(json?)?)
}

/// A text that can stand in an error body: not empty, not too long, and no page.
fn quotable(text: &str) -> Option<String> {
    let text = text.trim_ascii();
    let is_page = text.starts_with('<');
    let is_short = (1..=LONGEST_MESSAGE).contains(&text.len());
    (is_short && !is_page).then(|| text.to_owned())
}

/// What was wrong with one field.
struct Fault {
    location: Option<String>,
    kind: Option<String>,
    message: String,
}

impl Fault {
    /// Reads one element of a list of faults, as validators write them. One without a message is none.
    fn read(json: &str) -> Option<Self> {
        let wanted = ["loc", "location", "field", "type", "msg", "message"];
        let [loc, location, field, kind, msg, message] = members(json, wanted)?;
        Some(Self {
            location: loc.or(location).or(field).and_then(place),
            kind: said(kind),
            message: said(msg).or_else(|| said(message))?,
        })
    }

    fn in_words(&self) -> String {
        let with_place = match &self.location {
            Some(location) => quotable(&format!("{location}: {}", self.message)),
            None => None,
        };
        with_place.unwrap_or_else(|| self.message.clone())
    }

    fn object(&self) -> Object {
        let mut object = Object::default();
        if let Some(location) = &self.location {
            object.text("location", location);
        }
        if let Some(kind) = &self.kind {
            object.text("type", kind);
        }
        object.text("message", &self.message);
        object
    }
}

fn faults(detail: &str) -> Vec<Fault> {
    let list = elements(detail, MOST_FAULTS).unwrap_or_default();
    list.into_iter().filter_map(Fault::read).collect()
}

/// The place of a fault: a text as it is, a list of names and numbers with points between them.
fn place(json: &str) -> Option<String> {
    let steps = match elements(json, MOST_STEPS) {
        None => return said(Some(json)),
        Some(steps) => steps,
    };
    let mut place = String::new();
    for step in steps {
        let step = text(step).or_else(|| step.parse::<u64>().ok().map(|index| index.to_string()))?;
        if !place.is_empty() {
            place.push('.');
        }
        place.push_str(&step);
    }
    quotable(&place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[track_caller]
    fn message(json: &str, expected: Option<&str>) {
        assert_eq!(
            read(json.as_bytes(), MediaType::Json).message.as_deref(),
            expected,
            "{json}"
        );
    }

    #[test]
    fn a_message_is_found_where_frameworks_put_it() {
        message(r#"{"message":"no such order"}"#, Some("no such order"));
        message(r#"{"detail":"Not found."}"#, Some("Not found."));
        message(r#"{"error":"bad thing"}"#, Some("bad thing"));
        message(
            r#"{"error":{"code":7,"message":"deep thing"}}"#,
            Some("deep thing"),
        );
        message(r#"{"title":"Bad Request"}"#, Some("Bad Request"));
        message(
            r#"{"type":"about:blank","title":"Conflict","detail":"it was sold"}"#,
            Some("it was sold"),
        );
        message(
            r#"{"error":"invalid_grant","error_description":"the code expired"}"#,
            Some("the code expired"),
        );
    }

    #[test]
    fn a_message_that_is_none_gives_way_to_the_next_place() {
        message(r#"{"message":null,"detail":"d"}"#, Some("d"));
        message(r#"{"message":"  ","detail":"d"}"#, Some("d"));
        message(r#"{"message":{"a":1},"title":"t"}"#, Some("t"));
        message(r#"{"message":"<html>no</html>","title":"t"}"#, Some("t"));
        message(
            &format!(r#"{{"message":"{}","title":"t"}}"#, "x".repeat(1025)),
            Some("t"),
        );
        message("{}", None);
        message("[]", None);
        message("not json", None);
    }

    #[test]
    fn of_faults_of_fields_only_place_kind_and_message_are_kept() {
        let body = r#"{"detail":[
            {"loc":["body","card",0,"number"],"msg":"not a card number","type":"value_error","input":"4111 1111 1111 1111","ctx":{"secret":1}},
            {"field":"age","message":"too young","code":"range"},
            {"loc":["x",{"a":1}],"msg":"odd place"},
            {"no":"message"}, 7]}"#;
        let found = read(body.as_bytes(), MediaType::Json);
        assert_eq!(
            found.message.as_deref(),
            Some("body.card.0.number: not a card number")
        );
        let faults: Vec<String> = found
            .faults
            .iter()
            .map(|fault| String::from_utf8_lossy(&fault.finish()).into_owned())
            .collect();
        assert_eq!(
            faults,
            [
                r#"{"location":"body.card.0.number","type":"value_error","message":"not a card number"}"#,
                r#"{"location":"age","message":"too young"}"#,
                r#"{"message":"odd place"}"#,
            ]
        );
    }

    #[test]
    fn plain_text_is_a_message_if_it_is_short_and_no_page() {
        let read = |text: &str| read(text.as_bytes(), MediaType::PlainText).message;
        assert_eq!(read(" out of stock\n").as_deref(), Some("out of stock"));
        assert_eq!(read(&"x".repeat(1024)).map(|text| text.len()), Some(1024));
        assert_eq!(read(&"x".repeat(1025)), None);
        assert_eq!(read(" <!doctype html>"), None);
        assert_eq!(read(""), None);
    }

    #[test]
    fn nothing_is_taken_from_bytes_that_are_no_text_nor_from_other_types() {
        assert_eq!(read(b"{\"message\":\"\xff\"}", MediaType::Json).message, None);
        for other in [MediaType::Html, MediaType::Xml, MediaType::Other, MediaType::Grpc] {
            assert_eq!(read(b"{\"message\":\"m\"}", other).message, None);
        }
    }

    proptest! {
        #[test]
        fn any_body_is_harmless_and_what_is_taken_is_bounded(body: Vec<u8>) {
            for media_type in [MediaType::Json, MediaType::PlainText] {
                let found = read(&body, media_type);
                prop_assert!(found.message.is_none_or(|message| message.len() <= LONGEST_MESSAGE));
                prop_assert!(found.faults.len() <= MOST_FAULTS);
            }
        }

        #[test]
        fn whatever_a_detail_holds_is_harmless(letters in prop::collection::vec(0usize..12, 0..60)) {
            let letter = |at: usize| br#"[]{}":,ae01 "#.get(at).map(|byte| char::from(*byte));
            let detail: String = letters.into_iter().filter_map(letter).collect();
            read(format!("{{\"detail\":{detail}}}").as_bytes(), MediaType::Json);
        }
    }
}
