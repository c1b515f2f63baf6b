//! Writes the JSON Schema and the reference page of each plugin into `schemas/`.
//!
//! `schemas [--check] [FOLDER]`: the folder is `schemas` by default. With `--check` nothing is written, and files that
//! differ from what would be are named.
#![forbid(unsafe_code)]

use std::path::Path;
use std::process::ExitCode;

use config::describe::{page, schema};
use config::{Policy, circuit_breaker, error_envelope, request_id, retry};

fn main() -> ExitCode {
    let mut check = false;
    let mut folder = "schemas".to_owned();
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--check" => check = true,
            other if other.starts_with('-') => {
                eprintln!("unknown option {other}; usage: schemas [--check] [FOLDER]");
                return ExitCode::FAILURE;
            }
            _ => folder = argument,
        }
    }
    let mut sound = true;
    let files = [
        files::<circuit_breaker::Policy>(),
        files::<request_id::Policy>(),
        files::<error_envelope::Policy>(),
        files::<retry::Policy>(),
    ];
    for (name, text) in files.concat() {
        let path = Path::new(&folder).join(name);
        let done = if check {
            compare(&path, &text)
        } else {
            write(&path, &text)
        };
        if let Err(problem) = done {
            eprintln!("{}: {problem}", path.display());
            sound = false;
        }
    }
    if sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn files<P: Policy>() -> [(String, String); 2] {
    [
        (format!("{}.schema.json", P::NAME), schema::<P>()),
        (format!("{}.md", P::NAME), page::<P>()),
    ]
}

fn compare(path: &Path, text: &str) -> Result<(), String> {
    match std::fs::read_to_string(path) {
        Ok(found) if found == text => Ok(()),
        Ok(_) => Err("differs from what the declarations give".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(path, text))
        .map_err(|error| error.to_string())
}
