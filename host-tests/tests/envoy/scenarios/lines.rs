//! The lines of plugins in Envoy's log.

/// A line of a plugin.
pub struct Line {
    pub thread: String,
    pub plugin: String,
    pub text: String,
}

/// A line that a plugin wrote: `… wasm log [name] root_id vm_id: text`, where the root_id is the name and the vm_id begins
/// with the scenario's number.
pub fn plugins_line(line: &str) -> Option<(usize, Line)> {
    let (head, rest) = line.split_once("] wasm log ")?;
    let (prefix, text) = rest.split_once(": ")?;
    let mut words = prefix.split(' ').rev();
    let (number, _) = words.next()?.strip_prefix('s')?.split_once('.')?;
    let plugin = words.next()?.to_owned();
    let thread = head.split("][").nth(1)?.to_owned();
    Some((
        number.parse().ok()?,
        Line {
            thread,
            plugin,
            text: text.to_owned(),
        },
    ))
}
