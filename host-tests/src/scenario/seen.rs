//! What was seen of a scenario, on either side, and how that is told.

use std::fmt::{self, Write};

/// Header or trailer fields, in order.
pub type Headers = Vec<(String, Vec<u8>)>;

/// Longer bodies are told by their length and their ends.
const LONGEST: usize = 300;

/// Everything that was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// What the client got, request by request.
    pub replies: Vec<Reply>,
    /// What upstreams got, attempt by attempt, with the cluster.
    pub attempts: Vec<(String, Sent)>,
    /// What plugins logged on the main thread, in order: plugin and line.
    pub main: Vec<(String, String)>,
    /// What plugins logged on the worker, in order.
    pub worker: Vec<(String, String)>,
    /// Counters and gauges.
    pub metrics: Vec<(String, u64)>,
    /// What the access log has: status, flags and details.
    pub ends: Vec<(u16, String, String)>,
}

/// A request as an upstream got it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Method and path.
    pub line: String,
    /// Its header fields.
    pub headers: Headers,
    /// Its body, piece by piece where that can be seen.
    pub pieces: Vec<Vec<u8>>,
    /// Its trailer fields.
    pub trailers: Headers,
}

/// A response as the client got it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// Statuses below 200 that came before it.
    pub announced: Vec<u16>,
    /// Its status.
    pub status: u16,
    /// Its header fields; none if there was no response.
    pub headers: Headers,
    /// Its body, piece by piece where that can be seen.
    pub pieces: Vec<Vec<u8>>,
    /// Its trailer fields.
    pub trailers: Headers,
    /// Whether it came to its end.
    pub complete: bool,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, reply) in self.replies.iter().enumerate() {
            writeln!(f, "client got, {}:", number + 1)?;
            for status in &reply.announced {
                writeln!(f, "  first {status}")?;
            }
            if reply.headers.is_empty() {
                writeln!(f, "  nothing")?;
                continue;
            }
            writeln!(f, "  status {}", reply.status)?;
            message(f, &reply.headers, &reply.pieces, &reply.trailers)?;
            if !reply.complete {
                writeln!(f, "  and not its end")?;
            }
        }
        for (number, (cluster, sent)) in self.attempts.iter().enumerate() {
            writeln!(f, "{cluster} got, {}:\n  {}", number + 1, sent.line)?;
            message(f, &sent.headers, &sent.pieces, &sent.trailers)?;
        }
        for (status, flags, details) in &self.ends {
            writeln!(f, "access log: {status} {flags} {details}")?;
        }
        for (name, value) in &self.metrics {
            writeln!(f, "metric {name} = {value}")?;
        }
        for (thread, lines) in [("main", &self.main), ("worker", &self.worker)] {
            for (plugin, line) in lines {
                writeln!(f, "{thread} {plugin}: {line}")?;
            }
        }
        Ok(())
    }
}

fn message(
    f: &mut fmt::Formatter<'_>,
    headers: &Headers,
    pieces: &[Vec<u8>],
    trailers: &Headers,
) -> fmt::Result {
    fields(f, "", headers)?;
    for piece in pieces {
        match piece.get(..LONGEST) {
            Some(first) if piece.len() > LONGEST => {
                writeln!(
                    f,
                    "  piece {}… ({} bytes)",
                    first[..20].escape_ascii(),
                    piece.len()
                )?;
            }
            _ => writeln!(f, "  piece {}", piece.escape_ascii())?,
        }
    }
    fields(f, "trailer ", trailers)
}

fn fields(f: &mut fmt::Formatter<'_>, what: &str, fields: &Headers) -> fmt::Result {
    for (name, value) in fields {
        f.write_str("  ")?;
        f.write_str(what)?;
        f.write_str(&name.as_bytes().escape_ascii().to_string())?;
        f.write_char(':')?;
        if !value.is_empty() {
            write!(f, " {}", value.escape_ascii())?;
        }
        f.write_char('\n')?;
    }
    Ok(())
}
