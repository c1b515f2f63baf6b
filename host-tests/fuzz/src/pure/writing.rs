//! A configuration's tree, written: as text and as a Struct on the wire.

use config::node::Node;

/// As JSON. `None`: it holds a number that JSON has not.
pub(super) fn text(node: &Node) -> Option<String> {
    Some(match node {
        Node::Null => "null".to_owned(),
        Node::Bool(value) => value.to_string(),
        Node::Number(number) if number.is_finite() => format!("{number:e}"),
        Node::Number(_) => return None,
        Node::Text(text) => serde_json::Value::from(text.as_str()).to_string(),
        Node::List(items) => {
            let items: Option<Vec<String>> = items.iter().map(text).collect();
            format!("[{}]", items?.join(","))
        }
        Node::Object(entries) => {
            let entry = |(key, node): &(String, Node)| {
                Some(format!(
                    "{}:{}",
                    serde_json::Value::from(key.as_str()),
                    text(node)?
                ))
            };
            let entries: Option<Vec<String>> = entries.iter().map(entry).collect();
            format!("{{{}}}", entries?.join(","))
        }
    })
}

/// As the bytes of a `google.protobuf.Struct`. `None`: it is no object.
pub(super) fn wire(node: &Node) -> Option<Vec<u8>> {
    match node {
        Node::Object(entries) => Some(object(entries)),
        _ => None,
    }
}

fn object(entries: &[(String, Node)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (key, node) in entries {
        let entry = [field(1, key.as_bytes()), field(2, &value(node))].concat();
        bytes.extend(field(1, &entry));
    }
    bytes
}

fn value(node: &Node) -> Vec<u8> {
    match node {
        Node::Null => vec![1 << 3, 0],
        Node::Number(number) => [&[2 << 3 | 1][..], &number.to_le_bytes()].concat(),
        Node::Text(text) => field(3, text.as_bytes()),
        Node::Bool(value) => vec![4 << 3, u8::from(*value)],
        Node::Object(entries) => field(5, &object(entries)),
        Node::List(items) => {
            let items: Vec<u8> = items.iter().flat_map(|item| field(1, &value(item))).collect();
            field(6, &items)
        }
    }
}

fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut all = vec![number << 3 | 2];
    let mut length = bytes.len();
    while length > 0x7f {
        all.push(length as u8 | 0x80);
        length >>= 7;
    }
    all.push(length as u8);
    all.extend_from_slice(bytes);
    all
}
