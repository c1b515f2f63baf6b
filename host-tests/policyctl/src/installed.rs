//! The plugins that a file installs: which, with what configuration, from which module, and where.
//!
//! A file may be a plugin's configuration by itself, an Envoy's configuration, an answer of its `/config_dump`, a file of ECDS,
//! or manifests for Istio and Envoy Gateway. All of them say the same in other words.

mod envoy;
mod manifest;
mod plain;

use crate::document::Document;
use crate::modules::Modules;
use crate::problem::Problem;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A plugin as a file installs it.
#[derive(Clone, Debug)]
pub(crate) struct Installed {
    /// Which plugin it is, `circuit-breaker` for example; `None`: none of ours.
    pub(crate) plugin: Option<&'static str>,
    /// The module that came with this program and holds it: `policies` where a root id picks the plugin from that.
    pub(crate) shipped: Option<&'static str>,
    /// What the filter is called.
    pub(crate) name: String,
    pub(crate) root_id: String,
    pub(crate) vm_id: String,
    pub(crate) module: ModuleFrom,
    /// `FAIL_RELOAD` for example; `None`: the proxy's default, which is to fail closed.
    pub(crate) failure_policy: Option<String>,
    pub(crate) given: Given,
    pub(crate) stands: Stands,
    /// The file, and what in it installs the plugin.
    pub(crate) document: Document,
    pub(crate) pointer: String,
    /// What the configuration says, with its places; `None`: there is none, or it is no JSON.
    pub(crate) configuration: Option<Document>,
}

/// Where the module comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ModuleFrom {
    /// A file, as the configuration names it.
    File(PathBuf),
    /// An image, or a server.
    Url(String),
    /// The configuration does not say.
    Unsaid,
}

/// The configuration, as the proxy hands it over.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Given {
    Nothing,
    /// Text: JSON, if all is well.
    Text(String),
    /// A `google.protobuf.Struct`.
    Struct(Value),
}

/// Where the filter stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stands {
    /// Before the router, in a listener of this name, which may be empty.
    Listener(String),
    /// In the filters of a cluster of this name, which may be empty.
    Cluster(String),
    /// The file does not say.
    Unsaid,
}

impl Given {
    /// As the host takes it.
    pub(crate) fn to_host(&self) -> host::Configuration {
        match self {
            Self::Nothing => "".into(),
            Self::Text(text) => text.as_str().into(),
            Self::Struct(value) => host::Configuration::as_struct(value.clone()),
        }
    }
}

impl Installed {
    /// Which plugin it is, or what its filter is called.
    pub(crate) fn told(&self) -> &str {
        self.plugin.unwrap_or(&self.name)
    }

    /// The plugins that it runs: several, where it is the module of all of them.
    pub(crate) fn runs(&self) -> Vec<&'static str> {
        const ALL: [&str; 4] = ["error-envelope", "request-id", "circuit-breaker", "retry"];
        if self.plugin != Some("policies") {
            return self.plugin.into_iter().collect();
        }
        // Nothing at all asks for all of them.
        let sections = self.configuration.as_ref().map(|all| &*all.tree);
        let has = |name: &&str| sections.is_none_or(|sections| sections.get(*name).is_some());
        ALL.into_iter().filter(has).collect()
    }

    /// The list of filters that it is in, which is told apart from all others; `None` where the file has it by itself.
    pub(crate) fn chain(&self) -> Option<String> {
        // Each document of a file has its own.
        let document = Arc::as_ptr(&self.document.tree);
        Some(format!("{document:p}{}", self.list()?))
    }

    /// The pointer of the list of filters that it is in.
    pub(crate) fn list(&self) -> Option<&str> {
        let lists = ["/http_filters", "/spec/wasm"];
        lists.iter().find_map(|list| {
            let at = self.pointer.rfind(&format!("{list}/"))?;
            self.pointer.get(..at + list.len())
        })
    }

    /// `file:line:column` of what installs it.
    pub(crate) fn told_place(&self) -> String {
        self.document.told_place(&self.pointer)
    }

    /// The plugin for the host, with its module: the file that the configuration names, where it is there, or the module
    /// that came with this program.
    ///
    /// # Errors
    /// A file that is there and no module.
    pub(crate) fn to_host(&self, modules: &Modules) -> Result<Option<host::Plugin>, Problem> {
        Ok(self.module(modules)?.map(|module| self.with_module(module)))
    }

    /// The module that it would run: the file that the configuration names, where it is there, or the one that came with
    /// this program.
    ///
    /// # Errors
    /// A file that is there and no module.
    pub(crate) fn module(&self, modules: &Modules) -> Result<Option<host::Module>, Problem> {
        match self.local_module() {
            Some(file) => modules.file(&file).map(Some),
            None => Ok(self.shipped.and_then(|shipped| modules.named(shipped))),
        }
    }

    /// The plugin for the host, with this module.
    pub(crate) fn with_module(&self, module: host::Module) -> host::Plugin {
        host::Plugin::new(module)
            .name(&self.name)
            .root_id(&self.root_id)
            .vm_id(&self.vm_id)
            .config(self.given.to_host())
    }

    /// The file that the module is in, where there is one: from here, as Envoy would look for it, or from where the
    /// configuration is.
    pub(crate) fn local_module(&self) -> Option<PathBuf> {
        let ModuleFrom::File(file) = &self.module else {
            return None;
        };
        let beside = Path::new(&*self.document.name)
            .parent()
            .map(|folder| folder.join(file));
        [Some(file.clone()), beside]
            .into_iter()
            .flatten()
            .find(|file| file.is_file())
    }
}

