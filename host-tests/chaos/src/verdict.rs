//! What was promised, held against what happened.

use crate::configuration::{PROBES, broken_breaker};
use crate::ends::{End, Ends};
use crate::load::Seen;
use crate::metrics::sum;
use crate::stage::Stage;
use crate::trouble::Trouble;
use crate::upstream::Upstream;
use crate::variant::Variant;
use crate::{Error, Result};
use live::wait;
use std::time::Duration;

/// Numbers are told with the tick, each second.
const SETTLE: Duration = Duration::from_secs(15);
/// What Envoy's log says of a VM that died.
const DEATHS: [&str; 3] = ["Uncaught RuntimeError", "panicked", "Function: proxy_"];

/// What a trouble was held to.
pub(crate) struct Facts<'s> {
    pub(crate) trouble: Trouble,
    pub(crate) stage: &'s Stage,
    /// So many VMs were killed.
    pub(crate) died: u64,
    pub(crate) seen: &'s [(Variant, Seen)],
    /// How often what is broken had reached each upstream when its breaker had opened.
    pub(crate) broken_before: &'s [(Variant, u64)],
}

/// Every promise that was broken, in words.
///
/// # Errors
/// Where Envoy does not tell its numbers.
pub(crate) fn broken_promises(facts: &Facts<'_>) -> Result<Vec<String>> {
    let mut broken = Vec::new();
    ends(facts, &mut broken);
    breakers(facts, &mut broken)?;
    deaths(facts, &mut broken)?;
    // What a VM had gathered is lost with it.
    if facts.trouble != Trouble::VmDeath {
        numbers(facts, &mut broken)?;
    }
    Ok(broken)
}

fn ends(facts: &Facts<'_>, broken: &mut Vec<String>) {
    let none = Ends::default();
    let of_plain = facts.seen.iter().find(|(variant, _)| *variant == Variant::Plain);
    let of_plain = of_plain.map_or(&none, |(_, seen)| &seen.ends);
    for (variant, seen) in facts.seen {
        let name = variant.name();
        broken.extend(seen.wrong.iter().take(3).map(|wrong| format!("{name}: {wrong}")));
        if *variant == Variant::Plain {
            continue;
        }
        // Where listeners are replaced, old connections are closed, and some in the moment of a request.
        if seen.sent_again > 0 && facts.trouble != Trouble::Reloads {
            broken.push(format!(
                "{name}: {} requests had to be sent again",
                seen.sent_again
            ));
        }
        for (end, count) in &seen.ends {
            let is_plains = end.is_answer() || of_plain.contains_key(end);
            if !facts.trouble.allows(end) || !is_plains {
                broken.push(format!("{name}: {count} requests ended so: {end}"));
            }
        }
        for (end, count) in &seen.broken {
            let is_rejection = *end == End::Answered(503, Some("CIRCUIT_OPEN".into()));
            let is_plains = facts.trouble.allows(end) && of_plain.contains_key(end);
            let is_probe = facts.trouble == Trouble::Reloads
                && *end == End::Answered(504, Some("UPSTREAM_TIMEOUT".into()));
            let is_dead = facts.trouble == Trouble::VmDeath && matches!(end, End::Answered(503, _));
            if !(is_rejection || is_plains || is_probe || is_dead && facts.trouble.allows(end)) {
                broken.push(format!(
                    "{name}: {count} requests for what is broken, whose breaker is open, ended so: {end}"
                ));
            }
        }
        if !seen.ends.contains_key(&End::Answered(200, None)) {
            broken.push(format!("{name}: no request was served"));
        }
    }
}

fn breakers(facts: &Facts<'_>, broken: &mut Vec<String>) -> Result<()> {
    for variant in Variant::GUARDED {
        let name = variant.name();
        let opened = facts.stage.transitions(name, "open")?;
        if facts.trouble.fails() != (opened > 0) {
            broken.push(format!("{name}: the breaker has opened {opened} times"));
        }
        if opened > 0
            && let Err(Error::Live(error @ live::Error::Late { .. })) = facts.stage.breaker_reaches(name, 0)
        {
            broken.push(format!("{name}: {error}"));
        }
        let before = facts.broken_before.iter().find(|(other, _)| *other == variant);
        let before = before.map_or(0, |(_, before)| *before);
        let reached = facts
            .stage
            .upstream(variant)
            .map_or(0, |upstream| upstream.broken_requests());
        if reached != before {
            let lost = reached.saturating_sub(before);
            broken.push(format!(
                "{name}: {lost} requests came through a breaker that is open"
            ));
        }
        let most = facts.stage.upstream(variant).map_or(0, Upstream::most_hanging);
        let probed = if facts.trouble == Trouble::Reloads {
            1..=PROBES
        } else {
            0..=PROBES
        };
        if !probed.contains(&most) {
            broken.push(format!(
                "{name}: {most} probes at the same time, of {PROBES} at most"
            ));
        }
        let moved = facts.stage.transitions(&broken_breaker(variant), "closed")?;
        if moved > 0 {
            broken.push(format!("{name}: what is broken has a breaker that closed"));
        }
    }
    Ok(())
}

