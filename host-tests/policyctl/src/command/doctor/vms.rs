//! The machines that modules run in: what becomes of requests when one dies, and who shares what with whom.

use super::Context;
use super::finding::{Finding, Kind};
use crate::installed::{Installed, ModuleFrom, Stands};
use crate::proxy::Filter;

pub(super) const KINDS: &[&Kind] = &[
    &FAILS_CLOSED,
    &FAILS_OPEN,
    &OTHER_RUNTIME,
    &MODULE_UNPINNED,
    &VM_ID_MISSING,
    &VM_IDS_DIFFER,
    &VERSIONS_MIXED,
];

static FAILS_CLOSED: Kind = Kind::error(
    "fails-closed",
    "If the plugin's machine ever dies, that worker answers every later request 503 with an empty body, until Envoy is \
     restarted.",
);
static FAILS_OPEN: Kind = Kind::note(
    "fails-open",
    "If the plugin's machine ever dies, that worker serves without the plugin until Envoy is restarted.",
);
static OTHER_RUNTIME: Kind = Kind::warning(
    "other-runtime",
    "The plugins are tested in V8 alone. Stock Envoy has no other runtime, and refuses the configuration.",
);
static MODULE_UNPINNED: Kind = Kind::warning(
    "module-unpinned",
    "Whoever can write to the registry chooses what runs in the proxy, and proxies that start at different times can run \
     different modules.",
);
static VM_ID_MISSING: Kind = Kind::note(
    "vm-id-missing",
    "Breakers and budgets are shared with every other plugin that has no vm_id either, whoever made it.",
);
static VM_IDS_DIFFER: Kind = Kind::warning(
    "vm-ids-differ",
    "What crosses workers lies under the vm_id: each has breakers and budgets of its own, so an upstream that one of them has \
     found to be down still gets the requests of the other.",
);
static VERSIONS_MIXED: Kind = Kind::warning(
    "versions-mixed",
    "Versions of a module keep their records apart: a breaker that is open in one is closed in the other, and metrics of both \
     go by one name.",
);

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    let proxy = context.proxy;
    for (listener, manager) in proxy.managers() {
        let within = listener.told();
        for filter in &manager.filters {
            of_filter(filter, manager.is_whole, &within, found);
        }
    }
    for cluster in &proxy.clusters {
        let within = format!("cluster {}", cluster.name());
        for filter in &cluster.filters {
            of_filter(filter, true, &within, found);
        }
    }
    for plugin in ["circuit-breaker", "retry"] {
        shared(context, plugin, found);
    }
}

fn of_filter(filter: &Filter<'_>, is_whole: bool, within: &str, found: &mut Vec<Finding>) {
    let Some(installed) = filter.installed.as_ref().filter(|_| !filter.plugins.is_empty()) else {
        return;
    };
    let name = filter.name();
    let place = || filter.place();
    match installed.failure_policy.as_deref() {
        Some("FAIL_RELOAD") => {}
        Some("FAIL_OPEN") => {
            let what = format!("{name} fails open");
            let cure = "failure_policy: FAIL_RELOAD";
            found.push(Finding::new(&FAILS_OPEN, place(), what).within(within).cure(cure));
        }
        said => {
            let what = match said {
                None => format!("{name} says no failure_policy, which is to fail closed"),
                Some(_) => format!("{name} fails closed"),
            };
            let cure = "failure_policy: FAIL_RELOAD";
            found.push(
                Finding::new(&FAILS_CLOSED, place(), what)
                    .within(within)
                    .cure(cure),
            );
        }
    }
    let vm = filter.config.as_ref().and_then(|config| {
        config
            .at("config.vm_config")
            .or_else(|| config.at("value.config.vm_config"))
    });
    if let Some(vm) = vm {
        let runtime = vm.text("runtime");
        if !matches!(runtime, "" | "envoy.wasm.runtime.v8") {
            let what = format!("{name} runs in {runtime}");
            let cure = "vm_config:\n  runtime: envoy.wasm.runtime.v8";
            found.push(Finding::at(&OTHER_RUNTIME, &vm, what).within(within).cure(cure));
        }
        let remote = vm.at("code.remote");
        if let Some(remote) = remote.filter(|remote| remote.text("sha256").is_empty()) {
            let what = format!("the module of {name} has no sha256");
            let cure =
                "code:\n  remote:\n    sha256: what `sha256sum` says of the module, or the image's digest";
            found.push(
                Finding::at(&MODULE_UNPINNED, &remote, what)
                    .within(within)
                    .cure(cure),
            );
        }
    }
    let is_image = !is_whole && filter.config.is_none();
    let digests = ["sha256", "code.image.sha256", "code.http.sha256"];
    if is_image && digests.iter().all(|key| filter.node.text(key).is_empty()) {
        let what = format!("the module of {name} has no sha256");
        let cure = "sha256: the image's digest, or what `sha256sum` says of the module";
        found.push(
            Finding::new(&MODULE_UNPINNED, place(), what)
                .within(within)
                .cure(cure),
        );
    }
    let keeps_state = filter.is("circuit-breaker") || filter.is("retry") || filter.is("admin");
    if keeps_state && is_whole && installed.vm_id.is_empty() {
        let what = format!("{name} has no vm_id");
        found.push(
            Finding::new(&VM_ID_MISSING, place(), what)
                .within(within)
                .cure("vm_config:\n  vm_id: policies"),
        );
    }
}

