//! One trouble, from its beginning to what came of it.

use crate::configuration::{CONNECTIONS, Fault, Limits, Listeners, PLUGINS};
use crate::crowd::Crowd;
use crate::death;
use crate::load::{Kind, Load, Seen};
use crate::mortal::{Place, header};
use crate::stage::{BOUND, Stage};
use crate::trouble::Trouble;
use crate::upstream::Manner;
use crate::variant::Variant;
use crate::verdict::{self, Facts};
use crate::{Length, Outcome, Result, Row};
use live::client::{self, Request};
use live::wait;
use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

/// How long a trouble lasts at least, and how much longer at most.
const TROUBLE: Duration = Duration::from_millis(700);
const LONGER: Duration = Duration::from_millis(1500);
/// Between two lines of progress.
const TELL: Duration = Duration::from_secs(10);
/// Between two replacements of the listeners.
const UPDATE: Duration = Duration::from_secs(1);

/// Makes this trouble again and again until `length` is over, and looks what came of it.
pub(crate) fn run(trouble: Trouble, length: Length, seed: u64) -> Result<Outcome> {
    let limits = Limits {
        listener: trouble == Trouble::CrowdedListener,
        cluster: trouble == Trouble::CrowdedCluster,
        mortal: trouble == Trouble::VmDeath,
    };
    let mut stage = Stage::start(seed, limits)?;
    let broken_before: Vec<(Variant, u64)> = stage
        .upstreams
        .iter()
        .map(|(variant, upstream)| (*variant, upstream.broken_requests()))
        .collect();
    let load = stage.load(Kind {
        is_mortal: limits.mortal,
        hangs: trouble == Trouble::Reloads,
    })?;
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut rounds, mut broken) = (0, Vec::new());
    let end = Instant::now() + length.time;
    let mut told = Instant::now();
    loop {
        served(&load, &mut broken)?;
        let is_enough = rounds >= trouble.least_rounds().max(length.rounds) && Instant::now() >= end;
        if is_enough || !broken.is_empty() {
            break;
        }
        make(trouble, &mut stage, &mut random, rounds, &mut broken)?;
        rounds += 1;
        if told.elapsed() >= TELL {
            told = Instant::now();
            eprintln!("{}: {rounds} rounds", trouble.name());
        }
    }
    let seen: Vec<(Variant, Seen)> = load
        .into_iter()
        .map(|(variant, load)| (variant, load.stop()))
        .collect();
    let died = if limits.mortal {
        death::deaths(&stage.envoy)?
    } else {
        0
    };
    let found = verdict::broken_promises(&Facts {
        trouble,
        stage: &stage,
        died: died as u64,
        seen: &seen,
        broken_before: &broken_before,
    });
    broken.extend(found?);
    let rows = seen.into_iter().map(|(variant, seen)| Row {
        variant,
        requests: seen.requests(),
        sent_again: seen.sent_again,
        rejected: seen.broken.values().sum(),
        ends: seen.ends,
    });
    Ok(Outcome {
        trouble,
        rounds,
        rows: rows.collect(),
        broken,
    })
}

/// Waits until each listener has served some requests more as if nothing were the matter: what was open is closed.
fn served(load: &[(Variant, Load)], broken: &mut Vec<String>) -> Result<()> {
    for (variant, load) in load {
        let what = format!("{}: requests being served again", variant.name());
        let good = crate::ends::End::Answered(200, None);
        let good = || load.seen().ends.get(&good).copied().unwrap_or_default();
        let before = good();
        let again = wait::until(BOUND, &what, || Ok((good() >= before + 20).then_some(())));
        kept(again, broken)?;
    }
    Ok(())
}

/// What did not come about in time is a promise that was broken.
fn kept(came: live::Result<()>, broken: &mut Vec<String>) -> Result<()> {
    match came {
        Err(live::Error::Late { what, bound }) => broken.push(format!("{what}: not within {bound:?}")),
        other => other?,
    }
    Ok(())
}

/// Makes it once, and ends it.
fn make(
    trouble: Trouble,
    stage: &mut Stage,
    random: &mut fastrand::Rng,
    round: u64,
    broken: &mut Vec<String>,
) -> Result<()> {
    let mut length = TROUBLE + LONGER.mul_f64(random.f64());
    if matches!(trouble, Trouble::Frozen | Trouble::ResetInBody) {
        // Each of these keeps its client for a second, and five in a row open the breaker.
        length += LONGER;
    }
    match trouble {
        Trouble::Killed => {
            for (_, upstream) in &mut stage.upstreams {
                upstream.kill();
            }
            thread::sleep(length);
            for (_, upstream) in &mut stage.upstreams {
                upstream.revive()?;
            }
        }
        Trouble::Frozen => in_a_manner(stage, Manner::Frozen, length),
        Trouble::ByteByByte | Trouble::CrowdedCluster => in_a_manner(stage, Manner::ByteByByte, length),
        Trouble::ResetInHeaders => in_a_manner(stage, Manner::ResetInHeaders, length),
        Trouble::ResetInBody => in_a_manner(stage, Manner::ResetInBody, length),
        Trouble::Garbage => in_a_manner(stage, Manner::Garbage, length),
        Trouble::CrowdedListener => crowd(stage, broken)?,
        Trouble::Reloads => update(stage, round, broken)?,
        Trouble::VmDeath => kill(stage, random)?,
    }
    Ok(())
}

