//! Starting a sample, showing what happens, and stopping all of it.
//!
//! One loop takes what several threads tell it: lines, signals, the end of Envoy. Whatever ends the loop, what was
//! started is ended by its owner's `Drop`, in the reverse order of its start.

mod ports;
mod screen;
mod signals;

use clap::Args;
use live::{Collector, Error, Process, Sample, Serving, Upstream};
use ports::{Plan, Running};
use screen::Screen;
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Stdout};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// What the loop is told.
enum Event {
    /// A line of the access log.
    Access(String),
    /// A line of Envoy's log.
    Log(String),
    /// Envoy serves.
    Ready(Serving),
    /// Ctrl-C, or a request to end.
    Interrupted,
}

/// What to start, and where.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The configuration to start.
    #[arg(long, value_name = "FILE", default_value = "envoy/envoy.yaml")]
    sample: PathBuf,
    /// The port of the sample's listener, if not the one in the file; 0: any free one.
    #[arg(long, value_name = "PORT")]
    listener_port: Option<u16>,
    /// The port of Envoy's administration interface, likewise.
    #[arg(long, value_name = "PORT")]
    admin_port: Option<u16>,
    /// The port of the demo upstream, likewise.
    #[arg(long, value_name = "PORT")]
    upstream_port: Option<u16>,
    /// The Envoy to start, if not the one that `make tools` installed.
    #[arg(long, value_name = "FILE", env = "ENVOY")]
    envoy: Option<PathBuf>,
    /// How many workers Envoy has.
    #[arg(long, value_name = "NUMBER", default_value_t = 2)]
    concurrency: u32,
}

/// Why a run ended, other than because it was asked to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Live(#[from] Error),
    #[error("{sample}: {rule}")]
    Sample { sample: String, rule: String },
    #[error("{} is missing: `make wasm` builds it", .0.display())]
    NoModule(PathBuf),
    #[error("{0}")]
    PortTaken(String),
    #[error("{what}: {source}")]
    Io {
        what: &'static str,
        source: std::io::Error,
    },
}

impl Failure {
    fn io(what: &'static str) -> impl FnOnce(std::io::Error) -> Failure {
        move |source| Failure::Io { what, source }
    }
}

/// Runs until Ctrl-C, SIGTERM, or the end of Envoy.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let (events, told) = mpsc::channel();
    // First of all, so that a signal at any later moment ends this in order.
    signals::watch(events.clone(), || Event::Interrupted)?;
    Run::start(arguments, events)?.show(&told)
}

/// What was started, in the reverse order of its end.
struct Run {
    envoy: Process,
    upstream: Option<Upstream>,
    collector: Option<Collector>,
    /// How many spans were shown.
    shown: usize,
    /// The last lines of Envoy's log.
    last: VecDeque<String>,
    screen: Screen<Stdout>,
    /// The sample's file, where it would listen by itself, and what it says to try.
    sample: (PathBuf, Plan, String),
    _folder: TempDir,
}

impl Run {
    fn start(arguments: &Arguments, events: Sender<Event>) -> Result<Self, Failure> {
        let path = &arguments.sample;
        let original = Sample::open(path)?;
        let mut sample = ports::moved(original.clone(), arguments)?;
        if let Some(missing) = sample.modules().into_iter().find(|module| !module.is_file()) {
            return Err(Failure::NoModule(missing));
        }
        let plan = ports::plan(&sample, path)?;
        plan.check()?;

        let (upstream, collector) = plan.start_servers()?;
        if let Some(upstream) = &upstream {
            sample = sample.upstream(upstream.address())?;
        }
        let folder = tempfile::tempdir().map_err(Failure::io("making a folder"))?;
        let file = configuration_file(arguments, &sample, folder.path())?;
        let envoy = start_envoy(arguments, &file, &folder.path().join("admin"), &events)?;
        watch_readiness(folder.path().join("admin"), events);
        let text = std::fs::read_to_string(path).map_err(Failure::io("reading the sample"))?;
        Ok(Run {
            envoy,
            upstream,
            collector,
            shown: 0,
            last: VecDeque::new(),
            screen: Screen::new(std::io::stdout()),
            sample: (path.clone(), ports::plan(&original, path)?, screen::trials(&text)),
            _folder: folder,
        })
    }

