//! The parts of `make scale`, each a table.

use crate::Arguments;
use crate::tables::{Part, ratio};
use indicatif::{ProgressBar, ProgressStyle};
use scale::{
    Contention, Held, KEYED, Keyed, MIXES, Match, Modules, Rules, SUBJECTS, Turns, contention, growth,
};
use serde_json::json;

/// A bar on a terminal, nothing elsewhere.
fn bar(length: usize, what: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {bar:40} {pos}/{len} {elapsed}");
    ProgressBar::new(length as u64)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        .with_message(what.to_owned())
}

pub(crate) fn rules(modules: &Modules, _: &Arguments) -> Part {
    const COUNTS: [usize; 3] = [1, 100, 10_000];
    let mut part = Part::new(
        "A request that meets the last of so many exact rules",
        &[
            "module",
            "answer",
            "match",
            "rules",
            "host calls",
            "fuel",
            "of one rule's",
            "bytes",
        ],
    );
    let bar = bar(SUBJECTS.len() * Match::EXACT.len() * COUNTS.len(), "exact rules");
    for subject in SUBJECTS {
        for by in Match::EXACT {
            let mut first = 0;
            for count in COUNTS {
                let cost = Rules { by, count }.cost(modules, subject);
                first = if first == 0 { cost.fuel() } else { first };
                part.row([
                    json!(subject.module),
                    json!(subject.status),
                    json!(by.name()),
                    json!(count),
                    json!(cost.calls()),
                    json!(cost.fuel()),
                    ratio(cost.fuel(), first),
                    json!(cost.bytes_in() + cost.bytes_out()),
                ]);
                bar.inc(1);
            }
        }
    }
    bar.finish_and_clear();
    part.print()
}

