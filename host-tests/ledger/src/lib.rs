//! What was tried against the plugins, and how often: the table at the beginning of `docs/reliability.md`.
//!
//! A long run writes its row by itself, so that no figure is there which no run has given. What was found stays as it
//! is written there: it is told by people.

#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::{fs, io};
use thiserror::Error;

/// The document, from the project's root.
pub const DOCUMENT: &str = "docs/reliability.md";

/// Why a row was not written.
#[derive(Debug, Error)]
pub enum Error {
    /// The document cannot be read or written.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The document.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The document has no row of that part.
    #[error("{DOCUMENT}: has no row `| [{0}](#…) | … |` of four cells")]
    NoRow(String),
    /// What is to be in a cell would end it.
    #[error("`{0}`: a cell has neither `|` nor a line's end")]
    NoCell(String),
}

/// Writes into the row of this part what was tried and how often, today, and leaves what was found.
///
/// `root` is the project's; `part` the title of a section of the document.
///
/// # Errors
/// [`enum@Error`]: the document stays as it was.
pub fn publish(root: &Path, part: &str, tried: &str, how_often: &str) -> Result<(), Error> {
    let path = root.join(DOCUMENT);
    let io = |source| Error::Io {
        path: path.clone(),
        source,
    };
    let document = fs::read_to_string(&path).map_err(io)?;
    let today = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    let document = entered(&document, part, tried, &format!("{how_often} ({today})"))?;
    fs::write(&path, document).map_err(io)
}

/// The document with these two cells in the row of this part.
fn entered(document: &str, part: &str, tried: &str, how_often: &str) -> Result<String, Error> {
    for cell in [tried, how_often] {
        if cell.contains(['|', '\n']) {
            return Err(Error::NoCell(cell.to_owned()));
        }
    }
    let begin = format!("| [{part}](#");
    let no_row = || Error::NoRow(part.to_owned());
    let row = document
        .lines()
        .find(|line| line.starts_with(&begin))
        .ok_or_else(no_row)?;
    let cells: Vec<&str> = row.split('|').collect();
    let ["", title, _, _, found, ""] = cells[..] else {
        return Err(no_row());
    };
    Ok(document.replacen(row, &format!("|{title}| {tried} | {how_often} |{found}|"), 1))
}

#[cfg(test)]
mod tests {
    use super::{Error, entered};

    const DOCUMENT: &str = "\
| | tried | how often | found and mended |
|---|---|---|---|
| [Fuzzing](#fuzzing) | – | – | two |
| [Chaos](#chaos) | frozen | 3 times | none |
";

    #[test]
    fn a_row_has_what_was_tried_and_how_often_and_keeps_what_was_found() {
        let entered = entered(DOCUMENT, "Fuzzing", "headers", "9 times").expect("it has the row");
        assert!(
            entered.contains("| [Fuzzing](#fuzzing) | headers | 9 times | two |\n"),
            "{entered}"
        );
        assert!(
            entered.contains("| [Chaos](#chaos) | frozen | 3 times | none |\n"),
            "{entered}"
        );
    }

    #[test]
    fn a_part_without_a_row_is_told() {
        assert!(matches!(entered(DOCUMENT, "Fuzz", "a", "b"), Err(Error::NoRow(part)) if part == "Fuzz"));
        assert!(matches!(
            entered("| [Fuzzing](#fuzzing) | a |\n", "Fuzzing", "a", "b"),
            Err(Error::NoRow(_))
        ));
    }

    #[test]
    fn what_would_end_a_cell_is_refused() {
        for cell in ["a|b", "a\nb"] {
            assert!(matches!(
                entered(DOCUMENT, "Fuzzing", cell, "b"),
                Err(Error::NoCell(_))
            ));
            assert!(matches!(
                entered(DOCUMENT, "Fuzzing", "a", cell),
                Err(Error::NoCell(_))
            ));
        }
    }
}
