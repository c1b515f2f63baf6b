//! The breaker: it opens, rejects, finds out by one request, and closes.

use super::super::metrics::Metrics;
use super::super::walk::{NotShown, Shown, Walk, header, is_rejection};
use super::Chapter;
use live::client::Request;
use live::wait;
use std::thread;
use std::time::Duration;

/// How long the request takes that finds out, in milliseconds: so long that another can be sent meanwhile.
const PROBE: &str = "/slow/2000";
/// How long that request may take to reach the upstream.
const SETTLE: Duration = Duration::from_secs(5);

pub(super) const OPENS: Chapter = Chapter {
    title: "The breaker opens",
    text: "When a service is down, every request for it waits in vain, and all those requests keep it from getting up again. A circuit \
           breaker is the fuse in between, as in a house: while it is closed, requests pass; after too many failures it opens, and none \
           does. This one opens after three failures in a row. First a request that works, so that the count begins at nothing.",
    show: opens,
};

pub(super) const REJECTS: Chapter = Chapter {
    title: "While it is open",
    text: "Now the breaker answers in place of the upstream. Even what would work is rejected: better a clear no at once than a long \
           wait. The answer says with Retry-After (a header of HTTP) in how many seconds to come back.",
    show: rejects,
};

pub(super) const PROBES: Chapter = Chapter {
    title: "One request finds out",
    text: "When that time is over the breaker is half-open: it lets a single request through, the probe, to find out whether the \
           upstream works again. Others are still rejected meanwhile. The upstream is healthy again by now; so that there is time to \
           look, the probe is a request that takes it two seconds.",
    show: probes,
};

pub(super) const CLOSES: Chapter = Chapter {
    title: "The breaker closes",
    text: "The probe was answered well, so the breaker is closed. (Had it failed, the breaker would have opened again, for longer.)",
    show: closes,
};

fn opens(walk: &mut Walk<'_, '_>) -> Shown {
    let works = walk.send(&Request::get("/orders"))?;
    walk.claim("this works", works.response.status == 200, || works.seen())?;
    for count in ["first", "second", "third"] {
        walk.screen.gap();
        let failed = walk.send(&Request::get("/orders/status/503"))?;
        let is_the_upstreams = failed.response.status == 503 && failed.reached == 3;
        walk.claim(
            &format!("the {count} failure in a row: the upstream's own 503, three times"),
            is_the_upstreams,
            || failed.seen(),
        )?;
    }
    walk.screen.gap();
    walk.claim_of_metrics(
        "Envoy's metrics tell the breaker's state: circuit_breaker_state{breaker=\"upstream\"} is 1, which is open",
        |now, _| state_is(now, 1),
    )?;
    Ok(())
}

fn rejects(walk: &mut Walk<'_, '_>) -> Shown {
    let rejected = walk.send(&Request::get("/orders"))?;
    walk.claim(
        "the answer came from the breaker, and the upstream was left alone",
        rejected.is_rejected(),
        || rejected.seen(),
    )?;
    walk.screen.json(&rejected.body()?);
    let value = header(&rejected.response, "retry-after");
    let seconds: Option<u64> = value.as_deref().and_then(|value| value.parse().ok());
    let seen = value.as_deref().unwrap_or("nothing").to_owned();
    walk.claim(
        &format!("it says when to come back: Retry-After: {seen}"),
        seconds.is_some_and(|seconds| seconds > 0),
        || format!("it says {seen}"),
    )?;
    walk.come_back_after = seconds.unwrap_or_default();
    Ok(())
}

fn probes(walk: &mut Walk<'_, '_>) -> Shown {
    walk.screen
        .wait(walk.come_back_after, "as the breaker has said with Retry-After");
    let before = walk.stage.reached()?;
    walk.screen.request(&format!("GET {PROBE}  (the probe)"));
    let stage = walk.stage;
    let probe = thread::scope(|scope| {
        let probe = scope.spawn(|| stage.send(&Request::get(PROBE)));
        wait::until(SETTLE, "the probe reaching the upstream", || {
            Ok((stage.reached()? > before).then_some(()))
        })?;
        let other = walk.send(&Request::get("/orders"))?;
        walk.claim(
            "while the probe is under way, another request is rejected",
            other.is_rejected(),
            || other.seen(),
        )?;
        let gone = || NotShown::Otherwise("the probe should be answered, but nobody waited for it".into());
        Ok::<_, NotShown>(probe.join().map_err(|_| gone())??)
    })?;
    walk.screen
        .answer(&format!("{}, the answer to the probe", probe.status));
    walk.claim(
        "the probe was answered well: the upstream works again",
        probe.status == 200,
        || {
            let by = if is_rejection(&probe) {
                "the breaker"
            } else {
                "the upstream"
            };
            format!("{by} answered it {}", probe.status)
        },
    )
}

fn closes(walk: &mut Walk<'_, '_>) -> Shown {
    let works = walk.send(&Request::get("/orders"))?;
    walk.claim("requests pass again", works.response.status == 200, || {
        works.seen()
    })?;
    walk.claim_of_metrics(
        "Envoy's metrics tell it, too: circuit_breaker_state{breaker=\"upstream\"} is 0, which is closed",
        |now, _| state_is(now, 0),
    )?;
    Ok(())
}

fn state_is(metrics: &Metrics, state: u64) -> bool {
    metrics.value("circuit_breaker_state{breaker=\"upstream\"}") == Some(state)
}
