//! What `dist` writes, read by other means than those that wrote it: JSON as it is, tar and gzip, `sha256sum`, `cargo tree`,
//! the schema of CycloneDX, and the host, which loads the plugins from their images.

mod files;
mod image;
mod refused;
mod run;
mod sbom;
