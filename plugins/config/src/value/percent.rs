//! Shares of a whole.

#[cfg(feature = "describe")]
use crate::describe::Shape;
use crate::node::Node;
use crate::setting::{Place, Reading, Setting};

/// A percentage: 0 to 100, fractions allowed.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Percent(f64);

impl Percent {
    /// All.
    pub const ALL: Self = Self(100.0);
    /// None.
    pub const NONE: Self = Self(0.0);

    /// A percentage that is known when compiling; one above 100 does not compile.
    pub const fn of<const PERCENT: u32>() -> Self {
        const { assert!(PERCENT <= 100) };
        Self(PERCENT as f64)
    }

    /// A percentage, if it is one: 0 to 100, both included.
    pub fn new(percent: f64) -> Option<Self> {
        (0.0..=100.0).contains(&percent).then_some(Self(percent))
    }

    /// 0 to 100.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl Setting for Percent {
    fn read(node: &Node, at: &Place<'_>, reading: &mut Reading) -> Option<Self> {
        let percent = match node {
            Node::Number(number) => Self::new(*number),
            _ => None,
        };
        percent.or_else(|| reading.refuse_type(at, "a percentage from 0 to 100", node))
    }

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        Shape::Percent
    }

    #[cfg(feature = "describe")]
    fn written(&self) -> Node {
        Node::Number(self.0)
    }
}
