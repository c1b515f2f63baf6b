//! What outlives an exchange: queues, several plugins in one VM, VMs that die, and what becomes of requests then.

use host::FailurePolicy;
use serde_json::{Value, json};

use super::everywhere;
use crate::scenario::{Answer, Plugin, Request, Scenario};

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut all = vec![
        everywhere("queues work in every phase", &queue_calls()),
        queue_is_told(),
        queue_is_told_after_the_chain(),
        queue_of_another_vm(),
        shared_vm("plugins of one vm_id share a VM", "v", json!({})),
        shared_vm("plugins of different vm_ids share nothing", "w", json!({})),
        shared_vm(
            "plugins of one vm_id and another VM configuration share only data",
            "v",
            json!({ "vm_start": [] }),
        ),
        the_same_plugin_twice(),
    ];
    for callback in ["create", "request_headers", "response_headers"] {
        for policy in POLICIES {
            all.push(death(callback, policy));
        }
    }
    for callback in [
        "request_body",
        "response_body",
        "log",
        "done",
        "delete",
        "queue_ready",
    ] {
        all.push(death(callback, FailurePolicy::Closed));
    }
    for callback in ["request_headers", "request_body"] {
        let reply = json!(["send_local_response", 418, "no_tea", "short", [["x-a", "1"]], -1]);
        all.push(last_words("a reply", &reply, callback));
    }
    for callback in [
        "create",
        "request_headers",
        "request_body",
        "response_headers",
        "response_body",
    ] {
        all.push(last_words("going on", &json!(["continue_stream", 0]), callback));
    }
    for (first, second) in [
        (FailurePolicy::Open, FailurePolicy::Closed),
        (FailurePolicy::Closed, FailurePolicy::Open),
        (FailurePolicy::Reload, FailurePolicy::Reload),
        (FailurePolicy::Reload, FailurePolicy::Closed),
        (FailurePolicy::Open, FailurePolicy::Reload),
    ] {
        all.push(death_of_two(first, second));
    }
    all
}

const POLICIES: [FailurePolicy; 3] = [FailurePolicy::Closed, FailurePolicy::Open, FailurePolicy::Reload];

fn queue_calls() -> Vec<Value> {
    let nowhere = json!({ "at": -1, "length": 4 });
    vec![
        json!(["resolve_shared_queue", "", "nobody's"]),
        json!(["resolve_shared_queue", "nobody", "q"]),
        json!(["enqueue_shared_queue", 0, "x"]),
        json!(["enqueue_shared_queue", 4_000_000, "x"]),
        json!(["dequeue_shared_queue", 4_000_000]),
        json!(["register_shared_queue", nowhere]),
        json!(["resolve_shared_queue", "", nowhere]),
        json!(["resolve_shared_queue", nowhere, "q"]),
        json!(["enqueue_shared_queue", 4_000_000, nowhere]),
        json!(["register_shared_queue", "q"]),
        json!(["dequeue_shared_queue", "q"]),
        json!(["enqueue_shared_queue", "q", ""]),
        json!(["dequeue_shared_queue", "q"]),
        json!(["enqueue_shared_queue", "q", "lost"]),
        json!(["dequeue_shared_queue", "q", -1, -1]),
        json!(["dequeue_shared_queue", "q"]),
    ]
}

/// What it does with a queue: it registers in `configure`, enqueues in a request, and dequeues when it is told.
fn queueing() -> Value {
    json!({
        "configure": [["register_shared_queue", "q"]],
        "request_headers": [
            ["resolve_shared_queue", "", "q"],
            ["enqueue_shared_queue", "q", "one"],
            ["enqueue_shared_queue", "q", "two"],
        ],
        "queue_ready": [["dequeue_shared_queue", "q"]],
    })
}

fn queue_is_told() -> Scenario {
    Scenario::new("each item of a queue is told to its owner")
        .script(queueing())
        .get()
        .answer(200)
}

fn queue_is_told_after_the_chain() -> Scenario {
    Scenario::new("a queue's owner is told once the chain has seen the request")
        .plugin(Plugin::puppet("p").vm_id("v").script(queueing()))
        .plugin(Plugin::puppet("q").vm_id("v").script(queueing()))
        .get()
        .answer(200)
}

