//! What was made, and what to do with it.

use crate::package::Package;
use std::fmt::Write as _;
use std::path::Path;

/// The text that a run ends with.
pub(crate) fn of(packages: &[Package], to: &Path) -> String {
    let mut text = String::new();
    let width = packages
        .iter()
        .map(|package| package.module.file.len())
        .max()
        .unwrap_or_default();
    let _ = writeln!(
        text,
        "{:width$}  {:>8} {:>8}  sha256",
        "module", "bytes", "gzipped"
    );
    for Package { module, .. } in packages {
        let _ = writeln!(
            text,
            "{:width$}  {:>8} {:>8}  {}",
            module.file, module.bytes, module.gzip, module.sha256
        );
    }
    let _ = writeln!(
        text,
        "\n{:width$}  {:>8} {:>8}  digest",
        "image", "to pull", "tag"
    );
    for Package { image, .. } in packages {
        let digest = &image.digest;
        let _ = writeln!(
            text,
            "{:width$}  {:>8} {:>8}  {digest}",
            image.layout, image.bytes, image.tag
        );
    }
    let to = to.display();
    if let Some(Package { plugin, image, .. }) = packages.first() {
        let (layout, tag) = (&image.layout, &image.tag);
        let sha256 = image.digest.trim_start_matches("sha256:");
        let _ = write!(
            text,
            "
Everything is in {to}: packages.json has these numbers, *.cdx.json what each module is built from.

  check     cd {to} && sha256sum -c SHA256SUMS
  push      skopeo copy --preserve-digests oci:{to}/{layout}:{tag} docker://<registry>/{plugin}:{tag}
       or   crane push {to}/{layout} <registry>/{plugin}:{tag}
       or   oras cp --from-oci-layout {to}/{layout}:{tag} <registry>/{plugin}:{tag}
  load      in an Istio WasmPlugin   url: oci://<registry>/{plugin}:{tag}
                                     sha256: {sha256}
"
        );
    }
    text
}
