//! The inputs that are kept: a file for each target, an input in each line, escaped as Rust's byte strings are.
//!
//! A file for each input, as libFuzzer has it, would be thousands. An input with a line `# …` before it was found to break
//! something, or made by hand: it stays, whatever else reaches the same.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// An input that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What it is known for, if it is.
    pub known_for: Option<String>,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The file of a target.
pub fn file(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target)
        .with_extension("txt")
}

/// The inputs of a target.
///
/// # Errors
/// Where the file cannot be read, or a line of it is no input.
pub fn read(target: &str) -> io::Result<Vec<Kept>> {
    let file = file(target);
    let text = fs::read_to_string(&file)
        .map_err(|error| io::Error::other(format!("{}: {error}", file.display())))?;
    let mut known_for = None;
    let mut all = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if let Some(words) = line.strip_prefix("# ") {
            known_for = Some(words.to_owned());
            continue;
        }
        let bytes = unescaped(line);
        let bytes = bytes
            .ok_or_else(|| io::Error::other(format!("{}:{}: is no input", file.display(), number + 1)))?;
        all.push(Kept {
            known_for: known_for.take(),
            bytes,
        });
    }
    Ok(all)
}

/// Writes the inputs of a target: those that are known for something first, the others from the shortest on.
///
/// # Errors
/// Where the file cannot be written.
pub fn write(target: &str, mut all: Vec<Kept>) -> io::Result<()> {
    all.sort_by(|one, other| {
        let key = |kept: &Kept| (kept.known_for.is_none(), kept.bytes.len());
        key(one)
            .cmp(&key(other))
            .then_with(|| one.bytes.cmp(&other.bytes))
    });
    let line = |kept: &Kept| {
        let words = kept.known_for.iter().map(|words| format!("# {words}\n"));
        format!("{}{}\n", words.collect::<String>(), kept.bytes.escape_ascii())
    };
    fs::write(file(target), all.iter().map(line).collect::<String>())
}

/// The bytes that `escape_ascii` has written so.
fn unescaped(line: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = line.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        bytes.push(match rest.next()? {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'x' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                (digit()? << 4 | digit()?) as u8
            }
            quoted @ (b'\\' | b'\'' | b'"') => quoted,
            _ => return None,
        });
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_read_as_it_was_written() {
        let all: Vec<u8> = (0..=u8::MAX).collect();
        let line = all.escape_ascii().to_string();
        assert!(!line.contains('\n'));
        assert_eq!(unescaped(&line), Some(all));
    }

    #[test]
    fn what_is_no_input_is_told() {
        for line in ["\\", "\\x", "\\x1", "\\xg0", "\\a"] {
            assert_eq!(unescaped(line), None, "{line}");
        }
    }
}
