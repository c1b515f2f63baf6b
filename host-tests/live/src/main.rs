//! `live run`: a sample configuration on a real Envoy, with a demo upstream behind it. `make run` starts it.
//! `live demo`: an outage on it, told step by step. `make demo` starts it.
//! `live page`: a dashboard as a page of HTML, with what a running Prometheus says.

#![forbid(unsafe_code)]

mod demo;
mod run;

use clap::{Args, Parser, Subcommand};
use live::Prometheus;
use live::dashboard::{Dashboard, page};
use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

/// The plugins on a real Envoy.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Starts a sample with a demo upstream, and shows what happens until Ctrl-C.
    Run(run::Arguments),
    /// Walks through an outage on a real Envoy and tells what happens, in less than a minute. Fails where something is
    /// not as it says.
    Demo(demo::Arguments),
    /// Writes a dashboard as a page of HTML, with what a running Prometheus says, to the standard output.
    Page(Page),
}

/// Which dashboard, of what.
#[derive(Args)]
struct Page {
    /// overview, service or diagnosis.
    dashboard: String,
    /// Where Prometheus listens.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9090")]
    prometheus: SocketAddr,
    /// How far back from now.
    #[arg(long, value_name = "MINUTES", default_value_t = 60)]
    minutes: u64,
    /// Over how many seconds rates are taken: four scrapes or more.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    rate: u64,
}

impl Page {
    fn text(&self) -> live::Result<String> {
        let dashboard = Dashboard::load(&self.dashboard)?;
        let (back, rate) = (
            Duration::from_secs(self.minutes * 60),
            Duration::from_secs(self.rate),
        );
        page(&dashboard, &Prometheus::at(self.prometheus), back, rate)
    }
}

fn main() -> ExitCode {
    let ended: Result<(), Box<dyn Error>> = match Arguments::parse().command {
        Command::Run(arguments) => run::run(&arguments).map_err(Into::into),
        Command::Demo(arguments) => demo::demo(&arguments).map_err(Into::into),
        Command::Page(page) => page.text().map_err(Into::into).map(|text| print!("{text}")),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
