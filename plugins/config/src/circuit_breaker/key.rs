//! What tells one breaker from another.

#[cfg(feature = "describe")]
use crate::describe::{Member, Shape, Word};
use crate::node::Node;
use crate::setting::{Place, Reading, Setting, members};
use crate::value::{Form, SafeHeaderName, kept, text_setting};

/// What tells one breaker from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// The cluster.
    Cluster,
    /// The route: its name, or its virtual host and cluster where that says nothing.
    Route,
    /// The host that the request names, in lower case and without port.
    Host,
    /// The value of this request header.
    Header(SafeHeaderName),
    /// This name: one breaker for all.
    Name(BreakerName),
}

const WORDS: [(&str, Key, &str); 3] = [
    ("cluster", Key::Cluster, "the cluster."),
    ("route", Key::Route, "the route, by its name."),
    ("host", Key::Host, "the host that the request names."),
];

const WANTED: &str =
    "\"cluster\", \"route\", \"host\", {\"header\": \"x-tenant\"} or {\"name\": \"payments\"}";

impl Setting for Key {
    fn read(node: &Node, at: &Place<'_>, reading: &mut Reading) -> Option<Self> {
        match node {
            Node::Text(text) => {
                let known = WORDS.into_iter().find(|(word, ..)| word == text);
                known
                    .map(|(_, key, _)| key)
                    .or_else(|| reading.refuse_type(at, WANTED, node))
            }
            Node::Object(_) => match members(node, at, reading, &["header", "name"])?[..] {
                [("header", node)] => {
                    SafeHeaderName::read(node, &at.key("header"), reading).map(Self::Header)
                }
                [("name", node)] => BreakerName::read(node, &at.key("name"), reading).map(Self::Name),
                _ => reading.refuse_type(at, WANTED, node),
            },
            _ => reading.refuse_type(at, WANTED, node),
        }
    }

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        let one = |key, doc, shape| {
            Shape::Object(vec![Member {
                key,
                doc,
                shape,
                default: None,
            }])
        };
        let words = WORDS.map(|(word, _, doc)| Word { word, doc });
        Shape::Choice(vec![
            Shape::Words(words.into()),
            one(
                "header",
                "The request header whose value tells.",
                <SafeHeaderName as Setting>::shape(),
            ),
            one(
                "name",
                "The name of one breaker for all.",
                <BreakerName as Setting>::shape(),
            ),
        ])
    }

    #[cfg(feature = "describe")]
    fn written(&self) -> Node {
        let one = |key: &str, value: Node| Node::Object(vec![(key.to_owned(), value)]);
        match self {
            Self::Header(name) => one("header", name.written()),
            Self::Name(name) => one("name", name.written()),
            Self::Cluster => Node::Text("cluster".to_owned()),
            Self::Route => Node::Text("route".to_owned()),
            Self::Host => Node::Text("host".to_owned()),
        }
    }
}

/// What a breaker may be called, in metrics and logs: 1 to 128 letters, digits and `-._~:/@+|`, and neither `none` nor
/// `other`, which the plugin itself calls breakers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakerName(Box<str>);

impl Form for BreakerName {
    const WANTED: &'static str = "1 to 128 letters, digits and -._~:/@+|, and neither \"none\" nor \"other\"";

    fn broken(text: &str) -> Option<&'static str> {
        const LONGEST: usize = 128;
        let plain = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/@+|".contains(&byte));
        let valid = plain && (1..=LONGEST).contains(&text.len()) && !["none", "other"].contains(&text);
        (!valid).then_some(Self::WANTED)
    }

    kept!(boxed);

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        Shape::Text {
            what: "name of letters, digits and `-._~:/@+|`".to_owned(),
            pattern: "^[A-Za-z0-9._~:/@+|-]{1,128}$".to_owned(),
            not: Some("^(?:none|other)$".to_owned()),
        }
    }
}

text_setting!(BreakerName);
