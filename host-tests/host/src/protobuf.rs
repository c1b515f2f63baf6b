//! Protobuf: JSON as the messages in which Envoy hands over metadata and configurations, and what plugins hand to it.

use std::collections::BTreeMap;

use prost::Message as _;
use prost::encoding::WireType;
use prost_types::{ListValue, Struct, Value, value::Kind};

type Members = serde_json::Map<String, serde_json::Value>;

/// The bytes of a `google.protobuf.Struct`.
pub(crate) fn encode_struct(members: &Members) -> Vec<u8> {
    to_struct(members).encode_to_vec()
}

/// The bytes of an `envoy.config.core.v3.Metadata` whose `filter_metadata` (field 1, a map of Structs) is this.
pub(crate) fn encode_metadata(filter_metadata: &Members) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (namespace, value) in filter_metadata {
        let value = value.as_object().map(encode_struct).unwrap_or_default();
        let mut entry = Vec::new();
        put_field(&mut entry, 1, namespace.as_bytes());
        put_field(&mut entry, 2, &value);
        put_field(&mut bytes, 1, &entry);
    }
    bytes
}

/// The fields of a message that this host has no type for. Of a repeated field the last one counts.
#[derive(Default)]
pub(crate) struct Fields {
    bytes: BTreeMap<u32, Vec<u8>>,
    numbers: BTreeMap<u32, u64>,
}

impl Fields {
    /// None where the bytes are no message.
    pub(crate) fn decode(mut from: &[u8]) -> Option<Fields> {
        let mut fields = Fields::default();
        while !from.is_empty() {
            let (number, wire_type) = prost::encoding::decode_key(&mut from).ok()?;
            match wire_type {
                WireType::Varint => {
                    let value = prost::encoding::decode_varint(&mut from).ok()?;
                    fields.numbers.insert(number, value);
                }
                WireType::LengthDelimited => {
                    let length = prost::encoding::decode_varint(&mut from).ok()?;
                    let (value, rest) = from.split_at_checked(usize::try_from(length).ok()?)?;
                    fields.bytes.insert(number, value.to_vec());
                    from = rest;
                }
                _ => prost::encoding::skip_field(wire_type, number, &mut from, Default::default()).ok()?,
            }
        }
        Some(fields)
    }

    /// Bytes or text; empty where it is not there.
    pub(crate) fn bytes(&self, number: u32) -> &[u8] {
        self.bytes.get(&number).map(Vec::as_slice).unwrap_or_default()
    }

    /// A number or a boolean; 0 where it is not there.
    pub(crate) fn number(&self, number: u32) -> u64 {
        self.numbers.get(&number).copied().unwrap_or_default()
    }
}

fn put_field(to: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    prost::encoding::encode_key(number, WireType::LengthDelimited, to);
    prost::encoding::encode_varint(bytes.len() as u64, to);
    to.extend_from_slice(bytes);
}

fn to_struct(members: &Members) -> Struct {
    Struct {
        fields: members
            .iter()
            .map(|(name, value)| (name.clone(), to_value(value)))
            .collect(),
    }
}

fn to_value(value: &serde_json::Value) -> Value {
    let kind = match value {
        serde_json::Value::Null => Kind::NullValue(0),
        serde_json::Value::Bool(b) => Kind::BoolValue(*b),
        serde_json::Value::Number(n) => Kind::NumberValue(n.as_f64().unwrap_or(f64::NAN)),
        serde_json::Value::String(s) => Kind::StringValue(s.clone()),
        serde_json::Value::Array(items) => Kind::ListValue(ListValue {
            values: items.iter().map(to_value).collect(),
        }),
        serde_json::Value::Object(members) => Kind::StructValue(to_struct(members)),
    };
    Value { kind: Some(kind) }
}

#[cfg(test)]
mod tests {
    use super::{encode_metadata, encode_struct};

    #[test]
    fn a_struct_is_encoded_as_the_wire_format_says() {
        let value = serde_json::json!({ "k": "w" });
        assert_eq!(
            encode_struct(value.as_object().unwrap()),
            b"\n\x08\n\x01k\x12\x03\x1a\x01w"
        );
        let value = serde_json::json!({ "n": 2 });
        assert_eq!(
            encode_struct(value.as_object().unwrap()),
            b"\n\x0e\n\x01n\x12\x09\x11\x00\x00\x00\x00\x00\x00\x00@"
        );
    }

    #[test]
    fn metadata_is_a_map_of_structs() {
        let value = serde_json::json!({ "ns": { "k": "w" } });
        assert_eq!(
            encode_metadata(value.as_object().unwrap()),
            b"\n\x10\n\x02ns\x12\n\n\x08\n\x01k\x12\x03\x1a\x01w"
        );
    }
}
