//! Texts of a form: names of headers, paths, methods.

#[cfg(feature = "describe")]
use crate::describe::Shape;

/// A type that is a text of some form. `text_setting!` makes it a setting; a [`super::Map`] can have it as keys.
pub trait Form: Sized {
    /// What is wanted, as it follows "must be".
    const WANTED: &'static str;

    /// What would be right in the place of this text, as it follows "must be"; nothing where the text is.
    fn broken(text: &str) -> Option<&'static str>;

    /// The value that a text stands for, of which `broken` says nothing.
    fn of(text: &str) -> Self;

    /// As it is compared and written.
    fn as_str(&self) -> &str;

    /// The form, for people and for editors.
    #[cfg(feature = "describe")]
    fn shape() -> Shape;
}

/// What the name of a member is, as it follows "must be".
pub(crate) const MEMBER: &str = "at most 64 letters, digits and _, not beginning with a digit";

/// The form of a member's name.
#[cfg(feature = "describe")]
pub(crate) const MEMBER_PATTERN: &str = "^[A-Za-z_][A-Za-z0-9_]{0,63}$";

/// Whether a member of a log line or of a body may be called so.
pub(crate) fn is_member(text: &str) -> bool {
    const LONGEST: usize = 64;
    let letters = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let first = text.bytes().next().is_some_and(|byte| !byte.is_ascii_digit());
    letters && first && text.len() <= LONGEST
}

// Each is one function, and not one for every form.

/// The text, kept.
#[inline(never)]
pub(crate) fn boxed(text: &str) -> Box<str> {
    text.into()
}

/// The text in lower case, kept.
#[inline(never)]
pub(crate) fn lower_case(text: &str) -> Box<str> {
    text.to_ascii_lowercase().into()
}

/// In the `impl` of a [`Form`] whose type is nothing but the text it keeps: `boxed` as it is, or in `lower_case`.
macro_rules! kept {
    ($kept:ident) => {
        fn of(text: &str) -> Self {
            Self($crate::value::$kept(text))
        }

        fn as_str(&self) -> &str {
            &self.0
        }
    };
}
pub(crate) use kept;

/// Makes a [`Form`] a setting that can be used as the text that it is.
macro_rules! text_setting {
    ($type:ty) => {
        impl $crate::setting::Setting for $type {
            fn read(
                node: &$crate::node::Node,
                at: &$crate::setting::Place<'_>,
                reading: &mut $crate::setting::Reading,
            ) -> Option<Self> {
                use $crate::value::Form;
                $crate::setting::text(node, Self::WANTED, Self::broken, at, reading).map(Self::of)
            }

            #[cfg(feature = "describe")]
            fn shape() -> $crate::describe::Shape {
                <Self as $crate::value::Form>::shape()
            }

            #[cfg(feature = "describe")]
            fn written(&self) -> $crate::node::Node {
                $crate::node::Node::Text((**self).to_owned())
            }
        }

        impl std::ops::Deref for $type {
            type Target = str;

            fn deref(&self) -> &str {
                $crate::value::Form::as_str(self)
            }
        }
    };
}
pub(crate) use text_setting;

/// A pattern for a word in upper and lower case: JSON Schema's regular expressions know no flag for it.
#[cfg(feature = "describe")]
pub(crate) fn any_case(word: &str) -> String {
    word.chars()
        .map(|letter| match letter.is_ascii_lowercase() {
            true => format!("[{}{letter}]", letter.to_ascii_uppercase()),
            false => letter.to_string(),
        })
        .collect()
}
