//! What a plugin's own module says of the configuration that a file gives it.
//!
//! The module is started with it, as a proxy would; what it writes into its log is told with the place in the file.

use crate::document::Place;
use crate::finding::{At, Finding, Severity};
use crate::installed::{Given, Installed};
use host::{Host, Level, LogLine, Module, Refused, Thread};
use serde_json::Value;

/// What a module may spend on its configuration, in wasmtime's fuel; a second or so. One with a thousand faults takes a
/// fifth of it.
const MOST_FUEL: u64 = 1_000_000_000;

/// Starts the plugin with its configuration. Returns all that the module finds fault with; nothing: it accepts it.
pub(crate) fn of(installed: &Installed, module: Module) -> Vec<Finding> {
    let host = Host::chain([installed.with_module(module)]).allow_vm_death();
    let host = host.fuel_per_callback(MOST_FUEL);
    match host.try_start() {
        Ok(()) => warnings(installed, &host.logs()),
        Err(refused) => faults(installed, &refused),
    }
}

/// A line of a plugin's log about its configuration.
struct Said {
    level: Level,
    plugin: String,
    path: String,
    fault: String,
    /// How many faults are not among the errors.
    more: Option<u64>,
}

/// What was said on the first trial: every later start says the same once more.
fn said(log: &[LogLine], wanted: &str) -> Vec<Said> {
    let first = log.iter().filter(|line| line.thread == Thread::Canary);
    let read = first.filter_map(|line| {
        let members: Value = serde_json::from_str(&line.message).ok()?;
        let text = |name: &str| members.get(name)?.as_str().map(str::to_owned);
        (text("event")? == wanted).then_some(())?;
        Some(Said {
            level: line.level,
            plugin: text("plugin")?,
            path: text("path")?,
            fault: text("fault")?,
            more: members.get("more").and_then(Value::as_u64),
        })
    });
    read.collect()
}

fn faults(installed: &Installed, refused: &Refused) -> Vec<Finding> {
    let said = said(refused.log(), "configuration_refused");
    let mut findings: Vec<Finding> = said
        .iter()
        .filter(|said| said.more.is_none())
        .map(|said| finding(installed, Severity::Error, said))
        .collect();
    // Of those that the line counts, some are told below the level of errors.
    let told = said.iter().filter(|said| said.level < Level::Error).count() as u64;
    let counted: u64 = said.iter().filter_map(|said| said.more).sum();
    let at = || At::of(&installed.document, &installed.pointer);
    if let Some(more @ 1..) = counted.checked_sub(told) {
        let message = format!("and {more} more faults: mend these first");
        findings.push(Finding::new(Severity::Error, at(), message).of(installed.told()));
    }
    if refused.trapped() {
        let message = format!("the module died over this configuration: {}", refused.reason());
        let finding = Finding::new(Severity::Error, at(), message).of(installed.told());
        findings.push(finding.help("that is a defect of the module, whatever the configuration says"));
    } else if findings.is_empty() {
        // A module that is none of ours, or an old one: its own words.
        let log: Vec<&str> = refused.log().iter().map(|line| line.message.as_str()).collect();
        let message = match log.is_empty() {
            true => format!(
                "the module refuses this configuration and does not say why: {}",
                refused.reason()
            ),
            false => format!("the module refuses this configuration: {}", log.join("; ")),
        };
        findings.push(Finding::new(Severity::Error, at(), message).of(installed.told()));
    }
    findings
}

fn warnings(installed: &Installed, log: &[LogLine]) -> Vec<Finding> {
    let said = said(log, "configuration_passed_over");
    let within_section = |said: Said| {
        // Each of several plugins speaks of its own section.
        let is_section = installed.plugin == Some("policies") && said.plugin != "policies";
        let path = match (is_section, said.path.starts_with('[')) {
            (false, _) => said.path,
            (true, true) => format!("{}{}", section(&said.plugin), said.path),
            (true, false) => format!("{}.{}", section(&said.plugin), said.path),
        };
        Said { path, ..said }
    };
    let said = said.into_iter().map(within_section);
    said.map(|said| finding(installed, Severity::Warning, &said))
        .collect()
}

/// A section's name as plugins show it in paths.
fn section(name: &str) -> String {
    match name.contains('-') {
        true => format!("[\"{name}\"]"),
        false => name.to_owned(),
    }
}

fn finding(installed: &Installed, severity: Severity, said: &Said) -> Finding {
    let at = At::place(&installed.document, place(installed, said));
    Finding {
        path: said.path.clone(),
        ..Finding::new(severity, at, &said.fault).of(&said.plugin)
    }
}

/// Where in the file it is.
fn place(installed: &Installed, said: &Said) -> Place {
    if let Some(configuration) = &installed.configuration {
        return configuration.place(&configuration.pointer(&said.path));
    }
    let document = &installed.document;
    let value = format!("{}/configuration/value", installed.pointer);
    match (&installed.given, line_and_column(&said.fault)) {
        // A text that is no JSON: the module says where it stops being JSON.
        (Given::Text(_), Some((line, column))) => document.place_in_text(&value, line, column),
        (Given::Text(_), None) => document.place(&value),
        _ => document.place(&installed.pointer),
    }
}

/// `… at line 3 column 7 …`
fn line_and_column(text: &str) -> Option<(usize, usize)> {
    let (_, after) = text.split_once(" at line ")?;
    let (line, after) = after.split_once(" column ")?;
    let digits = after.find(|other: char| !other.is_ascii_digit());
    let column = after.get(..digits.unwrap_or(after.len()))?;
    Some((line.parse().ok()?, column.parse().ok()?))
}
