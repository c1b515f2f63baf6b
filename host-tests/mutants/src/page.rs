//! The mutants in `docs/reliability.md`: which there are, and which seed finds each of them.

use crate::catch::Caught;
use crate::{Error, Result};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

const BEGIN: &str = "<!-- mutants: `make mutants PUBLISH=yes` writes what is between these two lines -->\n";
const END: &str = "<!-- end of mutants -->\n";

/// Writes them into the page below `root`.
///
/// # Errors
/// [`Error::Io`] and [`Error::Page`].
pub fn publish(caught: &[Caught], root: &Path) -> Result<()> {
    let path = root.join(ledger::DOCUMENT);
    let text = read(&path)?;
    let text = filled(&text, &table(caught)).ok_or(Error::Page("no place for the mutants"))?;
    fs::write(&path, text).map_err(|source| Error::Io { path, source })
}

/// Looks whether the page says the same.
///
/// # Errors
/// [`Error::Io`], and [`Error::Page`] where it says something else.
pub fn check(caught: &[Caught], root: &Path) -> Result<()> {
    let path = root.join(ledger::DOCUMENT);
    let text = read(&path)?;
    match filled(&text, &table(caught)) {
        Some(filled) if filled == text => Ok(()),
        _ => Err(Error::Page("other mutants, or other seeds")),
    }
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|source| Error::Io {
        path: path.to_owned(),
        source,
    })
}

fn table(caught: &[Caught]) -> String {
    let mut table =
        String::from("| the bug | the promise that it breaks | in the story of seed |\n|---|---|---|\n");
    for Caught {
        mutant,
        promise,
        seed,
    } in caught
    {
        let _ = writeln!(
            table,
            "| {} (`{}`) | {promise} | {seed} |",
            mutant.bug, mutant.name
        );
    }
    table
}

/// The document with this part between the two lines.
fn filled(document: &str, part: &str) -> Option<String> {
    let (before, rest) = document.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{part}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::{BEGIN, END, filled, table};
    use crate::MUTANTS;
    use crate::catch::Caught;

    #[test]
    fn a_page_has_each_mutant_between_its_two_lines() {
        let caught = [Caught {
            mutant: MUTANTS[0],
            promise: "late results change nothing".into(),
            seed: 7,
        }];
        let page = format!("before\n{BEGIN}| none |\n{END}after\n");
        let filled = filled(&page, &table(&caught)).expect("it has the lines");
        assert!(filled.starts_with("before\n") && filled.ends_with("after\n") && !filled.contains("none"));
        assert!(filled.contains("(`old-generations-count`) | late results change nothing | 7 |\n"));
    }

    #[test]
    fn a_page_without_the_two_lines_has_no_place() {
        assert_eq!(filled("before\nafter\n", "part"), None);
    }
}
