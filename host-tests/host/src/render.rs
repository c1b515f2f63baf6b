//! An exchange as text: what a failed expectation prints, and what golden files may hold. No line depends on
//! anything but the exchange and the host's seed and clock.

use std::collections::BTreeMap;
use std::fmt;

use crate::call_out::CallOut;
use crate::cost::Spent;
use crate::header_map::{HeaderMap, HeaderPair};
use crate::routing::Attempt;
use crate::stream::{Stage, Stream};

/// Bodies longer than this are cut.
const LONGEST_BODY: usize = 2_000;

/// `now`: the metrics, for an exchange that is not over.
pub(crate) fn exchange(
    f: &mut fmt::Formatter<'_>,
    stream: &Stream,
    now: &BTreeMap<String, u64>,
) -> fmt::Result {
    let sent = &stream.sent;
    writeln!(
        f,
        "client sent (to worker {}, from {}):",
        stream.worker, sent.peer
    )?;
    writeln!(f, "  {} {}", sent.method, sent.path.escape_ascii())?;
    writeln!(f, "  host: {}", sent.authority.escape_ascii())?;
    headers(f, &sent.headers)?;
    body(f, "  ", &sent.body)?;
    attempts(f, stream)?;
    call_outs(f, stream)?;
    for status in &stream.informational {
        writeln!(f, "client got: {status}, and waits for more")?;
    }
    match (&stream.delivered, stream.stage) {
        (Some((response, bytes)), stage) => {
            writeln!(f, "client got:")?;
            headers(f, response.pairs())?;
            body(f, "  ", bytes)?;
            trailers(f, stream.response_way.sent_trailers.as_ref())?;
            if stream.broken {
                writeln!(f, "  and there it broke off")?;
            }
            if stage != Stage::Finished {
                writeln!(f, "  and it is not over: {}", waits_for(stream))?;
            }
        }
        (None, Stage::Finished) => writeln!(f, "client got: nothing")?,
        (None, _) => writeln!(f, "client got: nothing yet: {}", waits_for(stream))?,
    }
    writeln!(
        f,
        "details: {} flags: {:#x}",
        stream.details.escape_ascii(),
        stream.flags
    )?;
    if !stream.envoys_filter_state.is_empty() {
        writeln!(f, "filter state of Envoy:")?;
        for (name, value) in &stream.envoys_filter_state {
            writeln!(f, "  {} = {}", name.escape_ascii(), value.escape_ascii())?;
        }
    }
    if !stream.filter_state.is_empty() {
        writeln!(f, "filter state:")?;
        for (name, value) in &stream.filter_state {
            writeln!(f, "  {} = {}", name.escape_ascii(), value.escape_ascii())?;
        }
    }
    metrics(f, stream, stream.metrics_after.as_ref().unwrap_or(now))?;
    if !stream.log.is_empty() {
        writeln!(f, "log:")?;
        stream.log.iter().try_for_each(|line| writeln!(f, "  {line}"))?;
    }
    if !stream.died.is_empty() {
        writeln!(f, "VMs died:")?;
        stream
            .died
            .iter()
            .try_for_each(|death| writeln!(f, "  {death}"))?;
    }
    writeln!(f, "host calls:")?;
    for spent in &stream.spent {
        let calls: Vec<String> = spent
            .calls
            .iter()
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        writeln!(f, "  {} {}: {}", spent.plugin, spent.callback, calls.join(", "))?;
        if f.alternate() {
            let Spent {
                fuel,
                bytes_in,
                bytes_out,
                pages_grown,
                ..
            } = spent;
            writeln!(
                f,
                "    fuel {fuel}, bytes read {bytes_in}, bytes handed over {bytes_out}, pages grown {pages_grown}"
            )?;
        }
    }
    Ok(())
}

