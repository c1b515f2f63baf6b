//! What the viewer sees: paragraphs, requests and their answers, and what each of them has shown.

use serde_json::Value;
use std::io::Write;
use std::thread;
use std::time::Duration;

/// No line is longer, in characters: what a terminal of usual width shows without breaking it.
const WIDTH: usize = 100;

/// How text is set off, where the output is a terminal.
#[derive(Clone, Copy)]
enum Style {
    Plain,
    Bold,
    Faint,
    Green,
    Yellow,
}

impl Style {
    /// What a terminal is told (ECMA-48, "select graphic rendition").
    fn code(self) -> &'static str {
        match self {
            Style::Plain => "0",
            Style::Bold => "1",
            Style::Faint => "2",
            Style::Green => "32",
            Style::Yellow => "33",
        }
    }
}

/// A terminal, or whatever stands in for it.
pub(super) struct Screen<'o> {
    out: &'o mut dyn Write,
    is_terminal: bool,
    is_coloured: bool,
}

impl<'o> Screen<'o> {
    /// Colour only on a terminal whose user has not declined it (<https://no-color.org>).
    pub(super) fn new(out: &'o mut dyn Write, is_terminal: bool) -> Self {
        let declined = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Screen {
            out,
            is_terminal,
            is_coloured: is_terminal && !declined,
        }
    }

    /// The head of a part.
    pub(super) fn chapter(&mut self, number: usize, of: usize, title: &str) {
        self.line(Style::Bold, &format!("── {number} of {of} ── {title}"));
        self.line(Style::Plain, "");
    }

    /// Paragraphs, an empty line after each.
    pub(super) fn tell(&mut self, text: &str) {
        for paragraph in text.split("\n\n") {
            self.wrapped(Style::Plain, "", "", paragraph);
            self.line(Style::Plain, "");
        }
    }

    /// What is sent.
    pub(super) fn request(&mut self, text: &str) {
        self.wrapped(Style::Bold, "  → ", "    ", text);
    }

    /// What came of it.
    pub(super) fn answer(&mut self, text: &str) {
        self.wrapped(Style::Plain, "  ← ", "    ", text);
    }

    /// A body of an answer, a member a line.
    pub(super) fn json(&mut self, body: &Value) {
        for line in format!("{body:#}").lines() {
            self.line(Style::Faint, &format!("      {line}"));
        }
    }

    /// What was looked at, and is as it should be.
    pub(super) fn shown(&mut self, text: &str) {
        self.wrapped(Style::Green, "  ✓ ", "    ", text);
    }

    /// An empty line.
    pub(super) fn gap(&mut self) {
        self.line(Style::Plain, "");
    }

    /// A metric, and what it counts.
    pub(super) fn tell_of(&mut self, metric: &str, meaning: &str) {
        self.wrapped(Style::Bold, "  ", "    ", &format!("{metric}: {meaning}"));
    }

    /// A number and what it is of.
    pub(super) fn number(&mut self, number: &str, of: &str) {
        self.line(Style::Plain, &format!("  {number:>6}  {of}"));
    }

    /// The last words.
    pub(super) fn end(&mut self, text: &str) {
        self.wrapped(Style::Bold, "", "", text);
    }

    /// Waits, and says why and how long; on a terminal the seconds run down.
    pub(super) fn wait(&mut self, seconds: u64, why: &str) {
        if !self.is_terminal {
            self.wrapped(
                Style::Yellow,
                "  … ",
                "    ",
                &format!("waiting {seconds} s: {why}"),
            );
            thread::sleep(Duration::from_secs(seconds));
            return;
        }
        for left in (1..=seconds).rev() {
            let text = self.styled(Style::Yellow, &format!("  … waiting {left} s: {why}"));
            self.write(&format!("\r{text}\x1b[K"));
            thread::sleep(Duration::from_secs(1));
        }
        let text = self.styled(Style::Yellow, &format!("  … waited {seconds} s: {why}"));
        self.write(&format!("\r{text}\x1b[K\n"));
    }

    fn wrapped(&mut self, style: Style, first: &str, further: &str, text: &str) {
        let mut line = String::from(first);
        let mut is_begun = false;
        for word in text.split_whitespace() {
            if is_begun && line.chars().count() + 1 + word.chars().count() > WIDTH {
                self.line(style, &line);
                line = String::from(further);
                is_begun = false;
            }
            if is_begun {
                line.push(' ');
            }
            line.push_str(word);
            is_begun = true;
        }
        self.line(style, &line);
    }

    fn line(&mut self, style: Style, text: &str) {
        let text = self.styled(style, text);
        self.write(&format!("{text}\n"));
    }

    fn styled(&self, style: Style, text: &str) -> String {
        match style {
            Style::Plain => text.to_owned(),
            _ if !self.is_coloured || text.is_empty() => text.to_owned(),
            style => format!("\x1b[{}m{text}\x1b[{}m", style.code(), Style::Plain.code()),
        }
    }

    fn write(&mut self, text: &str) {
        // When nobody reads any more, the demo goes on to its end: its exit code may still be of use.
        let _ = self
            .out
            .write_all(text.as_bytes())
            .and_then(|()| self.out.flush());
    }
}

#[cfg(test)]
mod tests {
    use super::Screen;

    fn shown(is_terminal: bool, show: impl FnOnce(&mut Screen<'_>)) -> String {
        let mut out = Vec::new();
        let mut screen = Screen::new(&mut out, is_terminal);
        screen.is_coloured = is_terminal;
        show(&mut screen);
        String::from_utf8(out).expect("it is text")
    }

    #[test]
    fn no_line_is_longer_than_a_hundred_characters() {
        let lengths = |text: &str| -> Vec<usize> {
            let shown = shown(false, |screen| screen.shown(text));
            shown.lines().map(|line| line.chars().count()).collect()
        };
        assert_eq!(lengths(&"wörd, ".repeat(33)), [99, 99, 9]);
        assert_eq!(lengths(&format!("{} {}", "ö".repeat(90), "b".repeat(5))), [100]);
        assert_eq!(
            lengths(&format!("{} {}", "ö".repeat(90), "b".repeat(6))),
            [94, 10]
        );
    }

    #[test]
    fn paragraphs_are_set_anew_and_kept_apart() {
        assert_eq!(shown(false, |screen| screen.tell("a\nb\n\nc")), "a b\n\nc\n\n");
    }

    #[test]
    fn there_is_colour_on_a_terminal_only() {
        assert_eq!(shown(false, |screen| screen.shown("so")), "  ✓ so\n");
        assert_eq!(
            shown(true, |screen| screen.shown("so")),
            "\x1b[32m  ✓ so\x1b[0m\n"
        );
    }

    #[test]
    fn a_wait_says_how_long_and_why() {
        assert_eq!(
            shown(false, |screen| screen.wait(0, "it said so")),
            "  … waiting 0 s: it said so\n"
        );
    }
}
