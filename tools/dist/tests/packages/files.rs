//! The files: complete, as their checksums say, and the same from each run.

use crate::run::{all_into, dist, files, folder, json, packaged, sha256, succeeds, workspace};
use flate2::{Compression, write::GzEncoder};
use host_tests::plugin::{MODULES, Plugin};
use serde_json::json;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

/// `sha256sum -c`, in the folder of the packages.
fn sha256sum_accepts(packages: &Path) -> bool {
    let mut check = Command::new("sha256sum");
    check
        .args(["--check", "--strict", "--quiet", "SHA256SUMS"])
        .current_dir(packages);
    let output = check.output().expect("sha256sum is part of every system");
    output.status.success()
}

#[test]
fn sha256sum_accepts_what_was_written_and_nothing_else() {
    let packages = packaged();
    assert!(sha256sum_accepts(packages.path()));
    for spoiled in [
        "retry.wasm",
        "schemas/retry.schema.json",
        "retry.cdx.json",
        "packages.json",
    ] {
        let path = packages.path().join(spoiled);
        let whole = fs::read(&path).expect("it is there");
        fs::write(&path, [whole.as_slice(), b" "].concat()).expect("it can be written");
        assert!(!sha256sum_accepts(packages.path()), "{spoiled}");
        fs::write(&path, whole).expect("it can be written");
    }
    assert!(sha256sum_accepts(packages.path()));
}

#[test]
fn every_file_has_a_checksum_but_the_images_which_have_their_own() {
    let packages = packaged();
    let sums = fs::read_to_string(packages.path().join("SHA256SUMS")).expect("there are sums");
    let summed: Vec<&str> = sums
        .lines()
        .map(|line| line.split_once("  ").expect("a sum and a name").1)
        .collect();
    let there = files(packages.path());
    let expected: Vec<&String> = there
        .keys()
        .filter(|name| !name.starts_with("oci/") && *name != "SHA256SUMS")
        .collect();
    assert_eq!(summed, expected);
}

#[test]
fn each_plugin_has_a_module_a_schema_an_sbom_and_an_image() {
    let packages = packaged();
    let there = files(packages.path());
    for plugin in MODULES {
        let stem = plugin.name.replace('-', "_");
        assert!(there[&format!("{stem}.wasm")] == plugin.bytes());
        assert!(there.contains_key(&format!("{stem}.cdx.json")), "{stem}");
        assert!(
            there.contains_key(&format!("schemas/{}.schema.json", plugin.name)),
            "{stem}"
        );
        assert!(
            there.contains_key(&format!("oci/{}/index.json", plugin.name)),
            "{stem}"
        );
    }
}

#[test]
fn packages_json_tells_versions_sizes_checksums_and_digests() {
    let packages = packaged();
    let told = json(&packages.path().join("packages.json"));
    let told = told.as_array().expect("it is a list");
    assert_eq!(told.len(), MODULES.len());
    for (told, plugin) in told.iter().zip(MODULES) {
        let bytes = plugin.bytes();
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(&bytes).expect("memory can be written to");
        let layout = format!("oci/{}", plugin.name);
        let index = json(&packages.path().join(&layout).join("index.json"));
        let image = files(&packages.path().join(&layout).join("blobs"));
        assert_eq!(
            *told,
            json!({
                "plugin": plugin.name,
                "version": "0.1.0",
                "module": {
                    "file": plugin.path().file_name().and_then(|name| name.to_str()),
                    "bytes": bytes.len(),
                    "gzip": gzip.finish().expect("memory can be written to").len(),
                    "sha256": sha256(&bytes),
                },
                "image": {
                    "layout": layout,
                    "tag": "0.1.0",
                    "digest": index["manifests"][0]["digest"],
                    "bytes": image.values().map(Vec::len).sum::<usize>(),
                },
                "schema": format!("schemas/{}.schema.json", plugin.name),
                "sbom": format!("{}.cdx.json", plugin.name.replace('-', "_")),
            })
        );
    }
}

