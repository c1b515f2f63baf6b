//! The timeline as a picture: an SVG without scripts, which shows itself in light and dark.

mod bands;
mod bars;
mod lists;
mod paint;

use super::Story;
use super::buckets::Buckets;
use crate::scenario::in_words;
use paint::{BOTTOM, Canvas, LEFT, WIDTH};
use std::time::Duration;

/// How many columns the bars have at most.
const COLUMNS: usize = 120;

/// An SVG of it.
pub(crate) fn picture(story: &Story<'_>) -> String {
    let played = story.played;
    let buckets = Buckets::new(played, COLUMNS);
    let mut canvas = Canvas::new(&story.scenario.title, played.lasts);
    let requests = played.tries.iter().filter(|made| made.number == 1).count();
    canvas.text(
        LEFT,
        52.0,
        "faint",
        &format!(
            "{} · {requests} requests in {} tries · {} attempts at upstreams · seed {}",
            in_words(played.lasts),
            played.tries.len(),
            played.arrivals.len(),
            played.seed,
        ),
    );
    canvas.y = 76.0;
    let top = canvas.y;
    bands::upstreams(&mut canvas, story);
    bands::breakers(&mut canvas, story);
    bars::answers(&mut canvas, &buckets);
    bars::attempts(&mut canvas, &buckets);
    time_axis(&mut canvas, played.lasts);
    lists::marks(&mut canvas, story, top);
    lists::transitions(&mut canvas, story);
    lists::changes(&mut canvas, story);
    lists::expectations(&mut canvas, story);
    canvas.y += BOTTOM;
    canvas.into_svg()
}

/// Distances between ticks that people can count in, in milliseconds.
const TICKS: &[u64] = &[
    100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000,
    3_600_000,
];

fn time_axis(canvas: &mut Canvas, lasts: Duration) {
    let millis = u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX);
    let fits = |tick: &&u64| millis / **tick <= 12;
    let tick = TICKS.iter().find(fits).copied().unwrap_or(7_200_000);
    let y = canvas.y;
    canvas.line((LEFT, y), (LEFT + WIDTH, y), "axis");
    let mut at = 0;
    while at <= millis {
        let time = Duration::from_millis(at);
        let x = canvas.x(time);
        canvas.line((x, y), (x, y + 5.0), "axis");
        canvas.text(x, y + 18.0, "faint middle", &in_words(time));
        at += tick;
    }
    canvas.y += 34.0;
}
