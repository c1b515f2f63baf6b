//! Manifests for Istio's ingress gateway.

use super::envoy::tags;
use super::template::Template;
use super::{Emit, Sections};
use crate::problem::Problem;
use serde_json::Value;

/// Where in Istio's chain these plugins belong.
const EDGE: [&str; 2] = ["error-envelope", "request-id"];

pub(super) fn write(asked: &Emit, sections: &Sections) -> Result<String, Problem> {
    let (host, port) = asked.upstream()?;
    let names: Vec<&str> = sections.plugins.iter().map(|plugin| plugin.name).collect();
    let plugins = match asked.chain {
        true => each(asked, sections)?,
        false => in_two(asked, sections, &names)?,
    };
    let ids = match sections.has("request-id") {
        true => include_str!("istio/ids.yaml"),
        false => "",
    };
    let budget = match sections.has("retry") {
        true => Template::new(include_str!("istio/budget.yaml"))
            .with("percent", sections.budget.0.to_string())
            .with("least", sections.budget.1.to_string())
            .filled(),
        false => String::new(),
    };
    Ok(Template::new(include_str!("istio/manifests.yaml"))
        .with("name", &asked.name)
        .with("names", names.join(", "))
        .with("namespace", &asked.namespace)
        .with("plugins", plugins)
        .with("ids", ids)
        .with("tags", tags(&names))
        .with("host", host)
        .with("port", port.to_string())
        .with("routes", routes(asked, sections)?)
        .with("budget", budget)
        .filled())
}

/// Two of the one module: what belongs before authentication, and what belongs next to the router.
fn in_two(asked: &Emit, sections: &Sections, names: &[&str]) -> Result<String, Problem> {
    let (edge, router): (Vec<&str>, Vec<&str>) = names.iter().partition(|name| EDGE.contains(name));
    let mut all = String::new();
    for (names, place, called) in [
        (edge, "phase: AUTHN\npriority: 2000", "edge"),
        (router, "", "router"),
    ] {
        if !names.is_empty() {
            let name = format!("{}-{called}", asked.name);
            let configuration = sections.these(&names);
            all += &plugin(asked, &name, "policies", &asked.image, place, &configuration)?;
        }
    }
    Ok(all)
}

fn each(asked: &Emit, sections: &Sections) -> Result<String, Problem> {
    let mut all = String::new();
    for section in &sections.plugins {
        // Of those before the router, the highest priority is the first.
        let place = match section.name {
            "error-envelope" => "phase: AUTHN\npriority: 2000",
            "request-id" => "phase: AUTHN\npriority: 1000",
            "circuit-breaker" => "priority: 20",
            _ => "priority: 10",
        };
        let name = format!("{}-{}", asked.name, section.name);
        let image = asked.image_of(section.name);
        let configuration = sections.section(section.name);
        all += &plugin(asked, &name, section.name, &image, place, &configuration)?;
    }
    Ok(all)
}

fn plugin(
    asked: &Emit,
    name: &str,
    root_id: &str,
    image: &str,
    place: &str,
    configuration: &Value,
) -> Result<String, Problem> {
    Ok(Template::new(include_str!("istio/plugin.yaml"))
        .with("name", name)
        .with("namespace", &asked.namespace)
        .with("image", image)
        .with("sha256", &asked.sha256)
        .with("root_id", root_id)
        .with("place", place)
        .with("configuration", yaml(configuration)?)
        .filled())
}

/// A configuration as a part of a manifest.
pub(super) fn yaml(configuration: &Value) -> Result<String, Problem> {
    yaml_serde::to_string(configuration)
        .map_err(|error| Problem::new(format!("the configuration cannot be written as YAML: {error}")))
}

fn routes(asked: &Emit, sections: &Sections) -> Result<String, Problem> {
    let (host, port) = asked.upstream()?;
    let route = |name: &str, matched: &str| {
        Template::new(include_str!("istio/route.yaml"))
            .with("route", Value::from(name).to_string())
            .with("match", matched)
            .with("host", host)
            .with("port", port.to_string())
            .filled()
    };
    let mut all = String::new();
    for name in sections.routes().iter().filter(|name| *name != "everything-else") {
        let prefix = Value::from(format!("/{name}"));
        let matched = format!(
            "# A rule of the plugins goes by this name. Say here which requests that is for.\nmatch: [{{ uri: {{ prefix: {prefix} }} }}]"
        );
        all += &route(name, &matched);
    }
    all += &route("everything-else", "");
    Ok(all)
}
