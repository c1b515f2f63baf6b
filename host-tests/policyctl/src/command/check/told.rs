//! What came of a check, as people and as programs read it.

use super::Checked;
use crate::finding::{Finding, Severity};
use crate::screen::{ERROR, FAINT, GOOD, STRONG, Screen, WARNING};
use serde_json::{Value, json};
use std::fmt::Write;
use std::io;

pub(super) fn print(checked: &[Checked], screen: &Screen) -> io::Result<()> {
    match screen.is_json() {
        true => screen.json(&as_json(checked)),
        false => screen.text(&as_text(checked)),
    }
}

/// How many findings of each kind there are.
struct Counts {
    plugins: usize,
    faults: usize,
    warnings: usize,
    unread: usize,
}

impl Counts {
    fn of(checked: &[Checked]) -> Self {
        let found = |severity: Severity| {
            let is_it = move |finding: &&Finding| finding.severity == severity;
            let read = checked.iter().filter(|each| !each.is_unread);
            read.flat_map(|each| &each.findings).filter(is_it).count()
        };
        let plugins = checked.iter().flat_map(|each| &each.plugins);
        Self {
            plugins: plugins.filter(|each| each.plugin.is_some()).count(),
            faults: found(Severity::Error),
            warnings: found(Severity::Warning),
            unread: checked.iter().filter(|each| each.is_unread).count(),
        }
    }
}

fn as_json(checked: &[Checked]) -> Value {
    let counts = Counts::of(checked);
    let findings: Vec<Value> = checked
        .iter()
        .flat_map(|each| &each.findings)
        .map(Finding::json)
        .collect();
    let plugin = |file: &Checked, each: &super::Plugin| {
        json!({
            "file": file.name, "filter": each.name, "plugin": each.plugin, "module": each.module,
            "faults": each.faults,
        })
    };
    let plugins = checked
        .iter()
        .flat_map(|file| file.plugins.iter().map(move |each| plugin(file, each)));
    json!({
        "files": checked.len(),
        "unread": counts.unread,
        "faults": counts.faults,
        "warnings": counts.warnings,
        "plugins": plugins.collect::<Vec<_>>(),
        "findings": findings,
    })
}

fn as_text(checked: &[Checked]) -> String {
    let mut text = String::new();
    for finding in checked.iter().flat_map(|each| &each.findings) {
        text += &finding.told();
    }
    let all = || checked.iter().flat_map(|each| &each.plugins);
    let width = all().map(|plugin| plugin.name.chars().count()).max().unwrap_or(0);
    for file in checked.iter().filter(|each| !each.plugins.is_empty()) {
        let _ = writeln!(text, "{STRONG}{}{STRONG:#}", file.name);
        for plugin in &file.plugins {
            let (style, word) = match (plugin.plugin, plugin.faults) {
                (None, _) => (FAINT, "-".to_owned()),
                (Some(_), 0) => (GOOD, "ok".to_owned()),
                (Some(_), faults) => (ERROR, counted(faults, "fault")),
            };
            let (name, module) = (&plugin.name, &plugin.module);
            let _ = writeln!(
                text,
                "  {style}{word:<9}{style:#} {name:<width$}  {FAINT}{module}{FAINT:#}"
            );
        }
    }
    text + &summary(checked)
}

/// `3 files, 8 plugins: 2 faults`
fn summary(checked: &[Checked]) -> String {
    let counts = Counts::of(checked);
    let mut found = match counts.faults {
        0 => format!("{GOOD}no fault{GOOD:#}"),
        faults => format!("{ERROR}{}{ERROR:#}", counted(faults, "fault")),
    };
    if counts.warnings > 0 {
        let _ = write!(
            found,
            ", {WARNING}{}{WARNING:#}",
            counted(counts.warnings, "warning")
        );
    }
    if counts.unread > 0 {
        let _ = write!(
            found,
            ", {ERROR}{} could not be checked{ERROR:#}",
            counted(counts.unread, "file")
        );
    }
    let (files, plugins) = (counted(checked.len(), "file"), counted(counts.plugins, "plugin"));
    format!("{files}, {plugins}: {found}\n")
}

fn counted(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}
