//! The JSON Schema (2020-12) of a plugin's configuration, for editors.
//!
//! It accepts what the reader accepts. What it cannot tell is left to the reader: combinations, whether a profile
//! exists, host bits of a network, keys that differ only in case. With `"unknown_keys": "warn"` it still marks keys
//! that are not known, which is what an editor is for.

use super::{Member, Shape, Word};
use crate::admin;
use crate::node::Node;
use crate::plugin::{Common, Policy, RuleHead};
use crate::setting::Part;
use crate::value::{Form, Text};

/// The schema of the plugin with this policy, as JSON text.
pub fn schema<P: Policy>() -> String {
    let [configuration, policy, rule] = parts::<P>("");
    document(
        P::NAME,
        configuration,
        members([("policy", policy), ("rule", rule)]),
    )
}

/// The schema of the admin plugin, as JSON text.
pub fn admin_schema() -> String {
    document(admin::NAME, admin_part(), Node::Object(Vec::new()))
}

/// What may be configured of the admin plugin: it has no policies.
pub(super) fn admin_part() -> Node {
    let for_editors = described(&members([]), "For editors; not read.");
    object(&admin::Settings::members(), &[("$schema", for_editors)])
}

/// What a schema of a whole configuration is made of: that, a policy and a rule. It refers to the last two by their names
/// with this prefix.
pub(super) fn parts<P: Policy>(prefix: &str) -> [Node; 3] {
    let policy = reference(&[prefix, "policy"].concat());
    let rule: Vec<Member> = RuleHead::members();
    let mut rule = object(&rule, &[("policy", described(&policy, RULE_POLICY))]);
    push(&mut rule, "required", list(["match"]));
    let sections = [
        ("$schema", described(&members([]), "For editors; not read.")),
        ("default", nullable(described(&policy, DEFAULT))),
        (
            "profiles",
            described(&map(&Text::shape(), policy.clone(), Some("^disabled$")), PROFILES),
        ),
        (
            "routes",
            described(&array(reference(&[prefix, "rule"].concat()), 0, None), ROUTES),
        ),
    ];
    let configuration = object(&Common::members(), &sections);
    [configuration, object(&P::members(), &[]), rule]
}

