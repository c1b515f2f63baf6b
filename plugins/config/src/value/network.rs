//! Networks, by which peers are told from each other.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

#[cfg(feature = "describe")]
use crate::describe::Shape;
use crate::fault::joined;
use crate::node::Node;
use crate::setting::{Place, Reading, Setting};

/// A network, in CIDR notation (RFC 4632, RFC 4291): an address and how many of its bits all members share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Of IPv4. Peers whose IPv6 address holds an IPv4 one (`::ffff:10.0.0.1`) can be members of it.
    V4(Ipv4Addr, u8),
    /// Of IPv6.
    V6(Ipv6Addr, u8),
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

/// An address as text.
///
/// Not `Display`, whose search for the longest run of zeros a plugin would carry for the sake of a message.
pub fn shown_address(address: IpAddr) -> String {
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