/// The plugins that the documents install, in their order. `plugin` is which one a plugin's configuration by itself is
/// for, where that is known.
///
/// # Errors
/// A document that is none of what can be read here, with its place.
pub(crate) fn find_all(
    documents: &[Document],
    modules: &Modules,
    plugin: Option<&str>,
) -> Result<Vec<Installed>, Problem> {
    let mut all = Vec::new();
    for document in documents {
        if manifest::is_one(&document.tree) {
            manifest::find(document, "", modules, &mut all);
        } else if envoy::is_one(&document.tree) {
            envoy::find(document, "", Stands::Unsaid, modules, &mut all);
        } else {
            all.push(plain::find(document, modules, plugin)?);
        }
    }
    Ok(all)
}

/// The plugin that a filter's typed configuration at this pointer installs; `None`: it is of another type than Wasm.
pub(crate) fn in_filter(
    document: &Document,
    pointer: &str,
    stands: &Stands,
    modules: &Modules,
) -> Option<Installed> {
    envoy::at(document, pointer, stands, modules)
}

/// The plugins of a manifest, in the order in which they stand there.
pub(crate) fn in_manifest(document: &Document, pointer: &str, modules: &Modules) -> Vec<Installed> {
    let mut all = Vec::new();
    manifest::find(document, pointer, modules, &mut all);
    all
}

/// Which plugin of ours it is, and which module of ours holds it: by what the module is called, or, where that says
/// nothing, by the root id. The module of all of them is each of them by its root id.
fn which(root_id: &str, module: &ModuleFrom, modules: &Modules) -> Option<(&'static str, &'static str)> {
    let by_root_id = modules.names().find(|name| *name == root_id);
    match (called(module, modules), by_root_id) {
        (Some("policies"), by_root_id) => Some((by_root_id.unwrap_or("policies"), "policies")),
        (Some(called), _) => Some((called, called)),
        (None, by_root_id) => by_root_id.map(|name| (name, name)),
    }
}

/// The module of ours that is called as this one.
pub(crate) fn called(module: &ModuleFrom, modules: &Modules) -> Option<&'static str> {
    let stem = match module {
        ModuleFrom::File(file) => file.file_stem()?.to_str()?.to_owned(),
        ModuleFrom::Url(url) => {
            let last = url.rsplit('/').next()?;
            let name = last.split(['@', ':', '?']).next()?;
            name.strip_suffix(".wasm").unwrap_or(name).to_owned()
        }
        ModuleFrom::Unsaid => return None,
    };
    let stem = stem.replace('_', "-");
    // A version may follow: circuit_breaker-0.2.0.wasm.
    let is_called = |name: &&'static str| {
        stem.strip_prefix(*name).is_some_and(|rest| {
            let version = rest.strip_prefix(['-', '.']).unwrap_or_default();
            let version = version.strip_prefix('v').unwrap_or(version);
            rest.is_empty() || version.starts_with(|first: char| first.is_ascii_digit())
        })
    };
    modules.names().find(is_called)
}

#[cfg(test)]
mod tests;
