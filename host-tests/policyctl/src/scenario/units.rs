//! The units of a scenario, each a type that refuses what makes no sense.

use crate::document::Place;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};
use std::ops::Deref;
use std::time::Duration;

/// A stretch of time, or a moment after the beginning: a number with a unit, as in `250ms`, `10s`, `5m`, `1h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Time(Duration);

/// A day: nobody waits for more, and sums of such times are far from any bound.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

impl Time {
    pub(crate) const ZERO: Time = Time(Duration::ZERO);

    pub(crate) const fn from_millis(millis: u64) -> Time {
        Time(Duration::from_millis(millis))
    }

    pub(crate) fn get(self) -> Duration {
        self.0
    }

    fn parse(text: &str) -> Option<Time> {
        let unit = text.find(|c: char| !c.is_ascii_digit())?;
        let (number, unit) = text.split_at_checked(unit)?;
        let number: u64 = number.parse().ok()?;
        let millis = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return None,
        };
        let time = Duration::from_millis(number.checked_mul(millis)?);
        (time <= LONGEST).then_some(Time(time))
    }
}

impl Display for Time {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        to.write_str(&in_words(self.0))
    }
}

/// A stretch of time as people write it: `0s`, `250ms`, `1.5s`, `2m`, `1m 30s`, `2h 5m`.
pub(crate) fn in_words(time: Duration) -> String {
    let millis = time.as_millis();
    let seconds = match (millis % 60_000, millis % 1_000) {
        (0, _) => String::new(),
        (part, _) if millis < 1_000 => format!("{part}ms"),
        (whole, 0) => format!("{}s", whole / 1_000),
        (whole, part) => format!(
            "{}.{}s",
            whole / 1_000,
            format!("{part:03}").trim_end_matches('0')
        ),
    };
    let unit = |count: u128, unit: &str| {
        if count == 0 {
            String::new()
        } else {
            format!("{count}{unit}")
        }
    };
    let parts = [
        unit(millis / 3_600_000, "h"),
        unit(millis / 60_000 % 60, "m"),
        seconds,
    ];
    let parts: Vec<&str> = parts
        .iter()
        .map(String::as_str)
        .filter(|part| !part.is_empty())
        .collect();
    match parts.is_empty() {
        true => "0s".to_owned(),
        false => parts.join(" "),
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Time, D::Error> {
        let text = Cow::<str>::deserialize(from)?;
        Time::parse(&text).ok_or_else(|| {
            D::Error::custom(format!(
                "`{text}` is no time: a number with ms, s, m or h, such as 250ms or 10s, up to 24h"
            ))
        })
    }
}

/// For the defaults in the schema.
impl Serialize for Time {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&in_words(self.0).replace(' ', ""))
    }
}

impl JsonSchema for Time {
    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A number with a unit: 250ms, 10s, 5m, 1h; up to 24h.",
            "type": "string",
            "pattern": "^[0-9]+(ms|s|m|h)$",
        })
    }
}

/// A part in percent, 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize)]
pub(crate) struct Percent(f64);

impl Percent {
    pub(crate) const ALL: Percent = Percent(100.0);
    pub(crate) const NONE: Percent = Percent(0.0);

    pub(crate) fn get(self) -> f64 {
        self.0
    }

    /// Draws whether one is among them.
    pub(crate) fn takes(self, random: &mut fastrand::Rng) -> bool {
        // What is always or never so draws nothing, so that the rest stays as it is when it is left out.
        match self.0 {
            all if all >= 100.0 => true,
            none if none <= 0.0 => false,
            some => random.f64() * 100.0 < some,
        }
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Percent, D::Error> {
        let percent = f64::deserialize(from)?;
        match (0.0..=100.0).contains(&percent) {
            true => Ok(Percent(percent)),
            false => Err(D::Error::custom(format!("{percent} is no percentage: 0 to 100"))),
        }
    }
}

impl JsonSchema for Percent {
    fn schema_name() -> Cow<'static, str> {
        "Percent".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "minimum": 0, "maximum": 100 })
    }
}

/// What a number must be.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bound {
    /// Not less than this.
    #[serde(default)]
    pub(crate) at_least: Option<f64>,
    /// Not more than this.
    #[serde(default)]
    pub(crate) at_most: Option<f64>,
}

impl Bound {
    pub(crate) fn holds(&self, number: f64) -> bool {
        self.at_least.is_none_or(|least| number >= least) && self.at_most.is_none_or(|most| number <= most)
    }
}

impl Display for Bound {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        match (self.at_least, self.at_most) {
            (Some(least), Some(most)) if least == most => write!(to, "exactly {least}"),
            (Some(least), Some(most)) => write!(to, "{least} to {most}"),
            (Some(least), None) => write!(to, "at least {least}"),
            (None, Some(most)) => write!(to, "at most {most}"),
            (None, None) => to.write_str("any number"),
        }
    }
}

/// A value with its place in the file, to blame it by.
#[derive(Clone, Debug)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    /// Nowhere, until it is told: what a value is read from does not know its place.
    pub(crate) place: Place,
}

impl<T> Deref for At<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<At<T>, D::Error> {
        Ok(At {
            value: T::deserialize(from)?,
            place: Place::default(),
        })
    }
}

impl<T: JsonSchema> JsonSchema for At<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}
