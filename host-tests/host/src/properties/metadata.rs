//! Metadata of the configuration as properties: whole as protobuf, below that value by value.

use serde_json::{Map, Value as Json};

use super::{Found, MISSING, UNSERIALIZABLE};
use crate::abi::Status;
use crate::abi::guest::encode_pairs;
use crate::protobuf;

/// What stands at this path below the metadata.
pub(super) fn find(metadata: &Map<String, Json>, path: &[&[u8]]) -> Found {
    match path {
        [] => Ok(protobuf::encode_metadata(metadata)),
        [b"filter_metadata"] => UNSERIALIZABLE,
        [b"filter_metadata", namespace, keys @ ..] => {
            let namespace = member(metadata, namespace).ok_or(Status::NOT_FOUND)?;
            walk(namespace, keys)
        }
        _ => MISSING,
    }
}

fn member<'m>(members: &'m serde_json::Map<String, Json>, name: &[u8]) -> Option<&'m Json> {
    members.get(std::str::from_utf8(name).ok()?)
}

fn walk(value: &Json, keys: &[&[u8]]) -> Found {
    let [key, rest @ ..] = keys else {
        return metadata_value(value);
    };
    let inner = match value {
        Json::Object(members) => member(members, key),
        Json::Array(items) => std::str::from_utf8(key)
            .ok()
            .and_then(|key| key.parse().ok())
            .and_then(|at: usize| items.get(at)),
        _ => None,
    };
    walk(inner.ok_or(Status::NOT_FOUND)?, rest)
}

fn metadata_value(value: &Json) -> Found {
    match value {
        Json::Null => UNSERIALIZABLE,
        Json::Bool(yes) => Ok(vec![u8::from(*yes)]),
        Json::Number(n) => Ok(n.as_f64().unwrap_or(f64::NAN).to_le_bytes().to_vec()),
        Json::String(text) => Ok(text.as_bytes().to_vec()),
        Json::Array(items) => {
            let pairs: Result<Vec<_>, Status> = items
                .iter()
                .map(|item| Ok((metadata_value(item)?, Vec::new())))
                .collect();
            Ok(encode_pairs(&pairs?))
        }
        Json::Object(members) => {
            let pairs: Result<Vec<_>, Status> = members
                .iter()
                .map(|(name, member)| Ok((name.as_bytes().to_vec(), metadata_value(member)?)))
                .collect();
            Ok(encode_pairs(&pairs?))
        }
    }
}
