//! The images, as a puller reads them: from the index to the module.

use crate::run::{all_into, folder, json, packaged, sha256, succeeds};
use flate2::read::GzDecoder;
use host::{Host, Module, Plugin};
use host_tests::plugin::{MODULES, REQUEST_ID};
use serde_json::{Value, json};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use tar::{Archive, EntryType};

/// An image that was read, each of its digests and sizes checked.
struct Read {
    tag: String,
    manifest: Value,
    config: Value,
    /// Name, mode, owner and date of the files in the layer.
    entries: Vec<(String, u32, u64, u64, EntryType, u64)>,
    module: Vec<u8>,
}

fn layout(packages: &Path, plugin: &str) -> PathBuf {
    packages.join("oci").join(plugin)
}

/// The bytes that a descriptor describes.
#[track_caller]
fn blob(layout: &Path, descriptor: &Value, media_type: &str) -> Vec<u8> {
    assert_eq!(descriptor["mediaType"], media_type);
    let digest = descriptor["digest"].as_str().expect("a digest is text");
    let hex = digest
        .strip_prefix("sha256:")
        .expect("a digest names its algorithm");
    let bytes = fs::read(layout.join("blobs/sha256").join(hex)).expect("the blob is there");
    assert_eq!(sha256(&bytes), hex);
    assert_eq!(descriptor["size"], bytes.len());
    bytes
}

#[track_caller]
fn read(layout: &Path) -> Read {
    assert_eq!(
        json(&layout.join("oci-layout")),
        json!({ "imageLayoutVersion": "1.0.0" })
    );
    let index = json(&layout.join("index.json"));
    assert_eq!(index["schemaVersion"], 2);
    assert_eq!(index["mediaType"], "application/vnd.oci.image.index.v1+json");
    let [tagged] = index["manifests"].as_array().expect("it is a list").as_slice() else {
        panic!("there is one image: {index}")
    };
    let parse = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).expect("it is JSON");
    let manifest = parse(&blob(
        layout,
        tagged,
        "application/vnd.oci.image.manifest.v1+json",
    ));
    assert_eq!(manifest["schemaVersion"], 2);
    assert_eq!(
        manifest["mediaType"],
        "application/vnd.oci.image.manifest.v1+json"
    );
    let config = parse(&blob(
        layout,
        &manifest["config"],
        "application/vnd.oci.image.config.v1+json",
    ));
    let [layer] = manifest["layers"].as_array().expect("it is a list").as_slice() else {
        panic!("there is one layer: {manifest}")
    };
    let gzip = blob(layout, layer, "application/vnd.oci.image.layer.v1.tar+gzip");
    let mut tar = Vec::new();
    GzDecoder::new(&*gzip)
        .read_to_end(&mut tar)
        .expect("it is gzipped");
    assert_eq!(
        config["rootfs"],
        json!({ "type": "layers", "diff_ids": [format!("sha256:{}", sha256(&tar))] })
    );
    let (mut entries, mut module) = (Vec::new(), Vec::new());
    for entry in Archive::new(&*tar).entries().expect("it is a tar") {
        let mut entry = entry.expect("it is an entry");
        let header = entry.header();
        let name = header.path().expect("it has a name").display().to_string();
        let number = |number: std::io::Result<u64>| number.expect("it is a number");
        entries.push((
            name,
            header.mode().expect("it is a number"),
            number(header.uid()),
            number(header.gid()),
            header.entry_type(),
            number(header.mtime()),
        ));
        entry.read_to_end(&mut module).expect("it is whole");
    }
    let blobs = fs::read_dir(layout.join("blobs/sha256"))
        .expect("there are blobs")
        .count();
    assert_eq!(blobs, 3, "manifest, configuration and layer");
    Read {
        tag: tagged["annotations"]["org.opencontainers.image.ref.name"]
            .as_str()
            .expect("it has a tag")
            .to_owned(),
        manifest,
        config,
        entries,
        module,
    }
}

#[test]
fn an_image_holds_the_module_that_was_built_and_its_plugin_serves() {
    let packages = packaged();
    for plugin in MODULES {
        let image = read(&layout(packages.path(), plugin.name));
        assert!(image.module == plugin.bytes(), "{}: another module", plugin.name);
        let host = Host::new(Plugin::new(Module::new(&image.module)).root_id(plugin.name)).config(json!({}));
        assert_eq!(
            host.get("/orders").answered_with(200).status(),
            200,
            "{}",
            plugin.name
        );
    }
}

#[test]
fn a_plugin_from_its_image_does_its_work() {
    let packages = packaged();
    let image = read(&layout(packages.path(), REQUEST_ID.name));
    let exchange = Host::new(Module::new(&image.module))
        .get("/")
        .header("x-request-id", "r-1")
        .answered_with(200);
    exchange.header("x-request-id", "r-1");
}

#[test]
fn an_image_has_one_layer_with_one_file_which_is_nobodys_and_of_no_date() {
    let packages = packaged();
    for plugin in MODULES {
        let image = read(&layout(packages.path(), plugin.name));
        assert_eq!(
            image.entries,
            [("plugin.wasm".to_owned(), 0o644, 0, 0, EntryType::Regular, 0)]
        );
    }
}

#[test]
fn an_image_says_what_it_is() {
    let packages = packaged();
    for plugin in MODULES {
        let image = read(&layout(packages.path(), plugin.name));
        assert_eq!(image.tag, "0.1.0");
        assert_eq!(
            image.manifest["annotations"],
            json!({
                "module.wasm.image/variant": "compat",
                "org.opencontainers.image.licenses": "Apache-2.0",
                "org.opencontainers.image.title": plugin.name,
                "org.opencontainers.image.version": "0.1.0",
            })
        );
    }
}

#[test]
fn an_image_is_for_the_platform_that_pullers_ask_for_when_they_are_told_none() {
    let packages = packaged();
    for plugin in MODULES {
        let image = read(&layout(packages.path(), plugin.name));
        assert_eq!(
            (&image.config["os"], &image.config["architecture"]),
            (&json!("linux"), &json!("amd64"))
        );
        assert_eq!(image.config.get("created"), None);
    }
}

#[test]
fn an_image_is_labelled_with_the_revision_that_was_given() {
    let packages = folder();
    let mut dist = all_into(packages.path());
    dist.args(["--revision", "0123abc"]);
    succeeds(dist);
    for plugin in MODULES {
        let Read { manifest, config, .. } = read(&layout(packages.path(), plugin.name));
        assert_eq!(
            manifest["annotations"]["org.opencontainers.image.revision"],
            "0123abc"
        );
        assert_eq!(
            config["config"]["Labels"]["org.opencontainers.image.revision"],
            "0123abc"
        );
    }
}
