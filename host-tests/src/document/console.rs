//! Blocks of commands, and what they print.

use regex::Regex;

/// One thing that a document shows.
#[derive(Clone, Debug)]
pub enum Step {
    /// A command, and what it prints.
    Command {
        /// As it is typed.
        line: String,
        /// What is shown below it.
        prints: String,
    },
    /// A line of the plugins' log.
    Logged(String),
    /// Members of an entry of the access log.
    Accessed(String),
    /// What the access log explains of a request.
    Explained(String),
}

/// The commands of a block.
///
/// # Panics
/// When it begins with what no command prints.
#[track_caller]
pub fn steps(block: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    for line in block.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            let (line, prints) = (command.to_owned(), String::new());
            steps.push(Step::Command { line, prints });
        } else if let Some(Step::Command { prints, .. }) = steps.last_mut() {
            prints.push_str(line);
            prints.push('\n');
        } else {
            panic!("a block begins with what no command prints: {line}");
        }
    }
    steps
}

/// Whether what was printed is what is shown, where `…` stands for what varies and a line of `…` for any lines. Ends of
/// lines, and of the last line, are no matter.
///
/// # Panics
/// Never: what is shown is made an expression.
pub fn matches(shown: &str, printed: &str) -> bool {
    let mut pattern = String::from(r"\A");
    for line in shown.lines() {
        if line == "…" {
            pattern.push_str("(?:.*\n)*?");
        } else {
            let parts: Vec<String> = line.split('…').map(regex::escape).collect();
            pattern.push_str(&parts.join(".*"));
            pattern.push('\n');
        }
    }
    pattern.push_str(r"\z");
    let printed = printed.replace('\r', "");
    let printed = match printed.trim_end_matches('\n') {
        "" => String::new(),
        text => format!("{text}\n"),
    };
    Regex::new(&pattern)
        .expect("it is an expression")
        .is_match(&printed)
}
