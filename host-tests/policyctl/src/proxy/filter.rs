//! A filter of a chain, and what of ours is in it.

use super::Unseen;
use super::read::Discovered;
use crate::document::{Document, Node};
use crate::installed::{self, Given, Installed, Stands};
use crate::modules::Modules;

/// The plugins in the order of the one pass.
const IN_ONE_PASS: [&str; 4] = ["error-envelope", "request-id", "circuit-breaker", "retry"];

/// A filter.
pub(crate) struct Filter<'d> {
    /// What stands in the list.
    pub(crate) node: Node<'d>,
    /// What it is called.
    called: String,
    /// What kind it is: `router`, `jwt_authn`, `wasm`; or the name of its type.
    pub(crate) kind: String,
    /// Its configuration, wherever that is; `None`: the file does not hold it.
    pub(crate) config: Option<Node<'d>>,
    /// What it installs, if it is of the Wasm type.
    pub(crate) installed: Option<Installed>,
    /// The plugins of ours that run in it, in order; none, if it is none of ours.
    pub(crate) plugins: Vec<Plugin>,
}

/// A plugin of ours.
pub(crate) struct Plugin {
    pub(crate) name: &'static str,
    /// Its own configuration: of a module of several, its section. `None`: it has none, or none that can be read.
    pub(crate) configuration: Option<Document>,
}

impl<'d> Filter<'d> {
    pub(super) fn read(
        node: Node<'d>,
        stands: &Stands,
        discovered: &Discovered<'d>,
        modules: &Modules,
        unseen: &mut Vec<Unseen<'d>>,
    ) -> Self {
        let name = node.text("name");
        let config = node.get("typed_config").or_else(|| {
            let discovery = node.get("config_discovery")?;
            let path = discovery.text("config_source.path_config_source.path");
            let found = discovered.filter(name, path);
            if found.is_none() {
                unseen.push(Unseen {
                    node: node.clone(),
                    what: format!("the configuration of the filter {name}"),
                });
            }
            found.or_else(|| discovery.get("default_config"))
        });
        // A filter that is only for some requests is wrapped.
        let config = config.map(|config| match config.is_type("ExtensionWithMatcher") {
            true => config.at("extension_config.typed_config").unwrap_or(config),
            false => config,
        });
        let installed = config
            .as_ref()
            .and_then(|config| installed::in_filter(config.document(), config.pointer(), stands, modules));
        Self {
            kind: kind(name, config.as_ref()),
            plugins: installed.as_ref().map(plugins).unwrap_or_default(),
            called: name.to_owned(),
            node,
            config,
            installed,
        }
    }

    /// The filter that a manifest asks for.
    pub(super) fn asked_for(node: Node<'d>, installed: Installed) -> Self {
        Self {
            called: installed.name.clone(),
            kind: "wasm".to_owned(),
            config: None,
            plugins: plugins(&installed),
            installed: Some(installed),
            node,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.called
    }

    /// Where it is configured, or stands.
    pub(crate) fn place(&self) -> String {
        self.config.as_ref().unwrap_or(&self.node).told_place()
    }

    pub(crate) fn is(&self, plugin: &str) -> bool {
        self.plugins.iter().any(|each| each.name == plugin)
    }
}

/// Which kind of filter it is: by its type, or by its name where nothing else is known.
fn kind(name: &str, config: Option<&Node<'_>>) -> String {
    let said = config.map(|config| {
        let wrapped = config.text("type_url");
        match wrapped.is_empty() {
            true => config
                .value()
                .get("@type")
                .and_then(|kind| kind.as_str())
                .unwrap_or_default(),
            false => wrapped,
        }
    });
    let said = said.filter(|said| !said.is_empty()).unwrap_or(name);
    let below = said.split_once("filters.http.").map(|(_, rest)| rest);
    let kind = below.and_then(|rest| rest.split('.').next());
    let last = || said.rsplit(['/']).next().unwrap_or_default();
    kind.unwrap_or_else(last).to_owned()
}

/// Which plugins of ours run in it.
fn plugins(installed: &Installed) -> Vec<Plugin> {
    match installed.plugin {
        None => Vec::new(),
        Some("policies") => in_one_pass(installed),
        Some(name) => vec![Plugin {
            name,
            configuration: installed.configuration.clone(),
        }],
    }
}

/// Those that have a section; without any configuration, all four.
fn in_one_pass(installed: &Installed) -> Vec<Plugin> {
    let section = |name: &'static str| {
        let document = installed.configuration.as_ref()?;
        document.root().get(name)?;
        Some(Plugin {
            name,
            configuration: document.part(&format!("/{name}")),
        })
    };
    let bare = |name| Plugin {
        name,
        configuration: None,
    };
    match &installed.given {
        Given::Nothing => IN_ONE_PASS.map(bare).into(),
        _ => IN_ONE_PASS.into_iter().filter_map(section).collect(),
    }
}
