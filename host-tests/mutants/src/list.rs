//! The bugs: each a place in the sources, and what is wrong with it.

/// A plugin with one bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mutant {
    /// Its name.
    pub name: &'static str,
    /// What is wrong, as a user would put it.
    pub bug: &'static str,
    /// The file, below `plugins`.
    pub file: &'static str,
    /// What stands there once.
    pub right: &'static str,
    /// What stands there instead.
    pub wrong: &'static str,
}

/// All of them.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "old-generations-count",
        bug: "What became of a request decides on a breaker that has changed its state since",
        file: "policy/src/breaker/machine.rs",
        right: "        if permit.generation != self.generation {\n            return moved;\n        }\n",
        wrong: "",
    },
    Mutant {
        name: "leases-do-not-end",
        bug: "A probe that never ends, as in a dead worker, keeps its place",
        file: "policy/src/breaker/leases.rs",
        right: "let ended = now_millis >= lease.ends_millis();",
        wrong: "let ended = lease.answered && now_millis >= lease.ends_millis();",
    },
    Mutant {
        name: "answered-probes-say-nothing",
        bug: "A probe whose lease ends after good response headers is no success",
        file: "policy/src/breaker/leases.rs",
        right: "answered += u32::from(ended && lease.answered);",
        wrong: "",
    },
    Mutant {
        name: "one-probe-too-many",
        bug: "One more probe is under way than `max_calls` allows",
        file: "policy/src/breaker/leases.rs",
        right: "if self.held.len() >= places as usize {",
        wrong: "if self.held.len() > places as usize {",
    },
    Mutant {
        name: "ignored-probes-keep-their-place",
        bug: "A probe whose outcome does not count keeps its place until its lease ends",
        file: "circuit-breaker/src/call.rs",
        right: "let counts = permit.is_probe() || outcome != Outcome::Ignored;",
        wrong: "let counts = outcome != Outcome::Ignored;",
    },
    Mutant {
        name: "one-failure-more",
        bug: "A breaker opens one failure in a row too late",
        file: "policy/src/breaker/counts.rs",
        right: "if self.consecutive >= most {",
        wrong: "if self.consecutive > most {",
    },
    Mutant {
        name: "one-call-more",
        bug: "A rate is judged one call later than `min_calls` says",
        file: "policy/src/breaker/window.rs",
        right: "self.calls >= u64::from(rate.min_calls)",
        wrong: "self.calls > u64::from(rate.min_calls)",
    },
    Mutant {
        name: "window-too-long",
        bug: "A window of time covers a ninth more than it says",
        file: "policy/src/breaker/window.rs",
        right: "now_millis / self.millis.div_ceil(BUCKETS as u64).max(1)",
        wrong: "now_millis / self.millis.div_ceil(BUCKETS as u64 - 1).max(1)",
    },
    Mutant {
        name: "window-comes-around",
        bug: "What fell out of a window of time counts again when its bucket's turn comes",
        file: "policy/src/breaker/window.rs",
        right: "*bucket = Bucket::default();",
        wrong: "let _ = bucket;",
    },
    Mutant {
        name: "failures-stay",
        bug: "A failure never falls out of a window of calls",
        file: "policy/src/breaker/window.rs",
        right: "*word = if hit { *word | bit } else { *word & !bit };",
        wrong: "*word = if hit { *word | bit } else { *word };",
    },
    Mutant {
        name: "successes-wait-too-long",
        bug: "A worker keeps its successes back while failures count at once",
        file: "policy/src/breaker/gathered.rs",
        right: "let may_wait = self.clean && permit.generation == self.generation;",
        wrong: "let may_wait = permit.generation == self.generation;",
    },
    Mutant {
        name: "open-times-do-not-grow",
        bug: "A breaker that opens again and again is open no longer each time",
        file: "policy/src/breaker/open_time.rs",
        right: "powi(reopenings.min(1_000) as i32)",
        wrong: "powi(reopenings.min(0) as i32)",
    },
    Mutant {
        name: "any-retry-after-is-believed",
        bug: "An upstream's `Retry-After` closes it for longer than `max`",
        file: "policy/src/breaker/open_time.rs",
        right: "seconds.saturating_mul(1_000).clamp(first, max.max(1))",
        wrong: "seconds.saturating_mul(1_000).max(first)",
    },
    Mutant {
        name: "half-open-for-ever",
        bug: "A half-open breaker that learns nothing never opens again",
        file: "policy/src/breaker/machine.rs",
        right: "since.saturating_add(settings.half_open.max_wait_millis)",
        wrong: "since.saturating_add(settings.half_open.max_wait_millis | u64::MAX)",
    },
    Mutant {
        name: "back-a-second-early",
        bug: "A rejected caller is told to come back before it can be admitted",
        file: "policy/src/breaker/machine.rs",
        right: "let retry_after_seconds = millis.div_ceil(1_000).max(1);",
        wrong: "let retry_after_seconds = (millis / 1_000).max(1);",
    },
    Mutant {
        name: "successes-counted-twice",
        bug: "`circuit_breaker_calls_total` counts each success twice",
        file: "circuit-breaker/src/breaker.rs",
        right: "successes.set(successes.get().saturating_add(1));",
        wrong: "successes.set(successes.get().saturating_add(2));",
    },
    Mutant {
        name: "requests-paid-twice",
        bug: "What a worker has gathered for the budget is merged again each second",
        file: "retry/src/budgets.rs",
        right: "        written.ok()?;\n        self.gathered.set(Gathered::default());\n",
        wrong: "        written.ok()?;\n",
    },
    Mutant {
        name: "retries-are-free",
        bug: "Retries are not charged to the budget",
        file: "policy/src/retry_budget/record.rs",
        right: "bucket.retries = bucket.retries.saturating_add(gathered.retries);",
        wrong: "",
    },
    Mutant {
        name: "retries-expire-early",
        bug: "Retries count for half of the interval",
        file: "policy/src/retry_budget/record.rs",
        right: "sum(KEPT as u64, |bucket| bucket.retries)",
        wrong: "sum(KEPT as u64 / 2, |bucket| bucket.retries)",
    },
    Mutant {
        name: "probes-are-retried",
        bug: "A request is tried again while its breaker is half-open",
        file: "policy/src/retry_steering.rs",
        right: "_ if request.is_half_open => (Some(Reason::HalfOpen), 0),",
        wrong: "",
    },
    Mutant {
        name: "posts-are-retried",
        bug: "A method that may do harm is tried again as any other",
        file: "policy/src/retry_steering.rs",
        right: "            _ => Some(Reason::Method),\n",
        wrong: "            _ => None,\n",
    },
    Mutant {
        name: "retries-are-multiplied",
        bug: "A request that is somebody's retry is tried again",
        file: "policy/src/retry_steering.rs",
        right: "_ if request.attempt > 1 && self.refuses_inbound => (Some(Reason::InboundRetry), 0),",
        wrong: "",
    },
    Mutant {
        name: "any-id-is-taken",
        bug: "An id with a byte that no id may have is accepted",
        file: "policy/src/caller_id.rs",
        right: "if !value.iter().all(allowed) {",
        wrong: "if !value.iter().all(allowed) && value.is_empty() {",
    },
    Mutant {
        name: "no-id-on-the-answer",
        bug: "The caller does not learn the id",
        file: "request-id/src/lib.rs",
        right: "response.set(header, id.as_bytes());",
        wrong: "let _ = (header, &id);",
    },
    Mutant {
        name: "code-of-another-error",
        bug: "The header tells another code than the body",
        file: "error-envelope/src/writing.rs",
        right: "response.set(X_ERROR_CODE, error.code.as_bytes());",
        wrong: "response.set(X_ERROR_CODE, b\"HTTP_500\");",
    },
    Mutant {
        name: "old-length-on-a-new-body",
        bug: "An error's new body goes out with the length of the old one",
        file: "error-envelope/src/writing.rs",
        right: "of_the_body().filter(|name| *name != CONTENT_TYPE)",
        wrong: "of_the_body().filter(|name| *name != CONTENT_TYPE && *name != \"content-length\")",
    },
];
