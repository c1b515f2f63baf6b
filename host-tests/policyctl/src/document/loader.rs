//! Builds documents of YAML's events, with the place of each node.
//!
//! Plain words mean what they mean to Envoy and to Kubernetes: `yes`, `no`, `on` and `off` are booleans, too.

use super::place::{Place, Places, escaped};
use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput};
use serde_json::{Map, Number, Value};
use std::collections::HashMap;

/// More nodes than any configuration has. Aliases count as what they stand for.
const MOST_NODES: usize = 4_000_000;
/// Deeper than any configuration is.
const DEEPEST: usize = 200;

/// Why a text is no YAML.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) what: String,
    pub(super) cure: Option<&'static str>,
}

/// What becomes of a key that is given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Twice {
    /// As YAML has it.
    Refused,
    /// As most readers of JSON have it.
    LastCounts,
}

/// The documents in a text.
pub(super) fn load(text: &str, twice: Twice) -> Result<Vec<(Value, Places)>, Fault> {
    let mut loader = Loader {
        events: Parser::new_from_str(text),
        bytes: Bytes::of(text),
        twice,
        nodes: 0,
        anchors: HashMap::new(),
        places: Places::default(),
        pointer: String::new(),
    };
    let mut documents = Vec::new();
    loop {
        match loader.next()? {
            (Event::StreamEnd, _) => return Ok(documents),
            (Event::StreamStart | Event::Nothing | Event::DocumentEnd, _) => {}
            (Event::DocumentStart(_), _) => {
                let event = loader.next()?;
                let tree = loader.node(event, 0)?;
                documents.push((tree, std::mem::take(&mut loader.places)));
                loader.anchors.clear();
            }
            (_, span) => return Err(fault(span, "is not where a document begins", None)),
        }
    }
}

struct Loader<'t> {
    events: Parser<'t, StrInput<'t>>,
    bytes: Bytes<'t>,
    twice: Twice,
    nodes: usize,
    /// What each anchor stands for, and of how many nodes it is.
    anchors: HashMap<usize, (Value, usize)>,
    places: Places,
    /// Of the node that is being read.
    pointer: String,
}

impl<'t> Loader<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Span), Fault> {
        match self.events.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(Fault {
                line: error.marker().line(),
                column: error.marker().col() + 1,
                what: format!("is no YAML: {}", error.info()),
                cure: None,
            }),
            None => Err(fault(Span::default(), "ends too early", None)),
        }
    }

    fn node(&mut self, (event, span): (Event<'t>, Span), depth: usize) -> Result<Value, Fault> {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return Err(fault(
                span,
                "stands for too many nodes",
                Some("use fewer aliases (*name)"),
            ));
        }
        if depth > DEEPEST {
            return Err(fault(span, "is nested too deeply", None));
        }
        let before = self.nodes;
        let place = self.bytes.place(span);
        self.places.known.entry(self.pointer.clone()).or_insert(place);
        let (value, anchor) = match event {
            Event::Alias(anchor) => {
                let (value, nodes) = self
                    .anchors
                    .get(&anchor)
                    .ok_or_else(|| fault(span, "is an alias of what contains it", None))?;
                self.nodes = self.nodes.saturating_add(*nodes);
                // Not copied where it would be refused next.
                if self.nodes > MOST_NODES {
                    return Err(fault(
                        span,
                        "stands for too many nodes",
                        Some("use fewer aliases (*name)"),
                    ));
                }
                return Ok(value.clone());
            }
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = style != ScalarStyle::Plain
                    || tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
                let value = match is_text {
                    true => Value::String(text.into_owned()),
                    false => plain(&text),
                };
                (value, anchor)
            }
            Event::SequenceStart(anchor, _) => (self.list(depth)?, anchor),
            Event::MappingStart(anchor, _) => (self.map(depth)?, anchor),
            _ => return Err(fault(span, "is not where a value stands", None)),
        };
        if anchor != 0 {
            self.anchors
                .insert(anchor, (value.clone(), 1 + self.nodes - before));
        }
        Ok(value)
    }

    fn list(&mut self, depth: usize) -> Result<Value, Fault> {
        let mut items = Vec::new();
        loop {
            let event = self.next()?;
            if event.0 == Event::SequenceEnd {
                return Ok(Value::Array(items));
            }
            let around = self.within(&items.len().to_string());
            let item = self.node(event, depth + 1)?;
            self.pointer.truncate(around);
            items.push(item);
        }
    }

    fn map(&mut self, depth: usize) -> Result<Value, Fault> {
        let mut members = Map::new();
        loop {
            let (event, span) = self.next()?;
            let key = match event {
                Event::MappingEnd => return Ok(Value::Object(members)),
                Event::Scalar(text, ..) => text.into_owned(),
                _ => return Err(fault(span, "is no key: a key is a text", None)),
            };
            let around = self.within(&escaped(&key));
            let mut place = self.bytes.place(span);
            let event = self.next()?;
            if matches!(event.0, Event::Scalar(..)) {
                place.end = self.bytes.place(event.1).end.max(place.end);
            }
            let before = self.places.known.insert(self.pointer.clone(), place);
            if let Some(before) = before
                && self.twice == Twice::Refused
            {
                let what = format!("`{key}` is given twice, first in line {}", before.line);
                return Err(fault(span, &what, Some("leave one of them")));
            }
            let value = self.node(event, depth + 1)?;
            self.pointer.truncate(around);
            members.insert(key, value);
        }
    }

    /// Goes on with the node below this key. Returns how long the pointer was.
    fn within(&mut self, key: &str) -> usize {
        let around = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(key);
        around
    }
}

