//! A child process that cannot outlive this one.
//!
//! `Drop` ends the child when a test returns or panics, but not when the test process itself is killed: by Ctrl-C, by
//! a runner that lost patience, by an abort. The usual remedy (a parent-death signal) needs unsafe code, and goes off
//! when the *thread* that started the child ends. So beside each child there is a guard: a shell that reads from a
//! pipe whose other end only this process holds. However this process ends, the pipe closes, and the guard kills the
//! child. Both are in process groups of their own, so that a Ctrl-C at the terminal reaches only this process, which
//! can then end them in order.

use crate::{Error, Result, wait};
use rustix::process::{Pid, Signal, kill_process};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// How long a child may take to end after it was asked to.
const GRACE: Duration = Duration::from_secs(5);

/// A line says that all is well; the end of the pipe without one, that the process which held it is gone.
const GUARD: &str = r#"read -r _ || kill -KILL "$0""#;

/// A running child process. Dropping it ends it.
#[derive(Debug)]
pub struct Process {
    child: Child,
    guard: Option<Child>,
    ended: Option<ExitStatus>,
}

impl Process {
    /// Starts `command`, called `name` in errors.
    ///
    /// # Errors
    /// [`Error::Io`] when it, or the shell that guards it, does not start.
    pub fn start(name: &str, command: &mut Command) -> Result<Self> {
        let child = command
            .process_group(0)
            .spawn()
            .map_err(Error::io(format!("starting {name}")))?;
        let mut process = Process {
            child,
            guard: None,
            ended: None,
        };
        let guard = Command::new("/bin/sh")
            .args(["-c", GUARD, &process.id().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        process.guard = Some(guard.map_err(Error::io(format!("starting the guard of {name}")))?);
        Ok(process)
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its standard output and error, where the command asked for pipes; only once.
    pub fn take_output(
        &mut self,
    ) -> (
        Option<std::process::ChildStdout>,
        Option<std::process::ChildStderr>,
    ) {
        (self.child.stdout.take(), self.child.stderr.take())
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    /// [`Error::Io`] when the system does not say.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        if self.ended.is_none() {
            self.ended = self
                .child
                .try_wait()
                .map_err(Error::io("asking for the end of a process"))?;
            if self.ended.is_some() {
                self.dismiss_guard();
            }
        }
        Ok(self.ended)
    }

    /// Asks it to end (SIGTERM), and after five seconds ends it (SIGKILL). Returns how it ended.
    ///
    /// # Errors
    /// [`Error::Io`] when the system refuses.
    pub fn stop(&mut self) -> Result<ExitStatus> {
        if let Some(status) = self.ended()? {
            return Ok(status);
        }
        if let Some(id) = i32::try_from(self.id()).ok().and_then(Pid::from_raw) {
            // It is our child and not waited for, so its id is still its own.
            let _ = kill_process(id, Signal::TERM);
        }
        if let Ok(status) = wait::until(GRACE, "the end of a process", || self.ended()) {
            return Ok(status);
        }
        self.child.kill().map_err(Error::io("killing a process"))?;
        let status = self
            .child
            .wait()
            .map_err(Error::io("waiting for the end of a process"))?;
        self.ended = Some(status);
        self.dismiss_guard();
        Ok(status)
    }

    /// Lets the guard go, once the child's id may belong to another process.
    fn dismiss_guard(&mut self) {
        if let Some(mut guard) = self.guard.take() {
            // A guard that somebody killed needs no dismissal.
            let _ = guard.stdin.take().map(|mut pipe| pipe.write_all(b"\n"));
            let _ = guard.wait();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // There is nobody left to tell of a failure; the guard still stands behind it.
        let _ = self.stop();
    }
}
