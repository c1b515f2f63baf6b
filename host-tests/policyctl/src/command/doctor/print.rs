//! How findings are told.

use super::finding::{Finding, Kind, Severity};
use crate::screen::{ERROR, FAINT, GOOD, HELP, STRONG, Screen, WARNING};
use serde_json::json;
use std::fmt::Write;
use std::io;

/// Prints the findings, and how many there are.
pub(super) fn findings(found: &[Finding], screen: &Screen) -> io::Result<()> {
    let count = |severity| found.iter().filter(|each| each.kind.severity == severity).count();
    let [errors, warnings, notes] = [Severity::Error, Severity::Warning, Severity::Note].map(count);
    if screen.is_json() {
        let all: Vec<_> = found.iter().map(Finding::to_json).collect();
        return screen.json(&json!({
            "findings": all,
            "errors": errors,
            "warnings": warnings,
            "notes": notes,
        }));
    }
    let mut text = String::new();
    for finding in found {
        text += &told(finding);
    }
    let summary = [(errors, "error"), (warnings, "warning"), (notes, "note")];
    let parts: Vec<String> = summary
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, name)| format!("{number} {name}{}", if number == 1 { "" } else { "s" }))
        .collect();
    let _ = match parts.is_empty() {
        true => writeln!(text, "{GOOD}nothing found{GOOD:#}"),
        false => writeln!(text, "{}", parts.join(", ")),
    };
    screen.text(&text)
}

fn told(finding: &Finding) -> String {
    let kind = finding.kind;
    let style = match kind.severity {
        Severity::Error => ERROR,
        Severity::Warning => WARNING,
        Severity::Note => HELP,
    };
    let mut text = String::new();
    let within = match finding.within.as_str() {
        "" => String::new(),
        within => format!(" ({within})"),
    };
    let _ = writeln!(
        text,
        "{style}{}[{}]{style:#}: {STRONG}{}{STRONG:#}",
        kind.severity.name(),
        kind.id,
        finding.what
    );
    let _ = writeln!(text, "  {FAINT}at{FAINT:#} {}{within}", finding.place);
    for line in wrapped(kind.harm, 100) {
        let _ = writeln!(text, "  {line}");
    }
    let mut lines = finding.cure.lines();
    if let Some(first) = lines.next() {
        let _ = writeln!(text, "  {HELP}cure{HELP:#}: {first}");
        for line in lines {
            let _ = writeln!(text, "        {line}");
        }
    }
    text.push('\n');
    text
}

/// Prints what is looked for.
pub(super) fn list(kinds: &[&Kind], screen: &Screen) -> io::Result<()> {
    if screen.is_json() {
        let all = kinds
            .iter()
            .map(|kind| json!({ "id": kind.id, "severity": kind.severity.name(), "harm": kind.harm }));
        return screen.json(&all.collect());
    }
    let mut text = String::new();
    for kind in kinds {
        let _ = writeln!(text, "{STRONG}{}{STRONG:#} ({})", kind.id, kind.severity.name());
        for line in wrapped(kind.harm, 100) {
            let _ = writeln!(text, "  {line}");
        }
    }
    screen.text(&text)
}

/// The text in lines of at most this many characters.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let length = word.chars().count();
        match lines.last_mut() {
            Some(line) if !line.is_empty() && line.chars().count() + 1 + length <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(line) if line.is_empty() => line.push_str(word),
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
