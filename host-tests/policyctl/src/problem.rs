//! Why a question could not be answered.

use std::fmt::{self, Display, Formatter};
use std::io;

/// Why a question could not be answered: what is wrong, where, and what helps.
#[derive(Debug)]
pub(crate) struct Problem {
    place: Option<Placed>,
    what: String,
    cure: Option<String>,
}

#[derive(Debug)]
struct Placed {
    name: String,
    line: usize,
    column: usize,
}

impl Problem {
    /// What is wrong, with its place: `orders.yaml:3:7: …`.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self {
            place: None,
            what: what.into(),
            cure: None,
        }
    }

    /// What is wrong in this line and column of the file of this name.
    pub(crate) fn at(name: &str, line: usize, column: usize, what: impl Into<String>) -> Self {
        let name = name.to_owned();
        Self {
            place: Some(Placed { name, line, column }),
            ..Self::new(what)
        }
    }

    /// The line and column, where there is one.
    pub(crate) fn place(&self) -> Option<(usize, usize)> {
        let place = self.place.as_ref()?;
        Some((place.line, place.column))
    }

    /// What is wrong, without the place if that is known.
    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    /// What helps.
    pub(crate) fn cure(mut self, cure: impl Into<String>) -> Self {
        self.cure = Some(cure.into());
        self
    }

    /// A file could not be read.
    pub(crate) fn reading(name: &str, error: io::Error) -> Self {
        let problem = Self::new(format!("{name}: {error}"));
        match error.kind() {
            io::ErrorKind::NotFound => {
                problem.cure("give the path of a file that is there, or - for the standard input")
            }
            _ => problem,
        }
    }

    /// What helps, if that is known.
    pub(crate) fn help(&self) -> Option<&str> {
        self.cure.as_deref()
    }
}

impl Display for Problem {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        if let Some(Placed { name, line, column }) = &self.place {
            write!(to, "{name}:{line}:{column}: ")?;
        }
        to.write_str(&self.what)
    }
}

impl From<io::Error> for Problem {
    /// Of writing what was found: files that are read are named ([`Problem::reading`]).
    fn from(error: io::Error) -> Self {
        Self::new(format!("cannot write: {error}"))
    }
}
