//! What an error may be called, what may be said of it, and what members of its context may be called.

#[cfg(feature = "describe")]
use crate::describe::Shape;
#[cfg(feature = "describe")]
use crate::value::MEMBER_PATTERN;
use crate::value::{Form, MEMBER, is_member, is_text, kept, text_setting};

/// The code of an error, which programs compare: an upper-case letter, then upper-case letters, digits and `_`, at most
/// 64 in all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorCode(Box<str>);

impl Form for ErrorCode {
    const WANTED: &'static str = "a code of at most 64 upper-case letters, digits and _, beginning with a letter, \
                                  such as \"UPSTREAM_UNAVAILABLE\"";

    fn broken(text: &str) -> Option<&'static str> {
        let upper =
            is_member(text) && text.bytes().all(|byte| !byte.is_ascii_lowercase()) && !text.starts_with('_');
        (!upper).then_some(Self::WANTED)
    }

    kept!(boxed);

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        Shape::Text {
            what: "code in upper case".to_owned(),
            pattern: "^[A-Z][A-Z0-9_]{0,63}$".to_owned(),
            not: None,
        }
    }
}

text_setting!(ErrorCode);

/// What people read about an error: 1 to 512 characters, none of them a control character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message(Box<str>);

impl Form for Message {
    const WANTED: &'static str = "a text of 1 to 512 characters, none of them a control character";

    fn broken(text: &str) -> Option<&'static str> {
        const LONGEST: usize = 512;
        (!is_text(text, LONGEST)).then_some(Self::WANTED)
    }

    kept!(boxed);

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        Shape::Text {
            what: "text of 1 to 512 characters".to_owned(),
            pattern: r"^[^\u0000-\u001f\u007f-\u009f]{1,512}$".to_owned(),
            not: None,
        }
    }
}

text_setting!(Message);

/// The members that the plugin itself puts into `context`, which none of `context_headers` can be called.
pub const RESERVED_CONTEXT: &[&str] = &["errors"];

/// The name of a member of `context`: a letter or `_`, then letters, digits and `_`, at most 64 of them, and none of
/// [`RESERVED_CONTEXT`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContextName(Box<str>);

impl Form for ContextName {
    const WANTED: &'static str = MEMBER;

    fn broken(text: &str) -> Option<&'static str> {
        if !is_member(text) {
            Some(MEMBER)
        } else if RESERVED_CONTEXT.contains(&text) {
            Some("another one than \"errors\", under which stands what was wrong with a request")
        } else {
            None
        }
    }

    kept!(boxed);

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        Shape::Text {
            what: "name of a member".to_owned(),
            pattern: MEMBER_PATTERN.to_owned(),
            not: Some(format!("^(?:{})$", RESERVED_CONTEXT.join("|"))),
        }
    }
}

text_setting!(ContextName);
