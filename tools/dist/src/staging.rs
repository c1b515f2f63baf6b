//! A folder beside the final names, from which what is whole is moved there. A run that fails leaves nothing of itself.

use crate::error::{Error, at};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Where packages are made. Gone when dropped.
pub(crate) struct Staging {
    made: TempDir,
    to: PathBuf,
}

impl Staging {
    /// In the folder that the packages will be in, so that they can be moved.
    pub(crate) fn beside(to: &Path) -> Result<Self, Error> {
        fs::create_dir_all(to).map_err(at(to))?;
        let made = tempfile::Builder::new()
            .prefix(".packages-")
            .tempdir_in(to)
            .map_err(at(to))?;
        Ok(Self {
            made,
            to: to.to_owned(),
        })
    }

    /// Where something is made.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.made.path().join("new").join(name)
    }

    /// Makes a file.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.path(name);
        let folder = path.parent().unwrap_or(&path);
        fs::create_dir_all(folder).map_err(at(folder))?;
        fs::write(&path, bytes).map_err(at(&path))
    }

    /// Moves a file or a whole folder to its final name, in place of what is there. A file that is there already is not
    /// touched: what is made from modules is made anew when they are.
    pub(crate) fn place(&self, name: &str) -> Result<(), Error> {
        let (from, to) = (self.path(name), self.to.join(name));
        if !from.is_dir() {
            let made = fs::read(&from).map_err(at(&from))?;
            if fs::read(&to).is_ok_and(|there| there == made) {
                return Ok(());
            }
            return fs::rename(&from, &to).map_err(at(&to));
        }
        let old = self.made.path().join("old");
        fs::create_dir_all(&old).map_err(at(&old))?;
        match fs::rename(&to, old.join(name)) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            done => done.map_err(at(&to))?,
        }
        fs::rename(&from, &to).map_err(at(&to))
    }
}
