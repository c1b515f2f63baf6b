//! What is around a plugin's own configuration: its module, its root id, and the other filters of its chain.

use crate::finding::{At, Finding, Severity};
use crate::installed::{Installed, ModuleFrom};
use crate::modules::Modules;
use std::collections::HashMap;

/// What the module of all plugins is called, and the root id that asks for all of them.
const POLICIES: &str = "policies";

/// Which module it is checked with.
pub(super) fn told_module(installed: &Installed) -> String {
    match installed.local_module() {
        Some(file) => file.display().to_string(),
        None => own(),
    }
}

fn own() -> String {
    format!("the module of policyctl {}", env!("CARGO_PKG_VERSION"))
}

/// Where the configuration says which module it is.
pub(super) fn module_pointer(installed: &Installed) -> String {
    let places = [
        "/vm_config/code/local/filename",
        "/vm_config/code/remote/http_uri/uri",
        "/url",
        "/code/image/url",
        "/code/http/url",
    ];
    let mut pointers = places.iter().map(|place| format!("{}{place}", installed.pointer));
    pointers
        .find(|pointer| installed.document.at(pointer).is_some())
        .unwrap_or_else(|| installed.pointer.clone())
}

/// The file that the configuration names is not here.
pub(super) fn stand_in(installed: &Installed) -> Option<Finding> {
    let ModuleFrom::File(file) = &installed.module else {
        return None;
    };
    installed.local_module().is_none().then(|| {
        let at = At::of(&installed.document, &module_pointer(installed));
        let message = format!("{} is not here: checked with {}", file.display(), own());
        let finding = Finding::new(Severity::Warning, at, message).of(installed.told());
        finding.help("run it where the file is, or give the module with --module")
    })
}

/// The configuration is for a module of these bytes, and this is another.
pub(super) fn other_digest(installed: &Installed, modules: &Modules) -> Option<Finding> {
    if let ModuleFrom::File(_) = installed.module {
        return None;
    }
    let places = [
        "/vm_config/code/remote/sha256",
        "/sha256",
        "/code/image/sha256",
        "/code/http/sha256",
    ];
    let document = &installed.document;
    let mut pointers = places.iter().map(|place| format!("{}{place}", installed.pointer));
    let (pointer, wanted) = pointers.find_map(|pointer| {
        let wanted = document.at(&pointer)?.as_str()?.to_owned();
        Some((pointer, wanted))
    })?;
    let here = modules.sha256(installed.shipped?)?;
    let at = || At::of(document, &pointer);
    if !wanted.is_empty() && wanted.bytes().all(|digit| digit == b'0') {
        let message = "this digest is only a place for one: no module has it";
        let finding = Finding::new(Severity::Note, at(), message).of(installed.told());
        return Some(finding.help(format!("that of {} is {here}", own())));
    }
    (!wanted.is_empty() && wanted != here).then(|| {
        let message = format!(
            "this is the digest of another module than the one it was checked with: {}",
            own()
        );
        let finding = Finding::new(Severity::Note, at(), message).of(installed.told());
        finding.help(format!("that one has {here}; --module checks with another"))
    })
}

/// The module of all plugins takes what it is asked for by its root id.
pub(super) fn root_id(installed: &Installed) -> Option<Finding> {
    let is_unsaid = installed.shipped == Some(POLICIES) && installed.root_id.is_empty();
    is_unsaid.then(|| {
        let at = At::of(&installed.document, &installed.pointer);
        let message =
            "there is no root id: this filter runs every plugin that the configuration has a section for";
        let finding = Finding::new(Severity::Note, at, message).of(installed.told());
        finding.help(format!(
            "say so with the root id `{POLICIES}`, or name the one that is meant"
        ))
    })
}

/// Filters of one chain that do the same, or are called the same.
pub(super) fn doubles(all: &[Installed]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut plugins: HashMap<(String, &str), String> = HashMap::new();
    let mut names: HashMap<(String, &str), String> = HashMap::new();
    for installed in all.iter().filter(|each| each.plugin.is_some()) {
        let Some(chain) = installed.chain() else {
            continue;
        };
        let at = || At::of(&installed.document, &installed.pointer);
        for plugin in installed.runs() {
            if let Some(first) = plugins.insert((chain.clone(), plugin), installed.told_place()) {
                let message = format!("{plugin} runs twice in this chain, first at {first}");
                let finding = Finding::new(Severity::Warning, at(), message).of(installed.told());
                findings.push(finding.help("leave one of them: each would do its work again"));
            }
        }
        if let Some(first) = names.insert((chain, &installed.name), installed.told_place()) {
            let message = format!(
                "two filters of this chain are called `{}`, the first at {first}",
                installed.name
            );
            let finding = Finding::new(Severity::Warning, at(), message).of(installed.told());
            findings
                .push(finding.help("give each a name of its own: metrics and updates are told apart by it"));
        }
    }
    findings
}
