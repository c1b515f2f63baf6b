//! The figures as a picture: what each variant adds, and what a whole request costs.

use crate::cell::{Variant, Workload};
use crate::figures::Figures;
use crate::{goals, table};
use svg::Document;
use svg::node::Node;
use svg::node::element::{Line, Rectangle, Style, Text, Title};

/// Where bars begin, how long the longest may be, and how high a row is.
const LEFT: f64 = 260.0;
const LONGEST: f64 = 460.0;
const ROW: f64 = 24.0;
const WIDTH: f64 = 800.0;

/// Explicit colours and a media query instead of variables: what shows SVGs but knows no media shows the light ones.
const STYLE: &str = "
text { font: 12px system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; fill: #1f2328 }
.title { font-size: 14px; font-weight: 600 }
.faint { fill: #59636e }
.end { text-anchor: end }
.background { fill: #ffffff }
.other { fill: #8c959f }
.own { fill: #0969da }
.goal { stroke: #cf222e; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc }
.faint { fill: #9198a1 }
.background { fill: #0d1117 }
.other { fill: #656c76 }
.own { fill: #4493f8 }
.goal { stroke: #f85149 }
}
";

/// One bar.
struct Bar {
    title: String,
    value: f64,
    is_own: bool,
    goal: Option<f64>,
}

/// The picture as the text of an SVG.
pub(crate) fn chart(figures: &Figures) -> String {
    let mut picture = Picture {
        nodes: Vec::new(),
        y: 12.0,
    };
    picture.panel(
        "CPU that is added to a request to a real upstream; no-op wasm is 1",
        &added(figures),
    );
    picture.panel(
        "All CPU of a request; one to a real upstream without a filter is 1",
        &whole(figures),
    );
    picture.foot(&table::place(figures))
}

/// What each variant adds on the usual path.
fn added(figures: &Figures) -> Vec<Bar> {
    let bar = |&variant: &Variant| {
        let cost = figures.cost(Workload::Upstream, variant)?;
        Some(Bar {
            title: variant.title().to_owned(),
            value: cost.to_no_op?.median,
            is_own: is_own(variant),
            goal: goals::to_no_op(variant),
        })
    };
    let filters = Variant::ALL
        .iter()
        .filter(|variant| **variant != Variant::NoFilter);
    filters.filter_map(bar).collect()
}

/// What whole requests cost.
fn whole(figures: &Figures) -> Vec<Bar> {
    let Some(base) = figures.cost(Workload::Upstream, Variant::NoFilter) else {
        return Vec::new();
    };
    let cells = [
        (Workload::Upstream, Variant::NoFilter),
        (Workload::Upstream, Variant::OnePass),
        (Workload::Upstream, Variant::Chain),
        (Workload::OpenBreaker, Variant::CircuitBreaker),
        (Workload::OpenBreaker, Variant::OnePass),
        (Workload::ReplacedError, Variant::ErrorEnvelope),
        (Workload::ReplacedError, Variant::OnePass),
    ];
    let bar = |(workload, variant): (Workload, Variant)| {
        let cost = figures.cost(workload, variant)?;
        Some(Bar {
            title: format!("{}: {}", workload.title(), variant.title()),
            value: cost.cpu_us.over(base.cpu_us)?.median,
            is_own: is_own(variant),
            goal: goals::to_no_filter(workload, variant),
        })
    };
    cells.into_iter().filter_map(bar).collect()
}

fn is_own(variant: Variant) -> bool {
    use Variant::{ByRootIds, Chain, CircuitBreaker, ErrorEnvelope, OnePass, RequestId, Retry};
    let own = [
        RequestId,
        ErrorEnvelope,
        CircuitBreaker,
        Retry,
        Chain,
        ByRootIds,
        OnePass,
    ];
    own.contains(&variant)
}

/// A picture in the making. `y` is where the next part begins.
struct Picture {
    nodes: Vec<Box<dyn Node>>,
    y: f64,
}

impl Picture {
    fn panel(&mut self, title: &str, bars: &[Bar]) {
        let longest = bars.iter().map(|bar| bar.value).fold(1.0, f64::max);
        self.text(title, 20.0, "title");
        self.y += ROW;
        for bar in bars {
            self.bar(bar, LONGEST / longest);
        }
        self.y += ROW / 2.0;
    }

    fn bar(&mut self, bar: &Bar, scale: f64) {
        let width = (bar.value * scale).max(0.0);
        let class = if bar.is_own { "own" } else { "other" };
        self.text(&bar.title, LEFT - 8.0, "end");
        let rectangle = Rectangle::new()
            .set("x", LEFT)
            .set("y", self.y + 3.0)
            .set("width", pixels(width))
            .set("height", ROW - 6.0)
            .set("class", class);
        self.nodes.push(Box::new(rectangle));
        let mut end = LEFT + width;
        if let Some(goal) = bar.goal {
            let x = LEFT + goal * scale;
            let line = Line::new()
                .set("x1", pixels(x))
                .set("x2", pixels(x))
                .set("y1", self.y + 1.0)
                .set("y2", self.y + ROW - 1.0)
                .set("class", "goal")
                .add(Title::new(format!("at most {goal:.1}")));
            self.nodes.push(Box::new(line));
            end = end.max(x);
        }
        self.text(&format!("{:.2}", bar.value), end + 8.0, "");
        self.y += ROW;
    }

    fn text(&mut self, text: &str, x: f64, class: &str) {
        let text = Text::new(text)
            .set("x", pixels(x))
            .set("y", self.y + 16.0)
            .set("class", class);
        self.nodes.push(Box::new(text));
    }

    /// What stands below, and the whole of it.
    fn foot(mut self, head: &str) -> String {
        self.text("A red line is what a goal allows.", 20.0, "faint");
        self.y += ROW * 0.75;
        self.text(head, 20.0, "faint");
        self.y += ROW;
        let background = Rectangle::new()
            .set("width", WIDTH)
            .set("height", pixels(self.y))
            .set("class", "background");
        let document = Document::new()
            .set("viewBox", (0, 0, WIDTH, pixels(self.y)))
            .set("width", WIDTH)
            .set("height", pixels(self.y))
            .add(Style::new(STYLE))
            .add(background);
        let document = self.nodes.into_iter().fold(document, Document::add);
        format!("{document}\n")
    }
}

/// To a tenth: more nobody sees.
fn pixels(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests;
