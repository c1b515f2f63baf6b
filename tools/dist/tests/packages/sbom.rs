//! The SBOMs, against the schema of CycloneDX, `cargo tree`, the lock, and the modules themselves.

use crate::run::{json, packaged, sha256, workspace};
use expect_test::expect_file;
use host_tests::plugin::{MODULES, Plugin};
use jsonschema::{Registry, Validator};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

fn sbom(packages: &Path, plugin: &Plugin) -> Value {
    json(&packages.join(format!("{}.cdx.json", plugin.name.replace('-', "_"))))
}

fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member]
        .as_str()
        .unwrap_or_else(|| panic!("{member} is text: {value}"))
}

fn components(sbom: &Value) -> &[Value] {
    sbom["components"].as_array().expect("there are components")
}

/// Names and versions, the plugin's own and all but the standard library, which is no crate of the lock.
fn crates(sbom: &Value) -> BTreeSet<String> {
    let own = std::iter::once(&sbom["metadata"]["component"]);
    let all = own
        .chain(components(sbom))
        .filter(|component| component["name"] != "rust-std");
    all.map(|component| format!("{} {}", text(component, "name"), text(component, "version")))
        .collect()
}

#[test]
fn an_sbom_is_valid() {
    let schema = |name: &str| {
        json(
            &Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("tests/cyclonedx")
                .join(name),
        )
    };
    let uri = |name: &str| format!("http://cyclonedx.org/schema/{name}");
    let (jsf, spdx) = ("jsf-0.82.schema.json", "spdx.schema.json");
    let registry = Registry::new()
        .add(uri(jsf), schema(jsf))
        .and_then(|registry| registry.add(uri(spdx), schema(spdx)))
        .and_then(|registry| registry.prepare())
        .expect("they are schemas");
    let schema = schema("bom-1.5.schema.json");
    let validator: Validator = jsonschema::options()
        .with_registry(&registry)
        .offline()
        .build(&schema)
        .expect("it is a schema");
    let packages = packaged();
    for plugin in MODULES {
        let sbom = sbom(packages.path(), plugin);
        let faults: Vec<String> = validator
            .iter_errors(&sbom)
            .map(|fault| format!("{}: {fault}", fault.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{}: {faults:#?}", plugin.name);
        assert_eq!(
            (text(&sbom, "bomFormat"), text(&sbom, "specVersion")),
            ("CycloneDX", "1.5")
        );
        let mut spoiled = sbom;
        // Our own crates have none.
        let components = spoiled["components"].as_array_mut().expect("it has components");
        let hashed = components
            .iter_mut()
            .find(|component| component["hashes"].is_array());
        hashed.expect("one comes from elsewhere")["hashes"][0]["content"] = "none".into();
        assert!(!validator.is_valid(&spoiled), "the schema would accept anything");
    }
}

#[test]
fn an_sbom_lists_the_crates_of_cargo_tree() {
    let packages = packaged();
    for plugin in MODULES {
        let mut tree = Command::new(env!("CARGO"));
        tree.args([
            "tree",
            "--locked",
            "--package",
            plugin.name,
            "--target",
            "wasm32-wasip1",
        ]);
        tree.args(["--edges", "no-dev,no-build,no-proc-macro", "--prefix", "none"])
            .current_dir(workspace());
        let printed = crate::run::succeeds(tree);
        let expected: BTreeSet<String> = printed
            .lines()
            .filter_map(|line| Some(line.split_once(' ')?.0.to_owned() + " " + version(line)))
            .collect();
        assert_eq!(
            crates(&sbom(packages.path(), plugin)),
            expected,
            "{}",
            plugin.name
        );
    }
}

/// Of `name v1.2.3 (/path) (*)`.
fn version(line: &str) -> &str {
    let version = line
        .split(' ')
        .nth(1)
        .and_then(|version| version.strip_prefix('v'));
    version.unwrap_or_else(|| panic!("it has a version: {line:?}"))
}

/// A new crate in a module is seen here, with its licence.
#[test]
fn the_crates_in_the_modules_are_those_that_were_and_their_licences_too() {
    let packages = packaged();
    let mut listed: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for plugin in MODULES {
        let sbom = sbom(packages.path(), plugin);
        for component in components(&sbom) {
            let license = text(&component["licenses"][0], "expression");
            let line = format!("{} ({license})", text(component, "name"));
            listed.entry(line).or_default().push(plugin.name);
        }
    }
    let mut golden = String::new();
    for (line, plugins) in listed {
        let _ = writeln!(golden, "{line}: {}", plugins.join(", "));
    }
    expect_file!["../../golden/crates.txt"].assert_eq(&golden);
}

/// The messages of panics hold the paths of their sources, such as `/crates/serde_json-1.0.154/src/read.rs`.
#[test]
fn what_a_module_itself_says_that_it_is_built_from_is_in_its_sbom() {
    let packages = packaged();
    for plugin in MODULES {
        let listed = crates(&sbom(packages.path(), plugin));
        let module = plugin.bytes();
        let module = String::from_utf8_lossy(&module);
        let mut said = BTreeSet::new();
        for path in module.split("/crates/").skip(1) {
            let folder = path.split('/').next().expect("there is always a first part");
            let (name, version) = folder
                .rsplit_once('-')
                .expect("a folder of a crate has its version");
            said.insert(format!("{name} {version}"));
        }
        assert!(
            said.iter().any(|named| named.starts_with("serde_json ")),
            "{said:?}"
        );
        assert_eq!(
            said.difference(&listed).collect::<Vec<_>>(),
            [""; 0],
            "{}",
            plugin.name
        );
    }
}

#[test]
fn what_is_from_the_registry_has_its_checksum_and_url_and_what_is_ours_has_neither() {
    let packages = packaged();
    let lock = fs::read_to_string(workspace().join("Cargo.lock")).expect("there is a lock");
    for plugin in MODULES {
        for component in components(&sbom(packages.path(), plugin)) {
            let (name, version) = (text(component, "name"), text(component, "version"));
            let entry = format!("name = \"{name}\"\nversion = \"{version}\"\n");
            let entry = lock
                .split("[[package]]\n")
                .find(|package| package.starts_with(&entry));
            let checksum = entry
                .and_then(|entry| entry.split_once("checksum = \""))
                .map(|(_, rest)| &rest[..64]);
            let purl = checksum.map(|_| format!("pkg:cargo/{name}@{version}"));
            assert_eq!(component["hashes"][0]["content"].as_str(), checksum, "{name}");
            assert_eq!(component["purl"].as_str(), purl.as_deref(), "{name}");
        }
    }
}

#[test]
fn an_sbom_says_of_which_module_it_is() {
    let packages = packaged();
    for plugin in MODULES {
        let sbom = sbom(packages.path(), plugin);
        let own = &sbom["metadata"]["component"];
        assert_eq!(own["name"], plugin.name);
        assert_eq!(own["hashes"][0]["content"], sha256(&plugin.bytes()));
    }
}

#[test]
fn an_sbom_has_no_date_and_no_number_of_its_own() {
    let packages = packaged();
    for plugin in MODULES {
        let sbom = sbom(packages.path(), plugin);
        assert_eq!(
            (sbom.get("serialNumber"), sbom["metadata"].get("timestamp")),
            (None, None)
        );
    }
}

#[test]
fn an_sbom_tells_the_standard_library_by_the_name_under_which_its_vulnerabilities_are_published() {
    let packages = packaged();
    let pinned = fs::read_to_string(workspace().join("rust-toolchain.toml")).expect("there is a toolchain");
    let pinned = pinned
        .split("channel = \"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let pinned = pinned.expect("the toolchain is pinned");
    for plugin in MODULES {
        let sbom = sbom(packages.path(), plugin);
        let std = components(&sbom)
            .iter()
            .find(|component| component["name"] == "rust-std");
        let std = std.expect("it is in every module");
        assert_eq!(std["version"], pinned);
        assert_eq!(
            std["cpe"],
            format!("cpe:2.3:a:rust-lang:rust:{pinned}:*:*:*:*:*:*:*")
        );
    }
}

#[test]
fn what_depends_on_what_leads_from_the_plugin_to_every_component() {
    let packages = packaged();
    for plugin in MODULES {
        let sbom = sbom(packages.path(), plugin);
        let edges: BTreeMap<&str, Vec<&str>> = sbom["dependencies"]
            .as_array()
            .expect("there are dependencies")
            .iter()
            .map(|node| {
                let needs = node["dependsOn"]
                    .as_array()
                    .map(Vec::as_slice)
                    .unwrap_or_default();
                (
                    text(node, "ref"),
                    needs
                        .iter()
                        .map(|need| need.as_str().expect("it is text"))
                        .collect(),
                )
            })
            .collect();
        let (mut reached, mut next) = (
            BTreeSet::new(),
            vec![text(&sbom["metadata"]["component"], "bom-ref")],
        );
        while let Some(reference) = next.pop() {
            if reached.insert(reference) {
                next.extend(&edges[reference]);
            }
        }
        let own = std::iter::once(&sbom["metadata"]["component"]);
        let all: BTreeSet<&str> = own
            .chain(components(&sbom))
            .map(|component| text(component, "bom-ref"))
            .collect();
        assert_eq!(reached, all, "{}", plugin.name);
    }
}
