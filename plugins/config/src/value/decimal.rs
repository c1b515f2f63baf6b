//! Numbers within bounds, fractions allowed.

#[cfg(feature = "describe")]
use crate::describe::Shape;
use crate::fault::joined;
use crate::node::Node;
use crate::setting::{Place, Reading, Setting};

/// A number from `MIN` to `MAX`, fractions allowed.
///
/// ```
/// use config::value::Decimal;
///
/// let jitter: Decimal<0, 1> = Decimal::tenths::<1>();
/// assert_eq!(jitter.get(), 0.1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Decimal<const MIN: u32, const MAX: u32>(f64);

impl<const MIN: u32, const MAX: u32> Decimal<MIN, MAX> {
    /// So many tenths, known when compiling; what is out of bounds does not compile.
    pub const fn tenths<const TENTHS: u32>() -> Self {
        const { assert!(MIN * 10 <= TENTHS && TENTHS <= MAX * 10) };
        Self(TENTHS as f64 / 10.0)
    }

    /// The number.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl<const MIN: u32, const MAX: u32> Setting for Decimal<MIN, MAX> {
    fn read(node: &Node, at: &Place<'_>, reading: &mut Reading) -> Option<Self> {
        match node {
            // NaN is within no bounds.
            Node::Number(number) if (f64::from(MIN)..=f64::from(MAX)).contains(number) => Some(Self(*number)),
            _ => refuse(MIN, MAX, node, at, reading),
        }
    }

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        Shape::Number { min: MIN, max: MAX }
    }

    #[cfg(feature = "describe")]
    fn written(&self) -> Node {
        Node::Number(self.0)
    }
}

// Apart from the reader, so that it is compiled once and not for each range.
fn refuse<T>(min: u32, max: u32, node: &Node, at: &Place<'_>, reading: &mut Reading) -> Option<T> {
    let wanted = joined(&["a number from ", &min.to_string(), " to ", &max.to_string()]);
    reading.refuse_type(at, &wanted, node)
}
