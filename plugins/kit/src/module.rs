//! Which plugins a module holds, and which of them a configuration asks for.

use crate::clock::Clock;
use crate::host::{self, Status};
use crate::{Filter, Root, Worker};
use config::node::Node;
use config::{Common, Configuration, Fault, Faults, Sections};
use std::rc::Rc;

/// A plugin in one worker, with its configuration.
pub struct Installed {
    pub(crate) plugin: Box<dyn Plugin>,
    pub(crate) worker: Rc<Worker>,
}

/// A [`Root`], whatever its types.
pub(crate) trait Plugin {
    fn filter(&self) -> Box<dyn Filter>;
    fn tick(&self);
    fn over(&self);
}

impl<R: Root> Plugin for Rc<R> {
    fn filter(&self) -> Box<dyn Filter> {
        R::filter(self)
    }

    fn tick(&self) {
        R::tick(self);
    }

    fn over(&self) {
        R::over(self);
    }
}

/// Why a configuration is not used.
pub struct Refused {
    /// Who says so.
    pub(crate) plugin: &'static str,
    pub(crate) faults: Faults,
}

/// Finds the plugins that a configuration asks for; `None` where the host did not hand it over.
pub(crate) type Load = fn(Option<&[u8]>, &Rc<Clock>) -> Result<Vec<Installed>, Refused>;

/// A plugin of a module's list.
pub struct Entry {
    name: &'static str,
    install: fn(&Node, &Rc<Clock>) -> Result<Installed, Faults>,
}

impl Entry {
    /// The plugin with this root.
    pub const fn of<R: Root>() -> Self {
        Self {
            name: R::NAME,
            install: install::<R>,
        }
    }
}

fn install<R: Root>(node: &Node, clock: &Rc<Clock>) -> Result<Installed, Faults> {
    let configuration = R::Configuration::load(node)?;
    let hash = if R::REGISTERS { node.hash() } else { 0 };
    let worker = Rc::new(Worker::new(R::NAME, configuration.common(), hash, clock));
    worker.passed_over(configuration.warnings());
    let root = Rc::new(R::new(configuration, Rc::clone(&worker)));
    Ok(Installed {
        plugin: Box::new(root),
        worker,
    })
}

/// Loads a module that holds one plugin.
///
/// # Errors
/// What is wrong with its configuration.
pub fn load_one(entry: &Entry, bytes: Option<&[u8]>, clock: &Rc<Clock>) -> Result<Vec<Installed>, Refused> {
    let plugin = entry.name;
    let refused = |faults| Refused { plugin, faults };
    let node = read(bytes).map_err(refused)?;
    let installed = (entry.install)(&node, clock).map_err(refused)?;
    Ok(vec![installed])
}

/// Loads a module that holds several plugins: the one that the root id names, or, where that is the module's own name or
/// none, all that the configuration has a section for, in the order of the list.
///
/// # Errors
/// What is wrong with the configuration, or that there is no plugin of that name.
pub fn load_several(
    module: &'static str,
    entries: &[Entry],
    bytes: Option<&[u8]>,
    clock: &Rc<Clock>,
) -> Result<Vec<Installed>, Refused> {
    let refused = |faults| Refused {
        plugin: module,
        faults,
    };
    let root_id = match host::property("plugin_root_id") {
        Ok(root_id) => root_id,
        Err(Status::NOT_FOUND) => Vec::new(),
        // A guess could run plugins that nobody asked for.
        Err(_) => return Err(refused(Fault::of_all("the host did not tell the root id").into())),
    };
    if let Some(entry) = entries.iter().find(|entry| entry.name.as_bytes() == root_id) {
        return load_one(entry, bytes, clock);
    }
    let names: Vec<&'static str> = entries.iter().map(|entry| entry.name).collect();
    if !root_id.is_empty() && root_id != module.as_bytes() {
        let root_id = String::from_utf8_lossy(&root_id);
        let known = [&[module], names.as_slice()].concat();
        return Err(refused(config::unknown_root_id(&root_id, &known).into()));
    }
    let node = match bytes {
        // Nothing at all asks for all of them; an object only for what it has.
        Some(bytes) if bytes.trim_ascii().is_empty() => Node::Object(
            entries
                .iter()
                .map(|entry| (entry.name.to_owned(), Node::Object(Vec::new())))
                .collect(),
        ),
        bytes => read(bytes).map_err(refused)?,
    };
    let Sections {
        sections,
        mut faults,
        warnings,
    } = Sections::of(&node, &names);
    let mut installed = Vec::new();
    for entry in entries {
        let mut asked_for = sections.iter().filter(|(name, _)| *name == entry.name);
        if let Some((name, section)) = asked_for.next() {
            match (entry.install)(section, clock) {
                Ok(plugin) => installed.push(plugin),
                Err(own) => faults.add_within(name, &own),
            }
        }
    }
    if !faults.is_empty() {
        return Err(refused(faults));
    }
    Worker::new(module, &Common::default(), 0, clock).passed_over(&warnings);
    Ok(installed)
}

fn read(bytes: Option<&[u8]>) -> Result<Node, Faults> {
    match bytes {
        Some(bytes) => Ok(Node::read(bytes)?),
        None => Err(Fault::of_all("the host did not hand the configuration over").into()),
    }
}
