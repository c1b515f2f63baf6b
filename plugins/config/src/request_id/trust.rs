//! Whose ids and whose trace context are believed.

use std::net::IpAddr;

#[cfg(feature = "describe")]
use crate::describe::{Member, Shape, Word};
use crate::node::Node;
use crate::setting::{Place, Reading, Setting, member_of, members};
use crate::value::{AtLeastOne, Network};

/// The peers whose ids, and those whose trace context, are believed.
#[derive(Clone, Debug, PartialEq)]
pub struct Trust {
    /// Whose request ids are.
    pub ids: Peers,
    /// Whose trace context is.
    pub trace: Peers,
}

/// Which peers, by their source address.
#[derive(Clone, Debug, PartialEq)]
pub enum Peers {
    /// All.
    Always,
    /// None.
    Never,
    /// Those of these networks.
    Networks(AtLeastOne<Network>),
}

impl Trust {
    pub(super) const ALWAYS: Self = Self {
        ids: Peers::Always,
        trace: Peers::Always,
    };
}

impl Peers {
    /// Whether the peer of this address is among them.
    pub fn allows(&self, peer: IpAddr) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Networks(networks) => networks.iter().any(|network| network.holds(peer)),
        }
    }
}

const PEERS: &str = "\"always\", \"never\" or {\"cidrs\": […]}";

impl Setting for Trust {
    fn read(node: &Node, at: &Place<'_>, reading: &mut Reading) -> Option<Self> {
        if member_of(node, "ids").is_none() && member_of(node, "trace").is_none() {
            let peers = Peers::read(node, at, reading)?;
            return Some(Self {
                ids: peers.clone(),
                trace: peers,
            });
        }
        let (mut ids, mut trace) = (None, None);
        for (key, node) in members(node, at, reading, &["ids", "trace"])? {
            let side = if key == "ids" { &mut ids } else { &mut trace };
            *side = Some(Peers::read(node, &at.key(key), reading));
        }
        // A choice replaces as a whole: what is left out has no value to fall back on.
        match (ids, trace) {
            (Some(ids), Some(trace)) => Some(Self {
                ids: ids?,
                trace: trace?,
            }),
            _ => reading.refuse(at, &["must have both members, ids and trace"]),
        }
    }

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        let side = |key, doc| Member {
            key,
            doc,
            shape: Peers::shape(),
            default: None,
        };
        let sides = vec![
            side("ids", "The peers whose request ids are believed."),
            side("trace", "The peers whose trace context is believed."),
        ];
        let Shape::Choice(mut shapes) = Peers::shape() else {
            return Peers::shape();
        };
        shapes.push(Shape::Object(sides));
        Shape::Choice(shapes)
    }

    #[cfg(feature = "describe")]
    fn written(&self) -> Node {
        match self.ids == self.trace {
            true => self.ids.written(),
            false => Node::Object(vec![
                ("ids".to_owned(), self.ids.written()),
                ("trace".to_owned(), self.trace.written()),
            ]),
        }
    }
}

impl Setting for Peers {
    fn read(node: &Node, at: &Place<'_>, reading: &mut Reading) -> Option<Self> {
        match node {
            Node::Text(word) if word == "always" => Some(Self::Always),
            Node::Text(word) if word == "never" => Some(Self::Never),
            Node::Object(_) => match members(node, at, reading, &["cidrs"])?.first() {
                Some((key, node)) => AtLeastOne::read(node, &at.key(key), reading).map(Self::Networks),
                None => reading.refuse_type(at, PEERS, node),
            },
            _ => reading.refuse_type(at, PEERS, node),
        }
    }

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        let doc = "Networks of IPv4 and IPv6, without host bits. Peers with an IPv4 address in IPv6 form belong to the \
                   network of their IPv4 address.";
        let cidrs = Member {
            key: "cidrs",
            doc,
            shape: <AtLeastOne<Network>>::shape(),
            default: None,
        };
        let words = [
            Word {
                word: "always",
                doc: "all peers.",
            },
            Word {
                word: "never",
                doc: "no peer.",
            },
        ];
        Shape::Choice(vec![Shape::Words(words.into()), Shape::Object(vec![cidrs])])
    }

    #[cfg(feature = "describe")]
    fn written(&self) -> Node {
        match self {
            Self::Always => Node::Text("always".to_owned()),
            Self::Never => Node::Text("never".to_owned()),
            Self::Networks(networks) => Node::Object(vec![("cidrs".to_owned(), networks.written())]),
        }
    }
}