fn deaths(facts: &Facts<'_>, broken: &mut Vec<String>) -> Result<()> {
    let log = facts.stage.envoy.log()?;
    let prometheus = facts.stage.envoy.prometheus()?;
    let count = |metric: &str| sum(&prometheus, metric, &[]);
    if facts.trouble == Trouble::VmDeath {
        let (died, reloaded) = (facts.died, reloaded(facts)?);
        if reloaded != died {
            broken.push(format!(
                "{died} VMs were killed, and {reloaded} were started again"
            ));
        }
    } else {
        let death = |line: &&str| DEATHS.iter().any(|death| line.contains(death));
        broken.extend(
            log.lines()
                .filter(death)
                .take(3)
                .map(|line| format!("a VM died: {line}")),
        );
    }
    let none = match facts.trouble {
        Trouble::VmDeath => &["envoy_wasm_vm_reload_failure", "policy_degradations_total"][..],
        _ => &[
            "envoy_wasm_vm_reload_success",
            "envoy_wasm_vm_reload_failure",
            "policy_degradations_total",
        ],
    };
    for metric in none.iter().filter(|metric| count(metric) > 0) {
        broken.push(format!("{metric} is {}", count(metric)));
    }
    Ok(())
}

/// How many VMs were started again, once all have been that were killed: each is with the next request to its worker.
fn reloaded(facts: &Facts<'_>) -> Result<u64> {
    let mut reloaded = 0;
    let all = wait::until(SETTLE, "all VMs being started again", || {
        for variant in Variant::GUARDED {
            facts.stage.ask_broken(variant)?;
        }
        reloaded = sum(
            &facts.stage.envoy.prometheus()?,
            "envoy_wasm_vm_reload_success",
            &[],
        );
        Ok((reloaded == facts.died).then_some(()))
    });
    match all {
        Err(live::Error::Late { .. }) => {}
        other => other?,
    }
    Ok(reloaded)
}

/// What is counted is what happened, to the last request.
fn numbers(facts: &Facts<'_>, broken: &mut Vec<String>) -> Result<()> {
    let mut wanted: Vec<(String, &str, Vec<String>, std::ops::RangeInclusive<u64>)> = Vec::new();
    let asked = facts.stage.asked();
    let (mut requests, mut errors) = (asked..=asked, asked..=asked);
    for (variant, seen) in facts
        .seen
        .iter()
        .filter(|(variant, _)| *variant != Variant::Plain)
    {
        // Of a request without an answer, nobody can say whether Envoy has seen it.
        let unsure = |ends: &Ends| -> u64 {
            ends.iter()
                .filter(|(end, _)| !end.is_answer())
                .map(|(_, count)| count)
                .sum()
        };
        let cut: u64 = seen.ends.get(&End::CutShort).copied().unwrap_or_default();
        let range = |ends: &Ends| {
            let all: u64 = ends.values().sum();
            all - unsure(ends)..=all + seen.sent_again
        };
        let calls = range(&seen.ends);
        // A body that is cut short belongs to an answer.
        let calls = calls.start() + cut..=*calls.end();
        wanted.push((
            format!("{}: calls", variant.name()),
            "circuit_breaker_calls_total",
            vec![format!("breaker=\"{}\"", variant.name())],
            calls.clone(),
        ));
        let rejected = range(&seen.broken);
        requests = requests.start() + calls.start() + rejected.start()
            ..=requests.end() + calls.end() + rejected.end();
        let count: u64 = seen
            .ends
            .iter()
            .chain(&seen.broken)
            .filter(|(end, _)| matches!(end, End::Answered(400.., _)))
            .map(|(_, count)| count)
            .sum();
        errors = errors.start() + count..=errors.end() + count + unsure(&seen.ends) + seen.sent_again;
    }
    let sources = ["accepted", "generated"];
    for source in sources {
        // Every request has an id of its client.
        let range = if source == "accepted" {
            requests.clone()
        } else {
            0..=0
        };
        let label = vec![format!("source=\"{source}\"")];
        wanted.push((format!("ids {source}"), "request_ids_total", label, range));
    }
    wanted.push(("errors".into(), "errors_total", Vec::new(), errors));
    for (what, metric, labels, range) in wanted {
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        let mut last = 0;
        let settled = wait::until(SETTLE, &what, || {
            last = sum(&facts.stage.envoy.prometheus()?, metric, &labels);
            Ok(range.contains(&last).then_some(()))
        });
        match settled {
            Err(live::Error::Late { .. }) => {
                let (least, most) = range.into_inner();
                broken.push(format!(
                    "{what}: {metric} is {last}, but {least} to {most} took place"
                ));
            }
            other => other?,
        }
    }
    Ok(())
}