fn in_a_manner(stage: &Stage, manner: Manner, length: Duration) {
    for (_, upstream) in &stage.upstreams {
        upstream.answer(manner);
    }
    thread::sleep(length);
    for (_, upstream) in &stage.upstreams {
        upstream.answer(Manner::Well);
    }
}

/// More connections than a listener takes: what is admitted is served, and what is not is closed, with plugins and without.
fn crowd(stage: &Stage, broken: &mut Vec<String>) -> Result<()> {
    let mut crowds = Vec::new();
    for variant in Variant::ALL {
        let crowd = Crowd::come(stage.envoy.listener(variant.name())?, CONNECTIONS * 2)?;
        crowds.push((variant, crowd));
    }
    for (variant, crowd) in &crowds {
        let crowded = crowd.wait()?;
        if crowded.closed == 0 || crowded.timed_out == 0 {
            broken.push(format!(
                "{}: of the crowd, {} connections were closed and {} half requests given up",
                variant.name(),
                crowded.closed,
                crowded.timed_out
            ));
        }
    }
    Ok(())
}

/// Other listeners: each second time good ones, which are in force as soon as each worker has them. Bad ones never are.
fn update(stage: &Stage, round: u64, broken: &mut Vec<String>) -> Result<()> {
    let fault = match round % 2 {
        0 => None,
        _ => Fault::ALL.into_iter().cycle().nth((round / 2 % 3) as usize),
    };
    let counters = || -> live::Result<BTreeMap<&str, u64>> {
        let statistics = stage.envoy.stats()?;
        let count = |name| (name, statistics.get(name).copied().unwrap_or_default());
        Ok([UPDATED, REFUSED].map(count).into())
    };
    let before = counters()?;
    let began = Instant::now();
    let name = format!("chaos-{round}");
    stage.put(&Listeners {
        service_name: name.clone(),
        fault,
        ..stage.listeners()
    })?;
    let (counter, what) = match fault {
        None => (UPDATED, "good listeners being taken".to_owned()),
        Some(fault) => (REFUSED, format!("listeners with a bad {fault:?} being refused")),
    };
    let done = wait::until(BOUND, &what, || {
        Ok((counters()?.get(counter) > before.get(counter)).then_some(()))
    });
    kept(done, broken)?;
    for variant in Variant::GUARDED {
        match fault {
            None => {
                let now = wait::until(BOUND, &format!("{name} on {}", variant.name()), || {
                    let [_, found] = stage.ask_broken(variant)?;
                    Ok((found == name).then_some(()))
                });
                kept(now, broken)?;
            }
            Some(fault) => {
                // The last good ones answer: by one of their names, as another worker may be a moment behind.
                let [_, found] = stage.ask_broken(variant)?;
                if found.is_empty() || found == name {
                    let variant = variant.name();
                    broken.push(format!(
                        "{variant}: a bad {fault:?} was refused, and `{found}` answers"
                    ));
                }
            }
        }
    }
    thread::sleep(UPDATE.saturating_sub(began.elapsed()));
    Ok(())
}

/// A plugin dies in one of its callbacks, in each listener that has it; what is dead then is alive again before long.
fn kill(stage: &Stage, random: &mut fastrand::Rng) -> Result<()> {
    for variant in Variant::GUARDED {
        let plugins: &[&str] = if variant == Variant::Chain {
            &PLUGINS
        } else {
            &["policies"]
        };
        let plugin = plugins
            .get(random.usize(..plugins.len()))
            .copied()
            .unwrap_or_default();
        let places = if death::ticks(plugin) {
            &Place::ALL[..]
        } else {
            &Place::ALL[..4]
        };
        let place = places
            .get(random.usize(..places.len()))
            .copied()
            .unwrap_or(Place::Request);
        let deaths = death::deaths(&stage.envoy)?;
        let request = Request::get("/orders")
            .header("x-request-id", "dying")
            .header(header(plugin), place.name());
        // On a worker that has just lost it, the plugin is not there to die.
        wait::until(BOUND, &format!("{plugin} dying of {}", place.name()), || {
            let _ = client::send(stage.envoy.listener(variant.name())?, &request);
            let is_dead = wait::until(DEATH, "a death", || {
                Ok((death::deaths(&stage.envoy)? > deaths).then_some(()))
            });
            Ok(is_dead.ok())
        })?;
    }
    Ok(())
}

/// A death comes with its request or the next tick.
const DEATH: Duration = Duration::from_millis(1500);

/// Envoy's counters of files of listeners that it took, and that it refused.
const UPDATED: &str = "listener_manager.lds.update_success";
const REFUSED: &str = "listener_manager.lds.update_rejected";
