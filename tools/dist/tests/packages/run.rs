//! Running `dist`.

use host_tests::plugin::MODULES;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// The folder of the workspace.
pub fn workspace() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    folder.canonicalize().expect("the workspace is there")
}

/// The program, in a folder that is not the workspace.
pub fn dist() -> Command {
    let mut dist = Command::new(env!("CARGO_BIN_EXE_dist"));
    dist.current_dir("/").arg("--workspace").arg(workspace());
    dist
}

/// The program with all plugins, told to write into this folder.
pub fn all_into(to: &Path) -> Command {
    let mut dist = dist();
    let modules = MODULES[0].path().parent().expect("a module is in a folder");
    dist.arg("--modules").arg(modules).arg("--to").arg(to);
    dist.args(MODULES.iter().map(|plugin| plugin.name));
    dist
}

/// All plugins, packaged.
pub fn packaged() -> TempDir {
    let to = folder();
    succeeds(all_into(to.path()));
    to
}

pub fn folder() -> TempDir {
    tempfile::tempdir().expect("there is a temporary folder")
}

/// Runs it, and returns what it printed.
#[track_caller]
pub fn succeeds(mut command: Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("it can be started");
    assert!(status.success(), "{status}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).expect("it is text")
}

/// Runs it, and returns what it says is wrong.
#[track_caller]
pub fn fails(mut command: Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("it can be started");
    assert!(!status.success(), "{}", String::from_utf8_lossy(&stdout));
    String::from_utf8(stderr).expect("it is text")
}

/// All files below a folder, by their path in it.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let (mut files, mut folders) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("it can be read") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("it is below").to_str();
                let bytes = fs::read(&path).expect("it can be read");
                files.insert(name.expect("it is text").to_owned(), bytes);
            }
        }
    }
    files
}

pub fn json(path: &Path) -> Value {
    let text = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
