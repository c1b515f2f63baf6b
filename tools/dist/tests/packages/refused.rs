//! What cannot be packaged is said, and leaves no package.

use crate::run::{all_into, dist, fails, files, folder, succeeds};
use std::fs;
use std::path::Path;
use std::process::Command;

/// The smallest module.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";

fn from(modules: &Path, plugins: &[&str]) -> Command {
    let mut dist = dist();
    dist.arg("--modules").arg(modules).args(plugins);
    dist
}

#[test]
fn a_missing_module_is_named_with_what_builds_it() {
    let modules = folder();
    fs::write(modules.path().join("retry.wasm"), MODULE).expect("it can be written");
    assert_eq!(
        fails(from(modules.path(), &["retry", "request-id"])),
        format!(
            "error: {}/request_id.wasm is missing: `make wasm` builds it\n",
            modules.path().display()
        )
    );
    assert_eq!(files(modules.path()).len(), 1);
}

#[test]
fn a_file_that_is_no_module_is_not_packaged() {
    let modules = folder();
    let path = modules.path().join("retry.wasm");
    for content in [&b""[..], b"<html>", &MODULE[..7], b"\0asm\x0d\0\x01\0"] {
        fs::write(&path, content).expect("it can be written");
        let said = fails(from(modules.path(), &["retry"]));
        assert!(
            said.contains(&format!("{} is no WebAssembly module", path.display())),
            "{said}"
        );
        assert_eq!(files(modules.path()).len(), 1);
    }
}

#[test]
fn a_plugin_that_the_workspace_has_not_is_named() {
    let modules = folder();
    fs::write(modules.path().join("no_such.wasm"), MODULE).expect("it can be written");
    let said = fails(from(modules.path(), &["no-such"]));
    assert_eq!(said, "error: no-such is no package of this workspace\n");
}

#[test]
fn a_folder_that_is_no_workspace_is_named_by_cargo() {
    let modules = folder();
    fs::write(modules.path().join("retry.wasm"), MODULE).expect("it can be written");
    let mut dist = Command::new(env!("CARGO_BIN_EXE_dist"));
    dist.arg("--modules")
        .arg(modules.path())
        .arg("--workspace")
        .arg(modules.path())
        .arg("retry");
    let said = fails(dist);
    assert!(
        said.starts_with("error: `cargo metadata`: ") && said.contains("could not find `Cargo.toml`"),
        "{said}"
    );
}

#[test]
fn a_plugin_without_a_schema_fails_when_its_image_is_made_and_leaves_none_of_it() {
    let modules = folder();
    for file in ["config.wasm", "retry.wasm"] {
        fs::write(modules.path().join(file), MODULE).expect("it can be written");
    }
    let said = fails(from(modules.path(), &["config", "retry"]));
    assert!(
        said.contains("schemas/config.schema.json is missing: `make bless` generates it"),
        "{said}"
    );
    let left: Vec<_> = fs::read_dir(modules.path()).expect("it can be read").collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn packages_stay_as_they_were_when_the_next_run_fails() {
    let packages = folder();
    succeeds(all_into(packages.path()));
    let config = packages.path().join("config.wasm");
    fs::write(&config, MODULE).expect("it can be written");
    let before = files(packages.path());
    // The first is packaged, and differs by its revision. The second has no schema.
    let mut again = from(packages.path(), &["circuit-breaker", "config"]);
    again.args(["--revision", "another"]);
    let said = fails(again);
    assert!(
        said.contains("packaging circuit-breaker …\npackaging config …\nerror: "),
        "{said}"
    );
    assert!(files(packages.path()) == before);
}

#[test]
fn a_folder_that_cannot_be_written_into_is_named() {
    let modules = folder();
    fs::write(modules.path().join("retry.wasm"), MODULE).expect("it can be written");
    let mut dist = from(modules.path(), &["retry"]);
    let file = modules.path().join("retry.wasm");
    dist.arg("--to").arg(&file);
    let said = fails(dist);
    assert!(said.contains(&format!("error: {}: ", file.display())), "{said}");
}

#[test]
fn without_plugins_it_tells_its_usage() {
    let said = fails(dist());
    assert!(
        said.contains("Usage: dist ") && said.contains(" <PLUGIN>...\n"),
        "{said}"
    );
}

#[test]
fn help_tells_what_is_written_and_how_to_push_it() {
    let mut help = dist();
    help.arg("--help");
    let said = succeeds(help);
    for told in [
        "packages.json",
        "SHA256SUMS",
        "oci/<plugin>/",
        "skopeo copy",
        "crane push",
        "oras cp",
        "--revision",
    ] {
        assert!(said.contains(told), "{told}: {said}");
    }
}
