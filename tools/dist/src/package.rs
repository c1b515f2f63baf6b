//! What is packaged, and in which order.

use crate::crates::{Crates, spdx};
use crate::digest::{sha256, sorted_json, sums};
use crate::error::{Error, at};
use crate::image::{self, About};
use crate::layer::gzip;
use crate::sbom::sbom;
use crate::staging::Staging;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What to package.
pub(crate) struct Order {
    pub(crate) plugins: BTreeSet<String>,
    pub(crate) workspace: PathBuf,
    /// The folder of the modules.
    pub(crate) modules: PathBuf,
    /// The folder of the packages.
    pub(crate) to: PathBuf,
    pub(crate) revision: Option<String>,
}

/// A plugin that was packaged, as `packages.json` tells it. Paths are relative to that file.
#[derive(Serialize)]
pub(crate) struct Package {
    pub(crate) plugin: String,
    pub(crate) version: String,
    pub(crate) module: Module,
    pub(crate) image: Image,
    /// The JSON Schema of its configuration.
    pub(crate) schema: String,
    /// What it is built from.
    pub(crate) sbom: String,
}

/// The module as a file.
#[derive(Serialize)]
pub(crate) struct Module {
    pub(crate) file: String,
    pub(crate) bytes: usize,
    /// Bytes when gzipped.
    pub(crate) gzip: usize,
    /// In hexadecimal. Istio's `sha256` for an `https` url.
    pub(crate) sha256: String,
}

/// The module as an image.
#[derive(Serialize)]
pub(crate) struct Image {
    /// The folder of the layout.
    pub(crate) layout: String,
    pub(crate) tag: String,
    /// Of the manifest. Its hexadecimal part is Istio's `sha256` for an `oci` url.
    pub(crate) digest: String,
    /// Bytes to pull.
    pub(crate) bytes: usize,
}

/// Packages the plugins. Either all of it is there afterwards, or an error says why not.
pub(crate) fn package(order: &Order) -> Result<Vec<Package>, Error> {
    // Read before anything is asked or written: that is what is missing most often.
    let mut modules = BTreeMap::new();
    for plugin in &order.plugins {
        modules.insert(plugin, module(&order.modules, plugin)?);
    }
    let crates = Crates::of(&order.workspace, &order.plugins)?;
    let staging = Staging::beside(&order.to)?;
    let (mut files, mut packages) = (BTreeMap::new(), Vec::new());
    for (plugin, bytes) in modules {
        eprintln!("packaging {plugin} …");
        packages.push(one(order, &crates, &staging, plugin, bytes, &mut files)?);
    }
    files.insert("packages.json".to_owned(), sorted_json(&packages)?);
    for (name, bytes) in &files {
        staging.write(name, bytes)?;
    }
    staging.write("SHA256SUMS", sums(&files).as_bytes())?;
    // The sums come last: until then, `sha256sum -c` tells that files are not those of one run.
    let folders = ["oci", "schemas"].map(str::to_owned);
    let single = files.keys().filter(|name| !name.contains('/')).cloned();
    for name in folders.into_iter().chain(single).chain(["SHA256SUMS".to_owned()]) {
        staging.place(&name)?;
    }
    Ok(packages)
}

/// Packages one: its image is made at once, its files are collected.
fn one(
    order: &Order,
    crates: &Crates,
    staging: &Staging,
    plugin: &str,
    bytes: Vec<u8>,
    files: &mut BTreeMap<String, Vec<u8>>,
) -> Result<Package, Error> {
    let package = crates.package(plugin)?;
    let version = package.version.to_string();
    let license = package.license.as_deref().map(spdx);
    let about = About {
        plugin,
        version: &version,
        license: license.as_deref(),
        source: package.repository.as_deref(),
        revision: order.revision.as_deref(),
    };
    let layout = format!("oci/{plugin}");
    let image = image::write(&staging.path(&layout), &about, &bytes)?;
    let module = Module {
        file: file(plugin),
        bytes: bytes.len(),
        gzip: gzip(&bytes).map_err(at(&order.to))?.len(),
        sha256: sha256(&bytes),
    };
    let made = Package {
        plugin: plugin.to_owned(),
        image: Image {
            layout,
            tag: version.clone(),
            digest: format!("sha256:{}", image.digest),
            bytes: image.bytes,
        },
        schema: format!("schemas/{plugin}.schema.json"),
        sbom: format!("{}.cdx.json", module.file.trim_end_matches(".wasm")),
        module,
        version,
    };
    let schema = order.workspace.join(&made.schema);
    let found = fs::read(&schema).map_err(|error| missing(error, &schema, Error::NoSchema))?;
    files.insert(made.schema.clone(), found);
    files.insert(made.sbom.clone(), sbom(crates, plugin, &made.module.sha256)?);
    files.insert(made.module.file.clone(), bytes);
    Ok(made)
}

/// The file of a plugin's module.
fn file(plugin: &str) -> String {
    format!("{}.wasm", plugin.replace('-', "_"))
}

/// The bytes of a module, which begin as those of any module do.
fn module(folder: &Path, plugin: &str) -> Result<Vec<u8>, Error> {
    let path = folder.join(file(plugin));
    let bytes = fs::read(&path).map_err(|error| missing(error, &path, Error::NoModule))?;
    if bytes.starts_with(b"\0asm\x01\0\0\0") {
        Ok(bytes)
    } else {
        Err(Error::NotAModule(path))
    }
}

fn missing(error: std::io::Error, path: &Path, missing: fn(PathBuf) -> Error) -> Error {
    if error.kind() == ErrorKind::NotFound {
        missing(path.to_owned())
    } else {
        at(path)(error)
    }
}
