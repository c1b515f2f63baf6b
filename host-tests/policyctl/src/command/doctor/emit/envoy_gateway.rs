//! Manifests for Envoy Gateway.

use super::envoy::tags;
use super::istio::yaml;
use super::template::{Template, indented};
use super::{Emit, Sections};
use crate::problem::Problem;
use crate::screen::{Screen, WARNING};
use serde_json::Value;

pub(super) fn write(asked: &Emit, sections: &Sections, screen: &Screen) -> Result<String, Problem> {
    let names: Vec<&str> = sections.plugins.iter().map(|plugin| plugin.name).collect();
    let named = sections.routes();
    if !named.is_empty() {
        screen.aside(&format!(
            "{WARNING}warning{WARNING:#}: Envoy Gateway generates the names of routes, so no request meets the rules for {}: let \
             them go by host and path\n",
            named.join(", ")
        ))?;
    }
    let plugins = match asked.chain {
        true => {
            let each = sections.plugins.iter();
            let each = each.map(|plugin| {
                let image = asked.image_of(plugin.name);
                entry(asked, plugin.name, &image, &sections.section(plugin.name))
            });
            each.collect::<Result<Vec<_>, _>>()?.concat()
        }
        false => entry(asked, "policies", &asked.image, &sections.these(&names))?,
    };
    let ids = match sections.has("request-id") {
        true => Template::new(include_str!("envoy_gateway/ids.yaml"))
            .with("name", &asked.name)
            .with("namespace", &asked.namespace)
            .filled(),
        false => String::new(),
    };
    Ok(Template::new(include_str!("envoy_gateway/manifests.yaml"))
        .with("names", names.join(", "))
        .with("name", &asked.name)
        .with("namespace", &asked.namespace)
        .with("plugins", plugins)
        .with("ids", ids)
        .with("least", sections.budget.1.to_string())
        .with("tags", indented(&tags(&names), 0))
        .filled())
}

fn entry(asked: &Emit, name: &str, image: &str, configuration: &Value) -> Result<String, Problem> {
    Ok(Template::new(include_str!("envoy_gateway/plugin.yaml"))
        .with("name", name)
        .with("image", image)
        .with("sha256", &asked.sha256)
        .with("configuration", yaml(configuration)?)
        .filled())
}
