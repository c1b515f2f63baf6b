//! Builds the plugins as they ship, so that the tests test what was just built, and tells the tests which there are.
//!
//! `make wasm` is the one recipe for a module: the files that this script leaves in `dist` are those that people load.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace is around this crate");
    for watched in [
        "Cargo.toml",
        "Cargo.lock",
        "Makefile",
        "rust-toolchain.toml",
        "plugins",
        "tools",
        "host-tests/noop",
        "host-tests/probe",
        "host-tests/puppet",
    ] {
        println!("cargo::rerun-if-changed={}", root.join(watched).display());
    }
    make_wasm(root);
    let plugins = plugins(root);
    for plugin in plugins.iter().map(String::as_str).chain(MODULES) {
        let module = module(root, plugin);
        assert!(
            module.is_file(),
            "`make wasm` left no {}: is {plugin} in the Makefile's PLUGINS?",
            module.display()
        );
        println!("cargo::rerun-if-changed={}", module.display());
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(out.join("plugins.rs"), source(root, &plugins)).expect("OUT_DIR can be written");
    fs::write(out.join("shipped.rs"), shipped(root, &plugins)).expect("OUT_DIR can be written");
}

/// The modules as `policyctl` brings them along: their bytes, in one file with the program.
fn shipped(root: &Path, plugins: &[String]) -> String {
    let mut all: Vec<&str> = plugins.iter().map(String::as_str).chain(MODULES).collect();
    all.sort_unstable();
    let entries = all.into_iter().map(|plugin| {
        let path = module(root, plugin);
        let schema = root.join(format!("schemas/{plugin}.schema.json"));
        format!(
            "policyctl::Shipped {{ name: {plugin:?}, bytes: include_bytes!({path:?}), \
             schema: include_str!({schema:?}) }},"
        )
    });
    format!("[{}]", entries.collect::<Vec<_>>().join("\n"))
}

/// Runs the recipe. It forgets itself what cargo told this script; what an outer make told, make must not hear.
fn make_wasm(root: &Path) {
    let mut make = Command::new("make");
    make.args(["--silent", "wasm", "probes"]).current_dir(root);
    for name in ["MAKEFLAGS", "MFLAGS", "MAKELEVEL"] {
        make.env_remove(name);
    }
    let status = make.status().expect("`make` can be started");
    assert!(status.success(), "`make wasm probes` failed: {status}");
}

/// The plugin that is none of the policies: it stands on a listener of its own.
const ADMIN: &str = "admin";

/// The modules that hold several plugins.
const MODULES: [&str; 1] = ["policies"];

/// The plugin crates: those that can be built as a module of their own.
fn plugins(root: &Path) -> Vec<String> {
    let mut plugins: Vec<String> = fs::read_dir(root.join("plugins"))
        .expect("there is a folder of plugins")
        .map(|entry| entry.expect("the folder of plugins can be read").path())
        .filter(|path| {
            fs::read_to_string(path.join("Cargo.toml")).is_ok_and(|manifest| manifest.contains("\nmodule = "))
        })
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
        .collect();
    plugins.sort();
    plugins
}

fn module(root: &Path, plugin: &str) -> PathBuf {
    root.join("dist")
        .join(plugin.replace('-', "_"))
        .with_extension("wasm")
}

fn source(root: &Path, plugins: &[String]) -> String {
    let mut source = String::new();
    for plugin in plugins.iter().map(String::as_str).chain(MODULES) {
        let name = plugin.replace('-', "_").to_uppercase();
        let path = module(root, plugin);
        source += &format!(
            "/// The module of {plugin}, as it ships.\n\
             pub static {name}: Plugin = Plugin::new({plugin:?}, {path:?});\n"
        );
    }
    let list = |plugins: &mut dyn Iterator<Item = &str>| {
        let constants = plugins.map(|plugin| format!("&{}", plugin.replace('-', "_").to_uppercase()));
        constants.collect::<Vec<_>>().join(", ")
    };
    let all = || plugins.iter().map(String::as_str);
    let mut policies = all().filter(|plugin| *plugin != ADMIN);
    let mut modules: Vec<&str> = all().chain(MODULES).collect();
    modules.sort_unstable();
    source += &format!(
        "/// Every policy: the plugins that stand in the way of traffic.\npub static ALL: &[&Plugin] = &[{}];\n\
         /// Every module that ships, by name.\npub static MODULES: &[&Plugin] = &[{}];\n",
        list(&mut policies),
        list(&mut modules.into_iter()),
    );
    // None of `ALL`: they do not ship, and are compiled as the plugins are but not optimised.
    for (constant, name, folder, what) in [
        ("PROBE", "probe", "wasm", "a probe of what the kit has"),
        (
            "PUPPET",
            "puppet",
            "wasm",
            "a puppet that does what its configuration says",
        ),
        (
            "NEXT_CIRCUIT_BREAKER",
            "circuit-breaker",
            "wasm-next-record",
            "circuit-breaker as its next version, whose record has another form",
        ),
    ] {
        let path = root
            .join("target")
            .join(folder)
            .join("wasm32-wasip1/shipping")
            .join(name.replace('-', "_"))
            .with_extension("wasm");
        assert!(path.is_file(), "`make probes` left no {}", path.display());
        println!("cargo::rerun-if-changed={}", path.display());
        source += &format!(
            "/// Only the tests load it: {what}.\n\
             pub static {constant}: Plugin = Plugin::new({name:?}, {path:?});\n"
        );
    }
    // A plugin whose tests are missing must not compile: each gets a module declaration.
    let modules = all()
        .chain(MODULES)
        .map(|plugin| format!("mod {};", plugin.replace('-', "_")));
    source += &format!(
        "/// Declares the module of tests of every plugin, so that a plugin without one does not compile.\n\
         #[macro_export]\nmacro_rules! foreach_plugin {{ () => {{ {} }}; }}\n",
        modules.collect::<Vec<_>>().join(" ")
    );
    source
}