fn queue_of_another_vm() -> Scenario {
    Scenario::new("a queue of another vm_id is not found under one's own")
        .plugin(Plugin::puppet("p").script(json!({
            "request_headers": [["resolve_shared_queue", "", "q"]],
        })))
        .plugin(Plugin::puppet("q").script(queueing()))
        .get()
        .answer(200)
}

/// Both count in shared data and say which contexts they have.
fn shared_vm(name: &'static str, second: &str, vm_script: Value) -> Scenario {
    let script = json!({
        "configure": [["get_shared_data", "k"], ["set_shared_data", "k", "v", 0], ["set_effective_context", 1]],
        "request_headers": [["set_effective_context", 1], ["set_effective_context", 2], ["get_shared_data", "k"]],
    });
    Scenario::new(name)
        .plugin(Plugin::puppet("p").vm_id("v").script(script.clone()))
        .plugin(
            Plugin::puppet("q")
                .vm_id(second)
                .script(script)
                .vm_script(vm_script),
        )
        .get()
        .answer(200)
}

fn the_same_plugin_twice() -> Scenario {
    let plugin = || Plugin::puppet("p").script(json!({ "request_headers": [["set_effective_context", 1]] }));
    Scenario::new("a plugin that stands twice in the chain has one root context")
        .plugin(plugin())
        .plugin(plugin())
        .get()
        .answer(200)
}

/// A plugin under a policy. By the time it dies, its back-off is over.
fn mortal(name: &str, policy: FailurePolicy, script: Value) -> Plugin {
    let name_of_policy = match policy {
        FailurePolicy::Closed => "FAIL_CLOSED",
        FailurePolicy::Open => "FAIL_OPEN",
        FailurePolicy::Reload => "FAIL_RELOAD",
    };
    Plugin::puppet(name).vm_id("v").script(script).setting(
        move |plugin| plugin.failure_policy(policy).reload_interval(host::millis(2)),
        |config| {
            config["failure_policy"] = json!(name_of_policy);
            if policy == FailurePolicy::Reload {
                config["reload_config"] = json!({ "backoff": { "base_interval": "0.002s" } });
            }
        },
    )
}

/// The VM dies in a callback of the first exchange; a second one comes later.
fn death(callback: &'static str, policy: FailurePolicy) -> Scenario {
    // A scenario's name is there for the whole run.
    let name = format!("a VM that dies in {callback}, under {policy:?}").leak();
    let mut script = queueing();
    match script[callback].as_array_mut() {
        Some(steps) => steps.push(json!(["trap"])),
        None => script[callback] = json!([["trap"]]),
    }
    let exchange = |scenario: Scenario| {
        scenario
            .request(Request::post("/").header("x-a", "1"))
            .client_sends("question")
            .client_ends()
            .answer(Answer::new(200).chunked())
            .upstream_sends("answer")
            .upstream_ends()
    };
    let scenario = Scenario::new(name).plugin(mortal("p", policy, script)).passes(10);
    exchange(exchange(scenario).passes(10))
}

/// Two plugins in a VM, of which the second one's callback kills it.
fn death_of_two(first: FailurePolicy, second: FailurePolicy) -> Scenario {
    let name = format!("a VM of two that dies, under {first:?} and {second:?}").leak();
    Scenario::new(name)
        .plugin(mortal(
            "p",
            first,
            json!({ "request_headers": [["log", 2, "first"]] }),
        ))
        .plugin(mortal("q", second, json!({ "log": [["trap"]] })))
        .passes(10)
        .get()
        .answer(200)
        .passes(10)
        .get()
        .answer(200)
}

/// What a callback asked for before it trapped. (Where that crashes Envoy, it cannot be compared.)
fn last_words(what: &str, step: &Value, callback: &'static str) -> Scenario {
    let name = format!("{what} asked for in {callback} before a trap").leak();
    Scenario::new(name)
        .script(json!({ callback: [step, ["trap"]] }))
        .request(Request::post("/"))
        .client_sends("question")
        .client_ends()
        .answer(Answer::new(200).chunked())
        .upstream_sends("answer")
        .upstream_ends()
}
