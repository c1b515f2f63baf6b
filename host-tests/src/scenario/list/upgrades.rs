//! Statuses below 200, connections that change their protocol, and requests of HEAD.

use serde_json::{Value, json};

use crate::scenario::{Answer, CONNECTION_MANAGER, Request, Route, Scenario};

pub(super) fn scenarios() -> Vec<Scenario> {
    [informational(), changes(), heads()]
        .into_iter()
        .flatten()
        .collect()
}

/// A puppet that reads the maps and the status so far.
fn reader(name: &'static str) -> Scenario {
    Scenario::new(name).script(json!({
        "request_headers": [["get_header_map_pairs", 0], ["get_property", ["response", "code"]]],
        "request_body": [["get_property", ["response", "code"]]],
        "response_headers": [["get_header_map_pairs", 2], ["get_property", ["response", "code"]]],
        "log": [["get_header_map_pairs", 0], ["get_header_map_pairs", 2]],
    }))
}

fn informational() -> Vec<Scenario> {
    let expects = |value: &str| Request::post("/").header("expect", value);
    let proxied = |scenario: Scenario| {
        scenario.knob(
            |host| host.edge(host::Edge::default().proxy_100_continue(true)),
            |listener| {
                let manager = listener.pointer_mut(CONNECTION_MANAGER).expect("it is there");
                manager["proxy_100_continue"] = json!(true);
            },
        )
    };
    vec![
        reader("a client that expects a 100")
            .request(expects("100-continue"))
            .client_sends("abc")
            .client_ends()
            .answer(200),
        reader("a client that expects a 100 in another case")
            .request(expects("100-Continue"))
            .client_sends("abc")
            .client_ends()
            .answer(200),
        reader("a client that expects something else")
            .request(Request::get("/").header("expect", "nonsense"))
            .answer(200),
        reader("a 103 of the upstream")
            .get()
            .upstream_informs(103)
            .answer(200),
        reader("a 100 of the upstream")
            .get()
            .upstream_informs(100)
            .answer(200),
        proxied(reader("a 100 of the upstream that is passed on"))
            .request(expects("100-continue"))
            .upstream_informs(100)
            .client_sends("abc")
            .client_ends()
            .answer(200),
        proxied(reader("a 103 of the upstream that is passed on"))
            .request(Request::post("/"))
            .upstream_informs(103)
            .client_sends("abc")
            .client_ends()
            .answer(200),
    ]
}

fn changes() -> Vec<Scenario> {
    let allowed = |name| {
        reader(name).route(Route::new("chat").set(
            |host| host.upgrade("websocket"),
            |route| route["route"]["upgrade_configs"] = json!([{ "upgrade_type": "websocket" }]),
        ))
    };
    let ask = || {
        Request::get("/")
            .upgrade("websocket")
            .header("sec-websocket-version", "13")
    };
    let switched = || {
        Answer::new(101)
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-accept", "x")
    };
    vec![
        allowed("a connection that changes its protocol")
            .request(ask())
            .answer(switched())
            .upstream_sends("first")
            .client_sends("hello")
            .upstream_sends("echo")
            .client_aborts(),
        allowed("an upstream that closes a changed connection")
            .request(ask())
            .answer(switched())
            .upstream_sends("first")
            .upstream_closes(),
        allowed("an upstream that will not change")
            .request(ask())
            .answer(Answer::new(403).body("no")),
        allowed("a change to another protocol than is allowed").request(Request::get("/").upgrade("other")),
        reader("a change that is not allowed").request(ask()),
        reader("a change without a route")
            .route(Route::new("only").prefix("/only"))
            .request(ask()),
        reader("a change that nobody asked for").get().answer(switched()),
    ]
}

fn heads() -> Vec<Scenario> {
    let head = || Request::new("HEAD", "/");
    let reply: Value = json!([["send_local_response", 403, "no", "a body", [], -1]]);
    vec![
        Scenario::new("a HEAD that a plugin answers")
            .script(json!({ "request_headers": reply }))
            .request(head()),
        Scenario::new("a HEAD whose response a plugin replaces")
            .script(json!({ "response_headers": reply }))
            .request(head())
            .answer(Answer::new(200).header("content-length", "5")),
        reader("a HEAD that a route answers")
            .route(Route::new("tea").direct_response(418, "short and stout"))
            .request(head()),
        reader("a HEAD to a cluster without a host")
            .route(Route::new("r").cluster("nobody"))
            .request(head()),
        reader("a HEAD whose answer says that it has chunks")
            .request(head())
            .answer(Answer::new(200).chunked()),
    ]
}
