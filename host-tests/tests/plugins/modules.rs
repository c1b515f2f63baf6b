//! The modules themselves: what they ask of a host, what they offer it, and how large they are.

use expect_test::expect_file;
use flate2::{Compression, write::GzEncoder};
use host_tests::plugin::{ERROR_ENVELOPE, MODULES, POLICIES, Plugin, REQUEST_ID};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use wasmparser::{Export, ExternalKind, Import, Parser, Payload, TypeRef, ValType};

/// Bytes of the largest module of one plugin.
const LARGEST: usize = 150 * 1024;

/// Bytes of the module of all four.
const LARGEST_OF_ALL: usize = 260 * 1024;

/// Modules that are promised to be small on the wire too, with their bytes gzipped.
const SMALL_TO_PULL: [(&Plugin, usize); 1] = [(&REQUEST_ID, 60 * 1024)];

/// What of WASI a module may import: time, randomness, and where a panic's message would go.
const WASI: [&str; 3] = ["clock_time_get", "fd_write", "random_get"];

/// What every module exports: what a plugin of headers alone needs. A plugin that has more callbacks lists them in its
/// folder, in `callbacks.txt`.
const EXPORTS: [&str; 10] = [
    "_initialize",
    "memory",
    "proxy_abi_version_0_2_1",
    "proxy_on_configure",
    "proxy_on_context_create",
    "proxy_on_delete",
    "proxy_on_log",
    "proxy_on_memory_allocate",
    "proxy_on_request_headers",
    "proxy_on_response_headers",
];

/// What a module says of itself.
#[derive(Default)]
struct Interface {
    /// Module, name, signature.
    imports: Vec<(String, String, String)>,
    /// Name, signature or kind.
    exports: Vec<(String, String)>,
}

fn interface(bytes: &[u8]) -> Interface {
    let (mut types, mut functions, mut interface) = (Vec::new(), Vec::new(), Interface::default());
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.expect("it is a module") {
            Payload::TypeSection(section) => {
                for function in section.into_iter_err_on_gc_types() {
                    let function = function.expect("it has function types only");
                    types.push(signature(function.params(), function.results()));
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let Import { module, name, ty } = import.expect("it is an import");
                    let TypeRef::Func(index) = ty else {
                        panic!("{module}.{name} is no function")
                    };
                    functions.push(types[index as usize].clone());
                    interface
                        .imports
                        .push((module.into(), name.into(), types[index as usize].clone()));
                }
            }
            Payload::FunctionSection(section) => {
                functions.extend(
                    section
                        .into_iter()
                        .map(|index| types[index.expect("it is an index") as usize].clone()),
                );
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let Export { name, kind, index } = export.expect("it is an export");
                    let what = match kind {
                        ExternalKind::Func => functions[index as usize].clone(),
                        other => format!("{other:?}").to_lowercase(),
                    };
                    interface.exports.push((name.into(), what));
                }
            }
            _ => {}
        }
    }
    interface.imports.sort();
    interface.exports.sort();
    interface
}

fn signature(params: &[ValType], results: &[ValType]) -> String {
    let list = |types: &[ValType]| {
        types
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" ")
    };
    format!("({}) -> ({})", list(params), list(results))
}

fn gzipped(bytes: &[u8]) -> usize {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory can be written to");
    encoder.finish().expect("memory can be written to").len()
}

fn file(plugin: &Plugin) -> String {
    plugin
        .path()
        .file_name()
        .and_then(|name| name.to_str())
        .expect("a module has a name")
        .to_owned()
}

#[test]
fn a_module_asks_for_and_offers_what_it_did() {
    let mut golden = String::new();
    for plugin in MODULES {
        let bytes = plugin.bytes();
        let Interface { imports, exports } = interface(&bytes);
        let _ = writeln!(
            golden,
            "{}: {} bytes, {} gzipped",
            file(plugin),
            bytes.len(),
            gzipped(&bytes)
        );
        for (module, name, signature) in imports {
            let _ = writeln!(golden, "  import {module}.{name} {signature}");
        }
        for (name, what) in exports {
            let _ = writeln!(golden, "  export {name} {what}");
        }
    }
    expect_file!["../../golden/modules.txt"].assert_eq(&golden);
}

#[test]
fn a_module_is_small() {
    for plugin in MODULES {
        let size = plugin.bytes().len();
        let most = match plugin.name == POLICIES.name {
            true => LARGEST_OF_ALL,
            false => LARGEST,
        };
        assert!(size <= most, "{}: {size} bytes, {most} are allowed", file(plugin));
    }
}

#[test]
fn a_module_is_small_to_pull() {
    for (plugin, largest) in SMALL_TO_PULL {
        let size = gzipped(&plugin.bytes());
        assert!(
            size <= largest,
            "{}: {size} bytes gzipped, {largest} are allowed",
            file(plugin)
        );
    }
}

#[test]
fn a_module_asks_for_the_proxy_and_for_little_of_wasi() {
    for plugin in MODULES {
        for (module, name, _) in interface(&plugin.bytes()).imports {
            let allowed = match module.as_str() {
                "env" => name.starts_with("proxy_"),
                "wasi_snapshot_preview1" => WASI.contains(&name.as_str()),
                _ => false,
            };
            assert!(allowed, "{} imports {module}.{name}", file(plugin));
        }
    }
}

#[test]
fn a_module_offers_only_the_callbacks_that_it_has() {
    for plugin in MODULES {
        let exports: Vec<String> = interface(&plugin.bytes())
            .exports
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        let mut expected: Vec<String> = EXPORTS.map(str::to_owned).into();
        expected.extend(callbacks(plugin));
        expected.sort();
        assert_eq!(exports, expected, "{}", file(plugin));
    }
}

/// The callbacks that a plugin has besides those of every plugin.
fn callbacks(plugin: &Plugin) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../plugins")
        .join(plugin.name);
    let listed = std::fs::read_to_string(folder.join("callbacks.txt")).unwrap_or_default();
    let names = listed
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    names.map(str::to_owned).collect()
}

#[test]
fn error_envelope_sees_bodies_and_trailers_of_answers_and_request_id_sees_none() {
    assert_eq!(callbacks(&REQUEST_ID), ["proxy_on_tick"]);
    assert_eq!(
        callbacks(&ERROR_ENVELOPE),
        ["proxy_on_response_body", "proxy_on_response_trailers"]
    );
}
