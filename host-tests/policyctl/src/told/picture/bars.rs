//! What is counted: requests by what became of them, and attempts, as stacked bars over time.

use super::paint::{Canvas, LEFT, WIDTH};
use crate::scenario::in_words;
use crate::told::buckets::{Buckets, What};

const HEIGHT: f64 = 130.0;

/// What clients got.
pub(super) fn answers(canvas: &mut Canvas, buckets: &Buckets) {
    let stack = [
        (What::Answered, "fine"),
        (What::Rejected, "rejected"),
        (What::Failed, "failed"),
        (What::Gone, "gone"),
    ];
    let counts = stack.map(|(what, class)| (what.name(), class, buckets.of(what).to_vec()));
    chart(canvas, buckets, "clients", &counts);
}

/// What upstreams got.
pub(super) fn attempts(canvas: &mut Canvas, buckets: &Buckets) {
    let retries = buckets.of(What::Retries).to_vec();
    let all = buckets.of(What::Attempts).iter();
    let first: Vec<usize> = all
        .zip(&retries)
        .map(|(all, retries)| all.saturating_sub(*retries))
        .collect();
    let counts = [("first attempts", "first", first), ("retries", "retry", retries)];
    chart(canvas, buckets, "upstreams get", &counts);
}

/// Stacked bars. All charts have one scale, so that they can be compared.
fn chart(canvas: &mut Canvas, buckets: &Buckets, name: &str, stack: &[(&str, &str, Vec<usize>)]) {
    let top = canvas.y;
    let foot = top + HEIGHT;
    let highest = buckets.highest() as f64;
    let most = buckets.per_second(buckets.highest());
    canvas.text(LEFT - 10.0, top + 12.0, "end head", name);
    canvas.text(LEFT - 10.0, top + 28.0, "end faint", "each second");
    canvas.text(LEFT - 10.0, top + 44.0, "end faint", &format!("up to {most:.0}"));
    for part in [1.0, 0.5] {
        let y = foot - HEIGHT * part;
        canvas.line((LEFT, y), (LEFT + WIDTH, y), "grid");
    }
    for column in 0..buckets.columns {
        let begin = buckets.width * u32::try_from(column).unwrap_or(u32::MAX);
        let (from, to) = (canvas.x(begin), canvas.x(begin + buckets.width));
        let mut y = foot;
        for (what, class, counts) in stack {
            let count = counts.get(column).copied().unwrap_or(0);
            if count == 0 {
                continue;
            }
            let height = HEIGHT * count as f64 / highest;
            y -= height;
            let told = format!("{count} {what}, from {} on", in_words(begin));
            canvas.rectangle((from, y), ((to - from - 0.5).max(0.5), height), class, &told);
        }
    }
    canvas.line((LEFT, foot), (LEFT + WIDTH, foot), "axis");
    let y = foot + 16.0;
    let mut x = LEFT;
    for (what, class, counts) in stack {
        let sum: usize = counts.iter().sum();
        if sum == 0 {
            continue;
        }
        let label = format!("{what} {sum}");
        canvas.rectangle((x, y - 9.0), (10.0, 10.0), class, "");
        canvas.text(x + 15.0, y, "faint", &label);
        x += 34.0 + label.chars().count() as f64 * 6.6;
    }
    canvas.y = foot + 34.0;
}
