//! A plugin's log lines as what they are: JSON objects.

use host::{Exchange, Level, LogLine};
use serde_json::Value;

/// The lines of an exchange.
#[track_caller]
pub(crate) fn of_exchange(exchange: &Exchange) -> Vec<Value> {
    of(&exchange.logs())
}

/// These lines. Each must be one JSON object, at the level that it says itself.
#[track_caller]
pub(crate) fn of(log: &[LogLine]) -> Vec<Value> {
    log.iter().map(one).collect()
}

/// The one line of an exchange.
#[track_caller]
pub(crate) fn only(exchange: &Exchange) -> Value {
    let mut lines = of_exchange(exchange);
    assert_eq!(lines.len(), 1, "one line was expected\n{exchange}");
    lines.remove(0)
}

#[track_caller]
fn one(line: &LogLine) -> Value {
    let value: Value = serde_json::from_str(&line.message).unwrap_or_else(|error| panic!("{error}: {line}"));
    assert!(value.is_object(), "{line}");
    let severity = match line.level {
        Level::Warn => "WARN",
        Level::Error => "ERROR",
        Level::Info => "INFO",
        Level::Debug => "DEBUG",
        other => panic!("no line is written at level {other:?}: {line}"),
    };
    assert_eq!(value["severity"], severity, "{line}");
    value
}
