//! The puppet: which script runs when, and what it keeps in mind between two callbacks.

use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::abi::{self, Argument};
use crate::{bytes, show};

const VM_CONFIGURATION: u64 = 6;
const PLUGIN_CONFIGURATION: u64 = 7;
const INFO: u64 = 2;

/// Kinds of tokens.
const QUEUE: &str = "queue";
const CALL: &str = "call";

/// A callback as it was called.
pub(crate) struct Call<'c> {
    pub(crate) name: &'static str,
    pub(crate) context: u32,
    pub(crate) arguments: &'c [u32],
}

/// What the puppet keeps in mind. It is borrowed for moments only: a host call may lead to the next callback.
#[derive(Default)]
struct Memory {
    /// The script of each root context.
    scripts: BTreeMap<u32, Rc<Value>>,
    /// The root context of each stream context.
    roots: BTreeMap<u32, u32>,
    /// The latest stream context.
    stream: u32,
    /// How often a callback was called in a context.
    calls: BTreeMap<(u32, &'static str), u64>,
    /// Numbers that host calls yielded.
    numbers: BTreeMap<String, u32>,
    /// What tokens stand for, by their kind.
    tokens: BTreeMap<(&'static str, u32), String>,
}

thread_local! {
    static MEMORY: RefCell<Memory> = RefCell::default();
}

fn memory<T>(with: impl FnOnce(&mut Memory) -> T) -> T {
    MEMORY.with(|memory| with(&mut memory.borrow_mut()))
}

/// Runs the steps of a callback, and gives what it returns.
pub(crate) fn enter(call: &Call<'_>, default: u32) -> u32 {
    let parent = call.arguments.first().copied().unwrap_or_default();
    let creates_root = call.name == "create" && parent == 0;
    if call.name == "create" && !creates_root {
        memory(|memory| {
            memory.roots.insert(call.context, parent);
            memory.stream = call.context;
        });
    }
    let is_root = creates_root || memory(|memory| !memory.roots.contains_key(&call.context));
    let mut default = default;
    let readable = match call.name {
        "create" if creates_root => read_script(call.context, VM_CONFIGURATION),
        "configure" => read_script(call.context, PLUGIN_CONFIGURATION),
        _ => true,
    };
    if !readable {
        default = 0;
    }
    // The same callbacks run for both kinds of context.
    let name = match call.name {
        "create" if is_root => "root_create",
        "log" if is_root => "root_log",
        "done" if is_root => "root_done",
        "delete" if is_root => "root_delete",
        name => name,
    };
    let (script, count) = memory(|memory| {
        let root = memory.roots.get(&call.context).copied().unwrap_or(call.context);
        let count = memory.calls.entry((call.context, name)).or_default();
        *count += 1;
        (memory.scripts.get(&root).cloned(), *count)
    });
    report(&format!("{name}({})", told(call, is_root)));
    let moment = Moment {
        name,
        context: call.context,
        count,
        end: matches!(
            call.name,
            "request_headers" | "request_body" | "response_headers" | "response_body"
        ) && call.arguments.last() == Some(&1),
    };
    let steps = script
        .as_ref()
        .and_then(|script| script.get(name))
        .and_then(Value::as_array);
    let mut returned = default;
    if let Some(steps) = steps {
        moment.run(steps, &mut returned);
    }
    if name == "delete" {
        memory(|memory| {
            memory.roots.remove(&call.context);
            memory.calls.retain(|(context, _), _| *context != call.context);
        });
    }
    returned
}

/// The arguments of a callback, where they mean the same in every host: tokens by what they were yielded for.
fn told(call: &Call<'_>, is_root: bool) -> String {
    let token = |kind: &'static str, token: u32| {
        let name = memory(|memory| memory.tokens.get(&(kind, token)).cloned());
        name.unwrap_or_else(|| "an unknown token".to_owned())
    };
    let all = |numbers: &[u32]| numbers.iter().map(u32::to_string).collect::<Vec<_>>();
    match (call.name, call.arguments) {
        ("create", _) if is_root => String::new(),
        ("create", _) => String::new(),
        ("queue_ready", [queue]) => token(QUEUE, *queue),
        ("http_call_response", [number, rest @ ..]) => {
            [vec![token(CALL, *number)], all(rest)].concat().join(", ")
        }
        (_, numbers) => all(numbers).join(", "),
    }
}

/// Reads a root context's script from a buffer; false if there is one that is no JSON.
fn read_script(root: u32, buffer: u64) -> bool {
    let whole = [
        Argument::Number(buffer),
        Argument::Number(0),
        Argument::Number(u64::from(u32::MAX >> 1)),
    ];
    let text = abi::call("get_buffer_bytes", &whole).bytes;
    if text.is_empty() {
        return true;
    }
    match serde_json::from_slice::<Value>(&text) {
        Ok(script) => {
            memory(|memory| memory.scripts.insert(root, Rc::new(script)));
            true
        }
        Err(error) => {
            report(&format!("the script is no JSON: {error}"));
            false
        }
    }
}

/// One call of one callback.
struct Moment {
    name: &'static str,
    context: u32,
    count: u64,
    end: bool,
}

impl Moment {
    fn run(&self, steps: &[Value], returned: &mut u32) {
        for step in steps {
            let Some([Value::String(what), arguments @ ..]) = step.as_array().map(Vec::as_slice) else {
                report(&format!("{}: no step: {step}", self.name));
                continue;
            };
            match (what.as_str(), arguments) {
                ("returns", [value]) => *returned = value.as_i64().unwrap_or_default() as u32,
                ("on", [count, steps @ ..]) if count.as_u64() == Some(self.count) => {
                    self.run(steps, returned)
                }
                ("end", steps) if self.end => self.run(steps, returned),
                ("more", steps) if !self.end => self.run(steps, returned),
                ("on" | "end" | "more", _) => {}
                ("trap", _) => core::arch::wasm32::unreachable(),
                ("grow", [pages]) => {
                    let before =
                        core::arch::wasm32::memory_grow(0, pages.as_u64().unwrap_or_default() as usize);
                    report(&format!(
                        "{}: grow({pages}) {}",
                        self.name,
                        if before == usize::MAX { "failed" } else { "worked" }
                    ));
                }
                ("print", [text]) => println!("{}", text.as_str().unwrap_or_default()),
                (function, arguments) => self.call(function, arguments),
            }
        }
    }

