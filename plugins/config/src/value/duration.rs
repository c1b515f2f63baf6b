//! Lengths of time.

#[cfg(feature = "describe")]
use crate::describe::Shape;
use crate::fault::joined;
use crate::node::Node;
use crate::setting::{Place, Reading, Setting};

/// A length of time from `MIN` to `MAX` milliseconds: a whole number and its unit, as `"250ms"`, `"10s"`, `"5m"` or
/// `"1h"`.
///
/// Without a unit it is refused, be it 0: whether a bare number means seconds or milliseconds, everybody knows
/// differently.
///
/// ```
/// use config::value::Duration;
///
/// let open: Duration<1, 86_400_000> = Duration::of::<30_000>();
/// assert_eq!(open.millis(), 30_000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration<const MIN: u32, const MAX: u32>(u32);

impl<const MIN: u32, const MAX: u32> Duration<MIN, MAX> {
    /// A time that is known when compiling, in milliseconds; one out of bounds does not compile.
    pub const fn of<const MILLIS: u32>() -> Self {
        const { assert!(MIN <= MILLIS && MILLIS <= MAX) };
        Self(MILLIS)
    }

    /// In milliseconds.
    pub const fn millis(self) -> u64 {
        self.0 as u64
    }
}

impl<const MIN: u32, const MAX: u32> Setting for Duration<MIN, MAX> {
    fn read(node: &Node, at: &Place<'_>, reading: &mut Reading) -> Option<Self> {
        millis_of(node, MIN, MAX, at, reading).map(Self)
    }

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        let number = if MIN > 0 { "" } else { "0|" };
        Shape::Text {
            what: format!("duration such as `\"10s\"`, {} to {}", shown(MIN), shown(MAX)),
            // How long it is, a pattern cannot tell.
            pattern: format!("^(?:{number}[1-9][0-9]{{0,8}})(?:ms|s|m|h)$"),
            not: None,
        }
    }

    #[cfg(feature = "describe")]
    fn written(&self) -> Node {
        Node::Text(shown(self.0))
    }
}

/// The units, and how many milliseconds each is, from the longest to the shortest.
const UNITS: [(&str, u32); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

// Apart from the reader, so that it is compiled once and not for each pair of bounds.
fn millis_of(node: &Node, min: u32, max: u32, at: &Place<'_>, reading: &mut Reading) -> Option<u32> {
    let millis = match node {
        Node::Text(text) => parse(text),
        _ => None,
    };
    millis.filter(|millis| (min..=max).contains(millis)).or_else(|| {
        let bounds = [&shown(min), " to ", &shown(max)].concat();
        let wanted = joined(&[
            "a duration from ",
            &bounds,
            ", such as \"250ms\", \"10s\", \"5m\" or \"1h\"",
        ]);
        reading.refuse_type(at, &wanted, node)
    })
}

fn parse(text: &str) -> Option<u32> {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(end)?;
    let (_, millis) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let plain = (1..=9).contains(&number.len()) && (number == "0" || !number.starts_with('0'));
    number.parse::<u32>().ok().filter(|_| plain)?.checked_mul(*millis)
}

/// In the longest unit of which it is a whole number.
fn shown(millis: u32) -> String {
    let unit = UNITS
        .iter()
        .find(|(name, unit)| millis.is_multiple_of(*unit) && (millis > 0 || *name == "s"));
    let (name, unit) = unit.unwrap_or(&("ms", 1));
    [&(millis / unit).to_string(), *name].concat()
}
