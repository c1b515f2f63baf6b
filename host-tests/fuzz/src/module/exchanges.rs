//! Whole exchanges, as Envoy has them: each is answered once, by something that is what it says.

mod one;

use super::callbacks::HEADERS;
use super::{Ledger, Modules, configurations, tell_of_branches};
use crate::bound::Work;
use crate::coverage::COUNTERS;
use crate::input::Input;
use crate::pure::records::sealed;
use host::{Exchange, Host, Plugin, RetryPolicy, Route, millis};

/// Exchanges of one input at most: more is more of the same, and slow.
const MOST: usize = 8;

/// Headers that Envoy lets a request and a response have, unless it is told otherwise.
const MOST_HEADERS: u64 = 100 + 100;

pub(crate) fn run(modules: &Modules, bytes: &[u8]) -> Vec<Work> {
    let mut input = Input(bytes);
    let module = modules.numbered(input.byte());
    let configuration = configurations::of(module.name, &mut input);
    let is = match module.name {
        "policies" | "request-id" => one::Expected::of(&configuration),
        _ => one::Expected::default(),
    };
    let mut ledger = Ledger {
        configuration: configuration.len() as u64,
        headers: MOST_HEADERS,
        ..Ledger::default()
    };
    let allowed = super::vm::FUEL;
    let plugin = Plugin::new(module.in_host())
        .name(module.name)
        .root_id("")
        .config(configuration);
    let host = Host::chain([plugin])
        .fuel_per_callback(allowed)
        .routes(routes())
        .allow_memory_growth();
    if let Err(refused) = host.try_start() {
        assert!(!refused.trapped(), "{refused}");
        assert!(
            !host.logs().is_empty(),
            "a configuration was refused, and nothing says why"
        );
        return modules.judge(roots(&host, &ledger));
    }
    let mut waiting: Vec<Exchange> = Vec::new();
    let mut works = Vec::new();
    for _ in 0..MOST {
        if input.is_empty() {
            break;
        }
        match input.byte() % 8 {
            0 => plant(&host, &mut input),
            1 => host.advance(millis(input.number().min(100_000))),
            2 => {
                if let Some(exchange) = waiting.pop() {
                    works.extend(one::finish(exchange, &mut input, &mut ledger, is));
                }
            }
            _ => {
                let exchange = one::begin(&host, &mut input);
                match input.byte() % 4 {
                    0 => waiting.push(exchange),
                    _ => works.extend(one::finish(exchange, &mut input, &mut ledger, is)),
                }
            }
        }
    }
    for exchange in waiting {
        works.extend(one::finish(exchange, &mut input, &mut ledger, is));
    }
    // The worker serves on.
    host.advance(millis(3_000));
    let last = host.get("/").run(200);
    assert_ne!(last.status(), 0, "{last}");
    assert!(host.deaths().is_empty(), "{:?}", host.deaths());
    works.extend(roots(&host, &ledger));
    tell_of_branches(&host.worker(0).memory_between(COUNTERS.0, COUNTERS.1));
    host.shut_down();
    modules.judge(works)
}

fn routes() -> [Route; 3] {
    [
        Route::new("orders").prefix("/orders").cluster("orders"),
        Route::new("retried").prefix("/r").retry(RetryPolicy::on("5xx")),
        Route::new("default"),
    ]
}

/// What callbacks outside exchanges have burnt: each is bounded by what it was given itself.
fn roots(host: &Host, ledger: &Ledger) -> Vec<Work> {
    let spent = host.cost().callbacks.into_iter();
    let works = spent.map(|spent| Work {
        callback: spent.callback,
        fuel: spent.fuel,
        bytes: spent.bytes_out,
        headers: 0,
        configuration: ledger.configuration,
    });
    works.collect()
}

/// Puts any bytes in the place of a record that is there.
fn plant(host: &Host, input: &mut Input<'_>) {
    let all = host.all_shared_data();
    let place = usize::from(input.byte()) % all.len().max(1);
    let Some(name) = all.keys().nth(place) else { return };
    let value = match input.flag() {
        true => sealed(&input.value(&HEADERS)),
        false => input.value(&HEADERS),
    };
    host.set_shared_data(name, value);
}
