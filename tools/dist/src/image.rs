//! An OCI image layout with one image: the *compat* variant of a Wasm image, which is what `FROM scratch` and one `COPY`
//! make.
//!
//! Of the variants that Istio's agent and Envoy Gateway pull, this is the one that every registry and every tool take: a
//! standard configuration, and one layer of the type `application/vnd.oci.image.layer.v1.tar+gzip`.

use crate::digest::{sha256, sorted_json};
use crate::error::{Error, at};
use crate::layer::Layer;
use oci_spec::OciSpecError;
use oci_spec::image::{
    Arch, ConfigBuilder, Descriptor, DescriptorBuilder, ImageConfigurationBuilder, ImageIndexBuilder,
    ImageManifestBuilder, MediaType, OciLayoutBuilder, Os, RootFsBuilder, Sha256Digest,
};
use std::collections::HashMap;
use std::path::Path;
use std::str::FromStr as _;
use std::{fs, io};

/// What an image says of itself.
pub(crate) struct About<'a> {
    pub(crate) plugin: &'a str,
    pub(crate) version: &'a str,
    pub(crate) license: Option<&'a str>,
    pub(crate) source: Option<&'a str>,
    pub(crate) revision: Option<&'a str>,
}

/// A written image.
pub(crate) struct Image {
    /// Of the manifest, in hexadecimal: what a registry calls the image's digest, and Istio's `sha256` is compared with.
    pub(crate) digest: String,
    /// Bytes to pull: manifest, configuration and layer.
    pub(crate) bytes: usize,
}

/// Writes a layout with the module as its only image, tagged with the version, into a new folder.
pub(crate) fn write(folder: &Path, about: &About<'_>, module: &[u8]) -> Result<Image, Error> {
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs).map_err(at(&blobs))?;
    let wrong = |source| Error::Image {
        plugin: about.plugin.to_owned(),
        source,
    };
    let layer = Layer::of(module).map_err(at(folder))?;
    let config = config(about, &sha256(&layer.tar)).map_err(wrong)?;
    let config = Blob::new(MediaType::ImageConfig, sorted_json(&config)?);
    let layer = Blob::new(MediaType::ImageLayerGzip, layer.gzip);
    let manifest = ImageManifestBuilder::default()
        .schema_version(2_u32)
        .media_type(MediaType::ImageManifest)
        .config(config.descriptor().map_err(wrong)?)
        .layers([layer.descriptor().map_err(wrong)?])
        .annotations(annotations(about))
        .build()
        .map_err(wrong)?;
    let manifest = Blob::new(MediaType::ImageManifest, sorted_json(&manifest)?);
    let mut tagged = manifest.descriptor().map_err(wrong)?;
    tagged.set_annotations(Some(HashMap::from([(
        "org.opencontainers.image.ref.name".to_owned(),
        about.version.to_owned(),
    )])));
    let index = ImageIndexBuilder::default()
        .schema_version(2_u32)
        .media_type(MediaType::ImageIndex)
        .manifests([tagged])
        .build()
        .map_err(wrong)?;
    let layout = OciLayoutBuilder::default()
        .image_layout_version("1.0.0")
        .build()
        .map_err(wrong)?;
    for blob in [&layer, &config, &manifest] {
        blob.write(&blobs).map_err(at(&blobs))?;
    }
    for (name, bytes) in [
        ("index.json", sorted_json(&index)?),
        ("oci-layout", sorted_json(&layout)?),
    ] {
        let path = folder.join(name);
        fs::write(&path, bytes).map_err(at(&path))?;
    }
    Ok(Image {
        bytes: [&layer, &config, &manifest]
            .map(|blob| blob.bytes.len())
            .iter()
            .sum(),
        digest: manifest.sha256,
    })
}

/// A platform must be given. A module runs on all of them, and this is the one that pullers ask for when nobody tells them
/// another.
fn config(about: &About<'_>, diff_id: &str) -> Result<oci_spec::image::ImageConfiguration, OciSpecError> {
    ImageConfigurationBuilder::default()
        .architecture(Arch::Amd64)
        .os(Os::Linux)
        .config(ConfigBuilder::default().labels(labels(about)).build()?)
        .rootfs(
            RootFsBuilder::default()
                .typ("layers")
                .diff_ids([format!("sha256:{diff_id}")])
                .build()?,
        )
        .build()
}

fn annotations(about: &About<'_>) -> HashMap<String, String> {
    let mut annotations = labels(about);
    // The variant's specification asks for it.
    annotations.insert("module.wasm.image/variant".to_owned(), "compat".to_owned());
    annotations
}

fn labels(about: &About<'_>) -> HashMap<String, String> {
    let labels = [
        ("title", Some(about.plugin)),
        ("version", Some(about.version)),
        ("licenses", about.license),
        ("source", about.source),
        ("revision", about.revision),
    ];
    labels
        .into_iter()
        .filter_map(|(name, value)| Some((format!("org.opencontainers.image.{name}"), value?.to_owned())))
        .collect()
}

/// What a layout has under its digest.
struct Blob {
    media_type: MediaType,
    sha256: String,
    bytes: Vec<u8>,
}

impl Blob {
    fn new(media_type: MediaType, bytes: Vec<u8>) -> Self {
        Self {
            media_type,
            sha256: sha256(&bytes),
            bytes,
        }
    }

    fn descriptor(&self) -> Result<Descriptor, OciSpecError> {
        DescriptorBuilder::default()
            .media_type(self.media_type.clone())
            .digest(Sha256Digest::from_str(&self.sha256)?)
            .size(self.bytes.len() as u64)
            .build()
    }

    fn write(&self, blobs: &Path) -> io::Result<()> {
        fs::write(blobs.join(&self.sha256), &self.bytes)
    }
}
