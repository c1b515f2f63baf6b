//! The proxy's own word for why an answer is what it is.

#[cfg(feature = "describe")]
use crate::describe::Shape;
use crate::value::{Form, kept, text_setting};

/// Envoy's response code details, as `%RESPONSE_CODE_DETAILS%` shows them: the whole, or the beginning and a `*`.
///
/// What Envoy adds in braces or brackets counts only where it is given, too, for it differs from case to case:
/// `upstream_reset_before_response_started` is also `upstream_reset_before_response_started{overflow}`, and
/// `rbac_access_denied_matched_policy` is also `rbac_access_denied_matched_policy[admins]`.
///
/// Visible ASCII, at most 256 bytes. Envoy writes `_` where there was a space.
///
/// ```
/// use config::error_envelope::Details;
/// use config::value::Form;
///
/// let reset = Details::of("upstream_reset_before_response_started");
/// assert!(reset.matches(b"upstream_reset_before_response_started{overflow}"));
/// assert!(!reset.matches(b"no_healthy_upstream"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details(Box<str>);

impl Details {
    /// Whether these details, as Envoy gives them, are meant.
    pub fn matches(&self, details: &[u8]) -> bool {
        match self.0.strip_suffix('*') {
            Some(beginning) => details.starts_with(beginning.as_bytes()),
            None => details
                .strip_prefix(self.0.as_bytes())
                .is_some_and(|added| matches!(added.first(), None | Some(b'{' | b'['))),
        }
    }

    /// Whether all that the other matches is matched by this one, too.
    pub(super) fn includes(&self, other: &Self) -> bool {
        match other.0.strip_suffix('*') {
            // Of what begins so, only what goes on in braces or brackets is sure to match the whole.
            Some(beginning) => self.matches(beginning.as_bytes()) && *beginning != *self.0,
            None => self.matches(other.0.as_bytes()),
        }
    }
}

impl Form for Details {
    const WANTED: &'static str = "response code details, such as \"no_healthy_upstream\", or their beginning and a *, \
                                  such as \"jwt_*\"";

    fn broken(text: &str) -> Option<&'static str> {
        const LONGEST: usize = 256;
        let beginning = text.strip_suffix('*').unwrap_or(text);
        let visible = beginning
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'*');
        let valid = visible && !beginning.is_empty() && text.len() <= LONGEST;
        (!valid).then_some(Self::WANTED)
    }

    kept!(boxed);

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        Shape::Text {
            what: "response code details, or their beginning and a `*`".to_owned(),
            pattern: r"^(?=.{1,256}$)[!-)+-~]+\*?$".to_owned(),
            not: None,
        }
    }
}

text_setting!(Details);
