use proptest::prelude::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

/// The tree as JSON text.
pub(crate) fn as_json(node: &Node) -> String {
    serde_json::to_string(node).unwrap()
}

/// The tree as the bytes of a Struct. The top must be an object.
pub(crate) fn as_struct(node: &Node) -> Vec<u8> {
    let Node::Object(entries) = node else {
        panic!("a Struct is an object, not {node:?}")
    };
    let mut bytes = Vec::new();
    for (key, node) in entries {
        let entry = [field(1, key.as_bytes()), field(2, &value_on_wire(node))].concat();
        bytes.extend(field(1, &entry));
    }
    bytes
}

fn value_on_wire(node: &Node) -> Vec<u8> {
    match node {
        Node::Null => vec![0x08, 0],
        Node::Number(number) => [&[0x11][..], &number.to_le_bytes()].concat(),
        Node::Text(text) => field(3, text.as_bytes()),
        Node::Bool(value) => vec![0x20, u8::from(*value)],
        Node::Object(_) => field(5, &as_struct(node)),
        Node::List(items) => {
            let items = items.iter().map(|item| field(1, &value_on_wire(item)));
            field(6, &items.collect::<Vec<_>>().concat())
        }
    }
}

fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    let mut length = content.len();
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    [&bytes, content].concat()
}

/// Any tree whose numbers both forms can carry exactly.
pub(crate) fn any_node() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        Just(Node::Null),
        any::<bool>().prop_map(Node::Bool),
        (-1_000_000i32..1_000_000).prop_map(|quarters| Node::Number(f64::from(quarters) / 4.0)),
        any_text().prop_map(Node::Text),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Node::List),
            prop::collection::vec((any_text(), inner), 0..6).prop_map(Node::Object),
        ]
    })
}

/// Any object, of the keys of a configuration often enough to get past the first level.
pub(crate) fn any_object() -> impl Strategy<Value = Node> {
    let key = prop_oneof![prop::sample::select(KEYS).prop_map(str::to_owned), any_text()];
    prop::collection::vec((key, any_node()), 0..8).prop_map(Node::Object)
}

const KEYS: &[&str] = &[
    "mode", "default", "profiles", "routes", "match", "policy", "log", "trust", "accept",
];

fn any_text() -> impl Strategy<Value = String> {
    let word = prop::sample::select(KEYS).prop_map(str::to_owned);
    prop_oneof![
        word,
        prop::collection::vec(any::<char>(), 0..6).prop_map(|text| text.into_iter().collect())
    ]
}

fn object(entries: &[(&str, Node)]) -> Node {
    Node::Object(
        entries
            .iter()
            .map(|(key, node)| ((*key).to_owned(), node.clone()))
            .collect(),
    )
}

fn nested(levels: usize) -> Node {
    (1..levels).fold(object(&[]), |inner, _| object(&[("a", inner)]))
}

#[test]
fn nothing_at_all_is_an_empty_object() {
    for bytes in [&b""[..], b" ", b"\n\t\r\n "] {
        assert_eq!(Node::read(bytes), Ok(object(&[])), "{bytes:?}");
    }
}

#[test]
fn order_and_keys_given_twice_are_kept() {
    let one = Node::Number(1.0);
    let expected = object(&[("b", one.clone()), ("a", Node::Null), ("b", Node::Number(2.5))]);
    assert_eq!(
        Node::read(br#"{"b": 1, "a": null, "b": 2.5}"#),
        Ok(expected.clone())
    );
    assert_eq!(Node::read(&as_struct(&expected)), Ok(expected));
}

#[test]
fn a_struct_as_envoy_encodes_it_is_read() {
    let bytes = b"\x0a\x10\x0a\x04mode\x12\x08\x1a\x06shadow\x0a\x16\x0a\x03log\x12\x0f\x2a\x0d\x0a\x0b\x0a\x01n\x12\x06\x32\x04\x0a\x02\x20\x01";
    let list = Node::List(vec![Node::Bool(true)]);
    let expected = object(&[
        ("mode", Node::Text("shadow".to_owned())),
        ("log", object(&[("n", list)])),
    ]);
    assert_eq!(Node::read(bytes), Ok(expected));
}

#[test]
fn both_forms_nest_equally_deep() {
    let deepest = nested(MAX_DEPTH);
    assert_eq!(Node::read(as_json(&deepest).as_bytes()), Ok(deepest.clone()));
    assert_eq!(Node::read(&as_struct(&deepest)), Ok(deepest));
    let deeper = nested(MAX_DEPTH + 1);
    assert!(Node::read(as_json(&deeper).as_bytes()).is_err());
    let fault = Node::read(&as_struct(&deeper)).unwrap_err();
    assert!(fault.rule().contains("nests too deep"), "{fault}");
}

#[test]
fn bytes_of_neither_form_are_refused_with_both_reasons() {
    let fault = Node::read(b"{\n \"mode\": on}").unwrap_err();
    assert_eq!(
        fault.to_string(),
        "configuration: is neither JSON (expected value at line 2 column 10) nor a protobuf Struct (a field of an unknown wire type)"
    );
}

#[test]
fn a_struct_that_no_encoder_writes_is_refused() {
    let cases: [(&[u8], &str); 10] = [
        (b"\x0a\x05\x0a\x01a", "it ends too early"),
        (b"\x12\x00", "not a member of an object"),
        (b"\x0a\x03\x0a\x01a", "a member without a value"),
        (b"\x0a\x05\x0a\x01a\x12\x00", "a value of no kind"),
        (
            b"\x0a\x09\x0a\x01a\x12\x04\x20\x01\x08\x00",
            "a value of two kinds",
        ),
        (b"\x0a\x07\x0a\x01a\x12\x02\x38\x00", "a value of an unknown kind"),
        (
            b"\x0a\x07\x0a\x01\xff\x12\x02\x20\x01",
            "a text that is not UTF-8",
        ),
        (
            b"\x0a\x0b\x0a\x01a\x12\x02\x20\x01\x12\x02\x20\x01",
            "not one key and one value",
        ),
        (
            b"\x0a\x0a\x0a\x01a\x0a\x01b\x12\x02\x20\x01",
            "not one key and one value",
        ),
        (
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            "a number of more than ten bytes",
        ),
    ];
    for (bytes, rule) in cases {
        let fault = Node::read(bytes).unwrap_err();
        assert!(fault.rule().contains(rule), "{bytes:?}: {fault}");
    }
}

proptest! {
    #[test]
    fn both_forms_of_a_tree_mean_the_same(node in any_object()) {
        prop_assert_eq!(Node::read(as_json(&node).as_bytes()), Ok(node.clone()));
        if node != object(&[]) {
            prop_assert_eq!(Node::read(&as_struct(&node)), Ok(node));
        }
    }

    #[test]
    fn no_bytes_break_the_reading(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Node::read(&bytes);
    }

    #[test]
    fn no_damage_to_a_struct_breaks_the_reading(
        node in any_object(),
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = as_struct(&node);
        if !bytes.is_empty() {
            let place = place.index(bytes.len());
            bytes[place] = byte;
            let _ = Node::read(&bytes);
            bytes.truncate(place);
            let _ = Node::read(&bytes);
        }
    }
}
