//! What a module is built from: asked of cargo, with the features that `tools/build-wasm` builds with.
//!
//! `cargo metadata` alone would not do: it resolves features for the whole workspace, tests included, and would list what
//! only those turn on. `cargo tree` resolves as the build does.

use crate::error::Error;
use cargo_lock::Lockfile;
use cargo_metadata::{Metadata, MetadataCommand, Package};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "wasm32-wasip1";

/// Name and version. There is one source for each in a lock.
pub(crate) type Id = (String, String);

/// A crate that is in a module.
#[derive(Clone)]
pub(crate) struct Crate {
    /// As an SPDX expression.
    pub(crate) license: Option<String>,
    /// The SHA-256 of the package, in hexadecimal, where it is from the registry. Else it is of this workspace.
    pub(crate) checksum: Option<String>,
}

/// The crates of all plugins.
pub(crate) struct Crates {
    metadata: Metadata,
    lock: Lockfile,
    lock_path: PathBuf,
    /// The standard library's version.
    pub(crate) rust: String,
    trees: BTreeMap<String, BTreeMap<Id, BTreeSet<Id>>>,
}

impl Crates {
    /// Asks cargo.
    pub(crate) fn of(workspace: &Path, plugins: &BTreeSet<String>) -> Result<Self, Error> {
        let metadata = MetadataCommand::new()
            .current_dir(workspace)
            .other_options(["--locked", "--filter-platform", TARGET].map(str::to_owned))
            .exec()
            .map_err(|error| Error::Command {
                command: "cargo metadata".to_owned(),
                what: error.to_string().trim_end().to_owned(),
            })?;
        let lock_path = metadata.workspace_root.join("Cargo.lock").into_std_path_buf();
        let lock = Lockfile::load(&lock_path).map_err(|source| Error::Lock {
            path: lock_path.clone(),
            source,
        })?;
        for plugin in plugins {
            if !metadata
                .workspace_packages()
                .iter()
                .any(|package| package.name.as_str() == plugin)
            {
                return Err(Error::NoPlugin(plugin.clone()));
            }
        }
        Ok(Self {
            trees: trees(workspace, plugins)?,
            rust: rust(workspace)?,
            metadata,
            lock,
            lock_path,
        })
    }

    /// The package of a plugin.
    pub(crate) fn package(&self, plugin: &str) -> Result<&Package, Error> {
        let packages = self.metadata.workspace_packages();
        let package = packages
            .into_iter()
            .find(|package| package.name.as_str() == plugin);
        package.ok_or_else(|| Error::NoPlugin(plugin.to_owned()))
    }

    /// What a plugin is built from, itself included, and on what each of these depends.
    pub(crate) fn tree(&self, plugin: &str) -> Result<&BTreeMap<Id, BTreeSet<Id>>, Error> {
        self.trees
            .get(plugin)
            .ok_or_else(|| Error::NoPlugin(plugin.to_owned()))
    }

    /// What is known of a crate.
    pub(crate) fn known(&self, id: &Id) -> Result<Crate, Error> {
        let (name, version) = id;
        let package = self
            .metadata
            .packages
            .iter()
            .find(|package| package.name.as_str() == name && package.version.to_string() == *version);
        let locked = self
            .lock
            .packages
            .iter()
            .find(|package| package.name.as_str() == name && package.version.to_string() == *version);
        let (Some(package), Some(locked)) = (package, locked) else {
            return Err(Error::NotLocked {
                package: format!("{name} {version}"),
                lock: self.lock_path.clone(),
            });
        };
        Ok(Crate {
            license: package.license.as_deref().map(spdx),
            checksum: locked.checksum.as_ref().map(ToString::to_string),
        })
    }
}

/// Packages from before SPDX expressions separate their choices with a slash.
pub(crate) fn spdx(license: &str) -> String {
    license.split('/').map(str::trim).collect::<Vec<_>>().join(" OR ")
}

/// The trees of all plugins, resolved together, because they are built together.
fn trees(
    workspace: &Path,
    plugins: &BTreeSet<String>,
) -> Result<BTreeMap<String, BTreeMap<Id, BTreeSet<Id>>>, Error> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["tree", "--locked", "--quiet", "--target", TARGET])
        .args([
            "--edges",
            "normal,no-proc-macro",
            "--prefix",
            "depth",
            "--no-dedupe",
        ])
        // Else the depth and a name that begins with a digit would be one word.
        .args(["--format", " {p}"])
        .current_dir(workspace);
    for plugin in plugins {
        cargo.args(["--package", plugin]);
    }
    let printed = output(cargo, "cargo tree")?;
    let unread = |line: &str| Error::Command {
        command: "cargo tree".to_owned(),
        what: format!("not understood: {line:?}"),
    };
    let mut trees: BTreeMap<String, BTreeMap<Id, BTreeSet<Id>>> = BTreeMap::new();
    let mut way: Vec<Id> = Vec::new();
    for line in printed.lines().filter(|line| !line.is_empty()) {
        let mut words = line.split_whitespace();
        let (Some(depth), Some(name), Some(version)) = (words.next(), words.next(), words.next()) else {
            return Err(unread(line));
        };
        let (Ok(depth), Some(version)) = (depth.parse::<usize>(), version.strip_prefix('v')) else {
            return Err(unread(line));
        };
        let id = (name.to_owned(), version.to_owned());
        way.truncate(depth);
        let root = way.first().map_or(name, |(root, _)| root).to_owned();
        let tree = trees.entry(root).or_default();
        tree.entry(id.clone()).or_default();
        if let Some(parent) = way.last() {
            tree.entry(parent.clone()).or_default().insert(id.clone());
        }
        way.push(id);
    }
    Ok(trees)
}

/// The version of the compiler, and so of the standard library.
fn rust(workspace: &Path) -> Result<String, Error> {
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.arg("--version").current_dir(workspace);
    let printed = output(rustc, "rustc --version")?;
    let version = printed.split_whitespace().nth(1);
    version.map(str::to_owned).ok_or_else(|| Error::Command {
        command: "rustc --version".to_owned(),
        what: format!("not understood: {printed:?}"),
    })
}

fn output(mut command: Command, name: &str) -> Result<String, Error> {
    let failed = |what: String| Error::Command {
        command: name.to_owned(),
        what,
    };
    let output = command.output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(failed(format!("{}: {}", output.status, said.trim_end())));
    }
    String::from_utf8(output.stdout).map_err(|error| failed(error.to_string()))
}
