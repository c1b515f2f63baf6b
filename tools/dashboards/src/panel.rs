//! A panel: what it shows, in which unit, and from where on that is bad.

mod json;

/// Colours, by their names in Grafana.
pub(crate) const GREEN: &str = "green";
pub(crate) const ORANGE: &str = "orange";
pub(crate) const RED: &str = "red";

/// Units, by their names in Grafana.
pub(crate) const REQUESTS_PER_SECOND: &str = "reqps";
pub(crate) const EVENTS_PER_SECOND: &str = "ops";
pub(crate) const RATIO: &str = "percentunit";
pub(crate) const SECONDS: &str = "s";
pub(crate) const COUNT: &str = "short";

/// What kind of picture it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Chart,
    States,
    Number,
    Table,
    Logs,
    Text,
}

/// A panel of a dashboard.
#[derive(Clone, Debug)]
pub(crate) struct Panel {
    kind: Kind,
    title: String,
    description: String,
    unit: &'static str,
    /// Where which colour begins; the first has no beginning.
    steps: Vec<(Option<f64>, &'static str)>,
    /// Expressions, and the name of each series of one, or of the column of a table.
    queries: Vec<(String, String)>,
    /// Which series is of which colour.
    colours: Vec<(String, &'static str)>,
    /// Where a click on a value leads to: what it is called, and the address.
    link: Option<(String, String)>,
    /// The column of a table whose values lead there.
    linked_column: Option<&'static str>,
    stacked: bool,
    bars: bool,
    lines_at_steps: bool,
    text: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Panel {
    fn new(kind: Kind, title: &str, description: &str, (width, height): (u32, u32)) -> Self {
        Self {
            kind,
            title: title.to_owned(),
            description: description.to_owned(),
            unit: COUNT,
            steps: vec![(None, GREEN)],
            queries: Vec::new(),
            colours: Vec::new(),
            link: None,
            linked_column: None,
            stacked: false,
            bars: false,
            lines_at_steps: false,
            text: String::new(),
            width,
            height,
        }
    }

    /// Lines over time.
    pub(crate) fn chart(title: &str, description: &str) -> Self {
        Self::new(Kind::Chart, title, description, (12, 8))
    }

    /// States of breakers over time.
    pub(crate) fn states(title: &str, description: &str) -> Self {
        Self::new(Kind::States, title, description, (24, 8))
    }

    /// One number, large.
    pub(crate) fn number(title: &str, description: &str) -> Self {
        Self::new(Kind::Number, title, description, (4, 5))
    }

    /// Numbers of now, in rows and columns.
    pub(crate) fn table(title: &str, description: &str) -> Self {
        Self::new(Kind::Table, title, description, (12, 9))
    }

    /// Lines of logs.
    pub(crate) fn logs(title: &str, description: &str) -> Self {
        Self::new(Kind::Logs, title, description, (24, 8))
    }

    /// Words.
    pub(crate) fn text(text: &str) -> Self {
        let mut panel = Self::new(Kind::Text, "", "", (24, 4));
        text.clone_into(&mut panel.text);
        panel
    }

    pub(crate) fn unit(mut self, unit: &'static str) -> Self {
        self.unit = unit;
        self
    }

    /// An expression, and the name of each of its series (`{{label}}` is the label's value), or of its column in a table.
    pub(crate) fn query(mut self, expression: impl Into<String>, name: &str) -> Self {
        self.queries.push((expression.into(), name.to_owned()));
        self
    }

    /// The colour below the first threshold, and from each one on.
    pub(crate) fn thresholds(mut self, below: &'static str, steps: &[(f64, &'static str)]) -> Self {
        self.steps = vec![(None, below)];
        self.steps
            .extend(steps.iter().map(|(from, colour)| (Some(*from), *colour)));
        self
    }

    /// Draws a line at each threshold.
    pub(crate) fn lines_at_thresholds(mut self) -> Self {
        self.lines_at_steps = true;
        self
    }

    /// The series whose names match have this colour.
    pub(crate) fn colour(mut self, names: &str, colour: &'static str) -> Self {
        self.colours.push((names.to_owned(), colour));
        self
    }

    /// One upon the other: they are parts of a whole.
    pub(crate) fn stacked(mut self) -> Self {
        self.stacked = true;
        self
    }

    /// Bars: events, and not a course of things.
    pub(crate) fn bars(mut self) -> Self {
        self.bars = true;
        self.stacked = true;
        self
    }

    /// Where a click on a series leads to.
    pub(crate) fn link(mut self, title: &str, address: String) -> Self {
        self.link = Some((title.to_owned(), address));
        self
    }

    /// Where a click on a value in this column of a table leads to.
    pub(crate) fn link_column(mut self, column: &'static str, title: &str, address: String) -> Self {
        self.linked_column = Some(column);
        self.link(title, address)
    }

    pub(crate) fn size(mut self, width: u32, height: u32) -> Self {
        (self.width, self.height) = (width, height);
        self
    }
}
