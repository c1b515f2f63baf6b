//! How far it is, told on the standard error: a bar on a terminal, a line now and then where there is none.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

/// Between two lines, where there is no terminal.
const PAUSE: Duration = Duration::from_secs(5);

/// Of one stretch of work.
pub(crate) struct Progress {
    what: String,
    steps: u64,
    done: u64,
    began: Instant,
    /// A bar, or when the last line was written.
    shown: Shown,
}

enum Shown {
    Bar(ProgressBar),
    Lines(Instant),
}

impl Progress {
    /// `what` of so many steps begins.
    pub(crate) fn of(what: &str, steps: usize) -> Self {
        let steps = steps as u64;
        let shown = if stderr().is_terminal() {
            let bar = ProgressBar::new(steps);
            let style = ProgressStyle::with_template("{msg} {bar:30} {percent}%, {eta} left");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_message(what.to_owned());
            Shown::Bar(bar)
        } else {
            eprintln!("{what} …");
            Shown::Lines(Instant::now())
        };
        Self {
            what: what.to_owned(),
            steps,
            done: 0,
            began: Instant::now(),
            shown,
        }
    }

    /// A step is done.
    pub(crate) fn step(&mut self) {
        self.done += 1;
        match &mut self.shown {
            Shown::Bar(bar) => bar.set_position(self.done),
            Shown::Lines(last) if last.elapsed() >= PAUSE => {
                *last = Instant::now();
                eprintln!("{}: {} of {}", self.what, self.done, self.steps);
            }
            Shown::Lines(_) => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
        // Not where an error ends it.
        if self.done == self.steps {
            eprintln!("{}: {:.0} s", self.what, self.began.elapsed().as_secs_f64());
        }
    }
}
