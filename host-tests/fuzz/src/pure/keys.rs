//! What requests choose by: an idempotency key, a breaker's key, a parameter of a query.

use crate::input::Input;
use policy::admin::{Asked, Deed, Refused, asked};
use policy::breaker_key::{self, Direction, Family, Kind, Position, Value};
use policy::error_code::{Origin, known};
use policy::idempotency_key::IdempotencyKey;
use policy::query::parameters;

/// The lines of a header; the first is also a path.
pub(crate) fn run(bytes: &[u8]) {
    let lines = Input(bytes).lines(64);
    let key = IdempotencyKey::read(lines.iter().copied());
    assert_eq!(key == IdempotencyKey::Absent, lines.is_empty());
    let first = lines.first().copied().unwrap_or_default();
    breaker(first);
    operator(first, lines.get(1).copied().unwrap_or_default());
    known(503, Origin::of(first), first).code();
}

/// A value becomes a name that a key of shared data and a label can hold.
fn breaker(bytes: &[u8]) {
    let family = Family {
        direction: Direction::Inbound,
        position: Position::Downstream,
        kind: Kind::Host,
    };
    for value in [Value::of(bytes), Value::of_host(bytes)] {
        let text = value.as_str();
        assert!(!text.is_empty() && text.len() <= 256, "{text:?}");
        assert!(text.bytes().all(|byte| (0x21..=0x7e).contains(&byte)), "{text:?}");
        let record = family.named(&value);
        assert!(breaker_key::named(&record).is_some(), "{record}");
    }
}

fn operator(path: &[u8], header: &[u8]) {
    assert!(parameters(path, 16).count() <= 16);
    for method in [&b"GET"[..], b"POST", b"PUT"] {
        for below in [&b""[..], b"/force", b"/reset", header] {
            match asked(
                method,
                path,
                below,
                |name| if name == "origin" { header } else { b"" },
            ) {
                Ok(Asked::Show(_)) => assert!(method == b"GET"),
                Ok(Asked::Change(change)) => {
                    assert!(method == b"POST" && !change.breaker.is_empty() && !change.reason.is_empty());
                    assert!(
                        !matches!(change.deed, Deed::Force(_, millis) if !(1_000..=86_400_000).contains(&millis))
                    );
                }
                Err(Refused::Parameters(faults)) => assert!(!faults.is_empty()),
                Err(_) => {}
            }
        }
    }
}
