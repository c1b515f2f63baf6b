//! The files of a log, as one sequence of lines: gzipped or not, in the order of their times.

use super::logged::Unusable;
use crate::problem::Problem;
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// No line of an access log is longer. One that is would otherwise have to be held whole.
pub(super) const LONGEST_LINE: usize = 1 << 20;

/// A file of a log.
pub(super) struct Input {
    name: String,
    from: Box<dyn BufRead + Send>,
    line: u64,
}

/// How many bytes of all files have been read, gzipped ones as they are on disk.
#[derive(Clone, Default)]
pub(super) struct Consumed(Arc<AtomicU64>);

impl Consumed {
    pub(super) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Input {
    /// Opens a file, or the standard input for `-`. Gzip is known by its first bytes.
    pub(super) fn open(path: &Path, consumed: &Consumed) -> Result<Self, Problem> {
        let (name, from): (String, Box<dyn Read + Send>) = match path.as_os_str() == "-" {
            true => ("standard input".to_owned(), Box::new(io::stdin())),
            false => {
                let file =
                    File::open(path).map_err(|error| Problem::reading(&path.display().to_string(), error))?;
                let is_folder = file.metadata().is_ok_and(|metadata| metadata.is_dir());
                if is_folder {
                    let problem = Problem::new(format!("{} is a folder", path.display()));
                    return Err(problem.cure("give the access logs in it, one by one or as *.log"));
                }
                (path.display().to_string(), Box::new(file))
            }
        };
        let mut raw = BufReader::with_capacity(1 << 16, Counted(from, consumed.clone()));
        let start = raw
            .fill_buf()
            .map_err(|error| Problem::new(format!("{name}: {error}")))?;
        let from: Box<dyn BufRead + Send> = match start.starts_with(&[0x1f, 0x8b]) {
            true => Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(raw))),
            false => Box::new(raw),
        };
        Ok(Self { name, from, line: 0 })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The number of the line that was read last, counted from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Reads the next line into the buffer, without its end. `Ok(None)` at the end of the file; a line that is too long is
    /// passed over.
    pub(super) fn next(&mut self, line: &mut Vec<u8>) -> Result<Option<Result<(), Unusable>>, Problem> {
        line.clear();
        let limit = LONGEST_LINE as u64 + 1;
        let read = self.from.by_ref().take(limit).read_until(b'\n', line);
        let read = read.map_err(|error| self.broken(&error))?;
        if read == 0 {
            return Ok(None);
        }
        self.line += 1;
        if line.last() == Some(&b'\n') {
            line.pop();
        } else if line.len() > LONGEST_LINE {
            line.clear();
            self.skip_line().map_err(|error| self.broken(&error))?;
            return Ok(Some(Err(Unusable::TooLong)));
        }
        Ok(Some(Ok(())))
    }

    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.from.fill_buf()?;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let used = end.map_or(buffer.len(), |end| end + 1);
            let is_over = end.is_some() || used == 0;
            self.from.consume(used);
            if is_over {
                return Ok(());
            }
        }
    }

    fn broken(&self, error: &io::Error) -> Problem {
        let place = format!("{}:{}", self.name, self.line + 1);
        Problem::new(format!("{place}: {error}"))
            .cure("the file is cut off or damaged: unpack or copy it anew")
    }
}

struct Counted(Box<dyn Read + Send>, Consumed);

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        self.1.0.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// How many bytes the files have together; `None` where one of them is no plain file.
pub(super) fn size(paths: &[PathBuf]) -> Option<u64> {
    let sizes = paths.iter().map(|path| {
        let metadata = std::fs::metadata(path).ok()?;
        metadata.is_file().then_some(metadata.len())
    });
    sizes.sum()
}
