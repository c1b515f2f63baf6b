//! Reading a few members out of JSON that a stranger wrote, without keeping the rest.
//!
//! A tree of the whole would cost many times the bytes that it was made from. Here a value stays the text that it is,
//! and only members that are asked for are looked at again.

use core::fmt;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The members with these names of a JSON object, each as its JSON text. `None` if the text is not one JSON object,
/// from its first byte to its last. Of a name that is there twice the last value counts, as with most readers.
pub(crate) fn members<'j, const N: usize>(json: &'j str, names: [&str; N]) -> Option<[Option<&'j str>; N]> {
    let mut members = [None; N];
    find(json, &names, &mut members).then_some(members)
}

/// Not generic, so that it is compiled once.
fn find<'j>(json: &'j str, names: &[&str], members: &mut [Option<&'j str>]) -> bool {
    let Some(Found::Members(found)) = read(json, Wanted::Members(names)) else {
        return false;
    };
    for (place, value) in found {
        if let Some(member) = members.get_mut(place) {
            *member = Some(value);
        }
    }
    true
}

/// The elements of a JSON array, the first `most` of them, each as its JSON text. `None` if it is no array.
pub(crate) fn elements(json: &str, most: usize) -> Option<Vec<&str>> {
    match read(json, Wanted::Elements(most))? {
        Found::Elements(elements) => Some(elements),
        _ => None,
    }
}

/// The text that a JSON string stands for. `None` if it is no string.
pub(crate) fn text(json: &str) -> Option<String> {
    match read(json, Wanted::Text)? {
        Found::Text(text) => Some(text),
        _ => None,
    }
}

fn read<'j>(json: &'j str, wanted: Wanted<'_>) -> Option<Found<'j>> {
    // From bytes, as configurations are read: one reader in the module, not two.
    let mut reader = serde_json::Deserializer::from_slice(json.as_bytes());
    let found = reader.deserialize_any(wanted).ok()?;
    reader.end().ok()?;
    Some(found)
}

/// What is looked for. One visitor for all of it, so that the reader is compiled once.
#[derive(Clone, Copy)]
enum Wanted<'n> {
    Members(&'n [&'n str]),
    Elements(usize),
    Text,
}

/// What there is.
enum Found<'de> {
    /// Which of the names, and its value. At most one of each, however often it is there.
    Members(Vec<(usize, &'de str)>),
    Elements(Vec<&'de str>),
    Text(String),
    /// Something else. No error: the reader would write a message that nobody reads, and bring all that writes it.
    Other,
}

impl<'de> Visitor<'de> for Wanted<'_> {
    type Value = Found<'de>;

    fn expecting(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let names = match self {
            Self::Members(names) => names,
            Self::Elements(_) | Self::Text => &[],
        };
        let mut found: Vec<(usize, &'de str)> = Vec::new();
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match names.iter().position(|name| *name == key) {
                Some(place) => {
                    let value: &RawValue = map.next_value()?;
                    found.retain(|(other, _)| *other != place);
                    found.push((place, value.get()));
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Found::Members(found))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let most = match self {
            Self::Elements(most) => most,
            Self::Members(_) | Self::Text => 0,
        };
        let mut elements = Vec::new();
        while elements.len() < most {
            match list.next_element::<&RawValue>()? {
                Some(element) => elements.push(element.get()),
                None => return Ok(Found::Elements(elements)),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Found::Elements(elements))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Found::Text(text.to_owned()))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Found::Other)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Found::Other)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Found::Other)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Found::Other)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Found::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn members_are_found_wherever_they_stand_and_stay_as_written() {
        let json = r#" {"z": [1,{"a":2}], "a" : "\u00e9" ,"b":{"a":3}} "#;
        let expected = [Some(r#""\u00e9""#), Some(r#"{"a":3}"#), None];
        assert_eq!(members(json, ["a", "b", "c"]), Some(expected));
        assert_eq!(text(r#""\u00e9""#).as_deref(), Some("é"));
    }

    #[test]
    fn a_name_may_be_written_with_escapes() {
        assert_eq!(members(r#"{"\u0061":1}"#, ["a"]), Some([Some("1")]));
    }

    #[test]
    fn of_a_member_that_is_there_twice_the_last_counts() {
        assert_eq!(members(r#"{"a":1,"a":2}"#, ["a"]), Some([Some("2")]));
    }

    #[test]
    fn what_is_not_one_whole_object_has_no_members() {
        for json in [
            "",
            "[]",
            "1",
            "{",
            r#"{"a":1} x"#,
            r#"{"a":1}{}"#,
            r#"{"a":}"#,
            "{\"a\":\"\u{1}\"}",
        ] {
            assert_eq!(members(json, ["a"]), None, "{json}");
        }
    }

    #[test]
    fn of_a_list_so_many_elements_are_kept() {
        assert_eq!(elements("[1, [2,3] ,{}]", 9), Some(vec!["1", "[2,3]", "{}"]));
        assert_eq!(elements("[1,2,3]", 2), Some(vec!["1", "2"]));
        assert_eq!(elements("{}", 2), None);
    }

    proptest! {
        #[test]
        fn any_text_is_harmless(json: Vec<char>) {
            let json = String::from_iter(json);
            let _ = (members(&json, ["a"]), elements(&json, 3), text(&json));
        }

        #[test]
        fn depth_is_harmless(depth in 0usize..200_000) {
            let json = format!("{{\"a\":{}1{}}}", "[".repeat(depth), "]".repeat(depth));
            let _ = members(&json, ["a", "b"]);
        }
    }
}
