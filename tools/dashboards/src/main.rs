//! Writes Grafana's dashboards into `envoy/observability/grafana/`. They are described here and not drawn in Grafana, so that
//! the three have the same variables, units and colours, and a review shows what a change means.
//!
//! `dashboards [--check] [FOLDER]`: the folder is the repository's root, by default where this is run. With `--check`
//! nothing is written, and files that differ from what would be are named.
#![forbid(unsafe_code)]

mod dashboard;
mod diagnosis;
mod overview;
mod panel;
mod query;
mod service;

use dashboard::Dashboard;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut check = false;
    let mut root = ".".to_owned();
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--check" => check = true,
            other if other.starts_with('-') => {
                eprintln!("unknown option {other}; usage: dashboards [--check] [FOLDER]");
                return ExitCode::FAILURE;
            }
            _ => root = argument,
        }
    }
    let folder = Path::new(&root).join("envoy/observability/grafana");
    let mut made = ExitCode::SUCCESS;
    for dashboard in [
        overview::dashboard(),
        service::dashboard(),
        diagnosis::dashboard(),
    ] {
        if let Err(fault) = done(&folder, &dashboard, check) {
            eprintln!("{fault}");
            made = ExitCode::FAILURE;
        }
    }
    made
}

/// Writes a dashboard, or compares it with what is there.
fn done(folder: &Path, dashboard: &Dashboard, check: bool) -> Result<(), String> {
    let path = folder.join(format!("{}.json", dashboard.name));
    let of_file = |error: std::io::Error| format!("{}: {error}", path.display());
    let text = format!("{:#}\n", dashboard.json());
    if !check {
        return std::fs::write(&path, text).map_err(of_file);
    }
    match std::fs::read_to_string(&path).map_err(of_file)? == text {
        true => Ok(()),
        false => Err(format!(
            "{}: differs from what the description gives",
            path.display()
        )),
    }
}
