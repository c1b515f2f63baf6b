//! A dashboard as one page of HTML, with what Prometheus says now: to see what a dashboard shows without a Grafana.
//!
//! It asks what the panels ask, and draws with their titles, units, colours, thresholds and places. It is a picture: nothing
//! on it can be clicked.

mod chart;
mod look;
mod states;
mod table;

use super::{Dashboard, Panel, Query, Times};
use crate::{Course, Prometheus, Result};
use look::{Look, escape};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Width of a column of the 24 and height of a row of a dashboard, in pixels.
const COLUMN: u64 = 60;
const ROW: u64 = 30;
/// How many points a line has, at most.
const POINTS: f64 = 240.0;

const STYLE: &str = "body{margin:0;background:#f4f5f5;font:13px 'DejaVu Sans',sans-serif;color:#24292e}\
h1{font-size:18px;margin:12px 16px 4px}main{position:relative;margin:0 8px}\
section{position:absolute;box-sizing:border-box;padding:4px}\
section>div{background:#fff;border:1px solid #dcdfe3;border-radius:3px;height:100%;box-sizing:border-box;padding:6px 8px;overflow:hidden;display:flex;flex-direction:column}\
h2{font-size:13px;margin:0 0 4px;font-weight:600}h3{font-size:14px;margin:8px 4px 0;font-weight:600}\
.legend{display:flex;flex-wrap:wrap;gap:0 12px;font-size:11px;max-height:30px;overflow:hidden}\
.legend i{display:inline-block;width:12px;height:3px;margin:0 4px 3px 0}\
.number{flex:1;display:flex;align-items:center;justify-content:center;font-size:28px;color:#fff;border-radius:3px}\
table{border-collapse:collapse;font-size:12px;width:100%}td,th{text-align:left;padding:3px 8px;border-bottom:1px solid #e9ebee}\
.none{margin:auto;color:#8a8f98}";

/// What is shown, and from where it is.
pub(super) struct Asked<'a> {
    pub(super) dashboard: &'a Dashboard,
    pub(super) prometheus: &'a Prometheus,
    pub(super) times: Times<'a>,
    /// In seconds since 1970.
    pub(super) from: f64,
    pub(super) to: f64,
}

/// A series, as it is drawn.
pub(super) struct Drawn {
    pub(super) name: String,
    /// When, in seconds since 1970, and which number.
    pub(super) points: Vec<(f64, f64)>,
}

impl Asked<'_> {
    fn filled_in(&self, query: &Query) -> String {
        self.dashboard.filled_in(&query.expression, self.times, &[])
    }

    /// What the queries of a panel gave: each series under its name, without what is no number.
    fn courses(&self, panel: &Panel) -> Result<Vec<Drawn>> {
        let mut courses = Vec::new();
        for query in &panel.queries {
            for course in self.course(&self.filled_in(query))? {
                let points = course.points.into_iter().filter(|(_, value)| value.is_finite());
                courses.push(Drawn {
                    name: named(&query.legend, &course.labels),
                    points: points.collect(),
                });
            }
        }
        Ok(courses)
    }

    fn course(&self, expression: &str) -> Result<Vec<Course>> {
        let step = ((self.to - self.from) / POINTS).max(1.0);
        self.prometheus.query_range(expression, self.from, self.to, step)
    }

    /// When something was marked, and in which colour.
    fn marks(&self) -> Result<Vec<(f64, String)>> {
        let mut marks = Vec::new();
        for (name, query) in self.dashboard.annotations() {
            for course in self.course(&self.filled_in(&query))? {
                let first = course.points.first();
                marks.extend(first.map(|(when, _)| (*when, look::of_mark(self.dashboard, &name))));
            }
        }
        Ok(marks)
    }
}

/// The page of a dashboard, with all that its variables have: this long back from now, with rates over `rate`, as long as four
/// scrapes or more.
///
/// # Errors
/// Those of the queries.
pub fn page(
    dashboard: &Dashboard,
    prometheus: &Prometheus,
    back: Duration,
    rate: Duration,
) -> Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (rate, range) = (format!("{}s", rate.as_secs()), format!("{}s", back.as_secs()));
    let asked = Asked {
        dashboard,
        prometheus,
        times: Times {
            rate: &rate,
            range: &range,
        },
        from: now.saturating_sub(back).as_secs_f64(),
        to: now.as_secs_f64(),
    };
    let marks = asked.marks()?;
    let mut body = String::new();
    let mut bottom = 0;
    let panels = dashboard.tree()["panels"].as_array().into_iter().flatten();
    for (title, place) in panels.filter(|tree| tree["type"] == "row").map(of_place) {
        body.push_str(&format!(
            "<section style=\"{}\"><h3>{title}</h3></section>",
            style(place)
        ));
    }
    for panel in dashboard.panels() {
        let (title, place) = of_place(&panel.tree);
        let size = (place[2] * COLUMN - 28, place[3] * ROW - 66);
        let inside = match panel.kind.as_str() {
            "timeseries" => chart::drawn(&asked, &panel, size, &marks)?,
            "state-timeline" => states::drawn(&asked, &panel, size)?,
            "stat" => number(&asked, &panel)?,
            "table" => table::drawn(&asked, &panel)?,
            "logs" => none("in the logs"),
            _ => format!(
                "<p>{}</p>",
                escape(panel.tree["options"]["content"].as_str().unwrap_or_default())
            ),
        };
        body.push_str(&format!(
            "<section style=\"{}\"><div><h2>{title}</h2>{inside}</div></section>",
            style(place)
        ));
        bottom = bottom.max((place[1] + place[3]) * ROW);
    }
    let title = escape(dashboard.tree()["title"].as_str().unwrap_or_default());
    Ok(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style>\
         <h1>{title}</h1><main style=\"width:{}px;height:{bottom}px\">{body}</main></html>\n",
        24 * COLUMN
    ))
}

/// Its title, and where it is: x, y, width, height.
fn of_place(tree: &serde_json::Value) -> (String, [u64; 4]) {
    let place = ["x", "y", "w", "h"].map(|member| tree["gridPos"][member].as_u64().unwrap_or_default());
    (escape(tree["title"].as_str().unwrap_or_default()), place)
}

fn style([x, y, width, height]: [u64; 4]) -> String {
    format!(
        "left:{}px;top:{}px;width:{}px;height:{}px",
        x * COLUMN,
        y * ROW,
        width * COLUMN,
        height * ROW
    )
}

/// What stands where there is nothing to show.
fn none(text: &str) -> String {
    format!("<p class=\"none\">{text}</p>")
}

/// The name of a series, as its legend says.
fn named(legend: &str, labels: &BTreeMap<String, String>) -> String {
    let mut parts = legend.split("{{");
    let mut name = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (label, rest) = part.split_once("}}").unwrap_or((part, ""));
        name.push_str(labels.get(label).map_or("", String::as_str));
        name.push_str(rest);
    }
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Each series' last number.
fn number(asked: &Asked, panel: &Panel) -> Result<String> {
    let look = Look::of(panel);
    let numbers = asked.courses(panel)?.into_iter().filter_map(|course| {
        let (_, last) = course.points.last()?;
        Some(format!(
            "<div class=\"number\" style=\"background:{}\">{}</div>",
            look.of_threshold(*last),
            look.text(*last)
        ))
    });
    let numbers: String = numbers.collect();
    Ok(if numbers.is_empty() { none("none") } else { numbers })
}
