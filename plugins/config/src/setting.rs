//! One declaration per setting: its name, type, default and meaning stand in one place, and everything else follows.
//!
//! A type that can be configured is a [`Setting`]: it reads itself from a [`Node`] *over* what held before, and
//! reports what is wrong. A part with members is declared with `settings!`, an enumeration of words with `words!`;
//! both make the type, its default, its reader and, for the generated schema and page, its description.
//!
//! Why a mechanism of our own, and not serde's derive: a policy is laid over another one, member by member; every
//! fault is wanted, not the first; and typed deserialisers would cost a plugin more than everything else in this crate.
//!
//! ```text
//! settings! {
//!     /// How long a circuit stays open.
//!     pub struct Open {
//!         /// How long at first. `0` is refused.
//!         first as "for": Duration = Duration::seconds(30),
//!         /// What to do meanwhile, or `null`: nothing.
//!         reroute: Option<Reroute> = None,
//!     }
//! }
//! ```

mod macros;
mod merged;
mod nearest;
mod place;
mod reading;

pub(crate) use macros::{key, settings, words};
pub use merged::Merged;
pub(crate) use nearest::nearest;
pub use place::Place;
pub use reading::Reading;
pub(crate) use reading::{Entry, extra_members, lay_part, listed, member_of, members, text, word};

#[cfg(feature = "describe")]
use crate::describe::{Member, Shape};
use crate::node::Node;

/// A type that can stand in a configuration.
pub trait Setting: Sized {
    /// Reads `node`, which stands at `at`.
    ///
    /// `None`, and a fault in `reading`, where nothing can be made of it; a part with faults inside is read all the same,
    /// to find the rest.
    fn read(node: &Node, at: &Place<'_>, reading: &mut Reading) -> Option<Self>;

    /// Reads `node` over this value, which stays as it is where nothing can be made of the node.
    ///
    /// What has members is read member by member. All else (a number, a text, a list, a choice) replaces as a whole.
    fn lay(&mut self, node: &Node, at: &Place<'_>, reading: &mut Reading) {
        if let Some(value) = Self::read(node, at, reading) {
            *self = value;
        }
    }

    /// What may stand here, for people and for editors.
    #[cfg(feature = "describe")]
    fn shape() -> Shape;

    /// This value as it would be written in a configuration.
    #[cfg(feature = "describe")]
    fn written(&self) -> Node;
}

/// A setting with members of its own, declared with `settings!`. Its default is what a part that was `null` starts from.
pub trait Part: Setting + Members + Clone + Default {
    /// Its members, for people and for editors.
    #[cfg(feature = "describe")]
    fn members() -> Vec<Member>;
}

/// A part, whatever its type: how one is read is compiled once, and not for each of them.
pub trait Members {
    /// The names of its members.
    fn keys(&self) -> &'static [&'static str];

    /// The member whose name has this place among them.
    fn member(&mut self, place: usize) -> Option<&mut dyn Slot>;
}

/// A setting, whatever its type, in its place.
pub trait Slot {
    /// See [`Setting::lay`].
    fn lay(&mut self, node: &Node, at: &Place<'_>, reading: &mut Reading);
}

impl<T: Setting> Slot for T {
    fn lay(&mut self, node: &Node, at: &Place<'_>, reading: &mut Reading) {
        Setting::lay(self, node, at, reading);
    }
}

/// `true` or `false`.
impl Setting for bool {
    fn read(node: &Node, at: &Place<'_>, reading: &mut Reading) -> Option<Self> {
        match node {
            Node::Bool(value) => Some(*value),
            _ => reading.refuse_type(at, "true or false", node),
        }
    }

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        Shape::Boolean
    }

    #[cfg(feature = "describe")]
    fn written(&self) -> Node {
        Node::Bool(*self)
    }
}

/// What `null` switches off. A part that was off starts from its declared values.
impl<T: Setting> Setting for Option<T> {
    fn read(node: &Node, at: &Place<'_>, reading: &mut Reading) -> Option<Self> {
        match node {
            Node::Null => Some(None),
            _ => T::read(node, at, reading).map(Some),
        }
    }

    fn lay(&mut self, node: &Node, at: &Place<'_>, reading: &mut Reading) {
        match (node, &mut *self) {
            (Node::Null, _) => *self = None,
            (_, Some(value)) => Setting::lay(value, node, at, reading),
            (_, None) => *self = T::read(node, at, reading),
        }
    }

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        Shape::Nullable(Box::new(T::shape()))
    }

    #[cfg(feature = "describe")]
    fn written(&self) -> Node {
        self.as_ref().map_or(Node::Null, T::written)
    }
}

/// What may be left out, and cannot be `null`: where its absence means more than the presence of any value, a `null`
/// that some template has left behind would widen a rule unseen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given<T>(pub Option<T>);

impl<T> Given<T> {
    /// The value, if there is one.
    pub fn as_ref(&self) -> Option<&T> {
        self.0.as_ref()
    }
}

impl<T: Setting> Setting for Given<T> {
    fn read(node: &Node, at: &Place<'_>, reading: &mut Reading) -> Option<Self> {
        T::read(node, at, reading).map(|value| Self(Some(value)))
    }

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        Shape::Optional(Box::new(T::shape()))
    }

    #[cfg(feature = "describe")]
    fn written(&self) -> Node {
        self.0.as_ref().map_or(Node::Null, T::written)
    }
}

#[cfg(test)]
mod tests;
