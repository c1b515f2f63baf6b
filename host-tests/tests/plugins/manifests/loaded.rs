//! The configuration of a plugin in each manifest is loaded by the plugin itself, in the form in which it gets there.

use super::of_kind;
use crate::documents::assert_accepted;
use host::Host;
use host_tests::plugin::{ALL, POLICIES};
use serde_json::Value;

/// A plugin as a manifest loads it.
struct Loaded {
    root_id: String,
    /// The image, or where else the module comes from.
    image: String,
    sha256: String,
    /// JSON text, as the control plane hands it over.
    configuration: String,
    place: String,
}

fn text(node: &Value, pointer: &str) -> String {
    let text = node.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_else(|| panic!("no text at {pointer} of {node:#}"))
        .to_owned()
}

/// All that the manifests of this kind load.
fn loaded_by(kind: &str) -> Vec<Loaded> {
    let mut all = Vec::new();
    for document in of_kind(kind) {
        let spec = &document.tree["spec"];
        let mut add = |node: &Value, root_id: &str, image: &str, sha256: &str, configuration: String| {
            all.push(Loaded {
                root_id: text(node, root_id),
                image: text(node, image),
                sha256: text(node, sha256),
                configuration,
                place: document.place.clone(),
            });
        };
        match kind {
            "WasmPlugin" => add(
                spec,
                "/pluginName",
                "/url",
                "/sha256",
                spec["pluginConfig"].to_string(),
            ),
            "TrafficExtension" => {
                let wasm = &spec["wasm"];
                add(
                    wasm,
                    "/pluginName",
                    "/url",
                    "/sha256",
                    wasm["pluginConfig"].to_string(),
                );
            }
            "EnvoyFilter" => {
                let patches = spec["configPatches"].as_array().expect("it has patches");
                for patch in patches
                    .iter()
                    .filter(|patch| patch["applyTo"] == "EXTENSION_CONFIG")
                {
                    let config = &patch["patch"]["value"]["typed_config"]["config"];
                    let remote = "/vm_config/code/remote";
                    let configuration = text(config, "/configuration/value");
                    add(
                        config,
                        "/root_id",
                        &format!("{remote}/http_uri/uri"),
                        &format!("{remote}/sha256"),
                        configuration,
                    );
                }
            }
            "EnvoyExtensionPolicy" => {
                for wasm in spec["wasm"].as_array().expect("it has plugins") {
                    let configuration = wasm["config"].to_string();
                    add(
                        wasm,
                        "/rootID",
                        "/code/image/url",
                        "/code/image/sha256",
                        configuration,
                    );
                }
            }
            other => panic!("what does {other} load?"),
        }
    }
    all
}

const KINDS: [&str; 4] = [
    "WasmPlugin",
    "TrafficExtension",
    "EnvoyFilter",
    "EnvoyExtensionPolicy",
];

#[test]
fn each_plugin_has_a_manifest_of_each_kind_and_loads_its_configuration() {
    for kind in KINDS {
        let loaded = loaded_by(kind);
        for plugin in ALL {
            let own: Vec<&Loaded> = loaded.iter().filter(|each| each.root_id == plugin.name).collect();
            assert!(!own.is_empty(), "no {kind} loads {}", plugin.name);
            for each in own {
                assert!(
                    each.configuration.starts_with('{'),
                    "{}: {}",
                    each.place,
                    each.configuration
                );
                assert_accepted(plugin, each.configuration.as_str(), &each.place);
            }
        }
    }
}

#[test]
fn the_one_module_loads_the_sections_that_the_plugins_load() {
    for kind in ["WasmPlugin", "EnvoyExtensionPolicy"] {
        let mut loaded = loaded_by(kind);
        loaded.retain(|each| each.root_id == POLICIES.name);
        let mut sections = Vec::new();
        for each in &loaded {
            let host = Host::new(POLICIES.module()).root_id(&each.root_id);
            let host = host.config(each.configuration.as_str());
            host.try_start()
                .unwrap_or_else(|refused| panic!("{}: {refused}", each.place));
            assert!(host.logs().is_empty(), "{}: {:#?}", each.place, host.logs());
            let configuration: Value = serde_json::from_str(&each.configuration).expect("it is JSON");
            for (name, section) in configuration.as_object().expect("it has sections") {
                let plugin = ALL.iter().find(|plugin| plugin.name == name);
                let plugin = plugin.unwrap_or_else(|| panic!("{}: {name} is no plugin", each.place));
                assert_accepted(plugin, section.to_string().as_str(), &each.place);
                sections.push(name.clone());
            }
        }
        sections.sort();
        // Together each of them, and none twice.
        let mut names: Vec<_> = ALL.iter().map(|plugin| plugin.name).collect();
        names.sort_unstable();
        assert_eq!(sections, names, "{kind}");
    }
}

#[test]
fn the_one_module_refuses_a_section_with_a_fault() {
    for each in loaded_by("WasmPlugin")
        .iter()
        .filter(|each| each.root_id == POLICIES.name)
    {
        let spoiled = each.configuration.replace("ingress", "");
        let host = Host::new(POLICIES.module()).root_id(&each.root_id);
        assert!(
            host.config(spoiled.as_str()).try_start().is_err(),
            "{}",
            each.place
        );
    }
}

#[test]
fn each_image_is_that_of_its_plugin_in_this_version_with_a_checksum() {
    for kind in KINDS {
        for each in loaded_by(kind) {
            let image = each.image.trim_start_matches("oci://");
            let expected = format!(
                "registry.example/policies/{}:{}",
                each.root_id,
                env!("CARGO_PKG_VERSION")
            );
            assert_eq!(image, expected, "{}", each.place);
            let is_checksum =
                each.sha256.len() == 64 && each.sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(is_checksum, "{}: {}", each.place, each.sha256);
        }
    }
}
