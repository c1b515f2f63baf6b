//! Breakers and budgets as tables for people.

use crate::screen::{ERROR, WARNING};
use comfy_table::{Table, presets};
use serde_json::Value;
use std::fmt::Write;
use std::time::Duration;

/// What the admin plugin said, as tables. A line is coloured by its breaker's state.
pub(crate) fn table(said: &Value) -> String {
    let mut told = String::new();
    let breakers = list(said, "breakers");
    let lines = breakers.iter().map(|breaker| {
        let state = text(breaker, "state");
        [
            text(breaker, "breaker").to_owned(),
            text(breaker, "key").to_owned(),
            stands(breaker),
            format!("{}{}", state.replace('_', "-"), since(breaker)),
            known(breaker),
            forced(breaker),
            settings(breaker),
        ]
    });
    let heads = [
        "breaker",
        "key",
        "traffic",
        "state",
        "",
        "forced",
        "configuration",
    ];
    let drawn = drawn(heads, lines);
    let mut lines = drawn.lines();
    let _ = writeln!(told, "{}", lines.next().unwrap_or_default());
    for (line, breaker) in lines.zip(breakers) {
        let style = match text(breaker, "state") {
            "open" => Some(ERROR),
            "half_open" => Some(WARNING),
            _ => None,
        };
        let _ = match style {
            Some(style) => writeln!(told, "{style}{line}{style:#}"),
            None => writeln!(told, "{line}"),
        };
    }
    if breakers.is_empty() {
        told += "no breaker has seen a request yet\n";
    }
    let budgets = list(said, "retry_budgets");
    if !budgets.is_empty() {
        let lines = budgets.iter().map(|budget| {
            let count = |name| number(budget, name).to_string();
            [
                text(budget, "cluster").to_owned(),
                count("requests"),
                count("retries"),
                count("remaining"),
                lasting(number(budget, "interval_ms")),
                settings(budget),
            ]
        });
        let heads = [
            "retry budget",
            "requests",
            "retries",
            "remaining",
            "within",
            "configuration",
        ];
        told += "\n";
        told += &self::drawn(heads, lines);
        told += "\n";
    }
    if said.get("complete") == Some(&Value::Bool(false)) {
        let _ = writeln!(
            told,
            "{WARNING}warning{WARNING:#}: Envoy did not hand over all records: this is not all"
        );
    }
    told
}

fn drawn<const N: usize>(heads: [&str; N], lines: impl Iterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(heads);
    table.add_rows(lines);
    table.trim_fmt()
}

/// Whose traffic it is, and where the plugin stands.
fn stands(breaker: &Value) -> String {
    let each = match text(breaker, "position") {
        "upstream" => ", each attempt",
        _ => "",
    };
    format!("{}{each}", text(breaker, "direction"))
}

fn since(breaker: &Value) -> String {
    let left = breaker.pointer("/open/left_ms").and_then(Value::as_u64);
    match left {
        Some(0) => ", probes with the next request".to_owned(),
        Some(left) => format!(" for {} more", lasting(left)),
        None => match breaker.get("since_ms").and_then(Value::as_u64) {
            Some(since) => format!(" since {}", lasting(since)),
            None => String::new(),
        },
    }
}

/// What its state knows.
fn known(breaker: &Value) -> String {
    let at = |pointer: &str| breaker.pointer(pointer).and_then(Value::as_u64);
    if let (Some(flying), Some(succeeded)) = (at("/probes/in_flight"), at("/probes/succeeded")) {
        return format!("{flying} probes in flight, {succeeded} succeeded");
    }
    let window = |name: &str, word: &str| {
        let at = |member: &str| at(&format!("/window/{name}/{member}"));
        let span = match (at("window_ms"), at("window_calls")) {
            (Some(millis), _) => format!(" in {}", lasting(millis)),
            (_, Some(calls)) => format!(" in the last {calls}"),
            _ => String::new(),
        };
        Some(format!("{} of {} {word}{span}", at("hits")?, at("calls")?))
    };
    let in_a_row = at("/window/consecutive_failures").filter(|failures| *failures > 0);
    let in_a_row = in_a_row.map(|failures| format!("{failures} failures in a row"));
    let parts = [window("failures", "failed"), window("slow", "slow"), in_a_row];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join(", ")
}

fn forced(breaker: &Value) -> String {
    let Some(forced) = breaker.get("forced").filter(|forced| forced.is_object()) else {
        return String::new();
    };
    let left = lasting(number(forced, "left_ms"));
    format!(
        "{} for {left} more: {}",
        text(forced, "state"),
        text(forced, "reason")
    )
}

fn settings(of: &Value) -> String {
    let hash = text(of, "configuration");
    format!(
        "{} ({})",
        hash.get(..8).unwrap_or(hash),
        text(of, "plugin_version")
    )
}

/// So many milliseconds, in the units that people use.
fn lasting(millis: u64) -> String {
    let whole = match millis {
        0..1_000 => millis,
        // From a second on, what is below it is of no interest.
        _ => millis / 1_000 * 1_000,
    };
    humantime::format_duration(Duration::from_millis(whole)).to_string()
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value
        .get(name)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn number(value: &Value, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap_or_default()
}