/// The schema of a whole configuration of this name, with the definitions that it refers to, as JSON text.
pub(super) fn document(name: &str, configuration: Node, definitions: Node) -> String {
    let mut schema = members([
        ("$schema", text("https://json-schema.org/draft/2020-12/schema")),
        ("title", text(&format!("Configuration of {name}"))),
    ]);
    extend(&mut schema, configuration);
    if definitions != Node::Object(Vec::new()) {
        push(&mut schema, "$defs", definitions);
    }
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

pub(super) const DEFAULT: &str = "The policy of requests that no rule picks, laid over the declared defaults. `null`: \
     the plugin leaves these requests alone.";
pub(super) const PROFILES: &str = "Policies by name, each laid over `default`, or over the declared defaults where that \
     is `null`. `disabled` is no name: a route's metadata means by it that there is no policy.";
pub(super) const ROUTES: &str = "Rules, of which the first that matches a request is used.";
pub(super) const RULE_POLICY: &str =
    "A policy, laid over the profile, or over `default` where none is named.";

fn schema_of(shape: &Shape) -> Node {
    match shape {
        Shape::Boolean => typed("boolean"),
        Shape::Integer { min, max } => bounded("integer", f64::from(*min), f64::from(*max)),
        Shape::Number { min, max } => bounded("number", f64::from(*min), f64::from(*max)),
        Shape::Percent => bounded("number", 0.0, 100.0),
        Shape::Text { pattern, not, .. } => {
            let mut schema = members([("type", text("string")), ("pattern", text(pattern))]);
            if let Some(not) = not {
                push(&mut schema, "not", members([("pattern", text(not))]));
            }
            schema
        }
        Shape::Words(words) => one_of_words(words),
        Shape::List { of, min, max } => array(schema_of(of), *min, *max),
        Shape::Map { keys, of } => map(keys, schema_of(of), None),
        Shape::Object(list) => object(list, &[]),
        Shape::Nullable(of) => nullable(schema_of(of)),
        Shape::Optional(of) => schema_of(of),
        Shape::Choice(shapes) => members([("anyOf", Node::List(shapes.iter().map(schema_of).collect()))]),
    }
}

pub(super) fn object(own: &[Member], extra: &[(&str, Node)]) -> Node {
    let property = |member: &Member| {
        let mut schema = described(&schema_of(&member.shape), member.doc);
        match (&member.default, &member.shape) {
            (Some(_), Shape::Optional(_)) | (None, _) => {}
            (Some(default), _) => push(&mut schema, "default", default.clone()),
        }
        (member.key.to_owned(), schema)
    };
    let extra = extra
        .iter()
        .map(|(key, schema)| ((*key).to_owned(), schema.clone()));
    let properties = own.iter().map(property).chain(extra).collect();
    let required: Vec<&str> = own
        .iter()
        .filter(|member| member.default.is_none())
        .map(|member| member.key)
        .collect();
    let mut schema = members([("type", text("object")), ("properties", Node::Object(properties))]);
    if !required.is_empty() {
        push(&mut schema, "required", list(required));
    }
    push(&mut schema, "additionalProperties", Node::Bool(false));
    schema
}

fn map(keys: &Shape, values: Node, not: Option<&str>) -> Node {
    let mut names = schema_of(keys);
    if let Some(not) = not {
        push(&mut names, "not", members([("pattern", text(not))]));
    }
    members([
        ("type", text("object")),
        ("propertyNames", names),
        ("additionalProperties", values),
    ])
}

fn array(items: Node, min: usize, max: Option<usize>) -> Node {
    let mut schema = members([("type", text("array")), ("items", items)]);
    if min > 0 {
        push(&mut schema, "minItems", Node::Number(min as f64));
    }
    if let Some(max) = max {
        push(&mut schema, "maxItems", Node::Number(max as f64));
    }
    schema
}

fn one_of_words(words: &[Word]) -> Node {
    let mut values: Vec<Node> = words.iter().map(|word| text(word.word)).collect();
    let mut docs: Vec<Node> = words
        .iter()
        .map(|word| text(&format!("`{}`: {}", word.word, line(word.doc))))
        .collect();
    if words.iter().any(|word| word.word == "disabled") {
        values.push(Node::Bool(false));
        docs.push(text("`false`: the same as `disabled`"));
    }
    // What each word means: editors that know the key show it beside the word.
    members([
        ("enum", Node::List(values)),
        ("markdownEnumDescriptions", Node::List(docs)),
    ])
}

fn nullable(schema: Node) -> Node {
    members([(
        "anyOf",
        Node::List(vec![members([("type", text("null"))]), schema]),
    )])
}

pub(super) fn described(schema: &Node, doc: &str) -> Node {
    let mut described = members([("description", text(&line(doc)))]);
    extend(&mut described, schema.clone());
    described
}

/// A doc comment as one line.
pub(super) fn line(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn bounded(kind: &str, min: f64, max: f64) -> Node {
    let bounds = [("minimum", Node::Number(min)), ("maximum", Node::Number(max))];
    let mut schema = typed(kind);
    extend(&mut schema, members(bounds));
    schema
}

pub(super) fn reference(name: &str) -> Node {
    members([("$ref", text(&format!("#/$defs/{name}")))])
}

fn typed(name: &str) -> Node {
    members([("type", text(name))])
}

fn text(text: &str) -> Node {
    Node::Text(text.to_owned())
}

fn list<'a>(texts: impl IntoIterator<Item = &'a str>) -> Node {
    Node::List(texts.into_iter().map(text).collect())
}

pub(super) fn members<'a>(entries: impl IntoIterator<Item = (&'a str, Node)>) -> Node {
    Node::Object(
        entries
            .into_iter()
            .map(|(key, node)| (key.to_owned(), node))
            .collect(),
    )
}

fn push(object: &mut Node, key: &str, node: Node) {
    extend(object, members([(key, node)]));
}

fn extend(object: &mut Node, more: Node) {
    if let (Node::Object(entries), Node::Object(more)) = (object, more) {
        entries.extend(more);
    }
}
