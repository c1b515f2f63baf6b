//! A `google.protobuf.Struct` on the wire, which is what Envoy hands over for a configuration of that type.
//!
//! A decoder of our own, and not `prost-types`: that one collects members in a map, where of a key given twice the
//! last silently wins, and it is several times the size. Only what an encoder writes is accepted: a field that a
//! Struct does not have, or two kinds of one value, is refused, since these bytes are only ever tried after JSON, and
//! what is wrong with them is to be said and not skipped.
//!
//! ```text
//! Struct    { map<string, Value> fields = 1; }      a map's entry { key = 1; value = 2; }
//! Value     { one of: null = 1 (varint), number = 2 (64 bits), string = 3, bool = 4 (varint), Struct = 5, ListValue = 6 }
//! ListValue { repeated Value values = 1; }
//! ```

use super::{MAX_DEPTH, Node};

/// The broken rule, as a text that stands inside a fault.
type Broken = &'static str;

/// Reads the bytes of a Struct.
pub(super) fn read(bytes: &[u8]) -> Result<Node, String> {
    object(Wire(bytes), MAX_DEPTH).map_err(str::to_owned)
}

fn object(mut wire: Wire<'_>, depth: usize) -> Result<Node, Broken> {
    let depth = depth.checked_sub(1).ok_or("nests too deep")?;
    let mut members = Vec::new();
    while let Some(field) = wire.field()? {
        let (1, Data::Bytes(entry)) = field else {
            return Err("a field that is not a member of an object");
        };
        members.push(member(Wire(entry), depth)?);
    }
    Ok(Node::Object(members))
}

fn member(mut wire: Wire<'_>, depth: usize) -> Result<(String, Node), Broken> {
    let (mut key, mut value) = (None, None);
    while let Some(field) = wire.field()? {
        match field {
            (1, Data::Bytes(bytes)) if key.is_none() => key = Some(text(bytes)?),
            (2, Data::Bytes(bytes)) if value.is_none() => value = Some(self::value(Wire(bytes), depth)?),
            _ => return Err("a member that is not one key and one value"),
        }
    }
    // An encoder leaves out a key that is empty.
    Ok((key.unwrap_or_default(), value.ok_or("a member without a value")?))
}

fn value(mut wire: Wire<'_>, depth: usize) -> Result<Node, Broken> {
    let node = match wire.field()?.ok_or("a value of no kind")? {
        (1, Data::Varint(_)) => Node::Null,
        (2, Data::Fixed64(bits)) => Node::Number(f64::from_bits(bits)),
        (3, Data::Bytes(bytes)) => Node::Text(text(bytes)?),
        (4, Data::Varint(bit)) => Node::Bool(bit != 0),
        (5, Data::Bytes(bytes)) => object(Wire(bytes), depth)?,
        (6, Data::Bytes(bytes)) => list(Wire(bytes), depth)?,
        _ => return Err("a value of an unknown kind"),
    };
    match wire.field()? {
        None => Ok(node),
        Some(_) => Err("a value of two kinds"),
    }
}

fn list(mut wire: Wire<'_>, depth: usize) -> Result<Node, Broken> {
    let depth = depth.checked_sub(1).ok_or("nests too deep")?;
    let mut items = Vec::new();
    while let Some(field) = wire.field()? {
        let (1, Data::Bytes(item)) = field else {
            return Err("a field that is not an item of a list");
        };
        items.push(value(Wire(item), depth)?);
    }
    Ok(Node::List(items))
}

fn text(bytes: &[u8]) -> Result<String, Broken> {
    std::str::from_utf8(bytes)
        .map(str::to_owned)
        .map_err(|_| "a text that is not UTF-8")
}

/// What is left to read of one message.
struct Wire<'a>(&'a [u8]);

enum Data<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
}

impl<'a> Wire<'a> {
    /// The next field's number and content, or `None` at the message's end.
    fn field(&mut self) -> Result<Option<(u64, Data<'a>)>, Broken> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let data = match tag & 7 {
            0 => Data::Varint(self.varint()?),
            1 => {
                let (bits, rest) = self.0.split_first_chunk().ok_or(SHORT)?;
                self.0 = rest;
                Data::Fixed64(u64::from_le_bytes(*bits))
            }
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| SHORT)?;
                let (bytes, rest) = self.0.split_at_checked(length).ok_or(SHORT)?;
                self.0 = rest;
                Data::Bytes(bytes)
            }
            _ => return Err("a field of an unknown wire type"),
        };
        Ok(Some((tag >> 3, data)))
    }

    fn varint(&mut self) -> Result<u64, Broken> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or(SHORT)?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err("a number of more than ten bytes")
    }
}

const SHORT: Broken = "it ends too early";
