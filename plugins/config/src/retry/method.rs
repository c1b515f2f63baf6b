//! Methods of requests that can be sent again.

#[cfg(feature = "describe")]
use crate::describe::Shape;
use crate::pattern::Method;
use crate::value::{Form, kept, text_setting};

/// A method in upper case, other than `CONNECT`: what a tunnel has carried cannot be sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetriedMethod(Box<str>);

impl Form for RetriedMethod {
    const WANTED: &'static str = "a method in upper case, such as \"POST\", and not \"CONNECT\"";

    fn broken(text: &str) -> Option<&'static str> {
        (text == "CONNECT" || Method::broken(text).is_some()).then_some(Self::WANTED)
    }

    kept!(boxed);

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        match <Method as Form>::shape() {
            Shape::Text { what, pattern, .. } => Shape::Text {
                what: what + ", and not `CONNECT`",
                pattern,
                not: Some("^CONNECT$".to_owned()),
            },
            other => other,
        }
    }
}

text_setting!(RetriedMethod);
