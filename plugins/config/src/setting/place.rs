//! Where something stands in a configuration.

use crate::fault::{joined, shown_text};

/// Where a node stands, from the top of the configuration. Lives on the stack, and becomes a
/// text only in a fault.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    parent: Option<&'a Place<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    Top,
    Key(&'a str),
    Index(usize),
}

impl<'a> Place<'a> {
    /// The configuration as a whole.
    pub fn top() -> Place<'static> {
        Place {
            parent: None,
            step: Step::Top,
        }
    }

    /// A member of what stands here.
    pub fn key(&'a self, key: &'a str) -> Place<'a> {
        Place {
            parent: Some(self),
            step: Step::Key(key),
        }
    }

    /// An item of what stands here.
    pub fn index(&'a self, index: usize) -> Place<'a> {
        Place {
            parent: Some(self),
            step: Step::Index(index),
        }
    }

    /// As it stands in a fault: `routes[1].policy.max_length`; a key that is no plain word is quoted: `headers["x-a"]`.
    pub fn path(&self) -> String {
        let mut path = self.parent.map(Place::path).unwrap_or_default();
        match self.step {
            Step::Top => {}
            Step::Index(index) => path.push_str(&joined(&["[", &index.to_string(), "]"])),
            Step::Key(key) if is_plain(key) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key);
            }
            Step::Key(key) => path.push_str(&joined(&["[", &shown_text(key), "]"])),
        }
        path
    }
}

fn is_plain(key: &str) -> bool {
    !key.is_empty()
        && key.len() <= 64
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
