//! Headers that bring an id or a trace.

use crate::input::Input;
use policy::caller_id::Carrier;
use policy::trace_context::{TraceParent, trace_id_of};
use policy::trace_state::TraceState;

/// The first byte is the longest id, less one; then the lines of a header.
pub(crate) fn run(bytes: &[u8]) {
    let mut input = Input(bytes);
    let longest = usize::from(input.byte()) + 1;
    let lines = input.lines(64);
    for carrier in [
        Carrier::Plain,
        Carrier::TraceParent,
        Carrier::B3,
        Carrier::B3TraceId,
        Carrier::AmznTraceId,
    ] {
        for values in [&lines[..lines.len().min(1)], &lines] {
            if let Ok(Some(id)) = carrier.read(values, longest) {
                is_token(&id, carrier, longest);
                let again = Carrier::Plain.read(&[id.as_bytes()], 1_024);
                assert_eq!(again.ok().flatten().as_deref(), Some(&*id));
                if let Some(trace) = trace_id_of(&id) {
                    assert_eq!(format!("{trace:032x}"), id.replace('-', "").to_lowercase());
                }
            }
        }
    }
    trace(&lines);
}

fn is_token(id: &str, carrier: Carrier, longest: usize) {
    let allowed = |byte: u8| (0x21..=0x7e).contains(&byte) && !b"\"'`\\,;".contains(&byte);
    assert!(!id.is_empty() && id.bytes().all(allowed), "{carrier:?}: {id:?}");
    match carrier {
        Carrier::Plain => assert!(id.len() <= longest, "{id:?} is longer than {longest}"),
        _ => {
            assert!([16, 32].contains(&id.len()), "{carrier:?}: {id:?}");
            assert!(
                id.bytes().all(|byte| byte.is_ascii_hexdigit()),
                "{carrier:?}: {id:?}"
            );
        }
    }
}

/// What goes on of a trace is valid, and would go on as it is.
fn trace(lines: &[&[u8]]) {
    if let Some(parent) = lines.first().and_then(|line| TraceParent::parse(line)) {
        let header = parent.header();
        assert_eq!(header.len(), 55, "{header}");
        assert_eq!(TraceParent::parse(header.as_bytes()), Some(parent), "{header}");
        assert_eq!(&header[3..35], parent.trace_id(), "{header}");
    }
    match TraceState::judge(lines) {
        TraceState::Keep | TraceState::Remove => {}
        TraceState::Replace(line) => {
            assert_eq!(
                TraceState::judge(&[&line]),
                TraceState::Keep,
                "{}",
                line.escape_ascii()
            );
            assert!(
                line.split(|byte| *byte == b',').count() <= 32,
                "{}",
                line.escape_ascii()
            );
        }
    }
}
