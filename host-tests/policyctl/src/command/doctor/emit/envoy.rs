//! A bootstrap for Envoy.

use super::super::labels;
use super::template::{Template, indented};
use super::{Emit, Sections};
use crate::problem::Problem;
use serde_json::Value;

const BOOTSTRAP: &str = include_str!("envoy/bootstrap.yaml");
/// The route of what no other route is for.
const REST: &str = "everything-else";
const FILTER: &str = include_str!("envoy/filter.yaml");

pub(super) fn write(asked: &Emit, sections: &Sections) -> Result<String, Problem> {
    let (host, port) = asked.upstream()?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let is_address = host.parse::<std::net::IpAddr>().is_ok();
    let mut names: Vec<&str> = sections.plugins.iter().map(|plugin| plugin.name).collect();
    names.extend(sections.has_admin().then_some("admin"));
    let (percent, least) = sections.budget;
    let ids = match sections.has("request-id") {
        true => include_str!("envoy/ids.yaml"),
        false => "",
    };
    let attempts = match sections.has("retry") {
        true => Template::new(include_str!("envoy/attempts.yaml"))
            .with("filter", attempts_filter(asked, sections))
            .filled(),
        false => String::new(),
    };
    Ok(Template::new(BOOTSTRAP)
        .with("name", &asked.name)
        .with("plugins", names.join(", "))
        .with("tags", tags(&names))
        .with("port", asked.listener_port.to_string())
        .with("ids", ids)
        .with("early", early(sections))
        .with("replies", replies(asked, sections))
        .with("routes", routes(sections))
        .with("filters", filters(asked, sections))
        .with("operators", operators(asked, sections))
        .with("discovery", if is_address { "STATIC" } else { "STRICT_DNS" })
        .with("host", host)
        .with("upstream_port", port.to_string())
        .with("percent", percent.to_string())
        .with("least", least.to_string())
        .with("attempts", attempts)
        .filled())
}

/// The lines of the bootstrap that make labels of metrics, each once.
pub(super) fn tags(plugins: &[&str]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for (label, _) in labels::labels(plugins) {
        let line = labels::tag(&label).trim_start().to_owned();
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines.push(r"- { tag_name: plugin, regex: '^wasm\.((.+)\.)vm_reload' }".to_owned());
    lines.join("\n")
}

fn filters(asked: &Emit, sections: &Sections) -> String {
    if !asked.chain {
        let names: Vec<&str> = sections.plugins.iter().map(|plugin| plugin.name).collect();
        let why =
            "All plugins in one pass: whatever else may refuse a request stands before it, or use --chain.";
        return filter(asked, "policies", "policies", &sections.these(&names), why);
    }
    let each = sections.plugins.iter().map(|plugin| {
        let why = match plugin.name {
            "error-envelope" => "First: every error comes by it last.",
            "request-id" => "Before all that refuses, so that refusals have the request's one id.",
            "circuit-breaker" => {
                "Authentication, authorisation and rate limits stand before it: what they refuse is not asked of the breaker."
            }
            _ => "Last: it has to know whether the breaker is half-open.",
        };
        filter(asked, plugin.name, plugin.name, &sections.section(plugin.name), why)
    });
    each.collect::<Vec<_>>().concat()
}

fn filter(asked: &Emit, name: &str, root_id: &str, configuration: &Value, why: &str) -> String {
    // The module of all has the plugins of traffic alone.
    let module = match asked.chain || root_id == "admin" {
        true => root_id.replace('-', "_"),
        false => "policies".to_owned(),
    };
    Template::new(FILTER)
        .with("why", why)
        .with("name", name)
        .with("root_id", root_id)
        .with("module", format!("{}/{module}.wasm", asked.modules))
        .with("configuration", format!("{configuration:#}"))
        .filled()
}

fn attempts_filter(asked: &Emit, sections: &Sections) -> String {
    let why = "The same plugin once more: here it sees each attempt, and takes each retry from the budget before it is made.";
    filter(asked, "retry-attempts", "retry", &sections.section("retry"), why)
}

/// Where a plugin leaves something by which to tell what it has seen.
fn replies(asked: &Emit, sections: &Sections) -> String {
    if !sections.has("request-id") && !sections.has("error-envelope") {
        return String::new();
    }
    let replies = Template::new(include_str!("envoy/replies.yaml"));
    let name = sections.service_name().unwrap_or(&asked.name);
    replies.with("service", name).filled()
}

/// The listener of the live state.
fn operators(asked: &Emit, sections: &Sections) -> String {
    if !sections.has_admin() {
        return String::new();
    }
    let why = "With the vm_id of the others: what they share lies under that name.";
    let filter = filter(asked, "admin", "admin", &sections.section("admin"), why);
    Template::new(include_str!("envoy/operators.yaml"))
        .with("filter", filter)
        .filled()
}

/// A client must not choose a route by the header that is the breaker's.
fn early(sections: &Sections) -> String {
    let mut headers: Vec<String> = sections
        .fallbacks()
        .into_iter()
        .map(|(header, _)| header)
        .collect();
    headers.dedup();
    if headers.is_empty() {
        return String::new();
    }
    let removed: Vec<String> = headers
        .iter()
        .map(|header| format!("- remove: {header}"))
        .collect();
    let head = include_str!("envoy/early.yaml").trim_end();
    format!("{head}\n{}", indented(&removed.join("\n"), 6))
}

fn routes(sections: &Sections) -> String {
    let mut all = String::new();
    for (header, value) in sections.fallbacks() {
        all += &Template::new(include_str!("envoy/fallback.yaml"))
            .with("header", header)
            .with("value", Value::from(value).to_string())
            .filled();
    }
    let mut named = sections.routes();
    named.retain(|name| name != REST);
    let named = named.iter().map(|name| (name.as_str(), format!("/{name}/")));
    for (index, (name, prefix)) in named.chain([(REST, "/".to_owned())]).enumerate() {
        let why = match name {
            REST => "",
            _ => "# A rule of the plugins goes by this name. Say here which requests that is for.",
        };
        let service = match index {
            0 => include_str!("envoy/service.yaml"),
            _ => "route: *service",
        };
        all += &Template::new(include_str!("envoy/route.yaml"))
            .with("why", why)
            .with("route", Value::from(name).to_string())
            .with("prefix", Value::from(prefix).to_string())
            .with("service", service)
            .filled();
    }
    all
}