pub(crate) fn compared(modules: &Modules, _: &Arguments) -> Part {
    const COUNTS: [usize; 4] = [1, 10, 100, 1_000];
    let mut part = Part::new(
        "A request that meets the last of so many rules that are compared (request-id)",
        &[
            "match",
            "rules",
            "host calls",
            "fuel",
            "of one rule's",
            "fuel a rule",
        ],
    );
    let bar = bar(Match::COMPARED.len() * COUNTS.len(), "compared rules");
    for by in Match::COMPARED {
        let mut first = 0;
        for count in COUNTS {
            let cost = Rules { by, count }.cost(modules, SUBJECTS[0]);
            first = if first == 0 { cost.fuel() } else { first };
            let more = cost.fuel().saturating_sub(first) / (count as u64 - 1).max(1);
            part.row([
                json!(by.name()),
                json!(count),
                json!(cost.calls()),
                json!(cost.fuel()),
                ratio(cost.fuel(), first),
                json!(more),
            ]);
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    part.print()
}

pub(crate) fn breakers(modules: &Modules, _: &Arguments) -> Part {
    const COUNTS: [usize; 3] = [1, 100, 1_000];
    let mut part = Part::new(
        "A request in a worker that has met so many breakers",
        &[
            "key",
            "breakers",
            "host calls",
            "fuel",
            "of one breaker's",
            "bytes",
        ],
    );
    let bar = bar(KEYED.len() * COUNTS.len(), "breakers");
    for keyed in KEYED {
        let mut first = 0;
        for count in COUNTS {
            let cost = keyed.cost(modules, count);
            first = if first == 0 { cost.fuel() } else { first };
            part.row([
                json!(keyed.name()),
                json!(count),
                json!(cost.calls()),
                json!(cost.fuel()),
                ratio(cost.fuel(), first),
                json!(cost.bytes_in() + cost.bytes_out()),
            ]);
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    part.print()
}

pub(crate) fn ticks(modules: &Modules, _: &Arguments) -> Part {
    let mut part = Part::new(
        "Calls to the host of a worker's ticks in ten seconds, with so many idle breakers",
        &["key", "breakers", "host calls"],
    );
    for keyed in [Keyed::Known, Keyed::Header, Keyed::Cluster, Keyed::Budget] {
        for count in [1, 100, 1_000] {
            let calls = keyed.calls_of_ten_ticks(modules, count);
            part.row([json!(keyed.name()), json!(count), json!(calls)]);
        }
    }
    part.print()
}

pub(crate) fn memory(modules: &Modules, _: &Arguments) -> Part {
    let mut part = Part::new(
        "What is held, each of so many: bytes of a worker's linear memory and of shared data, names of metrics",
        &[
            "of",
            "how many",
            "memory each",
            "shared data each",
            "keys each",
            "metrics each",
        ],
    );
    let bar = bar(KEYED.len() + SUBJECTS.len() - 1, "memory");
    let mut row = |what: String, count: usize, none: Held, many: Held| {
        let each = |of: fn(&Held) -> u64| {
            let more = of(&many).saturating_sub(of(&none)) as f64 / count as f64;
            json!((more * 100.0).round() / 100.0)
        };
        part.row([
            json!(what),
            json!(count),
            each(|held| held.memory),
            each(|held| held.shared),
            each(|held| held.keys),
            each(|held| held.metrics),
        ]);
        bar.inc(1);
    };
    for keyed in KEYED {
        let (none, many) = (keyed.held(modules, 1), keyed.held(modules, 1_000));
        row(format!("breakers by {}", keyed.name()), 1_000, none, many);
    }
    for subject in &SUBJECTS[..5] {
        let held = |count| {
            Held::of(
                &Rules {
                    by: Match::Exact,
                    count,
                }
                .host(modules, subject.module),
            )
        };
        row(
            format!("rules of {}", subject.module),
            10_000,
            held(0),
            held(10_000),
        );
    }
    bar.finish_and_clear();
    part.print()
}

pub(crate) fn contended(modules: &Modules, _: &Arguments) -> Part {
    const WORKERS: [usize; 5] = [1, 2, 8, 32, 64];
    let mut part = Part::new(
        "Workers that all send to one breaker as fast as they can",
        &[
            "traffic",
            "turns",
            "workers",
            "requests",
            "writes a request",
            "overtaken a request",
            "given up a request",
            "host calls a request",
            "fuel a request",
            "of one worker's",
        ],
    );
    let bar = bar(MIXES.len() * WORKERS.len() * 2, "contention");
    for mix in MIXES {
        for (turns, how) in [(Turns::Drawn(1), "drawn"), (Turns::Free, "free")] {
            let mut first = 0.0;
            for workers in WORKERS {
                // As many in all, whoever sends them: a probe's breaker closes after a thousand.
                let seen = contention(modules, mix, workers, 960 / workers, turns);
                let each = |count: u64| count as f64 / seen.requests as f64;
                let Contention {
                    requests,
                    written,
                    overtaken,
                    gave_up,
                    calls,
                    fuel,
                } = seen;
                first = if workers == 1 { each(fuel) } else { first };
                let rounded = |number: f64| json!((number * 1000.0).round() / 1000.0);
                part.row([
                    json!(mix.name()),
                    json!(how),
                    json!(workers),
                    json!(requests),
                    rounded(each(written)),
                    rounded(each(overtaken)),
                    rounded(each(gave_up)),
                    rounded(each(calls)),
                    json!(each(fuel).round()),
                    json!((each(fuel) / first * 100.0).round() / 100.0),
                ]);
                bar.inc(1);
            }
        }
    }
    bar.finish_and_clear();
    part.print()
}

pub(crate) fn grown(modules: &Modules, arguments: &Arguments) -> Part {
    let requests = arguments.requests;
    let mut part = Part::new(
        "What is held after so many requests that have nothing in common",
        &[
            "requests",
            "a worker's memory (KiB)",
            "shared data (KiB)",
            "keys",
            "metrics",
        ],
    );
    let bar = bar(requests as usize, "requests");
    for seen in growth(modules, requests, |sent| bar.set_position(sent)) {
        part.row([
            json!(seen.requests),
            json!(seen.held.memory / 1024),
            json!(seen.held.shared / 1024),
            json!(seen.held.keys),
            json!(seen.held.metrics),
        ]);
    }
    bar.finish_and_clear();
    part.print()
}