/// What a word without quotes means.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return Value::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
            return Value::Bool(false);
        }
        _ => {}
    }
    if let Ok(number) = text.parse::<i64>() {
        return number.into();
    }
    if let Ok(number) = text.parse::<u64>() {
        return number.into();
    }
    let of_base = |prefix, base| u64::from_str_radix(text.strip_prefix(prefix)?, base).ok();
    if let Some(number) = of_base("0x", 16).or_else(|| of_base("0o", 8)) {
        return number.into();
    }
    let is_number = text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first));
    let number = is_number
        .then(|| text.parse().ok().and_then(Number::from_f64))
        .flatten();
    number.map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

fn fault(span: Span, what: &str, cure: Option<&'static str>) -> Fault {
    Fault {
        line: span.start.line(),
        column: span.start.col() + 1,
        what: what.to_owned(),
        cure,
    }
}

/// Where this line and column (from 1) of a text is.
pub(crate) fn place_in_text(text: &str, line: usize, column: usize) -> Place {
    Bytes::of(text).point(line, column.max(1))
}

/// Where the lines of a text begin, and its characters: the parser counts characters.
pub(super) struct Bytes<'t> {
    text: &'t str,
    lines: Vec<Start>,
    /// Where each [`STRIDE`]th character begins: a dump of a proxy may be one line of many MB.
    characters: Vec<usize>,
}

/// Where a line begins.
#[derive(Clone, Copy, Default)]
struct Start {
    byte: usize,
    character: usize,
}

/// So many characters are walked at most to find one.
const STRIDE: usize = 128;

impl<'t> Bytes<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let mut lines = vec![Start::default()];
        let mut characters = Vec::with_capacity(text.len() / STRIDE + 1);
        for (character, (byte, symbol)) in text.char_indices().enumerate() {
            if character.is_multiple_of(STRIDE) {
                characters.push(byte);
            }
            if symbol == '\n' {
                lines.push(Start {
                    byte: byte + 1,
                    character: character + 1,
                });
            }
        }
        Self {
            text,
            lines,
            characters,
        }
    }

    /// The line of this number, from 1, and where it begins.
    pub(super) fn line(&self, number: usize) -> Option<(usize, &'t str)> {
        let start = self.lines.get(number.checked_sub(1)?)?.byte;
        let end = self.lines.get(number).map_or(self.text.len(), |next| next.byte);
        Some((start, self.text.get(start..end)?.trim_end_matches(['\n', '\r'])))
    }

    /// Where the character of this line (from 1) and column (from 0) begins.
    pub(super) fn offset(&self, line: usize, column: usize) -> usize {
        let start = line.checked_sub(1).and_then(|index| self.lines.get(index));
        let (Some(start), Some((_, text))) = (start, self.line(line)) else {
            return self.text.len();
        };
        let character = start.character + column;
        let stride = self.characters.get(character / STRIDE).copied();
        let rest = stride.and_then(|from| Some((from, self.text.get(from..)?)));
        let found = rest.and_then(|(from, rest)| {
            let (at, _) = rest.char_indices().nth(character % STRIDE)?;
            Some(from + at)
        });
        // Not beyond the line.
        let end = start.byte + text.len();
        found.unwrap_or(end).min(end)
    }

    /// The place of the character of this line and column (from 1); the end of the line if that is shorter.
    pub(super) fn point(&self, line: usize, column: usize) -> Place {
        let start = self.offset(line, column - 1);
        let first = self.text.get(start..).and_then(|rest| rest.chars().next());
        Place {
            line,
            column,
            start,
            end: start + first.map_or(0, char::len_utf8),
        }
    }

    fn place(&self, span: Span) -> Place {
        let start = self.offset(span.start.line(), span.start.col());
        // What begins here and has no text of its own is marked by its first character.
        let first = self.text.get(start..).and_then(|rest| rest.chars().next());
        let end = self.offset(span.end.line(), span.end.col());
        Place {
            line: span.start.line(),
            column: span.start.col() + 1,
            start,
            end: end.max(start + first.map_or(0, char::len_utf8)),
        }
    }
}
