//! What a picture is made of: shapes of a few classes, whose colours the style says for light and dark.

use std::time::Duration;
use svg::Document;
use svg::node::Node;
use svg::node::element::{Line, Rectangle, Style, Text, Title};

/// Where time begins, and how wide it is.
pub(crate) const LEFT: f64 = 150.0;
pub(crate) const WIDTH: f64 = 790.0;
/// The margin at the right and at the bottom.
const RIGHT: f64 = 20.0;
pub(crate) const BOTTOM: f64 = 12.0;

/// Explicit colours and a media query instead of variables: what shows SVGs but knows no media shows the light ones.
const STYLE: &str = "
text { font: 12px system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; fill: #1f2328 }
.title { font-size: 18px; font-weight: 600 }
.head { font-weight: 600 }
.faint { fill: #59636e }
.end { text-anchor: end }
.middle { text-anchor: middle }
.on { fill: #ffffff; font-size: 11px }
.background { fill: #ffffff }
.axis { stroke: #818b98; stroke-width: 1 }
.grid { stroke: #d1d9e0; stroke-width: 1 }
.mark { stroke: #1f2328; stroke-width: 1 }
.change { stroke: #8250df; stroke-width: 1.5; stroke-dasharray: 4 3 }
.good { fill: #1a7f37 }
.bad { fill: #cf222e }
.half { fill: #bf8700 }
.fine { fill: #4ac26b }
.rejected { fill: #d4a72c }
.failed { fill: #fa4549 }
.gone { fill: #8c959f }
.first { fill: #54aeff }
.retry { fill: #e16f24 }
.works { fill: #2c974b }
.fails { fill: #a40e26 }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc }
.faint { fill: #9198a1 }
.on { fill: #ffffff }
.background { fill: #0d1117 }
.axis { stroke: #656c76 }
.grid { stroke: #2f353d }
.mark { stroke: #f0f6fc }
.change { stroke: #ab7df8 }
.good { fill: #3fb950 }
.bad { fill: #f85149 }
.works { fill: #238636 }
.fails { fill: #b62324 }
.half { fill: #bb8009 }
}
";

/// A picture in the making. `y` is where the next part begins.
pub(crate) struct Canvas {
    nodes: Vec<Box<dyn Node>>,
    lasts: Duration,
    title: String,
    pub(crate) y: f64,
}

impl Canvas {
    pub(crate) fn new(title: &str, lasts: Duration) -> Canvas {
        let mut canvas = Canvas {
            nodes: Vec::new(),
            lasts,
            title: clean(title),
            y: 0.0,
        };
        canvas.text(LEFT, 30.0, "title", title);
        canvas
    }

    /// Where a time is.
    pub(crate) fn x(&self, at: Duration) -> f64 {
        let part = at.as_secs_f64() / self.lasts.as_secs_f64().max(0.001);
        LEFT + WIDTH * part.clamp(0.0, 1.0)
    }

    /// A text; letters stand on `y`.
    pub(crate) fn text(&mut self, x: f64, y: f64, class: &str, text: &str) {
        let text = Text::new(clean(text))
            .set("x", round(x))
            .set("y", round(y))
            .set("class", class);
        self.add(text);
    }

    /// A text in a box of this width, or nothing where it does not fit.
    pub(crate) fn text_within(&mut self, x: f64, y: f64, width: f64, class: &str, text: &str) {
        // By the width of a usual letter: a picture has no way to ask.
        if text.chars().count() as f64 * 6.4 + 8.0 <= width {
            self.text(x + 5.0, y, class, text);
        }
    }

    /// A rectangle that tells what it is when one points at it.
    pub(crate) fn rectangle(
        &mut self,
        (x, y): (f64, f64),
        (width, height): (f64, f64),
        class: &str,
        says: &str,
    ) {
        let mut rectangle = Rectangle::new()
            .set("x", round(x))
            .set("y", round(y))
            .set("width", round(width))
            .set("height", round(height))
            .set("class", class);
        if !says.is_empty() {
            rectangle = rectangle.add(Title::new(clean(says)));
        }
        self.add(rectangle);
    }

    pub(crate) fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        let line = Line::new()
            .set("x1", round(from.0))
            .set("y1", round(from.1))
            .set("x2", round(to.0))
            .set("y2", round(to.1))
            .set("class", class);
        self.add(line);
    }

    fn add(&mut self, node: impl Into<Box<dyn Node>>) {
        self.nodes.push(node.into());
    }

    /// The whole of it, on a background of its own.
    pub(crate) fn into_svg(self) -> String {
        let (width, height) = (LEFT + WIDTH + RIGHT, self.y);
        let background = Rectangle::new()
            .set("width", "100%")
            .set("height", "100%")
            .set("class", "background");
        let mut whole = Document::new()
            .set("viewBox", (0, 0, round(width), round(height)))
            .set("width", round(width))
            .set("height", round(height))
            .set("role", "img")
            .add(Title::new(self.title))
            .add(Style::new(STYLE))
            .add(background);
        for node in self.nodes {
            whole = whole.add(node);
        }
        format!("{whole}\n")
    }
}

/// Tenths of a pixel are enough, and the same everywhere.
fn round(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

/// What XML can hold: no control characters.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
