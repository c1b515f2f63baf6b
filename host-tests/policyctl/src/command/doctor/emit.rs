//! `policyctl doctor --emit`: a whole configuration around the plugins, in which doctor finds nothing.

mod envoy;
mod envoy_gateway;
mod istio;
mod sections;
mod template;

use crate::Ending;
use crate::document::Document;
use crate::modules::Modules;
use crate::problem::Problem;
use crate::screen::{Screen, WARNING};
use clap::{Args, ValueEnum};
use sections::Sections;
use serde_json::json;
use std::path::Path;

/// What for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Target {
    /// A bootstrap for Envoy.
    Envoy,
    /// Manifests for Istio's ingress gateway.
    Istio,
    /// Manifests for Envoy Gateway.
    EnvoyGateway,
}

/// What is written, and what is filled in.
#[derive(Args)]
pub(super) struct Emit {
    /// Write the whole set for this proxy around a configuration of the plugins, in place of looking for faults: the file is
    /// one with a section for each plugin, as for policies.wasm.
    #[arg(long, value_enum, value_name = "PROXY", conflicts_with_all = ["strict", "ignore", "list"])]
    emit: Option<Target>,
    /// How the listener, the policies and the gateway's resources are called.
    #[arg(long, default_value = "policies", requires = "emit")]
    name: String,
    /// The port that the listener opens, on all addresses of the machine. Envoy alone.
    #[arg(long, default_value_t = 10000, requires = "emit", value_name = "PORT")]
    listener_port: u16,
    /// The service: a name or an address, and its port.
    #[arg(
        long,
        default_value = "127.0.0.1:9000",
        requires = "emit",
        value_name = "HOST:PORT"
    )]
    upstream: String,
    /// The namespace of the gateway. Istio and Envoy Gateway.
    #[arg(long, default_value = "default", requires = "emit")]
    namespace: String,
    /// The image of policies.wasm; with --chain, the last part of its path is each plugin's name instead. Istio and Envoy
    /// Gateway.
    #[arg(
        long,
        default_value = "registry.example/policies/policies:0.1.0",
        requires = "emit"
    )]
    image: String,
    /// The image's digest, 64 hexadecimal digits. Istio and Envoy Gateway.
    #[arg(
        long,
        default_value = "0000000000000000000000000000000000000000000000000000000000000000",
        requires = "emit",
        value_name = "DIGITS"
    )]
    sha256: String,
    /// The folder in which Envoy finds the modules.
    #[arg(long, default_value = "dist", requires = "emit", value_name = "FOLDER")]
    modules: String,
    /// A filter for each plugin, so that others can stand between them; otherwise one for all.
    #[arg(long, requires = "emit")]
    chain: bool,
}

impl Emit {
    pub(super) fn is_asked(&self) -> bool {
        self.emit.is_some()
    }

    /// Writes the set to the standard output.
    pub(super) fn run(&self, given: &str, modules: &Modules, screen: &Screen) -> Result<Ending, Problem> {
        self.check()?;
        let document = Document::read(Path::new(given))?;
        let Some(sections) = Sections::of(&document, modules, screen)? else {
            return Ok(Ending::Found);
        };
        if sections.has_admin() && self.emit != Some(Target::Envoy) {
            screen.aside(&format!(
                "{WARNING}warning{WARNING:#}: admin is left out: it belongs on a listener of its own, which these manifests \
                 cannot say\n"
            ))?;
        }
        let text = match self.emit {
            Some(Target::Envoy) | None => envoy::write(self, &sections)?,
            Some(Target::Istio) => istio::write(self, &sections)?,
            Some(Target::EnvoyGateway) => envoy_gateway::write(self, &sections, screen)?,
        };
        match screen.is_json() {
            true => screen.json(&json!({ "yaml": text }))?,
            false => screen.text(&text)?,
        }
        Ok(Ending::Fine)
    }

    /// What goes into the set without quotes must not change what it says.
    fn check(&self) -> Result<(), Problem> {
        let is_word = |text: &str| {
            let allowed = |each: char| each.is_ascii_alphanumeric() || "-._/:@".contains(each);
            !text.is_empty() && text.chars().all(allowed)
        };
        let words = [
            ("--name", &self.name),
            ("--namespace", &self.namespace),
            ("--image", &self.image),
            ("--modules", &self.modules),
        ];
        if let Some((flag, text)) = words.iter().find(|(_, text)| !is_word(text)) {
            return Err(Problem::new(format!("{flag} `{text}`: is no name"))
                .cure("use letters, digits, and - . _ / : @"));
        }
        let is_digest = self.sha256.len() == 64 && self.sha256.chars().all(|digit| digit.is_ascii_hexdigit());
        if !is_digest {
            return Err(Problem::new(format!("--sha256 `{}`: is no digest", self.sha256))
                .cure("give the 64 hexadecimal digits that `make dist` or `sha256sum` prints"));
        }
        self.upstream().map(|_| ())
    }

    /// The service's host and port.
    fn upstream(&self) -> Result<(&str, u16), Problem> {
        let parts = self.upstream.rsplit_once(':');
        let parts = parts.and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
        let allowed = |each: char| each.is_ascii_alphanumeric() || "-.:[]".contains(each);
        let parts = parts.filter(|(host, _)| !host.is_empty() && host.chars().all(allowed));
        parts.ok_or_else(|| {
            Problem::new(format!("--upstream `{}`: is no host with a port", self.upstream))
                .cure("give it as orders.shop.example:8080 or 10.0.0.7:8080")
        })
    }

    /// The image of a plugin's own module.
    fn image_of(&self, plugin: &str) -> String {
        let (path, tag) = match self.image.rsplit_once(':') {
            Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
            _ => (self.image.as_str(), None),
        };
        let own = match path.rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/{plugin}"),
            None => plugin.to_owned(),
        };
        tag.map_or(own.clone(), |tag| format!("{own}:{tag}"))
    }
}
