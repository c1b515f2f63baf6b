//! How far a replay is, told on the standard error while somebody looks on.

use super::input::{self, Consumed};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::PathBuf;

/// A bar where the files' size is known, else a count.
pub(super) struct Progress {
    bar: ProgressBar,
    consumed: Consumed,
    is_sized: bool,
}

impl Progress {
    pub(super) fn of(files: &[PathBuf], consumed: &Consumed) -> Self {
        let size = input::size(files);
        let (bar, look) = match size {
            Some(bytes) => (ProgressBar::new(bytes), "{bar:30} {percent}% {msg}, {eta} left"),
            None => (ProgressBar::new_spinner(), "{spinner} {msg}"),
        };
        let style = ProgressStyle::with_template(look);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self {
            bar,
            consumed: consumed.clone(),
            is_sized: size.is_some(),
        }
    }

    /// So many requests of those read so far are done. Reading is ahead of what it is read for.
    pub(super) fn tell(&self, done: u64, read: u64) {
        if self.is_sized {
            let share = done as f64 / read.max(1) as f64;
            self.bar
                .set_position((self.consumed.bytes() as f64 * share) as u64);
        } else {
            self.bar.tick();
        }
        self.bar.set_message(format!("{done} requests"));
    }

    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
