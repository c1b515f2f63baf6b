//! An outage on a real Envoy, told to somebody who watches.
//!
//! It is a list of chapters. Each says what is to be seen, sends the requests, and holds what came to what it said: where
//! that is something else the demo ends there, and fails. Nothing of it is played: each number that is shown was
//! read from an answer, from what the upstream echoed, or from Envoy's administration interface.

mod chapters;
mod metrics;
mod screen;
mod stage;
mod walk;

use clap::Args;
use live::Error;
use screen::Screen;
use stage::Stage;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Instant;
use walk::{NotShown, Walk};

/// Where the demo takes place.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The administration port, on 127.0.0.1, of an Envoy that `make run` has started with its usual sample. Without
    /// this, the demo starts an Envoy of its own with that sample, on free ports, and stops it at its end.
    #[arg(long, value_name = "PORT")]
    admin_port: Option<u16>,
    /// The port, on 127.0.0.1, of an upstream that is there already and does what the demo upstream does. Without this,
    /// the demo starts one of its own.
    #[arg(long, value_name = "PORT", conflicts_with = "admin_port")]
    upstream_port: Option<u16>,
}

/// Why the demo did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Live(#[from] Error),
    #[error("{} is missing: `make wasm` builds it", .0.display())]
    NoModule(PathBuf),
    #[error("part {number} of the demo, \"{title}\", did not show what it says: {reason}")]
    NotShown {
        number: usize,
        title: &'static str,
        reason: NotShown,
    },
    #[error("the demo cannot begin: {0}")]
    NotReady(NotShown),
}

/// Walks through the outage, and tells it on standard output.
pub(crate) fn demo(arguments: &Arguments) -> Result<(), Failure> {
    let begun = Instant::now();
    let mut out = std::io::stdout().lock();
    let is_terminal = out.is_terminal();
    let mut screen = Screen::new(&mut out, is_terminal);
    screen.tell(chapters::PREFACE);
    let stage = Stage::set(arguments.admin_port, arguments.upstream_port)?;
    screen.tell(&stage.described());
    walk(&stage, &mut screen)?;
    screen.end(&chapters::epilogue(begun.elapsed()));
    Ok(())
}

fn walk(stage: &Stage, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let mut walk = Walk::begin(stage, screen).map_err(Failure::NotReady)?;
    for (index, chapter) in chapters::ALL.iter().enumerate() {
        let number = index + 1;
        walk.screen.chapter(number, chapters::ALL.len(), chapter.title);
        walk.screen.tell(chapter.text);
        (chapter.show)(&mut walk).map_err(|reason| Failure::NotShown {
            number,
            title: chapter.title,
            reason,
        })?;
        walk.screen.gap();
    }
    Ok(())
}
