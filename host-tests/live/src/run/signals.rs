//! Ctrl-C and requests to end.

use super::Failure;
use std::sync::mpsc::Sender;
use tokio::signal::unix::{SignalKind, signal};

/// Tells each SIGINT, SIGTERM and SIGHUP (the terminal is gone), from now on.
pub(super) fn watch<E: Send + 'static>(events: Sender<E>, event: fn() -> E) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::io("watching for signals"))?;
    let inside = runtime.enter();
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::io("watching for signals"))?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::io("watching for signals"))?;
    let mut hangup = signal(SignalKind::hangup()).map_err(Failure::io("watching for signals"))?;
    drop(inside);
    std::thread::spawn(move || {
        runtime.block_on(async {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                    _ = hangup.recv() => {}
                }
                if events.send(event()).is_err() {
                    return;
                }
            }
        });
    });
    Ok(())
}
