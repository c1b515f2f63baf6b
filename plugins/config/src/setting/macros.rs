//! The declarations.

/// Declares a part: `name: Type = default`, or `name as "key": Type = default` where the key is no identifier of Rust.
///
/// The first line of a member's doc comment and those after it become its description; say what it means and what zero
/// or `null` do. Type, range and default are added from the declaration.
macro_rules! settings {
    (
        $(#[doc = $doc:literal])*
        pub struct $name:ident {
            $(
                $(#[doc = $member_doc:literal])*
                $member:ident $(as $key:literal)? : $type:ty = $default:expr
            ),* $(,)?
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $(
                $(#[doc = $member_doc])*
                #[doc = ""]
                #[doc = concat!("Default: `", stringify!($default), "`.")]
                pub $member: $type,
            )*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($member: $default,)* }
            }
        }

        impl $crate::setting::Members for $name {
            fn keys(&self) -> &'static [&'static str] {
                &[$($crate::setting::key!($member $($key)?),)*]
            }

            fn member(&mut self, place: usize) -> Option<&mut dyn $crate::setting::Slot> {
                // Counted while compiling: what remains is a jump by the place.
                let mut next = 0;
                $(
                    if place == next {
                        return Some(&mut self.$member);
                    }
                    next += 1;
                )*
                let _ = next;
                None
            }
        }

        impl $crate::setting::Part for $name {
            #[cfg(feature = "describe")]
            fn members() -> Vec<$crate::describe::Member> {
                let default = Self::default();
                vec![$(
                    $crate::describe::Member {
                        key: $crate::setting::key!($member $($key)?),
                        doc: concat!($($member_doc, "\n",)*),
                        shape: <$type as $crate::setting::Setting>::shape(),
                        default: Some($crate::setting::Setting::written(&default.$member)),
                    },
                )*]
            }
        }

        impl $crate::setting::Setting for $name {
            fn read(
                node: &$crate::node::Node,
                at: &$crate::setting::Place<'_>,
                reading: &mut $crate::setting::Reading,
            ) -> Option<Self> {
                let mut part = Self::default();
                $crate::setting::lay_part(node, &mut part, at, reading).then_some(part)
            }

            fn lay(
                &mut self,
                node: &$crate::node::Node,
                at: &$crate::setting::Place<'_>,
                reading: &mut $crate::setting::Reading,
            ) {
                $crate::setting::lay_part(node, self, at, reading);
            }

            #[cfg(feature = "describe")]
            fn shape() -> $crate::describe::Shape {
                $crate::describe::Shape::Object(<Self as $crate::setting::Part>::members())
            }

            #[cfg(feature = "describe")]
            fn written(&self) -> $crate::node::Node {
                $crate::node::Node::Object(vec![$((
                    $crate::setting::key!($member $($key)?).to_owned(),
                    $crate::setting::Setting::written(&self.$member),
                ),)*])
            }
        }
    };
}

/// The key of a member: what stands after `as`, else the member's own name.
macro_rules! key {
    ($member:ident) => {
        stringify!($member)
    };
    ($member:ident $key:literal) => {
        $key
    };
}

/// Declares an enumeration of words. A boolean `false` is read as `disabled` where that is one of them: YAML loaders
/// make it out of `off` and `no`, which people write where the word is `disabled`.
macro_rules! words {
    (
        $(#[doc = $doc:literal])*
        pub enum $name:ident {
            $(
                $(#[doc = $word_doc:literal])*
                $variant:ident = $word:literal
            ),* $(,)?
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $(
                #[doc = concat!("`", $word, "`:")]
                $(#[doc = $word_doc])*
                $variant,
            )*
        }

        impl $name {
            const WORDS: &'static [&'static str] = &[$($word,)*];
            const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word that it is written as.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }

        impl $crate::setting::Setting for $name {
            fn read(
                node: &$crate::node::Node,
                at: &$crate::setting::Place<'_>,
                reading: &mut $crate::setting::Reading,
            ) -> Option<Self> {
                let place = $crate::setting::word(node, Self::WORDS, at, reading)?;
                Self::ALL.get(place).copied()
            }

            #[cfg(feature = "describe")]
            fn shape() -> $crate::describe::Shape {
                $crate::describe::Shape::Words(vec![
                    $($crate::describe::Word { word: $word, doc: concat!($($word_doc, "\n",)*) },)*
                ])
            }

            #[cfg(feature = "describe")]
            fn written(&self) -> $crate::node::Node {
                $crate::node::Node::Text(self.as_str().to_owned())
            }
        }
    };
}

pub(crate) use {key, settings, words};