    /// Shows what is told, until the end.
    fn show(mut self, told: &Receiver<Event>) -> Result<(), Failure> {
        let asked = loop {
            match told.recv_timeout(Duration::from_millis(100)) {
                Ok(Event::Interrupted) => break true,
                Ok(event) => self.show_event(event),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    if self.envoy.ended()?.is_some() {
                        break false;
                    }
                }
            }
            self.show_spans();
        };
        if asked {
            self.screen.note("stopping");
        }
        let status = self.envoy.stop()?;
        // What Envoy wrote last is still on its way.
        while let Ok(event) = told.recv_timeout(Duration::from_millis(100)) {
            self.show_event(event);
        }
        if asked {
            self.screen.note("stopped");
            return Ok(());
        }
        let log = Vec::from(self.last).join("\n");
        Err(Failure::Live(Error::EnvoyEnded { status, log }))
    }

    fn show_event(&mut self, event: Event) {
        match event {
            Event::Access(line) => self.screen.access(&line),
            Event::Log(line) => {
                self.screen.log(&line);
                self.last.push_back(line);
                self.last.drain(..self.last.len().saturating_sub(12));
            }
            Event::Ready(serving) => {
                let running = Running {
                    listener: serving.listeners.first().map(|(_, address)| *address),
                    admin: serving.admin,
                    upstream: self.upstream.as_ref().map(Upstream::address),
                    collector: self.collector.as_ref().map(Collector::address),
                };
                let (path, plan, trials) = &self.sample;
                self.screen
                    .running(path, self.envoy.id(), &running, &plan.replaced(trials, &running));
            }
            Event::Interrupted => {}
        }
    }

    fn show_spans(&mut self) {
        let Some(collector) = &self.collector else { return };
        for span in collector.spans().iter().skip(self.shown) {
            self.screen.span(span);
            self.shown += 1;
        }
    }
}

/// The sample's own file where nothing was moved, so that what runs is what is read.
fn configuration_file(arguments: &Arguments, sample: &Sample, folder: &Path) -> Result<PathBuf, Failure> {
    if arguments
        .listener_port
        .or(arguments.admin_port)
        .or(arguments.upstream_port)
        .is_none()
    {
        return Ok(arguments.sample.clone());
    }
    let file = folder.join("envoy.yaml");
    std::fs::write(&file, sample.to_yaml()).map_err(Failure::io("writing the configuration"))?;
    Ok(file)
}

fn start_envoy(
    arguments: &Arguments,
    file: &Path,
    admin: &Path,
    events: &Sender<Event>,
) -> Result<Process, Failure> {
    let binary = match arguments
        .envoy
        .clone()
        .filter(|path| !path.as_os_str().is_empty())
    {
        Some(path) if path.is_file() => path,
        Some(path) => return Err(Failure::Live(Error::NoEnvoy { path })),
        None => live::binary()?,
    };
    let mut command = Command::new(binary);
    command
        .args(["--disable-hot-restart", "--file-flush-interval-msec", "100"])
        .args(["--log-level", "warning", "--component-log-level", "wasm:info"])
        .args(["--concurrency", &arguments.concurrency.to_string()])
        .arg("--config-path")
        .arg(file)
        .arg("--admin-address-path")
        .arg(admin)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut envoy = Process::start("Envoy", &mut command)?;
    let (stdout, stderr) = envoy.take_output();
    if let Some(pipe) = stdout {
        lines(pipe, events.clone(), Event::Access);
    }
    if let Some(pipe) = stderr {
        lines(pipe, events.clone(), Event::Log);
    }
    Ok(envoy)
}

/// Tells each line of `pipe`, until it ends.
fn lines(pipe: impl Read + Send + 'static, events: Sender<Event>, event: fn(String) -> Event) {
    thread::spawn(move || {
        // Plugins may log bytes that are no text.
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            if events
                .send(event(String::from_utf8_lossy(&line).into_owned()))
                .is_err()
            {
                return;
            }
        }
    });
}

/// Tells when Envoy serves. If it never does, it ends, or the user ends it.
fn watch_readiness(admin: PathBuf, events: Sender<Event>) {
    thread::spawn(move || {
        loop {
            if let Ok(Some(serving)) = Serving::at(&admin) {
                // Nobody listens any more when this run is over.
                let _ = events.send(Event::Ready(serving));
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
    });
}
