//! A bar for each series, in the colours of its states.

use super::chart::{Axes, legend, svg};
use super::{Asked, Drawn, Look, Panel, Result, escape, none};
use std::fmt::Write;

/// A bar with what is between it and the next.
const BAR: u64 = 26;

pub(super) fn drawn(asked: &Asked, panel: &Panel, (width, height): (u64, u64)) -> Result<String> {
    let courses = asked.courses(panel)?;
    if courses.is_empty() {
        return Ok(none("no data"));
    }
    let look = Look::of(panel);
    let axes = Axes::new(asked, (width, height), 1.0);
    let mut inside = axes.times();
    for (row, Drawn { name, points }) in (0..).zip(&courses) {
        let top = row * BAR + 2;
        // Each value holds until another one.
        let mut changes = points.clone();
        changes.dedup_by_key(|(_, value)| *value);
        let ends = changes.iter().skip(1).map(|(when, _)| *when).chain([asked.to]);
        for ((when, value), end) in changes.iter().zip(ends) {
            let Some((_, colour)) = look.of_state(*value) else {
                continue;
            };
            let (x, width) = (axes.x(*when), axes.x(end) - axes.x(*when));
            let _ = write!(
                inside,
                "<rect x=\"{x:.1}\" y=\"{top}\" width=\"{width:.1}\" height=\"20\" fill=\"{colour}\"/>"
            );
        }
        let begin = points.first().map_or(asked.from, |(when, _)| *when);
        let (x, y, name) = (axes.x(begin) + 6.0, top + 14, escape(name));
        let _ = write!(
            inside,
            "<text x=\"{x:.0}\" y=\"{y}\" fill=\"#fff\" font-size=\"12\">{name}</text>"
        );
    }
    Ok(svg(width, height, &inside) + &legend(look.states()))
}
