//! A copy of the sources, in which one mutant after the other is made.

use crate::{Error, Mutant, Result};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use walkdir::WalkDir;

/// What a module is built from, and the members of the workspace, which cargo wants to see.
const SOURCES: [&str; 6] = [
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain.toml",
    "plugins",
    "tools",
    "host-tests",
];
/// The module that is built: all four plugins.
const MODULE: &str = "policies";

/// A copy of the sources.
pub struct Tree {
    root: PathBuf,
    copy: PathBuf,
}

impl Tree {
    /// Copies the sources of the project in `root` to `copy`, where they are not the same already: so what was built
    /// there and has not changed is not built again.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn copy(root: &Path, copy: &Path) -> Result<Self> {
        for source in SOURCES {
            let from = root.join(source);
            let files = WalkDir::new(&from)
                .into_iter()
                .filter_entry(|entry| entry.file_name() != "target");
            for file in files {
                let file = file.map_err(|error| Error::Io {
                    path: from.clone(),
                    source: error.into(),
                })?;
                if file.file_type().is_file()
                    && let Ok(place) = file.path().strip_prefix(root)
                {
                    put(&read(file.path())?, file.path(), &copy.join(place))?;
                }
            }
        }
        Ok(Self {
            root: root.to_owned(),
            copy: copy.to_owned(),
        })
    }

    /// The module as it is, built as mutants are.
    ///
    /// # Errors
    /// [`Error::NotBuilt`] and [`Error::Io`].
    pub fn original(&self) -> Result<Vec<u8>> {
        self.build("the module without a bug")
    }

    /// The module of a mutant. The copy is as it was when it is built.
    ///
    /// # Errors
    /// All of [`enum@Error`].
    pub fn mutant(&self, mutant: &Mutant) -> Result<Vec<u8>> {
        let (original, copy) = [&self.root, &self.copy]
            .map(|tree| tree.join("plugins").join(mutant.file))
            .into();
        let text = read(&original)?;
        let mutated = mutant.of(&String::from_utf8_lossy(&text))?;
        write(mutated.as_bytes(), &copy)?;
        let built = self.build(mutant.name);
        write(&text, &copy)?;
        built
    }

    fn build(&self, what: &str) -> Result<Vec<u8>> {
        let build = self.copy.join("tools/build-wasm");
        let output = Command::new(&build)
            .args(["--for-tests", MODULE])
            .output()
            .map_err(|source| Error::Io { path: build, source })?;
        if !output.status.success() {
            return Err(Error::NotBuilt {
                what: what.to_owned(),
                status: output.status,
                said: String::from_utf8_lossy(&output.stderr).into_owned(),
            });
        }
        read(
            &self
                .copy
                .join("target/wasm/wasm32-wasip1/shipping")
                .join(MODULE)
                .with_extension("wasm"),
        )
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    |source| Error::Io { path, source }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(at(path))
}

fn write(bytes: &[u8], path: &Path) -> Result<()> {
    fs::write(path, bytes).map_err(at(path))
}

/// Writes a file with the permissions of another, where it is not the same already.
fn put(bytes: &[u8], like: &Path, to: &Path) -> Result<()> {
    if fs::read(to).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(at(folder))?;
    }
    write(bytes, to)?;
    let permissions = fs::metadata(like).map_err(at(like))?.permissions();
    fs::set_permissions(to, permissions).map_err(at(to))
}
