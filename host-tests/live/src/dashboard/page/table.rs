//! Rows and columns: what each query gives now, put together by its labels.

use super::{Asked, Look, Panel, Result, escape, none};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn drawn(asked: &Asked, panel: &Panel) -> Result<String> {
    let mut rows: BTreeMap<BTreeMap<String, String>, BTreeMap<usize, f64>> = BTreeMap::new();
    for (column, query) in panel.queries.iter().enumerate() {
        for measured in asked.prometheus.query(&asked.filled_in(query))? {
            rows.entry(measured.labels)
                .or_default()
                .insert(column, measured.value);
        }
    }
    if rows.is_empty() {
        return Ok(none("no data"));
    }
    let labels: BTreeSet<&String> = rows.keys().flat_map(BTreeMap::keys).collect();
    let columns: Vec<(String, Look)> = panel
        .queries
        .iter()
        .map(|query| column(panel, &query.reference))
        .collect();
    let heads = labels
        .iter()
        .map(|label| label.as_str())
        .chain(columns.iter().map(|(name, _)| name.as_str()));
    let heads: String = heads.map(|head| format!("<th>{}</th>", escape(head))).collect();
    let lines = rows.iter().map(|(of_row, values)| {
        let named = labels
            .iter()
            .map(|label| of_row.get(*label).map_or("", String::as_str).to_owned());
        let counted = columns.iter().enumerate().map(|(index, (_, look))| {
            let value = values.get(&index).filter(|value| value.is_finite());
            value.map_or_else(String::new, |value| look.text(*value))
        });
        let cells = named
            .chain(counted)
            .map(|cell| format!("<td>{}</td>", escape(&cell)));
        format!("<tr>{}</tr>", cells.collect::<String>())
    });
    Ok(format!(
        "<table><tr>{heads}</tr>{}</table>",
        lines.collect::<String>()
    ))
}

/// What the column of a query is called, and how its values look.
fn column(panel: &Panel, reference: &str) -> (String, Look) {
    let names = &panel.tree["transformations"][1]["options"]["renameByName"];
    let name = names
        .get("Value")
        .or_else(|| names.get(format!("Value #{reference}")));
    let name = name.and_then(serde_json::Value::as_str).unwrap_or_default();
    let overrides = panel.tree["fieldConfig"]["overrides"].as_array();
    let unit = overrides.into_iter().flatten().find_map(|over| {
        let is_unit = over["matcher"]["options"] == *name && over["properties"][0]["id"] == "unit";
        is_unit.then(|| over["properties"][0]["value"].as_str()).flatten()
    });
    (name.to_owned(), Look::of(panel).in_unit(unit))
}
