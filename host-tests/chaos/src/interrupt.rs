//! Ctrl-C leaves nothing behind: Envoy has a guard that ends it, and this takes away the files.

use chaos::{Error, Result};
use std::{fs, process, thread};
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};

/// What shells say of a program that was interrupted.
const INTERRUPTED: i32 = 130;

/// From now on all files are in a folder that goes with this process, also where that is interrupted.
///
/// # Errors
/// Where the system gives no folder, or does not let signals be watched.
pub(crate) fn leave_nothing() -> Result<TempDir> {
    let io = |source| Error::Io {
        what: "watching for interrupts".into(),
        source,
    };
    let folder = tempfile::tempdir().map_err(io)?;
    // It fails where it was said before.
    let _ = tempfile::env::override_temp_dir(folder.path());
    let path = folder.path().to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(io)?;
    let inside = runtime.enter();
    let mut interrupt = signal(SignalKind::interrupt()).map_err(io)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(io)?;
    drop(inside);
    thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        });
        let _ = fs::remove_dir_all(&path);
        process::exit(INTERRUPTED);
    });
    Ok(folder)
}
