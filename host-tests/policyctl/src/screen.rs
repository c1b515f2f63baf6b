//! What is printed, and how: text for people, in colour on a terminal, or JSON for programs.

use crate::arguments::{Colour, Output};
use crate::problem::Problem;
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};
use std::io::{self, ErrorKind, Write};

/// What went well.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// What is to be looked at.
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// What is to be mended.
pub(crate) const ERROR: Style = AnsiColor::Red.on_default().bold();
/// What helps.
pub(crate) const HELP: Style = AnsiColor::Cyan.on_default();
/// What is beside the point.
pub(crate) const FAINT: Style = Style::new().dimmed();
/// What the eye is to find first.
pub(crate) const STRONG: Style = Style::new().bold();

/// Where a command prints.
pub(crate) struct Screen {
    output: Output,
}

impl Screen {
    pub(crate) fn new(output: Output) -> Self {
        Self { output }
    }

    /// Whether JSON is wanted.
    pub(crate) fn is_json(&self) -> bool {
        self.output.json
    }

    /// Prints text, styled or not: styles are left out where there is no colour.
    pub(crate) fn text(&self, text: &str) -> io::Result<()> {
        let mut to = AutoStream::new(io::stdout().lock(), self.choice());
        finish(to.write_all(text.as_bytes()).and_then(|()| to.flush()))
    }

    /// Prints a document for programs.
    pub(crate) fn json(&self, value: &Value) -> io::Result<()> {
        finish(writeln!(io::stdout().lock(), "{value:#}"))
    }

    /// Says why a question could not be answered.
    pub(crate) fn problem(&self, problem: &Problem) {
        // There is nobody left to tell where this cannot be written.
        let _ = if self.is_json() {
            self.json(&json!({ "error": problem.to_string(), "help": problem.help() }))
        } else {
            let help = problem
                .help()
                .map(|cure| format!("{HELP}help{HELP:#}: {cure}\n"))
                .unwrap_or_default();
            self.aside(&format!("{ERROR}error{ERROR:#}: {problem}\n{help}"))
        };
    }

    /// Prints beside the result, to the standard error.
    pub(crate) fn aside(&self, text: &str) -> io::Result<()> {
        let mut to = AutoStream::new(io::stderr().lock(), self.choice());
        to.write_all(text.as_bytes())
    }

    fn choice(&self) -> ColorChoice {
        match self.output.color {
            Colour::Auto => ColorChoice::Auto,
            Colour::Always => ColorChoice::Always,
            Colour::Never => ColorChoice::Never,
        }
    }
}

/// Who reads only the beginning (`| head`) has what he wants.
fn finish(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
