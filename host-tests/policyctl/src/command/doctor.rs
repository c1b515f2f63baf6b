//! `policyctl doctor`: what the plugins need of an Envoy outside their own configuration, and whether it has it.

mod asking;
mod clusters;
mod emit;
mod finding;
mod labels;
mod live;
mod manager;
mod order;
mod print;
mod routes;
mod server;
mod settings;
mod vms;
mod ways;

use crate::Ending;
use crate::modules::Modules;
use crate::problem::Problem;
use crate::proxy::{Proxy, Sources};
use crate::screen::Screen;
use clap::Args;
use finding::{Finding, Kind, Severity};

/// Look for what the plugins need of an Envoy outside their own configuration
///
/// A plugin can be configured without a fault and still not do what it is there for, because of
/// what stands around it: the order of the filters, a route that retries by itself, a cluster
/// without a retry budget. Use it on a configuration before it is rolled out, and on an Envoy that
/// runs. Each finding says what happens to requests if it stays, and what to write.
///
/// Examples:
///   policyctl doctor envoy.yaml
///   policyctl doctor http://127.0.0.1:9901
///   curl -s 'http://127.0.0.1:9901/config_dump?include_eds' | policyctl doctor -
///   policyctl doctor --emit envoy policies.json > envoy.yaml
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// A bootstrap, a saved /config_dump, manifests for Istio or Envoy Gateway; - for the standard input; or the address of
    /// an Envoy's administration interface.
    #[arg(value_name = "CONFIGURATION", required_unless_present = "list")]
    given: Option<String>,
    /// End with 1 for warnings, too, not for errors alone.
    #[arg(long)]
    strict: bool,
    /// Leave out the findings of this id; as often as you like.
    #[arg(long, value_name = "ID")]
    ignore: Vec<String>,
    /// List what is looked for, each with what happens if it stays.
    #[arg(long, conflicts_with = "given")]
    list: bool,
    #[command(flatten)]
    emit: emit::Emit,
}

/// What there is to look at.
struct Context<'c> {
    sources: &'c Sources,
    proxy: &'c Proxy<'c>,
    modules: &'c Modules,
}

type Check = fn(&Context<'_>, &mut Vec<Finding>);

/// All checks, in the order in which their findings are told.
const CHECKS: [(Check, &[&Kind]); 9] = [
    (server::check, server::KINDS),
    (order::check, order::KINDS),
    (manager::check, manager::KINDS),
    (routes::check, routes::KINDS),
    (clusters::check, clusters::KINDS),
    (vms::check, vms::KINDS),
    (ways::check, ways::KINDS),
    (labels::check, labels::KINDS),
    (live::check, live::KINDS),
];

impl Arguments {
    pub(crate) fn run(&self, modules: &Modules, screen: &Screen) -> Result<Ending, Problem> {
        if self.list {
            print::list(&kinds(), screen)?;
            return Ok(Ending::Fine);
        }
        if self.emit.is_asked() {
            return self
                .emit
                .run(self.given.as_deref().unwrap_or("-"), modules, screen);
        }
        let known = kinds();
        if let Some(other) = self
            .ignore
            .iter()
            .find(|id| !known.iter().any(|kind| kind.id == **id))
        {
            return Err(Problem::new(format!("there is no finding `{other}`"))
                .cure("`policyctl doctor --list` has all of them"));
        }
        let sources = Sources::read(self.given.as_deref().unwrap_or("-"))?;
        let mut found = examine(&sources, modules);
        found.retain(|finding| !self.ignore.iter().any(|id| *id == finding.kind.id));
        print::findings(&found, screen)?;
        let bound = match self.strict {
            true => Severity::Warning,
            false => Severity::Error,
        };
        let is_found = found.iter().any(|finding| finding.kind.severity <= bound);
        Ok(match is_found {
            true => Ending::Found,
            false => Ending::Fine,
        })
    }
}

/// All that is found, the worst first.
fn examine(sources: &Sources, modules: &Modules) -> Vec<Finding> {
    let proxy = Proxy::of(sources, modules);
    let context = Context {
        sources,
        proxy: &proxy,
        modules,
    };
    let mut found = Vec::new();
    for (check, _) in CHECKS {
        check(&context, &mut found);
    }
    found.sort_by_key(|finding| finding.kind.severity);
    found
}

/// Every kind of finding.
fn kinds() -> Vec<&'static Kind> {
    CHECKS
        .iter()
        .flat_map(|(_, kinds)| kinds.iter().copied())
        .collect()
}
