//! The types of single values: the unit, range and form that a setting takes are in its type, not in its reader.

mod decimal;
mod duration;
mod form;
mod header;
mod integer;
mod list;
mod map;
mod network;
mod percent;
mod status;
mod text;
mod url;

pub use decimal::Decimal;
pub use duration::Duration;
pub use form::Form;
pub(crate) use form::{MEMBER, boxed, is_member, kept, lower_case, text_setting};
#[cfg(feature = "describe")]
pub(crate) use form::{MEMBER_PATTERN, any_case};
pub use header::{HeaderName, HeaderValue, SafeHeaderName};
pub(crate) use header::{NAME, is_token, may_hold_secret};
#[cfg(feature = "describe")]
pub(crate) use header::{TOKEN, secret_pattern};
pub use integer::Int;
pub use list::AtLeastOne;
#[cfg(feature = "describe")]
pub(crate) use map::MOST_ENTRIES;
pub use map::Map;
pub(crate) use map::are_too_many;
pub use network::{Network, shown_address};
pub use percent::Percent;
pub use status::StatusMatcher;
pub use text::Text;
pub(crate) use text::is_text;
pub use url::BaseUrl;

#[cfg(test)]
mod tests;
