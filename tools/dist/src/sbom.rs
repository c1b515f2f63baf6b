//! The SBOM of a module: what is built into it, in CycloneDX 1.5.
//!
//! No serial number and no time stamp: both are optional, and would make each run's another one.

use crate::crates::{Crate, Crates, Id};
use crate::error::Error;
use cyclonedx_bom::external_models::normalized_string::NormalizedString;
use cyclonedx_bom::external_models::uri::Purl;
use cyclonedx_bom::models::bom::Bom;
use cyclonedx_bom::models::component::{Classification, Component, Components, Cpe, MimeType};
use cyclonedx_bom::models::dependency::{Dependencies, Dependency};
use cyclonedx_bom::models::hash::{Hash, HashAlgorithm, HashValue, Hashes};
use cyclonedx_bom::models::license::{LicenseChoice, Licenses};
use cyclonedx_bom::models::metadata::Metadata;

/// The SBOM of a plugin whose module has this SHA-256, as JSON.
pub(crate) fn sbom(crates: &Crates, plugin: &str, sha256: &str) -> Result<Vec<u8>, Error> {
    let wrong = |what: String| Error::Sbom {
        plugin: plugin.to_owned(),
        what,
    };
    let own = (plugin.to_owned(), crates.package(plugin)?.version.to_string());
    let tree = crates.tree(plugin)?;
    let std = standard_library(&crates.rust);
    let (mut module, mut components, mut dependencies) = (None, Vec::new(), Vec::new());
    for (id, needs) in tree {
        let known = crates.known(id)?;
        let component = component(id, &known).map_err(wrong)?;
        if *id == own {
            module = Some(Component {
                component_type: Classification::Application,
                mime_type: Some(MimeType("application/wasm".to_owned())),
                hashes: Some(hashes(sha256)),
                ..component
            });
        } else {
            components.push(component);
        }
        let mut needs: Vec<String> = needs.iter().map(reference).collect();
        if *id == own {
            needs.extend(std.bom_ref.clone());
        }
        dependencies.push(Dependency {
            dependency_ref: reference(id),
            dependencies: needs,
        });
    }
    dependencies.extend(std.bom_ref.clone().map(|dependency_ref| Dependency {
        dependency_ref,
        dependencies: Vec::new(),
    }));
    components.push(std);
    let bom = Bom {
        serial_number: None,
        metadata: Some(Metadata {
            component: module,
            ..Metadata::default()
        }),
        components: Some(Components(components)),
        dependencies: Some(Dependencies(dependencies)),
        ..Bom::default()
    };
    let mut json = Vec::new();
    bom.output_as_json_v1_5(&mut json)
        .map_err(|error| wrong(error.to_string()))?;
    json.push(b'\n');
    Ok(json)
}

fn reference((name, version): &Id) -> String {
    format!("{name}@{version}")
}

fn component(id: &Id, known: &Crate) -> Result<Component, String> {
    let (name, version) = id;
    let mut component = Component::new(Classification::Library, name, version, Some(reference(id)));
    component.licenses = known.license.as_deref().map(licenses);
    if let Some(checksum) = &known.checksum {
        component.hashes = Some(hashes(checksum));
        // Only what is from the registry: it has other packages under some of the names of ours, and scanners would
        // report their vulnerabilities.
        component.purl = Some(Purl::new("cargo", name, version).map_err(|error| error.to_string())?);
    }
    Ok(component)
}

/// It is in every module, and no lock knows it.
fn standard_library(version: &str) -> Component {
    let reference = format!("rust-std@{version}");
    Component {
        description: Some(NormalizedString::new(
            "The standard library of Rust for wasm32-wasip1, with the wasi-libc that comes with it",
        )),
        licenses: Some(licenses("MIT OR Apache-2.0")),
        cpe: Some(Cpe::new(&format!(
            "cpe:2.3:a:rust-lang:rust:{version}:*:*:*:*:*:*:*"
        ))),
        ..Component::new(Classification::Library, "rust-std", version, Some(reference))
    }
}

fn licenses(expression: &str) -> Licenses {
    Licenses(vec![LicenseChoice::expression(expression)])
}

fn hashes(sha256: &str) -> Hashes {
    Hashes(vec![Hash {
        alg: HashAlgorithm::SHA_256,
        content: HashValue(sha256.to_owned()),
    }])
}
