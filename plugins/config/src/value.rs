//! The types of single values: the unit, range and form that a setting takes are in its type, not in its reader.

mod form;
mod header;
mod integer;
mod list;
mod map;
mod percent;
mod text;

pub use form::Form;
#[cfg(feature = "describe")]
pub(crate) use form::any_case;
pub(crate) use form::{boxed, kept, lower_case, text_setting};
pub use header::{HeaderName, HeaderValue, SafeHeaderName};
pub(crate) use header::{NAME, is_token, may_hold_secret};
#[cfg(feature = "describe")]
pub(crate) use header::{TOKEN, secret_pattern};
pub use integer::Int;
pub use list::AtLeastOne;
pub use map::Map;
pub use percent::Percent;
pub use text::Text;

#[cfg(test)]
mod tests;
