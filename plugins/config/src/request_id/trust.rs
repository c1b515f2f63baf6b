//! Whose ids and whose trace context are believed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

#[cfg(feature = "describe")]
use crate::describe::{Member, Shape, Word};
use crate::fault::joined;
use crate::node::Node;
use crate::setting::{Place, Reading, Setting, member_of, members};
use crate::value::AtLeastOne;

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

/// A network, in CIDR notation (RFC 4632, RFC 4291): an address and how many of its bits all members share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Of IPv4. Peers whose IPv6 address holds an IPv4 one (`::ffff:10.0.0.1`) can be members of it.
    V4(Ipv4Addr, u8),
    /// Of IPv6.
    V6(Ipv6Addr, u8),
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

impl Network {
    /// Whether the address belongs to it.
    pub fn holds(self, address: IpAddr) -> bool {
        match (self, address.to_canonical()) {
            (Self::V4(base, bits), IpAddr::V4(address)) => base == first_of_v4(address, bits),
            (Self::V6(base, bits), IpAddr::V6(address)) => base == first_of_v6(address, bits),
            _ => false,
        }
    }

    /// The network, or what would be right, as it follows "must be".
    fn parse(text: &str) -> Result<Self, String> {
        let Some((address, bits)) = parts(text) else {
            return Err(NETWORK.to_owned());
        };
        let (network, first) = match address {
            IpAddr::V4(address) => {
                let first = first_of_v4(address, bits);
                (Self::V4(address, bits), IpAddr::V4(first))
            }
            IpAddr::V6(address) => {
                let first = first_of_v6(address, bits);
                (Self::V6(address, bits), IpAddr::V6(first))
            }
        };
        match first == address {
            true => Ok(network),
            false => Err(joined(&[
                "a network without host bits, such as \"",
                &shown_address(first),
                "/",
                &bits.to_string(),
                "\"",
            ])),
        }
    }
}

const NETWORK: &str = "a network such as \"10.0.0.0/8\", \"fd00::/8\" or, for one address, \"10.0.0.1/32\"";

/// Not `Display`, whose search for the longest run of zeros a plugin would carry for the sake of a message.
fn shown_address(address: IpAddr) -> String {
    let mut shown = String::new();
    match address {
        IpAddr::V4(address) => {
            for octet in address.octets() {
                shown.push_str(if shown.is_empty() { "" } else { "." });
                shown.push_str(&octet.to_string());
            }
        }
        IpAddr::V6(address) => {
            for (place, group) in address.segments().into_iter().enumerate() {
                shown.push_str(if place == 0 { "" } else { ":" });
                let digits = [group >> 12, group >> 8, group >> 4, group];
                let digits = digits
                    .into_iter()
                    .filter_map(|digit| char::from_digit(u32::from(digit & 15), 16));
                shown.extend(digits);
            }
        }
    }
    shown
}

/// Address and bits. Networks of IPv4 inside IPv6 are named by their IPv4 form, since peers are compared in it.
fn parts(text: &str) -> Option<(IpAddr, u8)> {
    let slash = text.bytes().position(|byte| byte == b'/')?;
    let (address, bits) = (text.get(..slash)?, text.get(slash + 1..)?);
    // As `parse` takes it, but without a sign or leading zeros.
    let plain = bits.bytes().all(|byte| byte.is_ascii_digit()) && (bits == "0" || !bits.starts_with("0"));
    let bits: u8 = bits.parse().ok().filter(|_| plain)?;
    let address: IpAddr = address.parse().ok()?;
    match address {
        IpAddr::V4(_) => (bits <= 32).then_some((address, bits)),
        IpAddr::V6(six) => (bits <= 128 && six.to_ipv4_mapped().is_none()).then_some((address, bits)),
    }
}

fn first_of_v4(address: Ipv4Addr, bits: u8) -> Ipv4Addr {
    let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
    Ipv4Addr::from_bits(address.to_bits() & mask)
}

fn first_of_v6(address: Ipv6Addr, bits: u8) -> Ipv6Addr {
    let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
    Ipv6Addr::from_bits(address.to_bits() & mask)
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

impl Setting for Network {
    fn read(node: &Node, at: &Place<'_>, reading: &mut Reading) -> Option<Self> {
        let Node::Text(text) = node else {
            return reading.refuse_type(at, "a network", node);
        };
        Self::parse(text)
            .map_err(|wanted| reading.refuse_type::<()>(at, &wanted, node))
            .ok()
    }

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        // Host bits, and how groups may be left out, a pattern cannot tell.
        let four = r"(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(?:\.(?!/)|(?=/))){4}/(?:3[0-2]|[12]?[0-9])";
        let six = r"(?=[0-9A-Fa-f:.]*:)[0-9A-Fa-f:.]{2,45}/(?:12[0-8]|1[01][0-9]|[1-9]?[0-9])";
        Shape::Text {
            what: "network in CIDR notation".to_owned(),
            pattern: format!("^(?:{four}|{six})$"),
            not: None,
        }
    }

    #[cfg(feature = "describe")]
    fn written(&self) -> Node {
        Node::Text(match self {
            Self::V4(address, bits) => format!("{address}/{bits}"),
            Self::V6(address, bits) => format!("{address}/{bits}"),
        })
    }
}