fn attempts(f: &mut fmt::Formatter<'_>, stream: &Stream) -> fmt::Result {
    match stream.routing.attempts.as_slice() {
        [only] if only.reached => {
            writeln!(f, "upstream got:")?;
            sent(f, only)
        }
        [] | [_] => writeln!(f, "upstream got: nothing"),
        several => (1..).zip(several).try_for_each(|(number, attempt)| {
            let after = (attempt.begun_after - stream.started_after).as_millis();
            let came_to = attempt.came_to.as_deref().unwrap_or("nothing yet");
            if attempt.reached {
                writeln!(
                    f,
                    "upstream got in attempt {number}, after {after} ms, which came to {came_to}:"
                )?;
                sent(f, attempt)
            } else {
                writeln!(
                    f,
                    "upstream got nothing in attempt {number}, after {after} ms: {came_to}"
                )
            }
        }),
    }
}

fn sent(f: &mut fmt::Formatter<'_>, attempt: &Attempt) -> fmt::Result {
    headers(f, &attempt.headers)?;
    body(f, "  ", &attempt.pieces.concat())?;
    trailers(f, attempt.trailers.as_ref())
}

fn call_outs(f: &mut fmt::Formatter<'_>, stream: &Stream) -> fmt::Result {
    if stream.call_outs.is_empty() {
        return Ok(());
    }
    writeln!(f, "call-outs:")?;
    let seen = stream.call_outs.iter();
    let seen: Vec<CallOut> = seen
        .filter_map(|call_out| CallOut::seen(&call_out.borrow()))
        .collect();
    let text: String = seen.iter().map(CallOut::to_string).collect();
    text.lines().try_for_each(|line| writeln!(f, "  {line}"))
}

/// Headers and body, each line after this indent.
pub(crate) fn message(
    f: &mut fmt::Formatter<'_>,
    indent: &str,
    pairs: &[HeaderPair],
    bytes: &[u8],
) -> fmt::Result {
    for (name, value) in pairs {
        writeln!(f, "{indent}{}: {}", name.escape_ascii(), value.escape_ascii())?;
    }
    body(f, indent, bytes)
}

fn headers(f: &mut fmt::Formatter<'_>, pairs: &[HeaderPair]) -> fmt::Result {
    pairs
        .iter()
        .try_for_each(|(name, value)| writeln!(f, "  {}: {}", name.escape_ascii(), value.escape_ascii()))
}

fn trailers(f: &mut fmt::Formatter<'_>, map: Option<&HeaderMap>) -> fmt::Result {
    let Some(map) = map else { return Ok(()) };
    writeln!(f, "  trailers:")?;
    map.pairs()
        .iter()
        .try_for_each(|(name, value)| writeln!(f, "    {}: {}", name.escape_ascii(), value.escape_ascii()))
}

fn body(f: &mut fmt::Formatter<'_>, indent: &str, bytes: &[u8]) -> fmt::Result {
    if bytes.is_empty() {
        return Ok(());
    }
    let shown = bytes.get(..LONGEST_BODY).unwrap_or(bytes);
    let rest = if shown.len() < bytes.len() { "…" } else { "" };
    writeln!(
        f,
        "{indent}body ({} bytes): {}{rest}",
        bytes.len(),
        shown.escape_ascii()
    )
}

/// What an exchange that is not over waits for.
fn waits_for(stream: &Stream) -> String {
    match stream.stage {
        Stage::BackingOff => "the router waits before it tries again".to_owned(),
        Stage::HeldUpstream => "a filter of the cluster holds it".to_owned(),
        Stage::AtUpstream => "the upstream has not answered".to_owned(),
        Stage::Decoding => "the client has not ended its request".to_owned(),
        Stage::Encoding | Stage::Finished => "the upstream has not ended its answer".to_owned(),
        Stage::RequestHeld(_) | Stage::ResponseHeld(_) => stream
            .why_held()
            .map_or_else(String::new, |held| held.to_string()),
    }
}

fn metrics(f: &mut fmt::Formatter<'_>, stream: &Stream, after: &BTreeMap<String, u64>) -> fmt::Result {
    let before = |name: &String| stream.metrics_before.get(name).copied().unwrap_or(0);
    let moved: Vec<_> = after
        .iter()
        .filter(|(name, value)| before(name) != **value)
        .collect();
    if moved.is_empty() {
        return Ok(());
    }
    writeln!(f, "metrics that moved:")?;
    moved
        .iter()
        .try_for_each(|(name, value)| writeln!(f, "  {name}: {} -> {value}", before(name)))
}