#[test]
fn another_run_at_another_time_and_place_makes_the_same_bytes() {
    let (here, there, elsewhere) = (folder(), folder(), folder());
    succeeds(all_into(here.path()));
    // Another folder to stand in, rights of files, time zone, language, date to build by; and the plugins the other way
    // round.
    let dist = all_into(&there.path().join("new"));
    let mut other = Command::new("sh");
    other
        .args(["-c", "umask 077; exec \"$0\" \"$@\""])
        .arg(dist.get_program());
    let (options, plugins): (Vec<_>, Vec<_>) = dist
        .get_args()
        .partition(|&argument| MODULES.iter().all(|plugin| argument != plugin.name));
    other
        .args(options)
        .args(plugins.into_iter().rev())
        .current_dir(elsewhere.path());
    other
        .env("TZ", "Pacific/Auckland")
        .env("LC_ALL", "tr_TR.UTF-8")
        .env("SOURCE_DATE_EPOCH", "86400");
    succeeds(other);
    let (here, there) = (files(here.path()), files(&there.path().join("new")));
    let names =
        |files: &std::collections::BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&here), names(&there));
    for (name, bytes) in &here {
        assert!(bytes == &there[name], "{name} differs");
    }
}

#[test]
fn a_run_takes_the_place_of_the_one_before() {
    let packages = folder();
    let mut first = all_into(packages.path());
    first.args(["--revision", "first"]);
    succeeds(first);
    let before = files(packages.path());
    succeeds(all_into(packages.path()));
    let (after, fresh) = (files(packages.path()), packaged());
    assert!(before != after, "the revision is in the images");
    assert!(after == files(fresh.path()), "something of the first run is left");
}

#[test]
fn modules_that_are_packaged_where_they_are_stay_the_files_that_they_were() {
    let packages = packaged();
    let inode = |plugin: &Plugin| {
        let file = plugin.path().file_name().expect("a module has a name");
        let found = fs::metadata(packages.path().join(file));
        found.expect("it is there").ino()
    };
    let before: Vec<u64> = MODULES.iter().map(|plugin| inode(plugin)).collect();
    let mut dist = dist();
    dist.arg("--modules").arg(packages.path());
    dist.args(MODULES.iter().map(|plugin| plugin.name));
    dist.args(["--revision", "another"]);
    succeeds(dist);
    assert_eq!(
        MODULES.iter().map(|plugin| inode(plugin)).collect::<Vec<_>>(),
        before
    );
}

#[test]
fn make_dist_packages_every_plugin() {
    let mut make = Command::new("make");
    make.args(["--dry-run", "--silent", "dist"])
        .current_dir(workspace());
    for outer in ["MAKEFLAGS", "MFLAGS", "MAKELEVEL"] {
        make.env_remove(outer);
    }
    let lines = succeeds(make);
    let run = lines
        .lines()
        .find(|line| line.contains("cargo run --locked --quiet -p dist -- "));
    let mut plugins: Vec<&str> = run
        .expect("it starts dist")
        .split(' ')
        .skip_while(|word| *word != "dist")
        .skip(4)
        .collect();
    plugins.sort_unstable();
    assert_eq!(
        plugins,
        MODULES.iter().map(|plugin| plugin.name).collect::<Vec<_>>()
    );
}

#[test]
fn nothing_that_is_packaged_holds_a_path_of_this_machine() {
    let packages = packaged();
    let workspace = workspace();
    let here = workspace.to_str().expect("it is text").as_bytes();
    for (name, bytes) in files(packages.path()) {
        assert!(!bytes.windows(here.len()).any(|window| window == here), "{name}");
    }
}

#[test]
fn a_run_says_what_it_made_and_what_to_do_with_it() {
    let packages = folder();
    let said = succeeds(all_into(packages.path()));
    let told = json(&packages.path().join("packages.json"));
    for package in told.as_array().expect("it is a list") {
        for number in [
            &package["module"]["bytes"],
            &package["module"]["gzip"],
            &package["image"]["bytes"],
        ] {
            assert!(said.contains(&number.to_string()), "{number}: {said}");
        }
        for text in [
            &package["module"]["file"],
            &package["module"]["sha256"],
            &package["image"]["digest"],
        ] {
            assert!(
                said.contains(text.as_str().expect("it is text")),
                "{text}: {said}"
            );
        }
    }
    let to = packages.path().display();
    assert!(
        said.contains(&format!("cd {to} && sha256sum -c SHA256SUMS")),
        "{said}"
    );
    assert!(
        said.contains(&format!(
            "oci:{to}/oci/{0}:0.1.0 docker://<registry>/{0}:0.1.0",
            MODULES[0].name
        )),
        "{said}"
    );
}
