//! What was found in a file: what is wrong, where, and what helps.
//!
//! People see it as the Rust compiler shows its errors, drawn by the compiler's own crate: the line of the file, and a mark
//! under the place. Programs get the same as JSON.

use crate::document::{Document, Place, place_in_text};
use annotate_snippets::renderer::DEFAULT_TERM_WIDTH;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde_json::{Value, json};
use std::fmt::Write;
use std::sync::Arc;

/// Longer lines are not shown: nobody finds a mark in them.
const LONGEST_LINE: usize = 2_000;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// It does not work so.
    Error,
    /// It works, and may not be what was meant.
    Warning,
    /// Good to know.
    Note,
}

/// Something that was found.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    pub(crate) at: At,
    /// Who says so, `circuit-breaker` for example; empty: this program.
    pub(crate) plugin: String,
    /// The place in the plugin's configuration, as the plugin names it; empty: all of it.
    pub(crate) path: String,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

/// A place in a file.
#[derive(Clone, Debug)]
pub(crate) struct At {
    pub(crate) file: Arc<str>,
    text: Arc<str>,
    pub(crate) place: Place,
}

impl At {
    /// What stands at this JSON pointer of a document.
    pub(crate) fn of(document: &Document, pointer: &str) -> Self {
        Self::place(document, document.place(pointer))
    }

    /// This place of a document.
    pub(crate) fn place(document: &Document, place: Place) -> Self {
        Self {
            file: Arc::clone(&document.name),
            text: Arc::clone(&document.text),
            place,
        }
    }

    /// A file that could not be read, or not from this line and column on.
    pub(crate) fn file(name: &str, text: &Arc<str>, place: Option<(usize, usize)>) -> Self {
        let place = place.map(|(line, column)| place_in_text(text, line, column));
        Self {
            file: name.into(),
            text: Arc::clone(text),
            place: place.unwrap_or_default(),
        }
    }

    /// The line, and where in it the marked part is; of what goes on over several lines, what is in the first.
    fn line(&self) -> Option<(&str, std::ops::Range<usize>)> {
        let Place { line, start, end, .. } = self.place;
        if line == 0 {
            return None;
        }
        let before = self.text.get(..start)?;
        let begin = before.rfind('\n').map_or(0, |at| at + 1);
        let rest = self.text.get(begin..)?;
        let text = rest.lines().next().unwrap_or_default();
        let from = (start - begin).min(text.len());
        let to = (end - begin).clamp(from, text.len());
        Some((text, from..to))
    }
}

impl Finding {
    /// What this program found.
    pub(crate) fn new(severity: Severity, at: At, message: impl Into<String>) -> Self {
        Self {
            severity,
            at,
            plugin: String::new(),
            path: String::new(),
            message: message.into(),
            help: None,
        }
    }

    /// What helps.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// About this plugin.
    pub(crate) fn of(mut self, plugin: &str) -> Self {
        self.plugin = plugin.to_owned();
        self
    }

    /// As people read it, with styles.
    pub(crate) fn told(&self) -> String {
        let title = [&*self.plugin, &self.path, &self.message];
        let title: Vec<&str> = title.into_iter().filter(|part| !part.is_empty()).collect();
        let title = level(self.severity).primary_title(title.join(": "));
        let Place { line, column, .. } = self.at.place;
        let group = match self.at.line() {
            Some((text, marked)) if !text.is_empty() && text.len() <= LONGEST_LINE => title.element(
                Snippet::source(text)
                    .path(&*self.at.file)
                    .line_start(line)
                    .annotation(AnnotationKind::Primary.span(marked)),
            ),
            Some(_) => title.element(Origin::path(&*self.at.file).line(line).char_column(column)),
            None => title.element(Origin::path(&*self.at.file)),
        };
        let help = self.help.as_deref();
        let help = help.map(|help| Group::with_title(Level::HELP.secondary_title(help.to_owned())));
        let report: Vec<Group<'_>> = std::iter::once(group).chain(help).collect();
        let mut told = Renderer::styled().term_width(DEFAULT_TERM_WIDTH).render(&report);
        // A blank line parts it from what follows.
        let _ = write!(told, "\n\n");
        told
    }

    /// As programs read it.
    pub(crate) fn json(&self) -> Value {
        let Place { line, column, .. } = self.at.place;
        let known = |number: usize| (line > 0).then_some(number);
        json!({
            "severity": match self.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note => "note",
            },
            "file": &*self.at.file,
            "line": known(line),
            "column": known(column),
            "plugin": Some(&self.plugin).filter(|plugin| !plugin.is_empty()),
            "path": self.path,
            "message": self.message,
            "help": self.help,
            "source": self.at.line().map(|(text, _)| text).filter(|text| !text.is_empty() && text.len() <= LONGEST_LINE),
        })
    }
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    }
}
