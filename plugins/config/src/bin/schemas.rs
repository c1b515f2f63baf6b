//! Writes what is generated for people: the JSON Schema of each module into `schemas/`, and every key of a plugin into its
//! page in `docs/`, which is otherwise written by hand; and what there is of metrics, where people look for it.
//!
//! `schemas [--check] [FOLDER]`: the folder is the repository's root, by default where this is run. With `--check`
//! nothing is written, and files that differ from what would be are named.
#![forbid(unsafe_code)]

use std::path::Path;
use std::process::ExitCode;

use config::describe::{admin_schema, metrics, policies_schema, schema, with_admin_keys, with_keys};
use config::{Policy, circuit_breaker, error_envelope, request_id, retry};

fn main() -> ExitCode {
    let mut check = false;
    let mut root = ".".to_owned();
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--check" => check = true,
            other if other.starts_with('-') => {
                eprintln!("unknown option {other}; usage: schemas [--check] [FOLDER]");
                return ExitCode::FAILURE;
            }
            _ => root = argument,
        }
    }
    let root = Path::new(&root);
    let made = [
        plugin::<circuit_breaker::Policy>(root, check),
        plugin::<request_id::Policy>(root, check),
        plugin::<error_envelope::Policy>(root, check),
        plugin::<retry::Policy>(root, check),
    ];
    let admin = [
        done(root, check, "schemas/admin.schema.json", &|_| Ok(admin_schema())),
        done(root, check, "docs/live-state.md", &|path| {
            with_admin_keys(&read(path)?)
        }),
    ];
    let module = done(root, check, "schemas/policies.schema.json", &|_| {
        Ok(policies_schema())
    });
    let metrics: [(&str, &dyn Fn() -> String); 3] = [
        ("schemas/metrics.json", &metrics::list),
        ("docs/metrics.md", &metrics::page),
        ("envoy/observability/stats_tags.yaml", &metrics::stats_tags),
    ];
    let metrics = metrics.map(|(file, text)| done(root, check, file, &|_| Ok(text())));
    let made = made
        .into_iter()
        .flatten()
        .chain(admin)
        .chain([module])
        .chain(metrics);
    let faults: Vec<String> = made.filter_map(Result::err).collect();
    for fault in &faults {
        eprintln!("{fault}");
    }
    if faults.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Both files of a plugin.
fn plugin<P: Policy>(root: &Path, check: bool) -> [Result<(), String>; 2] {
    let schema_file = format!("schemas/{}.schema.json", P::NAME);
    let page = format!("docs/{}.md", P::NAME);
    [
        done(root, check, &schema_file, &|_| Ok(schema::<P>())),
        done(root, check, &page, &|path| with_keys::<P>(&read(path)?)),
    ]
}

/// Makes a file, or compares it with what would be made.
fn done(
    root: &Path,
    check: bool,
    file: &str,
    make: &dyn Fn(&Path) -> Result<String, String>,
) -> Result<(), String> {
    let path = root.join(file);
    let done = make(&path).and_then(|text| match check {
        true => compare(&path, &text),
        false => write(&path, &text),
    });
    done.map_err(|problem| format!("{}: {problem}", path.display()))
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}

fn compare(path: &Path, text: &str) -> Result<(), String> {
    if read(path)? == text {
        Ok(())
    } else {
        Err("differs from what the declarations give".to_owned())
    }
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(path, text))
        .map_err(|error| error.to_string())
}
