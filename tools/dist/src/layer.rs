//! The one layer of an image: a gzipped tar with `plugin.wasm` in it.

use flate2::{Compression, GzBuilder};
use std::io::{self, Write as _};

/// What the pullers of Istio and Envoy Gateway look for, in any folder of the layer.
const FILE: &str = "plugin.wasm";

/// A layer.
pub(crate) struct Layer {
    pub(crate) tar: Vec<u8>,
    pub(crate) gzip: Vec<u8>,
}

impl Layer {
    /// The layer of a module.
    pub(crate) fn of(module: &[u8]) -> io::Result<Self> {
        let tar = tar(module)?;
        let gzip = gzip(&tar)?;
        Ok(Self { tar, gzip })
    }
}

/// One file, of nobody in particular, with the date 0.
fn tar(module: &[u8]) -> io::Result<Vec<u8>> {
    let mut header = tar::Header::new_ustar();
    header.set_size(module.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_data(&mut header, FILE, module)?;
    archive.into_inner()
}

/// Gzipped, because the pullers take no other layer. The header has neither date nor name nor system. What comes out
/// depends on the library alone, which the lock pins, and which is the same code on every machine: faster ones may
/// choose theirs by the processor.
pub(crate) fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzBuilder::new()
        .mtime(0)
        .operating_system(255)
        .write(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::sha256;

    /// A change here is a change of every image's digest: another version of the library, or another backend, which any
    /// crate of the workspace can turn on.
    #[test]
    fn what_is_gzipped_has_the_bytes_that_it_always_had() {
        let text: String = (0..5000)
            .map(|number: u32| format!("{} ", number * number))
            .collect();
        let gzip = gzip(text.as_bytes()).expect("memory can be written to");
        assert_eq!(gzip[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255]);
        assert_eq!(
            sha256(&gzip),
            "c5011566a9807f194b5092b50842906b8e6f31b38292344de440ba7e3f2065a0"
        );
    }
}
