//! `policyctl explain`: what becomes of a request, and why.

mod asked;
mod chain;
mod others;
mod record;
mod routes;
mod told;

use crate::document::Document;
use crate::finding::{Finding, Severity};
use crate::installed::{self, ModuleFrom};
use crate::modules::Modules;
use crate::problem::Problem;
use crate::screen::Screen;
use crate::{Ending, verdict};
use asked::Asked;
use chain::Chain;
use clap::Args;
use std::path::PathBuf;

/// Show which rule a request meets, and what each plugin does about it.
///
/// The request goes through the plugins that the file installs, by their own modules, with "explain" set to "all", which is
/// all that is changed. What they say of it is what stands in policy.explain of an access log; beside it stands what the
/// upstream and the client got, and what was logged and counted. The upstream answers as you say. Nothing is sent anywhere.
///
/// Routes are those of the file, if it is an Envoy's configuration; else say with --route, --cluster and --virtual-host which
/// ones the request takes.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The file; - is the standard input.
    file: PathBuf,
    #[command(flatten)]
    asked: Asked,
    /// Which plugin a configuration by itself is for, where neither its "$schema", nor its sections, nor the file's name
    /// says it.
    #[arg(long, value_name = "NAME")]
    plugin: Option<String>,
    /// The module to run instead of those that the file names.
    #[arg(long, value_name = "FILE.wasm")]
    module: Option<PathBuf>,
    /// Which listener's chain, where the file has several [default: the first].
    #[arg(long, value_name = "NAME")]
    listener: Option<String>,
}

const EXAMPLES: &str = "Examples:
  policyctl explain envoy/envoy.yaml GET /orders -H 'x-request-id: mine'
  policyctl explain envoy/envoy.yaml POST /payments/charge --answer 503 --times 5
  policyctl explain --plugin retry retry.json GET /orders --route orders --answer time-out";

impl Arguments {
    pub(crate) fn run(&self, modules: &Modules, screen: &Screen) -> Result<Ending, Problem> {
        let documents = Document::read_all(&self.file)?;
        let of_module = || installed::called(&ModuleFrom::File(self.module.clone()?), modules);
        let plugin = self.plugin.as_deref().or_else(of_module);
        let all = installed::find_all(&documents, modules, plugin)?;
        let chain = Chain::of(&all, self.listener.as_deref(), self.module.as_deref(), modules)?;
        let mut faults: Vec<Finding> = Vec::new();
        for member in chain.members() {
            let found = verdict::of(&member.installed, member.module.clone());
            faults.extend(
                found
                    .into_iter()
                    .filter(|found| found.severity == Severity::Error),
            );
        }
        if !faults.is_empty() {
            return refused(&faults, screen);
        }
        let table = routes::Table::of(&chain, &self.asked)?;
        let host = chain.host(&table, &self.asked);
        // With a module of others, which may know no "explain".
        host.try_start().map_err(|refused| {
            let what = format!(
                "{} does not start with \"explain\": \"all\": {}",
                refused.plugin(),
                refused.reason()
            );
            Problem::new(what).cure("ask about the plugins of one version, with their own modules")
        })?;
        let records: Vec<record::Record> = (1..=self.asked.times())
            .map(|number| {
                if number > 1 {
                    host.advance(self.asked.every());
                }
                record::Record::of(&host, &self.asked, number)
            })
            .collect();
        let others = records
            .last()
            .map(|last| others::of(&chain, &table, &self.asked, last))
            .unwrap_or_default();
        let notes: Vec<String> = chain.notes().iter().chain(table.notes()).cloned().collect();
        let silent = records.last().map(|last| chain.silent(last)).unwrap_or_default();
        told::print(
            &self.asked,
            &records,
            &told::Beside {
                others,
                silent,
                notes,
            },
            screen,
        )?;
        Ok(Ending::Fine)
    }
}

/// What is refused does not run.
fn refused(faults: &[Finding], screen: &Screen) -> Result<Ending, Problem> {
    match screen.is_json() {
        true => {
            let findings: Vec<_> = faults.iter().map(Finding::json).collect();
            screen.json(&serde_json::json!({ "findings": findings }))?;
        }
        false => {
            let told: String = faults.iter().map(Finding::told).collect();
            screen.text(&format!(
                "{told}A configuration with faults is refused, so that no request meets it.\n"
            ))?;
        }
    }
    Ok(Ending::Found)
}
