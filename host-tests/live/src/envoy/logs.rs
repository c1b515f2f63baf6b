//! What an Envoy writes: its log with the plugins' lines, and the access log.

use super::{Envoy, SETTLE};
use crate::{Error, Result, wait};
use serde_json::Value;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

impl Envoy {
    /// Its log so far: what it wrote to its standard error, plugins' lines included.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read.
    pub fn log(&self) -> Result<String> {
        read(&self.folder.path().join("stderr"))
    }

    /// The whole lines of its log from byte `start` on, and where the next one will begin.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read.
    pub fn log_from(&self, start: u64) -> Result<(String, u64)> {
        let path = self.folder.path().join("stderr");
        let what = || format!("reading {}", path.display());
        let mut file = File::open(&path).map_err(Error::io(what()))?;
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(start))
            .and_then(|_| file.read_to_end(&mut bytes))
            .map_err(Error::io(what()))?;
        let whole = bytes
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |end| end + 1);
        Ok((
            String::from_utf8_lossy(&bytes[..whole]).into_owned(),
            start + whole as u64,
        ))
    }

    /// The log, once `line` is part of it: lines come a little later than responses.
    ///
    /// # Errors
    /// [`Error::Late`] if it is not there within ten seconds.
    pub fn log_with(&self, line: &str) -> Result<String> {
        let what = format!("`{line}` in Envoy's log");
        wait::until(SETTLE, &what, || {
            Ok(Some(self.log()?).filter(|log| log.contains(line)))
        })
        .map_err(|error| late_with_log(error, &self.folder.path().join("stderr")))
    }

    /// The access log so far: what it wrote to its standard output, one JSON object a line.
    ///
    /// # Errors
    /// [`Error::Malformed`] if a line is no JSON.
    pub fn access_log(&self) -> Result<Vec<Value>> {
        entries(&read(&self.folder.path().join("stdout"))?)
    }

    /// The access log, once it has at least `count` entries: they come a little later than responses.
    ///
    /// # Errors
    /// [`Error::Late`] if they are not there within ten seconds.
    pub fn access_log_of(&self, count: usize) -> Result<Vec<Value>> {
        let what = format!("{count} entries in the access log");
        wait::until(SETTLE, &what, || {
            Ok(Some(self.access_log()?).filter(|entries| entries.len() >= count))
        })
    }
}

pub(super) fn late_with_log(error: Error, log: &Path) -> Error {
    match error {
        Error::Late { what, bound } => {
            let log = tail(&read(log).unwrap_or_default());
            Error::Late {
                what: format!("{what} (the end of Envoy's log:\n{log}\n)"),
                bound,
            }
        }
        other => other,
    }
}

/// The last lines: what Envoy says before it ends.
pub(super) fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}

fn entries(log: &str) -> Result<Vec<Value>> {
    // The last line may still be on its way.
    let whole = log.rfind('\n').map_or("", |end| &log[..end]);
    let entry = |line: &str| {
        let rule = |error| Error::Malformed {
            what: format!("access log line `{line}`"),
            rule: format!("{error}"),
        };
        serde_json::from_str(line).map_err(rule)
    };
    whole.lines().map(entry).collect()
}

/// The text of a log. Plugins may write bytes that are no text.
pub(super) fn read(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).map_err(Error::io(format!("reading {}", path.display())))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
