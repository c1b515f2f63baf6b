//! Which answers are meant.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};

/// A status, all of a hundred, or no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Statuses {
    One(u16),
    Hundred(u16),
    None,
}

impl Statuses {
    /// `status`: 0 is no answer.
    pub(crate) fn has(self, status: u16) -> bool {
        match self {
            Statuses::One(one) => status == one,
            Statuses::Hundred(hundred) => status / 100 == hundred,
            Statuses::None => status == 0,
        }
    }
}

impl Display for Statuses {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Statuses::One(status) => write!(to, "{status}"),
            Statuses::Hundred(hundred) => write!(to, "{hundred}xx"),
            Statuses::None => to.write_str("no answer"),
        }
    }
}

impl<'de> Deserialize<'de> for Statuses {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Statuses, D::Error> {
        struct Read;
        impl Visitor<'_> for Read {
            type Value = Statuses;

            fn expecting(&self, to: &mut Formatter<'_>) -> fmt::Result {
                to.write_str("a status such as 200, or 2xx to 5xx, or none")
            }

            fn visit_u64<E: Error>(self, status: u64) -> Result<Statuses, E> {
                match u16::try_from(status) {
                    Ok(status @ 200..=599) => Ok(Statuses::One(status)),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Unsigned(status), &self)),
                }
            }

            fn visit_i64<E: Error>(self, status: i64) -> Result<Statuses, E> {
                self.visit_u64(u64::try_from(status).unwrap_or(0))
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<Statuses, E> {
                match word {
                    "none" => Ok(Statuses::None),
                    "2xx" => Ok(Statuses::Hundred(2)),
                    "3xx" => Ok(Statuses::Hundred(3)),
                    "4xx" => Ok(Statuses::Hundred(4)),
                    "5xx" => Ok(Statuses::Hundred(5)),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(word), &self)),
                }
            }
        }
        from.deserialize_any(Read)
    }
}

impl JsonSchema for Statuses {
    fn schema_name() -> Cow<'static, str> {
        "Statuses".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "integer", "minimum": 200, "maximum": 599 },
            { "enum": ["2xx", "3xx", "4xx", "5xx", "none"] },
        ] })
    }
}
