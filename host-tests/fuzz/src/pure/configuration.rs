//! A configuration, and requests that meet it.

use super::writing::{text, wire};
use crate::input::Input;
use config::admin::Admin;
use config::node::Node;
use config::{
    Configuration, Direction, Facts, Metadata, Mode, Plugin, Policy, circuit_breaker, error_envelope,
    request_id, retry,
};

/// The first byte says whose configuration it is, the next line what a request is like, the rest is the configuration.
pub(crate) fn run(bytes: &[u8]) {
    let mut input = Input(bytes);
    let whose = input.byte();
    let request = Request::new(input.line());
    let read = Node::read(input.0);
    if let Ok(node) = &read {
        is_the_same_written(node);
    }
    match whose % 5 {
        0 => plugin::<request_id::Policy>(input.0, &request),
        1 => plugin::<circuit_breaker::Policy>(input.0, &request),
        2 => plugin::<retry::Policy>(input.0, &request),
        3 => plugin::<error_envelope::Policy>(input.0, &request),
        _ => {
            if let Ok(node) = &read {
                accepted_or_refused(Admin::load(node).map(|_| ()));
            }
        }
    }
}

/// What was read means the same in either form.
fn is_the_same_written(node: &Node) {
    let of = |bytes: &[u8]| {
        Node::read(bytes)
            .unwrap_or_else(|fault| panic!("{fault}\n{node:?}"))
            .hash()
    };
    // The digits of a number may be off by the last bit, as its reader says. All else must be there.
    if let Some(text) = text(&without_numbers(node)) {
        assert_eq!(of(text.as_bytes()), without_numbers(node).hash(), "{node:?}");
    }
    if let Some(wire) = wire(node) {
        assert_eq!(of(&wire), node.hash(), "{node:?}");
    }
}

fn without_numbers(node: &Node) -> Node {
    match node {
        Node::Number(_) => Node::Number(1.0),
        Node::List(items) => Node::List(items.iter().map(without_numbers).collect()),
        Node::Object(entries) => Node::Object(
            entries
                .iter()
                .map(|(key, node)| (key.clone(), without_numbers(node)))
                .collect(),
        ),
        other => other.clone(),
    }
}

fn plugin<P: Policy>(bytes: &[u8], request: &Request<'_>) {
    let loaded = config::load::<P>(bytes);
    if let Ok(plugin) = &loaded {
        decides(plugin, request);
    }
    accepted_or_refused(loaded.map(|_| ()));
}

/// Each request meets a policy of the configuration, or none where none is enforced.
fn decides<P: Policy>(plugin: &Plugin<P>, request: &Request<'_>) {
    for metadata in [
        None,
        Some(Metadata::Flag(false)),
        Some(Metadata::Name(request.path)),
    ] {
        let decision = plugin.decide(request, metadata);
        assert!(decision.policy.is_none() || decision.mode != Mode::Disabled);
        assert!(
            decision.policy.is_none() || plugin.can_apply(),
            "what can apply to nothing applied"
        );
        if let Some(policy) = decision.policy {
            assert!(plugin.policies().any(|one| std::rc::Rc::ptr_eq(one, policy)));
        }
    }
    plugin.enforced(request.path);
}

/// What is refused says what is wrong, and where, in a text that a log line can hold.
fn accepted_or_refused(loaded: Result<(), config::Faults>) {
    let Err(faults) = loaded else { return };
    assert!(!faults.is_empty() && faults.len() >= faults.iter().count());
    for fault in faults.iter() {
        assert!(!fault.rule().is_empty(), "{fault:?}");
        assert!(!fault.to_string().contains('\n'), "{fault:?}");
    }
}

/// A request in one line: parts between spaces.
struct Request<'r> {
    method: &'r [u8],
    path: &'r [u8],
    authority: &'r [u8],
    header: &'r [u8],
}

impl<'r> Request<'r> {
    fn new(line: &'r [u8]) -> Self {
        let mut parts = line.split(|byte| *byte == b' ');
        let mut part = || parts.next().unwrap_or_default();
        Self {
            method: part(),
            path: part(),
            authority: part(),
            header: part(),
        }
    }
}

impl Facts for Request<'_> {
    fn method(&self) -> &[u8] {
        self.method
    }

    fn path(&self) -> &[u8] {
        self.path
    }

    fn authority(&self) -> &[u8] {
        self.authority
    }

    fn header(&self, _: &str) -> impl Iterator<Item = &[u8]> {
        std::iter::once(self.header)
    }

    fn route(&self) -> &[u8] {
        self.authority
    }

    fn direction(&self) -> Option<Direction> {
        match self.header.len() % 3 {
            0 => None,
            1 => Some(Direction::Inbound),
            _ => Some(Direction::Outbound),
        }
    }
}
