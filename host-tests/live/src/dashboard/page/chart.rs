//! Lines, areas and bars over time, as SVG.

use super::{Asked, Look, Panel, Result, escape, none};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Left of a chart and below it, for what its axes say.
const LEFT: f64 = 62.0;
const BELOW: f64 = 18.0;

/// Where things are in a chart.
pub(super) struct Axes {
    pub(super) width: f64,
    height: f64,
    from: f64,
    to: f64,
    top: f64,
}

impl Axes {
    pub(super) fn new(asked: &Asked, (width, height): (u64, u64), top: f64) -> Self {
        Axes {
            width: width as f64,
            height: height as f64,
            from: asked.from,
            to: asked.to,
            top,
        }
    }

    pub(super) fn x(&self, when: f64) -> f64 {
        LEFT + (when - self.from) / (self.to - self.from) * (self.width - LEFT)
    }

    fn y(&self, value: f64) -> f64 {
        (self.height - BELOW) * (1.0 - (value / self.top).clamp(0.0, 1.0)) + 2.0
    }

    /// Four times below, by the clock of Greenwich.
    pub(super) fn times(&self) -> String {
        let mut svg = String::new();
        for part in 0..4 {
            let when = self.from + (self.to - self.from) * (f64::from(part) + 0.5) / 4.0;
            let seconds = when as u64 % 86_400;
            let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            let (x, y) = (self.x(when), self.height - 2.0);
            let _ = write!(
                svg,
                "<text x=\"{x:.0}\" y=\"{y:.0}\" text-anchor=\"middle\">{hour:02}:{minute:02}:{second:02}</text>"
            );
        }
        svg
    }
}

pub(super) fn svg(width: u64, height: u64, inside: &str) -> String {
    format!("<svg width=\"{width}\" height=\"{height}\" font-size=\"10\" fill=\"#6c737d\">{inside}</svg>")
}

/// What each colour means.
pub(super) fn legend<'a>(names: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let names = names.map(|(name, colour)| {
        let name = escape(if name.is_empty() { "none" } else { name });
        format!("<span><i style=\"background:{colour}\"></i>{name}</span>")
    });
    format!("<div class=\"legend\">{}</div>", names.collect::<String>())
}

pub(super) fn drawn(
    asked: &Asked,
    panel: &Panel,
    size: (u64, u64),
    marks: &[(f64, String)],
) -> Result<String> {
    let courses = asked.courses(panel)?;
    if courses.iter().all(|course| course.points.is_empty()) {
        return Ok(none("no data"));
    }
    let look = Look::of(panel);
    let custom = &panel.tree["fieldConfig"]["defaults"]["custom"];
    let is_stacked = custom["stacking"]["mode"] == "normal";
    let has_bars = custom["drawStyle"] == "bars";
    let colours: Vec<String> = (0..)
        .zip(&courses)
        .map(|(index, course)| look.of_series(&course.name, index))
        .collect();
    // What lies below a point of the next series, at each time; times as whole milliseconds, to be compared.
    let mut below: BTreeMap<i64, f64> = BTreeMap::new();
    let mut shapes = Vec::new();
    for course in &courses {
        let shape = course.points.iter().map(|&(when, value)| {
            let base = below.entry((when * 1000.0) as i64).or_default();
            let from = if is_stacked { *base } else { 0.0 };
            *base = from + value;
            (when, from, from + value)
        });
        shapes.push(shape.collect::<Vec<_>>());
    }
    let highest = shapes
        .iter()
        .flatten()
        .map(|(_, _, value)| *value)
        .fold(0.0, f64::max);
    let axes = Axes::new(asked, size, round_above(highest));
    let mut inside = grid(&axes, &look);
    for (shape, colour) in shapes.iter().zip(&colours) {
        inside.push_str(&match has_bars {
            true => bars(&axes, shape, colour),
            false => line(&axes, shape, colour, is_stacked),
        });
    }
    if custom["thresholdsStyle"]["mode"] == "dashed" {
        for (value, colour) in look.thresholds().filter(|(value, _)| *value <= axes.top) {
            let (y, width) = (axes.y(*value), axes.width);
            let _ = write!(
                inside,
                "<path d=\"M{LEFT} {y:.1}H{width}\" stroke=\"{colour}\" stroke-dasharray=\"4 3\"/>"
            );
        }
    }
    for (when, colour) in marks {
        let (x, height) = (axes.x(*when), axes.height - BELOW);
        let _ = write!(
            inside,
            "<path d=\"M{x:.1} 2V{height}\" stroke=\"{colour}\" stroke-dasharray=\"2 3\"/>"
        );
    }
    let names = courses
        .iter()
        .zip(&colours)
        .map(|(course, colour)| (course.name.as_str(), colour.as_str()));
    Ok(svg(size.0, size.1, &inside) + &legend(names))
}

/// Lines across, with their values, and the times.
fn grid(axes: &Axes, look: &Look) -> String {
    let mut inside = axes.times();
    for part in 0..=3 {
        let value = axes.top * f64::from(part) / 3.0;
        let (y, width, text) = (axes.y(value), axes.width, look.text(value));
        let _ = write!(
            inside,
            "<path d=\"M{LEFT} {y:.1}H{width}\" stroke=\"#e9ebee\"/><text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
            LEFT - 6.0,
            y + if part == 3 { 8.0 } else { 3.0 }
        );
    }
    inside
}

fn line(axes: &Axes, shape: &[(f64, f64, f64)], colour: &str, is_stacked: bool) -> String {
    let upper: Vec<String> = shape
        .iter()
        .map(|(when, _, value)| format!("{:.1},{:.1}", axes.x(*when), axes.y(*value)))
        .collect();
    let lower = shape
        .iter()
        .rev()
        .map(|(when, base, _)| format!("{:.1},{:.1}", axes.x(*when), axes.y(*base)));
    let area = upper.iter().cloned().chain(lower).collect::<Vec<_>>().join(" ");
    format!(
        "<polygon points=\"{area}\" fill=\"{colour}\" fill-opacity=\"{}\"/>\
         <polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.4\"/>",
        if is_stacked { 0.4 } else { 0.08 },
        upper.join(" ")
    )
}

fn bars(axes: &Axes, shape: &[(f64, f64, f64)], colour: &str) -> String {
    let width = (axes.width - LEFT) / super::POINTS;
    let bars = shape
        .iter()
        .filter(|(_, base, value)| value > base)
        .map(|(when, base, value)| {
            let (x, top, bottom) = (axes.x(*when), axes.y(*value), axes.y(*base));
            format!(
                "<rect x=\"{:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{:.1}\" fill=\"{colour}\"/>",
                x - width,
                bottom - top
            )
        });
    bars.collect()
}

/// One, two or five with zeros, and three of them to a chart.
fn round_above(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let third = value / 3.0;
    let power = 10f64.powf(third.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .find(|step| step * power >= third * 0.999);
    step.unwrap_or(10.0) * power * 3.0
}
