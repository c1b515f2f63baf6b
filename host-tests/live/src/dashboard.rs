//! Grafana's dashboards of `envoy/observability/grafana`, read as Grafana does: what each panel asks for, with the values
//! of its variables in place.
//!
//! The files are those that users import. What they were generated from is not looked at here, so that a test of them
//! cannot share its mistakes.

mod page;

pub use page::page;

use crate::{Error, Result, repository};
use serde_json::Value;
use std::collections::BTreeMap;

/// A dashboard.
#[derive(Clone, Debug)]
pub struct Dashboard {
    tree: Value,
}

/// A panel of one; rows are none.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What stands above it.
    pub title: String,
    /// Grafana's word for what it is: `timeseries`, `stat`, `table`, `state-timeline`, `logs`, `text`.
    pub kind: String,
    /// What it asks for.
    pub queries: Vec<Query>,
    /// As Grafana has it.
    pub tree: Value,
}

/// What a panel or an annotation asks a data source for.
#[derive(Clone, Debug)]
pub struct Query {
    /// The letter that it goes by in its panel.
    pub reference: String,
    /// The kind of its data source: `prometheus` or `loki`.
    pub source: String,
    /// The expression, with variables in it.
    pub expression: String,
    /// What each of its series is called: `{{label}}` is the label's value.
    pub legend: String,
}

/// The times that expressions have as variables.
#[derive(Clone, Copy, Debug)]
pub struct Times<'a> {
    /// Over which rates are taken, `$__rate_interval`: four scrapes or more.
    pub rate: &'a str,
    /// All that is shown, `$__range`.
    pub range: &'a str,
}

impl Dashboard {
    /// The dashboard `name` of this repository: `overview`, `service` or `diagnosis`.
    ///
    /// # Errors
    /// [`Error::Io`] if there is none, [`Error::Malformed`] if it is no JSON.
    pub fn load(name: &str) -> Result<Self> {
        let path = repository().join(format!("envoy/observability/grafana/{name}.json"));
        let text =
            std::fs::read_to_string(&path).map_err(Error::io(format!("reading {}", path.display())))?;
        let tree = serde_json::from_str(&text).map_err(|error| Error::Malformed {
            what: path.display().to_string(),
            rule: error.to_string(),
        })?;
        Ok(Dashboard { tree })
    }

    /// As Grafana has it.
    pub fn tree(&self) -> &Value {
        &self.tree
    }

    /// Its panels, as they stand there.
    pub fn panels(&self) -> Vec<Panel> {
        let panels = list(&self.tree["panels"]).filter(|panel| panel["type"] != "row");
        panels
            .map(|panel| Panel {
                title: text(&panel["title"]),
                kind: text(&panel["type"]),
                queries: list(&panel["targets"]).map(query).collect(),
                tree: panel.clone(),
            })
            .collect()
    }

    /// What marks its charts: the name of each annotation, and what it asks for.
    pub fn annotations(&self) -> Vec<(String, Query)> {
        let all = list(&self.tree["annotations"]["list"]);
        let ours = all.filter(|annotation| annotation["builtIn"] != 1);
        ours.map(|annotation| {
            let mut query = query(&annotation["target"]);
            query.source = text(&annotation["datasource"]["type"]);
            (text(&annotation["name"]), query)
        })
        .collect()
    }

    /// Its variables: what stands there for each of them when nothing is chosen. Of a query's values that is all of them,
    /// and nothing for a data source.
    pub fn variables(&self) -> BTreeMap<String, String> {
        let all = list(&self.tree["templating"]["list"]);
        all.map(|variable| {
            let value = match variable["includeAll"] == true {
                true => text(&variable["allValue"]),
                false => text(&variable["current"]["value"]),
            };
            (text(&variable["name"]), value)
        })
        .collect()
    }

    /// What the values of variables are queried by: the name of each such variable, its expression and the label.
    pub fn choices(&self) -> Vec<(String, String, String)> {
        let queried = list(&self.tree["templating"]["list"]).filter(|variable| variable["type"] == "query");
        queried
            .filter_map(|variable| {
                let query = text(&variable["query"]["query"]);
                let inside = query.strip_prefix("label_values(")?.strip_suffix(')')?;
                let (expression, label) = inside.rsplit_once(", ")?;
                Some((text(&variable["name"]), expression.to_owned(), label.to_owned()))
            })
            .collect()
    }

    /// An expression with these values and times in the place of its variables, and for all other variables what they are
    /// when nothing is chosen.
    pub fn filled_in(&self, expression: &str, times: Times, chosen: &[(&str, &str)]) -> String {
        let mut values = self.variables();
        values.extend(
            chosen
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        values.insert("__rate_interval".to_owned(), times.rate.to_owned());
        values.insert("__range".to_owned(), times.range.to_owned());
        let mut parts = expression.split('$');
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let end = part
                .find(|character: char| !character.is_ascii_alphanumeric() && character != '_')
                .unwrap_or(part.len());
            let (name, rest) = part.split_at(end);
            match values.get(name) {
                Some(value) => filled.push_str(value),
                // Such as the `${1}` of label_replace, which Grafana leaves alone, too.
                None => filled.extend(["$", name]),
            }
            filled.push_str(rest);
        }
        filled
    }
}

fn query(target: &Value) -> Query {
    Query {
        reference: text(&target["refId"]),
        source: text(&target["datasource"]["type"]),
        expression: text(&target["expr"]),
        legend: text(&target["legendFormat"]),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn variables_are_filled_in_and_nothing_else_is() {
        let dashboard = Dashboard {
            tree: json!({ "templating": { "list": [
                { "name": "job", "includeAll": true, "allValue": ".*" },
                { "name": "id", "current": { "value": "" } },
            ] } }),
        };
        let times = Times {
            rate: "1m",
            range: "15m",
        };
        let filled = |expression| dashboard.filled_in(expression, times, &[("id", "a-b")]);
        assert_eq!(
            filled(r#"rate(a{job=~"$job"}[$__rate_interval]) offset $__range"#),
            r#"rate(a{job=~".*"}[1m]) offset 15m"#
        );
        assert_eq!(filled("|= `$id`"), "|= `a-b`");
        assert_eq!(filled(r#""${1}xx", "$1", "$""#), r#""${1}xx", "$1", "$""#);
    }
}