/// Whether all that share what crosses workers do share it, and are one version.
fn shared(context: &Context<'_>, plugin: &str, found: &mut Vec<Finding>) {
    let all = context.proxy.plugins().filter(|(_, each)| each.name == plugin);
    let all: Vec<(&Filter<'_>, &Installed)> = all
        .filter_map(|(filter, _)| Some((filter, filter.installed.as_ref()?)))
        .collect();
    let Some((first, first_installed)) = all.first() else {
        return;
    };
    for (filter, installed) in all.iter().skip(1) {
        if installed.vm_id != first_installed.vm_id {
            // Told as a fault of the budget, where it is one.
            let is_told = plugin == "retry" && matches!(installed.stands, Stands::Cluster(_));
            if !is_told {
                let what = format!(
                    "{plugin} has the vm_id \"{}\" here and \"{}\" at {}",
                    installed.vm_id,
                    first_installed.vm_id,
                    first.place()
                );
                let cure = format!("vm_config:\n  vm_id: {}", first_installed.vm_id);
                found.push(
                    Finding::new(&VM_IDS_DIFFER, filter.place(), what)
                        .within(told(installed))
                        .cure(cure),
                );
            }
        } else if code(filter, installed) != code(first, first_installed)
            && is_of_one_kind(&installed.module, &first_installed.module)
        {
            let what = format!(
                "{plugin} comes from {} here, and from {} at {}, under one vm_id",
                module(filter, installed),
                module(first, first_installed),
                first.place()
            );
            let cure = "load the same module everywhere, with the same sha256; while you roll a version out, this is as it must be";
            found.push(
                Finding::new(&VERSIONS_MIXED, filter.place(), what)
                    .within(told(installed))
                    .cure(cure),
            );
        }
    }
}

/// The module of one plugin and the module of all of them are no two versions of one.
fn is_of_one_kind(one: &ModuleFrom, other: &ModuleFrom) -> bool {
    let holds_all = |from: &ModuleFrom| {
        let (ModuleFrom::File(path), name) = (match from {
            ModuleFrom::Url(url) => (ModuleFrom::File(url.into()), url.clone()),
            from => (from.clone(), String::new()),
        }) else {
            return false;
        };
        let file = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or(&name)
            .to_owned();
        file.starts_with("policies")
    };
    holds_all(one) == holds_all(other)
}

/// What tells one module from another, as far as the configuration says it.
fn code(filter: &Filter<'_>, installed: &Installed) -> String {
    let hash = sha256(filter);
    match hash.is_empty() {
        false => hash,
        true => module(filter, installed),
    }
}

fn sha256(filter: &Filter<'_>) -> String {
    let config = filter.config.as_ref();
    let hash = config.map(|config| config.text("config.vm_config.code.remote.sha256"));
    hash.unwrap_or_default().to_owned()
}

fn module(filter: &Filter<'_>, installed: &Installed) -> String {
    let hash = sha256(filter);
    let short = hash
        .get(..12)
        .map(|short| format!(" (sha256 {short}…)"))
        .unwrap_or_default();
    match &installed.module {
        ModuleFrom::File(file) => file.display().to_string(),
        ModuleFrom::Url(url) => format!("{url}{short}"),
        ModuleFrom::Unsaid => "code that the file does not name".to_owned(),
    }
}

fn told(installed: &Installed) -> String {
    match &installed.stands {
        Stands::Listener(name) => format!("listener {name}"),
        Stands::Cluster(name) => format!("cluster {name}"),
        Stands::Unsaid => String::new(),
    }
}
