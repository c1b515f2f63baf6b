//! The samples that wire Envoy's own features around the plugins do what their comments say, with two workers.

mod admin;
mod caching;
mod circuit_breaker_fallback;
mod drills;
mod edge;
mod policies;
mod roll_out;
mod route_metadata;
mod versions;

use crate::stand::{Stand, assert_metric, assert_nothing_given_up};
use host_tests::plugin::MODULES;
use live::client::{Request, Response};
use live::{Envoy, Sample, Upstream, wait};
use serde_json::{Value, json};
use std::time::Duration;

/// The sample as it is.
#[track_caller]
fn stand(file: &str) -> Stand {
    stand_with(file, Ok)
}

/// The sample, changed, on free ports, in front of one upstream, with the modules that were just built.
#[track_caller]
pub fn stand_with(file: &str, change: impl FnOnce(Sample) -> live::Result<Sample>) -> Stand {
    let upstream = Upstream::start().expect("an upstream can be started");
    let start = || {
        let mut sample = Sample::load(file)?.on_free_ports().upstream(upstream.address())?;
        load_built_modules(sample.tree());
        Envoy::with(&change(sample)?.to_yaml()).concurrency(2).start()
    };
    let envoy = start().unwrap_or_else(|error| panic!("{error}"));
    Stand { envoy, upstream }
}

/// Names the modules that were just built wherever those of `dist` are named.
pub fn load_built_modules(node: &mut Value) {
    match node {
        Value::Array(items) => items.iter_mut().for_each(load_built_modules),
        Value::Object(members) => members.values_mut().for_each(load_built_modules),
        Value::String(text) => {
            let shipped = |name: &str| format!("dist/{}.wasm", name.replace('-', "_"));
            if let Some(plugin) = MODULES.iter().find(|plugin| *text == shipped(plugin.name)) {
                *text = plugin.path().display().to_string();
            }
        }
        _ => {}
    }
}

#[track_caller]
fn send(stand: &Stand, request: &Request) -> Response {
    stand
        .envoy
        .send(request)
        .unwrap_or_else(|error| panic!("{request:?}: {error}"))
}

#[track_caller]
fn get(stand: &Stand, path: &str) -> Response {
    send(stand, &Request::get(path))
}

/// The statuses that so many requests for this path get, one after the other.
#[track_caller]
fn statuses(stand: &Stand, path: &str, times: usize) -> Vec<u16> {
    (0..times).map(|_| get(stand, path).status).collect()
}

/// The one value of a header; empty where there is none.
#[track_caller]
pub fn text(response: &Response, name: &str) -> String {
    match response.values(name).as_slice() {
        [] => String::new(),
        [value] => String::from_utf8_lossy(value).into_owned(),
        values => panic!("{name}: {} values in {response:?}", values.len()),
    }
}

/// A body that is JSON.
#[track_caller]
fn body(response: &Response) -> Value {
    serde_json::from_slice(&response.body).unwrap_or_else(|error| panic!("{error}: {}", response.text()))
}

/// The path that the upstream echoes: how the request arrived there.
#[track_caller]
fn echoed(response: &Response) -> Value {
    assert_eq!(response.status, 200, "{}", response.text());
    body(response)["path"].clone()
}

/// An error with the one body, with this status and code, and with one id.
#[track_caller]
pub fn assert_error(response: &Response, status: u16, code: &str) {
    assert_eq!(response.status, status, "{}", response.text());
    assert_eq!(text(response, "content-type"), "application/json");
    assert_eq!(text(response, "x-error-code"), code);
    let body = body(response);
    assert_eq!(
        (&body["error_code"], &body["status_code"], &body["request_id"]),
        (
            &json!(code),
            &json!(status),
            &json!(text(response, "x-request-id"))
        ),
        "{body:#}"
    );
}

/// Waits until `look` finds something.
#[track_caller]
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    wait::until(Duration::from_secs(20), what, || Ok(look())).unwrap_or_else(|error| panic!("{error}"))
}
