//! What came of the request, as people and as programs read it.

use super::asked::Asked;
use super::others::PassedOver;
use super::record::Record;
use crate::screen::{ERROR, FAINT, GOOD, STRONG, Screen, WARNING};
use anstyle::Style;
use serde_json::{Value, json};
use std::fmt::Write;
use std::io;

/// Longer bodies are cut.
const LONGEST_BODY: usize = 600;

/// What is said beside the records.
pub(super) struct Beside {
    /// The rules that were not met, of the last request.
    pub(super) others: Vec<PassedOver>,
    /// The plugins that say nothing of the last request.
    pub(super) silent: Vec<&'static str>,
    pub(super) notes: Vec<String>,
}

pub(super) fn print(asked: &Asked, records: &[Record], beside: &Beside, screen: &Screen) -> io::Result<()> {
    match screen.is_json() {
        true => screen.json(&as_json(records, beside)),
        false => screen.text(&as_text(asked, records, beside)),
    }
}

fn as_json(records: &[Record], beside: &Beside) -> Value {
    let passed_over = beside.others.iter().map(|other| {
        json!({ "plugin": other.plugin, "rule": format!("routes[{}]", other.rule), "unmet": other.unmet })
    });
    json!({
        "requests": records.iter().map(Record::json).collect::<Vec<_>>(),
        "passed_over": passed_over.collect::<Vec<_>>(),
        "silent": beside.silent,
        "notes": beside.notes,
    })
}

fn as_text(asked: &Asked, records: &[Record], beside: &Beside) -> String {
    let mut text = String::new();
    for note in &beside.notes {
        let _ = writeln!(text, "{WARNING}note{WARNING:#}: {note}");
    }
    if records.len() > 1 {
        for record in records {
            let style = of_status(record.status);
            let (number, status, tries) = (record.number, record.status, record.attempts.len());
            let _ = writeln!(
                text,
                "{number:>5}  {style}{status}{style:#}  tried {tries}  {}",
                record.in_short()
            );
        }
        text.push('\n');
    }
    if let Some(last) = records.last() {
        one(&mut text, asked, last, beside);
    }
    text
}

fn of_status(status: u16) -> Style {
    match status {
        200..=399 => GOOD,
        400..=499 => WARNING,
        _ => ERROR,
    }
}

fn one(text: &mut String, asked: &Asked, record: &Record, beside: &Beside) {
    let _ = writeln!(text, "{STRONG}{}{STRONG:#}", asked.told());
    let style = of_status(record.status);
    let lasted = match record.lasted {
        Some(lasted) => format!("after {} ms", lasted.as_millis()),
        None => "and was not over after 5 minutes".to_owned(),
    };
    let _ = writeln!(
        text,
        "  answered {style}{}{style:#} {lasted}: {}",
        record.status, record.details
    );
    let _ = match &record.route {
        Some((host, route)) => writeln!(text, "  route {route} of the virtual host {host}"),
        None => writeln!(text, "  no route takes it"),
    };
    for attempt in &record.attempts {
        let after = attempt.after.as_millis();
        let _ = writeln!(
            text,
            "  asked the cluster {} at {after} ms: {}",
            attempt.cluster, attempt.came_to
        );
    }
    for explained in &record.explained {
        decision(text, explained, &beside.others);
    }
    if !beside.silent.is_empty() {
        let silent = beside.silent.join(", ");
        let _ = writeln!(
            text,
            "\n{FAINT}Nothing is said by {silent}: not asked, or not concerned{FAINT:#}"
        );
    }
    if let Some(changes) = &record.upstream {
        heading(text, "The upstream got, against what the client sent");
        for change in changes {
            let _ = writeln!(text, "  {} {}: {}", change.what, change.name, change.value);
        }
    }
    heading(text, "The client got");
    for (name, value) in &record.headers {
        let _ = writeln!(text, "  {name}: {value}");
    }
    if !record.body.is_empty() {
        let cut: String = record.body.chars().take(LONGEST_BODY).collect();
        let more = if cut.len() < record.body.len() { "…" } else { "" };
        let _ = writeln!(text, "\n  {cut}{more}");
    }
    let pairs = record
        .filter_state
        .iter()
        .map(|(name, value)| format!("{name} = {value}"));
    list(text, "Filter state", pairs);
    list(text, "Logged", record.logs.iter().cloned());
    let metrics = record
        .metrics
        .iter()
        .map(|(name, value, moved)| format!("{name} {value} ({moved:+})"));
    list(text, "Counted", metrics);
}

/// What a plugin says, and which of its rules were not met.
fn decision(text: &mut String, explained: &Value, others: &[PassedOver]) {
    let word = |name: &str| explained.get(name).and_then(Value::as_str).unwrap_or_default();
    let plugin = word("plugin");
    let _ = writeln!(text, "\n{STRONG}{plugin}{STRONG:#}");
    let profile = match word("profile") {
        "" => String::new(),
        profile => format!(", profile {profile}"),
    };
    let _ = writeln!(text, "  rule {}{profile}, mode {}", word("rule"), word("mode"));
    for other in others.iter().filter(|other| other.plugin == plugin) {
        let unmet = match other.unmet.is_empty() {
            true => "not met".to_owned(),
            false => format!("not met: {}", other.unmet.join("; ")),
        };
        let _ = writeln!(text, "  {FAINT}routes[{}] {unmet}{FAINT:#}", other.rule);
    }
    let known = ["plugin", "rule", "profile", "mode"];
    for (name, value) in explained.as_object().into_iter().flatten() {
        if known.contains(&name.as_str()) {
            continue;
        }
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let _ = writeln!(text, "  {name}: {value}");
    }
}

fn heading(text: &mut String, heading: &str) {
    let _ = writeln!(text, "\n{STRONG}{heading}{STRONG:#}");
}

fn list(text: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let mut lines = lines.peekable();
    if lines.peek().is_some() {
        heading(text, title);
        for line in lines {
            let _ = writeln!(text, "  {line}");
        }
    }
}
