//! A panel as Grafana has it.

use super::{GREEN, Kind, ORANGE, Panel, RED};
use crate::dashboard::{LOGS, PROMETHEUS};
use serde_json::{Value, json};

impl Panel {
    /// As Grafana has it, with this number, at this place.
    pub(crate) fn json(&self, id: usize, x: u32, y: u32) -> Value {
        let mut panel = json!({
            "id": id, "type": self.name(), "title": self.title, "description": self.description,
            "gridPos": { "x": x, "y": y, "w": self.width, "h": self.height },
            "options": self.options(),
        });
        if self.kind == Kind::Text {
            return panel;
        }
        panel["datasource"] = self.source();
        panel["targets"] = self.targets();
        panel["fieldConfig"] = json!({ "defaults": self.defaults(), "overrides": self.overrides() });
        if self.kind == Kind::Table {
            panel["transformations"] = self.transformations();
        }
        panel
    }

    fn name(&self) -> &'static str {
        match self.kind {
            Kind::Chart => "timeseries",
            Kind::States => "state-timeline",
            Kind::Number => "stat",
            Kind::Table => "table",
            Kind::Logs => "logs",
            Kind::Text => "text",
        }
    }

    fn source(&self) -> Value {
        match self.kind {
            Kind::Logs => json!({ "type": "loki", "uid": LOGS }),
            _ => json!({ "type": "prometheus", "uid": PROMETHEUS }),
        }
    }

    fn targets(&self) -> Value {
        let target = |(index, (expression, name)): (usize, &(String, String))| {
            let mut target = json!({
                "refId": reference(index), "datasource": self.source(), "editorMode": "code", "expr": expression,
            });
            match self.kind {
                Kind::Logs => target["queryType"] = json!("range"),
                Kind::Table => {
                    target["format"] = json!("table");
                    target["instant"] = json!(true);
                    target["range"] = json!(false);
                }
                _ => {
                    target["legendFormat"] = json!(name);
                    target["instant"] = json!(false);
                    target["range"] = json!(true);
                }
            }
            target
        };
        self.queries.iter().enumerate().map(target).collect()
    }

    fn options(&self) -> Value {
        let legend = json!({ "showLegend": true, "displayMode": "list", "placement": "bottom", "calcs": [] });
        match self.kind {
            Kind::Chart => json!({ "legend": legend, "tooltip": { "mode": "multi", "sort": "desc" } }),
            Kind::States => json!({
                "legend": legend, "tooltip": { "mode": "single", "sort": "none" },
                "mergeValues": true, "showValue": "auto", "alignValue": "left", "rowHeight": 0.8,
            }),
            Kind::Number => json!({
                "reduceOptions": { "calcs": ["lastNotNull"], "fields": "", "values": false },
                "colorMode": "background", "graphMode": "area", "justifyMode": "auto", "orientation": "auto", "textMode": "auto",
                "wideLayout": true, "showPercentChange": false, "percentChangeColorMode": "standard",
            }),
            Kind::Table => json!({ "showHeader": true, "cellHeight": "sm", "frameIndex": 0 }),
            Kind::Logs => json!({
                "showTime": true, "showLabels": false, "showCommonLabels": false, "wrapLogMessage": true,
                "prettifyLogMessage": true, "enableLogDetails": true, "showLogContextToggle": false, "dedupStrategy": "none", "sortOrder": "Descending",
            }),
            Kind::Text => json!({ "mode": "markdown", "content": self.text }),
        }
    }

    fn defaults(&self) -> Value {
        if self.kind == Kind::Logs {
            return json!({});
        }
        let steps = self.steps.iter();
        let steps: Vec<Value> = steps
            .map(|(from, colour)| json!({ "value": from, "color": colour }))
            .collect();
        let mut defaults = json!({
            "unit": self.unit, "mappings": [], "thresholds": { "mode": "absolute", "steps": steps },
            "color": { "mode": if self.kind == Kind::Chart { "palette-classic" } else { "thresholds" } },
        });
        match self.kind {
            Kind::Chart => {
                defaults["min"] = json!(0);
                defaults["custom"] = json!({
                    "drawStyle": if self.bars { "bars" } else { "line" },
                    "lineWidth": 1, "fillOpacity": if self.stacked { 40 } else { 8 }, "showPoints": "never", "spanNulls": false,
                    "stacking": { "mode": if self.stacked { "normal" } else { "none" }, "group": "A" },
                    "thresholdsStyle": { "mode": if self.lines_at_steps { "dashed" } else { "off" } },
                });
            }
            Kind::States => {
                defaults["custom"] = json!({ "fillOpacity": 80, "lineWidth": 0 });
                defaults["mappings"] = json!([{ "type": "value", "options": {
                    "0": { "text": "closed", "color": GREEN, "index": 0 },
                    "1": { "text": "open", "color": RED, "index": 1 },
                    "2": { "text": "half-open", "color": ORANGE, "index": 2 },
                } }]);
            }
            // A counter that has not counted yet is not there.
            Kind::Number => defaults["noValue"] = json!("none"),
            _ => {}
        }
        if let (Some(link), None) = (self.link_json(), self.linked_column) {
            defaults["links"] = json!([link]);
        }
        defaults
    }

    fn link_json(&self) -> Option<Value> {
        let (title, address) = self.link.as_ref()?;
        Some(json!({ "title": title, "url": address, "targetBlank": false }))
    }

    fn overrides(&self) -> Value {
        let colours = self.colours.iter().map(|(names, colour)| {
            json!({ "matcher": { "id": "byRegexp", "options": names },
                "properties": [{ "id": "color", "value": { "mode": "fixed", "fixedColor": colour } }] })
        });
        let links = self.linked_column.iter().map(|column| {
            json!({ "matcher": { "id": "byName", "options": column },
                "properties": [{ "id": "links", "value": [self.link_json()] }] })
        });
        // Of the columns of a table each has its unit behind its name: `p99 | s`.
        let units = self.queries.iter().filter(|_| self.kind == Kind::Table);
        let units = units.filter_map(|(_, name)| name.split_once(" | ")).map(|(name, unit)| {
            json!({ "matcher": { "id": "byName", "options": name }, "properties": [{ "id": "unit", "value": unit }] })
        });
        colours.chain(links).chain(units).collect()
    }

    /// Puts the queries of a table into one, and says what its columns are called.
    fn transformations(&self) -> Value {
        let only = self.queries.len() == 1;
        let names = self.queries.iter().enumerate().map(|(index, (_, name))| {
            let value = match only {
                true => "Value".to_owned(),
                false => format!("Value #{}", reference(index)),
            };
            let name = name.split_once(" | ").map_or(name.as_str(), |(name, _)| name);
            (value, json!(name))
        });
        json!([
            { "id": "merge", "options": {} },
            { "id": "organize", "options": {
                "excludeByName": { "Time": true, "__name__": true }, "indexByName": {},
                "renameByName": names.collect::<serde_json::Map<String, Value>>(),
            } },
        ])
    }
}

/// The letter that a query of a panel goes by.
fn reference(index: usize) -> String {
    let letters = ('A'..='Z').nth(index);
    letters.map(String::from).unwrap_or_default()
}
