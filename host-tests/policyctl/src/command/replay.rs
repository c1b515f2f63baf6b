//! `policyctl replay`: the requests of an access log once more, under another configuration.

mod behind;
mod breakers;
mod chain;
mod compare;
mod facts;
mod input;
mod log;
mod logged;
mod order;
mod outcome;
mod progress;
mod report;
mod side;
mod time;
mod work;

use crate::Ending;
use crate::modules::Modules;
use crate::problem::Problem;
use crate::screen::Screen;
use chain::Chain;
use clap::{Args, ValueEnum};
use log::{Reading, Refused};
use report::Report;
use std::path::PathBuf;
use work::Work;

/// Let the requests of an access log happen once more, under another configuration.
///
/// When a configuration is to change: which breakers would have opened, and when; what would have been rejected, tried again
/// or answered with another error code. It takes Envoy's access logs in JSON format, as the samples write them, and runs the
/// plugins' own modules on a clock of its own: a day of traffic in less than a minute.
///
/// What the new configuration is compared with is what the log says, or with --old another configuration under which the
/// same requests happen. That shows what the change alone does.
///
/// `policyctl replay --new new.json access.log`
/// `policyctl replay --old envoy.yaml --new envoy-new.yaml access.log.1.gz access.log`
#[derive(Args)]
pub(crate) struct Arguments {
    /// Access logs of one Envoy: JSON, a request a line, gzipped or not; - for the standard input. The oldest is read first,
    /// in whatever order they are given.
    #[arg(required = true, value_name = "LOG")]
    logs: Vec<PathBuf>,
    /// The configuration to try: of a plugin, of all of them (policies), or of an Envoy, or a manifest, that installs them.
    /// Several files are several plugins, the outermost first.
    #[arg(long, required = true, value_name = "FILE")]
    new: Vec<PathBuf>,
    /// The configuration to compare it with (default: what the log says).
    #[arg(long, value_name = "FILE")]
    old: Vec<PathBuf>,
    /// Which plugin a configuration is for that does not say so: circuit-breaker, error-envelope, policies, request-id,
    /// retry.
    #[arg(long, value_name = "NAME")]
    plugin: Option<String>,
    /// Which listener's plugins, where an Envoy has plugins in several.
    #[arg(long, value_name = "NAME")]
    listener: Option<String>,
    /// The cluster of requests whose line names none (default: the route's name stands for it).
    #[arg(long, value_name = "NAME")]
    cluster: Option<String>,
    /// What to do with requests that a plugin refused when they were logged, so that no upstream was asked.
    #[arg(long, value_enum, value_name = "HOW", default_value_t = Refused::AsLast)]
    refused: Refused,
    /// How many workers the Envoy has, among which the requests are shared out in turn.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    workers: u16,
    /// How many lines to hold back, so that one that was written late still comes in the order of the start times.
    #[arg(long, value_name = "LINES", default_value_t = order::READ_AHEAD)]
    read_ahead: usize,
    /// How many examples to name of each thing: requests, openings of a breaker.
    #[arg(long, value_name = "NUMBER", default_value_t = 3)]
    limit: usize,
    /// End with 1 if there is any of this under the new configuration: for CI. Several with commas.
    #[arg(long, value_enum, value_name = "WHAT", value_delimiter = ',')]
    fail_on: Vec<FailOn>,
}

/// What ends the program with 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// A breaker opens.
    Opened,
    /// A plugin refuses a request, a breaker among them.
    Rejected,
    /// A request is tried again.
    Retried,
    /// A client sees another status or error code than before.
    Changed,
}

impl Arguments {
    pub(crate) fn run(&self, modules: &Modules, screen: &Screen) -> Result<Ending, Problem> {
        let chain = |files: &[PathBuf]| {
            let (plugin, listener) = (self.plugin.as_deref(), self.listener.as_deref());
            Chain::read(files, modules, plugin, listener)
        };
        let start = |files: &[PathBuf]| {
            let started = side::Side::start(chain(files)?, usize::from(self.workers));
            started.map_err(|refused| chain::refused(files, &refused))
        };
        let old = match self.old.is_empty() {
            true => None,
            false => Some(start(&self.old)?),
        };
        let work = Work {
            reading: Reading {
                files: self.logs.clone(),
                cluster: self.cluster.clone(),
                refused: self.refused,
                read_ahead: self.read_ahead,
                consumed: input::Consumed::default(),
            },
            new: start(&self.new)?,
            old,
            examples: self.limit,
        };
        let done = work.run()?;
        if done.read.replayed == 0 {
            return Err(report::nothing(&done.read));
        }
        let report = Report {
            done: &done,
            old: names(&self.old),
            new: names(&self.new).unwrap_or_default(),
            limit: self.limit,
        };
        match screen.is_json() {
            true => screen.json(&report.json())?,
            false => screen.text(&report.text())?,
        }
        if let Some(death) = report.death() {
            return Err(
                Problem::new(format!("a module died: {death}")).cure("please report this as a defect")
            );
        }
        let is_found = self.fail_on.iter().any(|what| match what {
            FailOn::Opened => report.opened() > 0,
            FailOn::Rejected => report.refused() > 0,
            FailOn::Retried => report.retried() > 0,
            FailOn::Changed => report.changed() > 0,
        });
        Ok(if is_found { Ending::Found } else { Ending::Fine })
    }
}

/// The files as they are told.
fn names(files: &[PathBuf]) -> Option<String> {
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    (!names.is_empty()).then(|| names.join(", "))
}
