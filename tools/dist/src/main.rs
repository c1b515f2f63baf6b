//! `dist`: packages the modules that `make wasm` left. `make dist` starts it.
//!
//! Nothing that it writes holds a date, a random number or a path of this machine: from the same modules it makes the
//! same bytes, wherever and whenever it runs. So a digest can be compared with one's own build.

#![forbid(unsafe_code)]

mod crates;
mod digest;
mod error;
mod image;
mod layer;
mod package;
mod sbom;
mod staging;
mod summary;

use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;

const LONG: &str = "\
Packages the modules of plugins: checksums, sizes, JSON Schemas, an SBOM and an OCI image for each.

Reads <MODULES>/<plugin>.wasm (with _ for -), as `make wasm` leaves it, and writes into <TO>:
  <plugin>.wasm                 the module
  <plugin>.cdx.json             what it is built from (SBOM: CycloneDX 1.5)
  schemas/<plugin>.schema.json  the JSON Schema of its configuration
  oci/<plugin>/                 an OCI image layout with one image, as Istio and Envoy Gateway load it
  packages.json                 versions, sizes, checksums and digests
  SHA256SUMS                    for `sha256sum -c`

Push an image with one of
  skopeo copy --preserve-digests oci:dist/oci/retry:0.1.0 docker://registry.example/retry:0.1.0
  crane push dist/oci/retry registry.example/retry:0.1.0
  oras cp --from-oci-layout dist/oci/retry:0.1.0 registry.example/retry:0.1.0";

/// Packages the modules of plugins: checksums, sizes, JSON Schemas, an SBOM and an OCI image for each.
#[derive(Parser)]
#[command(version, long_about = LONG)]
struct Arguments {
    /// The plugins, by their package's names.
    #[arg(required = true, value_name = "PLUGIN")]
    plugins: Vec<String>,

    /// The folder of the modules.
    #[arg(long, default_value = "dist")]
    modules: PathBuf,

    /// The folder to write into; the folder of the modules unless given.
    #[arg(long)]
    to: Option<PathBuf>,

    /// The folder of the workspace.
    #[arg(long, default_value = ".")]
    workspace: PathBuf,

    /// The revision of the sources, which images are labelled with. Without it, they tell none.
    #[arg(long)]
    revision: Option<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let order = package::Order {
        plugins: arguments.plugins.into_iter().collect(),
        to: arguments.to.unwrap_or_else(|| arguments.modules.clone()),
        modules: arguments.modules,
        workspace: arguments.workspace,
        revision: arguments.revision.filter(|revision| !revision.is_empty()),
    };
    match package::package(&order) {
        Ok(packages) => {
            print!("{}", summary::of(&packages, &order.to));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
