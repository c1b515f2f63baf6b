//! Whole numbers within bounds.

#[cfg(feature = "describe")]
use crate::describe::Shape;
use crate::fault::joined;
use crate::node::Node;
use crate::setting::{Place, Reading, Setting};

/// A whole number from `MIN` to `MAX`. `5.0` is one: a protobuf Struct has only doubles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Int<const MIN: u32, const MAX: u32>(u32);

impl<const MIN: u32, const MAX: u32> Int<MIN, MAX> {
    /// A number that is known when compiling; one out of bounds does not compile.
    pub const fn of<const NUMBER: u32>() -> Self {
        const { assert!(MIN <= NUMBER && NUMBER <= MAX) };
        Self(NUMBER)
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl<const MIN: u32, const MAX: u32> Setting for Int<MIN, MAX> {
    fn read(node: &Node, at: &Place<'_>, reading: &mut Reading) -> Option<Self> {
        match node {
            // The bounds keep the conversion exact; NaN is within none.
            Node::Number(number)
                if number.fract() == 0.0 && (f64::from(MIN)..=f64::from(MAX)).contains(number) =>
            {
                Some(Self(*number as u32))
            }
            _ => refuse(MIN, MAX, node, at, reading),
        }
    }

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        Shape::Integer { min: MIN, max: MAX }
    }

    #[cfg(feature = "describe")]
    fn written(&self) -> Node {
        Node::Number(f64::from(self.0))
    }
}

// Apart from the reader, so that it is compiled once and not for each range.
fn refuse<T>(min: u32, max: u32, node: &Node, at: &Place<'_>, reading: &mut Reading) -> Option<T> {
    let wanted = joined(&["a whole number from ", &min.to_string(), " to ", &max.to_string()]);
    reading.refuse_type(at, &wanted, node)
}