    fn call(&self, function: &str, arguments: &[Value]) {
        let Some(shape) = abi::shape(function) else {
            report(&format!("{}: no step: {function}", self.name));
            return;
        };
        let mut letters = shape.chars().filter(char::is_ascii_lowercase);
        let mut given = Vec::new();
        for value in arguments {
            given.push(abi::argument(letters.next(), value, |name| self.number(name)));
        }
        let outcome = abi::call(function, &given);
        // What a call is about is its first text, a metric, a queue, a cluster, a key; a queue's vm_id comes before it.
        let before = usize::from(function.ends_with("resolve_shared_queue"));
        let about = arguments
            .iter()
            .filter(|value| value.is_string())
            .nth(before)
            .map(bytes::of);
        let about = about
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default();
        memory(|memory| {
            if let Some(cas) = outcome.cas.filter(|_| function.ends_with("get_shared_data")) {
                memory.numbers.insert(format!("cas:{about}"), cas);
            } else if let Some(number) = outcome.number.filter(|_| outcome.status == 0) {
                let kind = if function.ends_with("queue") { QUEUE } else { CALL };
                memory.tokens.insert((kind, number), about.clone());
                memory.numbers.insert(about, number);
            }
        });
        let results = outcome
            .results
            .iter()
            .fold(String::new(), |all, result| all + " " + result);
        report(&format!(
            "{}: {function}({}) = {}{results}",
            self.name,
            show::arguments(arguments),
            outcome.status
        ));
    }

    fn number(&self, name: &str) -> u32 {
        memory(|memory| match name {
            "self" => self.context,
            "root" => memory.roots.get(&self.context).copied().unwrap_or(self.context),
            "stream" => memory.stream,
            name => memory.numbers.get(name).copied().unwrap_or(u32::MAX),
        })
    }
}

/// One line of the report.
fn report(line: &str) {
    abi::call(
        "log",
        &[Argument::Number(INFO), Argument::Bytes(line.as_bytes().to_vec())],
    );
}
