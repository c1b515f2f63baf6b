//! `policyctl check`: each configuration in the files against the module that will load it.

mod around;
mod told;

use crate::document::{self, Document};
use crate::finding::{At, Finding, Severity};
use crate::installed::{self, Installed, ModuleFrom};
use crate::modules::Modules;
use crate::problem::Problem;
use crate::screen::Screen;
use crate::{Ending, verdict};
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Check configurations against the modules that will load them.
///
/// Run it before a configuration goes anywhere: at a desk, in an editor, in a pipeline. A file may be a plugin's
/// configuration by itself, an Envoy's configuration, a file of ECDS, an answer of /config_dump, or manifests for Istio and
/// Envoy Gateway; JSON or YAML. Every plugin in it is started with what the file gives it, by its own module, and every
/// fault that the module finds is shown with its place.
///
/// The module is the file that the configuration names, where it is there, or the one that came with this program.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The files; - is the standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Which plugin a configuration by itself is for, where neither its "$schema", nor its sections, nor the file's name
    /// says it.
    #[arg(long, value_name = "NAME")]
    plugin: Option<String>,
    /// The module to check with, instead of those that the files name.
    #[arg(long, value_name = "FILE.wasm")]
    module: Option<PathBuf>,
    /// End with 1 where there are warnings, too.
    #[arg(long)]
    strict: bool,
}

const EXAMPLES: &str = "Examples:
  policyctl check envoy/envoy.yaml
  policyctl check --plugin retry retry.json
  policyctl check --module policies-0.2.0.wasm istio/*.yaml
  curl -s http://127.0.0.1:9901/config_dump | policyctl check -";

/// What came of one file.
struct Checked {
    name: String,
    plugins: Vec<Plugin>,
    findings: Vec<Finding>,
    /// It could not be read.
    is_unread: bool,
}

/// A filter that a file installs, and what it was checked with.
struct Plugin {
    name: String,
    /// None of ours is left alone.
    plugin: Option<&'static str>,
    module: String,
    faults: usize,
}

impl Arguments {
    pub(crate) fn run(&self, modules: &Modules, screen: &Screen) -> Result<Ending, Problem> {
        let names: Vec<&str> = modules.names().collect();
        if let Some(plugin) = &self.plugin
            && !names.contains(&plugin.as_str())
        {
            return Err(crate::modules::unknown(plugin, &names));
        }
        if let Some(file) = &self.module {
            modules.file(file)?;
        }
        let checked: Vec<Checked> = self.files.iter().map(|file| self.file(file, modules)).collect();
        told::print(&checked, screen)?;
        let worst = checked
            .iter()
            .flat_map(|each| &each.findings)
            .map(|each| each.severity)
            .min();
        Ok(match worst {
            _ if checked.iter().any(|each| each.is_unread) => Ending::Unanswered,
            Some(Severity::Error) => Ending::Found,
            Some(Severity::Warning) if self.strict => Ending::Found,
            _ => Ending::Fine,
        })
    }

    fn file(&self, file: &Path, modules: &Modules) -> Checked {
        let mut checked = Checked {
            name: file.display().to_string(),
            plugins: Vec::new(),
            findings: Vec::new(),
            is_unread: false,
        };
        let read = document::read_text(file);
        let (name, text) = match &read {
            Ok((name, text)) => (name.clone(), text.clone()),
            Err(_) => (checked.name.as_str().into(), "".into()),
        };
        if let Err(problem) = read.and_then(|(name, text)| self.check(&name, &text, modules, &mut checked)) {
            checked.is_unread = true;
            checked.findings.push(unread(&name, &text, &problem));
        }
        checked.name = name.to_string();
        checked
            .findings
            .sort_by_key(|finding| (finding.at.place.start, finding.severity));
        checked
    }

    fn check(
        &self,
        name: &Arc<str>,
        text: &Arc<str>,
        modules: &Modules,
        checked: &mut Checked,
    ) -> Result<(), Problem> {
        let documents = Document::some(name, text)?;
        let of_module = || installed::called(&ModuleFrom::File(self.module.clone()?), modules);
        let plugin = self.plugin.as_deref().or_else(of_module);
        let all = installed::find_all(&documents, modules, plugin)?;
        if !all.iter().any(|installed| installed.plugin.is_some()) {
            let what = match all.as_slice() {
                [] => "installs no plugin".to_owned(),
                others => format!("installs none of our plugins, but {}", listed(others)),
            };
            return Err(Problem::new(format!("{name}: {what}")).cure(
                "give a file with a filter of the Wasm type, or a plugin's configuration and --plugin",
            ));
        }
        for installed in &all {
            let plugin = self.plugin(installed, modules, &mut checked.findings);
            checked.plugins.push(plugin);
        }
        checked.findings.extend(around::doubles(&all));
        Ok(())
    }

    /// Checks one plugin.
    fn plugin(&self, installed: &Installed, modules: &Modules, findings: &mut Vec<Finding>) -> Plugin {
        let plugin = |module: String, faults| Plugin {
            name: installed.name.clone(),
            plugin: installed.plugin,
            module,
            faults,
        };
        if installed.plugin.is_none() {
            return plugin("left alone: none of ours".to_owned(), 0);
        }
        let (module, from) = match &self.module {
            Some(file) => (modules.file(file).map(Some), file.display().to_string()),
            None => (installed.module(modules), around::told_module(installed)),
        };
        let found = match module {
            Ok(Some(module)) => {
                if self.module.is_none() {
                    findings.extend(around::stand_in(installed));
                    findings.extend(around::other_digest(installed, modules));
                }
                findings.extend(around::root_id(installed));
                verdict::of(installed, module)
            }
            Ok(None) => Vec::new(),
            Err(problem) => {
                let at = At::of(&installed.document, &around::module_pointer(installed));
                let finding = Finding::new(Severity::Error, at, problem.to_string()).of(installed.told());
                vec![match problem.help() {
                    Some(help) => finding.help(help),
                    None => finding,
                }]
            }
        };
        let faults = found.iter().filter(|finding| finding.severity == Severity::Error);
        let plugin = plugin(from, faults.count());
        findings.extend(found);
        plugin
    }
}

/// Why a file could not be checked.
fn unread(name: &str, text: &Arc<str>, problem: &Problem) -> Finding {
    let at = At::file(name, text, problem.place());
    let what = problem.what();
    // The file is told beside it.
    let what = what
        .strip_prefix(name)
        .and_then(|what| what.strip_prefix(": "))
        .unwrap_or(what);
    let finding = Finding::new(Severity::Error, at, what);
    match problem.help() {
        Some(help) => finding.help(help),
        None => finding,
    }
}

fn listed(installed: &[Installed]) -> String {
    let names: Vec<String> = installed.iter().map(|each| format!("`{}`", each.name)).collect();
    names.join(", ")
}
