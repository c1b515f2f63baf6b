//! The configuration that a set is written around.

use super::super::settings;
use crate::document::Document;
use crate::finding::{Finding, Severity};
use crate::installed::{Given, Installed, ModuleFrom, Stands};
use crate::modules::Modules;
use crate::problem::Problem;
use crate::proxy::Plugin;
use crate::screen::Screen;
use crate::verdict;
use serde_json::Value;
use std::sync::Arc;

/// The plugins of traffic, in the order of the chain.
const CHAIN: [&str; 4] = ["error-envelope", "request-id", "circuit-breaker", "retry"];

/// A configuration of several plugins, which their modules accept.
pub(super) struct Sections {
    /// All of it.
    pub(super) whole: Value,
    /// Those that it has, in the order of the chain.
    pub(super) plugins: Vec<Plugin>,
    /// The bound of retries under way that goes with retry's budget: a share in per cent, and so many in any case.
    pub(super) budget: (f64, f64),
}

impl Sections {
    /// Those in this document; what the modules refuse of it, or how it is passed over, is told beside the result.
    ///
    /// # Errors
    /// There is none of the plugins in it.
    pub(super) fn of(
        document: &Document,
        modules: &Modules,
        screen: &Screen,
    ) -> Result<Option<Self>, Problem> {
        let faults = faults(document, modules);
        for fault in &faults {
            screen.aside(&fault.told())?;
        }
        if faults.iter().any(|fault| fault.severity == Severity::Error) {
            return Ok(None);
        }
        let root = document.root();
        let section = |name: &'static str| {
            root.get(name)?;
            Some(Plugin {
                name,
                configuration: document.part(&format!("/{name}")),
            })
        };
        let plugins: Vec<Plugin> = CHAIN.into_iter().filter_map(section).collect();
        if plugins.is_empty() {
            return Err(Problem::new(format!(
                "{}: has a section for none of the plugins",
                document.name
            ))
            .cure(format!(
                "write it as {{ \"circuit-breaker\": {{}}, \"retry\": {{}} }}: {}",
                CHAIN.join(", ")
            )));
        }
        let of_retry = plugins.iter().find(|plugin| plugin.name == "retry");
        let number = |path: &str, otherwise: f64| {
            let value = of_retry.and_then(|plugin| settings::in_default(plugin, modules, path));
            value.and_then(|value| value.as_f64()).unwrap_or(otherwise)
        };
        Ok(Some(Self {
            whole: (*document.tree).clone(),
            budget: (
                number("budget.percent", 20.0),
                number("budget.min_retry_rate.count", 10.0),
            ),
            plugins,
        }))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.plugin(name).is_some()
    }

    /// Whether the live state is configured, which belongs on a listener of its own.
    pub(super) fn has_admin(&self) -> bool {
        self.whole.get("admin").is_some()
    }

    pub(super) fn plugin(&self, name: &str) -> Option<&Plugin> {
        self.plugins.iter().find(|plugin| plugin.name == name)
    }

    /// The configuration of this plugin alone.
    pub(super) fn section(&self, name: &str) -> Value {
        let mut section = self.whole.get(name).cloned().unwrap_or_default();
        inherit(&self.whole, &mut section);
        section
    }

    /// The configuration of these plugins in one module.
    pub(super) fn these(&self, names: &[&str]) -> Value {
        let members = self.whole.as_object().into_iter().flatten();
        let kept = members.filter(|(key, _)| names.contains(&key.as_str()) || *key == "unknown_keys");
        kept.map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// The names of routes that rules go by, each once, in order.
    pub(super) fn routes(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for plugin in &self.plugins {
            for rule in settings::rules_by(plugin, "route") {
                let name = rule.value().as_str().unwrap_or_default();
                if !name.is_empty() && !names.iter().any(|known| known == name) {
                    names.push(name.to_owned());
                }
            }
        }
        names
    }

    /// The headers by which breakers re-route, with their values.
    pub(super) fn fallbacks(&self) -> Vec<(String, String)> {
        let mut all: Vec<(String, String)> = Vec::new();
        let breaker = self.plugin("circuit-breaker");
        if let Some(document) = breaker.and_then(|plugin| plugin.configuration.as_ref()) {
            settings::each(&document.root(), "reroute", &mut |reroute| {
                let pair = (
                    reroute.text("header").to_owned(),
                    reroute.text("value").to_owned(),
                );
                if !pair.0.is_empty() && !all.contains(&pair) {
                    all.push(pair);
                }
            });
        }
        all
    }

    /// What the plugins call the service.
    pub(super) fn service_name(&self) -> Option<&str> {
        let names = self
            .plugins
            .iter()
            .filter_map(|plugin| plugin.configuration.as_ref());
        names
            .filter_map(|document| document.at("/service_name")?.as_str())
            .find(|name| !name.contains(['"', '\\', '%', '\n']))
    }
}

/// What the modules find fault with: that of all plugins of traffic, and admin's, of which that one knows nothing.
fn faults(document: &Document, modules: &Modules) -> Vec<Finding> {
    let Some(mut admin) = document.part("/admin") else {
        // Only the text tells of a key that is given twice.
        let is_json = document.text.trim_start().starts_with('{');
        let text = match is_json {
            true => document.text.to_string(),
            false => document.tree.to_string(),
        };
        return faults_of("policies", document, text, modules);
    };
    let mut rest = (*document.tree).clone();
    if let Some(sections) = rest.as_object_mut() {
        sections.remove("admin");
    }
    let mut faults = faults_of("policies", document, rest.to_string(), modules);
    inherit(&rest, Arc::make_mut(&mut admin.tree));
    faults.extend(faults_of("admin", &admin, admin.tree.to_string(), modules));
    faults
}

/// Starts the module of this name with it. Returns what it finds fault with.
fn faults_of(name: &'static str, document: &Document, text: String, modules: &Modules) -> Vec<Finding> {
    let installed = Installed {
        plugin: Some(name),
        shipped: Some(name),
        name: name.to_owned(),
        root_id: name.to_owned(),
        vm_id: String::new(),
        module: ModuleFrom::Unsaid,
        failure_policy: None,
        given: Given::Text(text),
        stands: Stands::Unsaid,
        document: document.clone(),
        pointer: String::new(),
        configuration: Some(document.clone()),
    };
    let module = modules.named(name);
    module
        .map(|module| verdict::of(&installed, module))
        .unwrap_or_default()
}

/// What is said of all sections is said of each.
fn inherit(whole: &Value, section: &mut Value) {
    if let (Some(members), Some(unknown)) = (section.as_object_mut(), whole.get("unknown_keys")) {
        members.entry("unknown_keys").or_insert_with(|| unknown.clone());
    }
}
