//! Free texts within bounds.

use super::{Form, kept, text_setting};
#[cfg(feature = "describe")]
use crate::describe::Shape;

/// Whether it has at least one and at most so many characters, none of them a control character.
pub(crate) fn is_text(text: &str, longest: usize) -> bool {
    // Every byte but those that continue a character begins one.
    let length = text.bytes().filter(|byte| byte & 0xc0 != 0x80).count();
    (1..=longest).contains(&length) && !text.chars().any(char::is_control)
}

/// A text of 1 to 256 characters, none of them a control character.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text(Box<str>);

impl Form for Text {
    const WANTED: &'static str = "a text of 1 to 256 characters, none of them a control character";

    fn broken(text: &str) -> Option<&'static str> {
        const LONGEST: usize = 256;
        (!is_text(text, LONGEST)).then_some(Self::WANTED)
    }

    kept!(boxed);

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        Shape::Text {
            what: "text of 1 to 256 characters".to_owned(),
            pattern: r"^[^\u0000-\u001f\u007f-\u009f]{1,256}$".to_owned(),
            not: None,
        }
    }
}

text_setting!(Text);
