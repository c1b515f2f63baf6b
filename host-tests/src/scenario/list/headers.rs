//! What header maps take and give: names, values, sizes, and what of it Envoy lets out.

mod malformed;

use serde_json::json;

use crate::scenario::{Answer, Request, Scenario};

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut all = vec![
        names("names are kept in lower case, whatever they are asked by"),
        values("values may hold any byte that HTTP allows"),
        repeated("a header that is there several times is one to read and several to see"),
        whole("a whole map is put in place of the old one"),
        pseudo("pseudo headers are headers"),
        sizes("the size of a map is that of its names and values"),
        removal("what is not there can be removed and replaced"),
        order("what is replaced keeps its place, what is added comes last"),
        response_pseudo("a response's status can be changed, and what it says counts"),
        Scenario::new("headers that Envoy's router reads are not for the upstream")
            .script(json!({ "request_headers": [
                ["replace_header_map_value", 0, "x-envoy-upstream-rq-timeout-ms", "250"],
                ["replace_header_map_value", 0, "x-envoy-max-retries", "0"],
                ["replace_header_map_value", 0, "x-envoy-retry-on", "5xx"],
            ] }))
            .get()
            .answer(200),
        Scenario::new("hop-by-hop headers that a plugin adds")
            .script(json!({
                "request_headers": [
                    ["add_header_map_value", 0, "connection", "keep-alive"],
                    ["add_header_map_value", 0, "keep-alive", "5"],
                    ["add_header_map_value", 0, "te", "trailers"],
                ],
                "response_headers": [
                    ["add_header_map_value", 2, "connection", "x-c"],
                    ["add_header_map_value", 2, "x-c", "1"],
                    ["add_header_map_value", 2, "keep-alive", "5"],
                    ["add_header_map_value", 2, "proxy-connection", "a"],
                ],
            }))
            .get()
            .answer(200),
        Scenario::new("what the connection manager writes last cannot be written before")
            .script(json!({ "response_headers": [
                ["replace_header_map_value", 2, "server", "mine"],
                ["replace_header_map_value", 2, "date", "never"],
                ["replace_header_map_value", 2, "x-envoy-upstream-service-time", "none"],
            ] }))
            .get()
            .answer(Answer::new(200).header("server", "theirs")),
    ];
    for (name, header, value) in [
        (
            "a request header with a line break in its value",
            "x-bad",
            json!("a\r\nx-injected: 1"),
        ),
        (
            "a request header with a zero byte in its value",
            "x-bad",
            json!({ "hex": "610062" }),
        ),
        ("a request header without a name", "", json!("1")),
        ("a request header whose name is no token", "x bad", json!("1")),
        ("a request header whose name is not ASCII", "x-\u{fc}", json!("1")),
        ("a request header with a colon in its name", "x:y", json!("1")),
        (
            "a request header with the byte 0x7f in its value",
            "x-bad",
            json!({ "hex": "7f" }),
        ),
        (
            "a request header with spaces around its value",
            "x-bad",
            json!("  a  "),
        ),
    ] {
        all.push(
            Scenario::new(name)
                .script(json!({ "request_headers": [["add_header_map_value", 0, header, value], ["get_header_map_pairs", 0]] }))
                .get()
                .answer(200),
        );
    }
    for (name, header, value) in [
        (
            "a response header with a line break in its value",
            "x-bad",
            json!("a\r\nx-injected: 1"),
        ),
        (
            "a response header with a zero byte in its value",
            "x-bad",
            json!({ "hex": "610062" }),
        ),
        ("a response header without a name", "", json!("1")),
        ("a response header whose name is no token", "x bad", json!("1")),
        (
            "a response header with the bytes 0xff and 0x7f in its value",
            "x-bad",
            json!({ "hex": "ff7f" }),
        ),
    ] {
        all.push(
            Scenario::new(name)
                .script(json!({ "response_headers": [["add_header_map_value", 2, header, value], ["get_header_map_pairs", 2]] }))
                .get()
                .answer(200),
        );
    }
    for status in [
        "0", "99", "299", "600", "999", "1000", "-1", "2e2", " 200", "200 OK",
    ] {
        all.push(
            Scenario::new(leak(format!("a response whose status becomes {status:?}")))
                .script(json!({ "response_headers": [["replace_header_map_value", 2, ":status", status]] }))
                .get()
                .answer(Answer::new(200).body("body")),
        );
    }
    all.push(
        Scenario::new("host is another name of the authority")
            .script(json!({ "request_headers": [
                ["get_header_map_value", 0, "HOST"],
                ["add_header_map_value", 0, "host", "b"],
                ["get_header_map_pairs", 0],
                ["replace_header_map_value", 0, "host", "c"],
                ["get_header_map_pairs", 0],
                ["remove_header_map_value", 0, "host"],
                ["get_header_map_pairs", 0],
                ["set_header_map_pairs", 0, [[":method", "GET"], ["host", "d"], [":path", "/"], ["x-forwarded-proto", "http"]]],
                ["get_header_map_pairs", 0],
            ] }))
            .get()
            .answer(200),
    );
    all.extend(malformed::bad_pointers());
    all.extend(malformed::malformed_pairs());
    all.extend(malformed::lost_headers());
    all
}

fn names(name: &'static str) -> Scenario {
    Scenario::new(name)
        .script(json!({
            "request_headers": [
                ["get_header_map_value", 0, "X-Mixed"],
                ["get_header_map_value", 0, "x-mixed"],
                ["add_header_map_value", 0, "X-Added", "A"],
                ["replace_header_map_value", 0, "X-MIXED", "B"],
                ["get_header_map_pairs", 0],
                ["remove_header_map_value", 0, "X-ADDED"],
                ["get_header_map_value", 0, ":AUTHORITY"],
                ["get_header_map_value", 0, "host"],
                ["get_header_map_value", 0, ""],
            ],
            "response_headers": [
                ["get_header_map_value", 2, "X-Reply"],
                ["add_header_map_value", 2, "X-Reply", "2"],
                ["get_header_map_pairs", 2],
            ],
        }))
        .request(Request::get("/").header("X-Mixed", "a"))
        .answer(Answer::new(200).header("X-Reply", "1"))
}

fn values(name: &'static str) -> Scenario {
    Scenario::new(name)
        .script(json!({
            "request_headers": [
                ["get_header_map_value", 0, "x-bytes"],
                ["get_header_map_value", 0, "x-empty"],
                ["get_header_map_value", 0, "x-spaces"],
                ["add_header_map_value", 0, "x-utf8", "é"],
                ["add_header_map_value", 0, "x-bytes-too", { "hex": "80ff09e9" }],
                ["add_header_map_value", 0, "x-empty-too", ""],
            ],
            "response_headers": [
                ["get_header_map_value", 2, "x-bytes"],
                ["get_header_map_value", 2, "x-empty"],
                ["add_header_map_value", 2, "x-bytes-too", { "hex": "80ff09e9" }],
                ["add_header_map_value", 2, "x-empty-too", ""],
            ],
        }))
        .request(
            Request::get("/")
                .header("x-bytes", b"\x80\xff\xe9")
                .header("x-empty", "")
                .header("x-spaces", "  a  b \t"),
        )
        .answer(
            Answer::new(200)
                .header("x-bytes", b"\x80\xff\xe9")
                .header("x-empty", ""),
        )
}

fn repeated(name: &'static str) -> Scenario {
    Scenario::new(name)
        .script(json!({
            "request_headers": [
                ["get_header_map_value", 0, "x-a"],
                ["get_header_map_value", 0, "cookie"],
                ["get_header_map_value", 0, "accept"],
                ["get_header_map_value", 0, "x-forwarded-for"],
                ["add_header_map_value", 0, "x-a", "3"],
                ["add_header_map_value", 0, "x-forwarded-for", "10.0.0.1"],
                ["add_header_map_value", 0, "user-agent", "c"],
                ["get_header_map_pairs", 0],
                ["get_property", ["request", "headers", "x-a"]],
                ["replace_header_map_value", 0, "x-a", "all"],
                ["get_header_map_pairs", 0],
            ],
            "response_headers": [
                ["get_header_map_value", 2, "set-cookie"],
                ["add_header_map_value", 2, "set-cookie", "c=3"],
                ["add_header_map_value", 2, "content-type", "text/html"],
                ["get_header_map_pairs", 2],
                ["remove_header_map_value", 2, "set-cookie"],
                ["get_header_map_pairs", 2],
            ],
        }))
        .request(
            Request::get("/")
                .header("x-a", "1")
                .header("cookie", "a=1")
                .header("x-a", "2")
                .header("cookie", "b=2")
                .header("accept", "a/b")
                .header("accept", "c/d")
                .header("user-agent", "a")
                .header("user-agent", "b")
                .header("x-forwarded-for", "192.0.2.7"),
        )
        .answer(
            Answer::new(200)
                .header("set-cookie", "a=1")
                .header("content-type", "text/plain")
                .header("set-cookie", "b=2"),
        )
}

fn whole(name: &'static str) -> Scenario {
    Scenario::new(name)
        .script(json!({
            "request_headers": [
                ["set_header_map_pairs", 0, [
                    [":method", "POST"], [":path", "/new?x=1"], [":authority", "new.test"], [":scheme", "https"],
                    ["X-Upper", "1"], ["x-twice", "1"], ["x-twice", "2"], ["", "nameless"],
                ]],
                ["get_header_map_pairs", 0],
            ],
            "response_headers": [
                ["set_header_map_pairs", 2, [["x-first", "1"], [":status", "203"], ["x-twice", "1"], ["x-twice", "2"]]],
                ["get_header_map_pairs", 2],
            ],
        }))
        .request(Request::get("/").header("x-old", "1"))
        .answer(Answer::new(200).header("x-old", "1").body("body"))
}

fn pseudo(name: &'static str) -> Scenario {
    Scenario::new(name)
        .script(json!({ "request_headers": [
            ["replace_header_map_value", 0, ":path", "/other?b=2"],
            ["replace_header_map_value", 0, ":method", "DELETE"],
            ["replace_header_map_value", 0, ":authority", "other.test"],
            ["replace_header_map_value", 0, ":scheme", "https"],
            ["add_header_map_value", 0, ":path", "/more"],
            ["add_header_map_value", 0, ":unknown", "1"],
            ["get_header_map_pairs", 0],
        ] }))
        .request(Request::get("/orders?a=1"))
        .answer(200)
}

fn sizes(name: &'static str) -> Scenario {
    let size = json!(["get_header_map_size", 0]);
    Scenario::new(name)
        .script(json!({
            "request_headers": [
                size, ["add_header_map_value", 0, "x-a", "1234567"], size,
                ["replace_header_map_value", 0, "x-a", ""], size,
                ["remove_header_map_value", 0, "x-a"], size,
                ["add_header_map_value", 0, "x-big", { "fill": "v", "times": 70000 }], size,
                ["remove_header_map_value", 0, "x-big"],
            ],
            "response_headers": [["get_header_map_size", 2]],
        }))
        .get()
        .answer(Answer::new(200).header("x-b", "1"))
}

fn removal(name: &'static str) -> Scenario {
    Scenario::new(name)
        .script(json!({
            "request_headers": [
                ["remove_header_map_value", 0, "x-none"],
                ["remove_header_map_value", 0, ""],
                ["replace_header_map_value", 0, "x-none", "1"],
                ["remove_header_map_value", 0, "x-forwarded-proto"],
                ["get_header_map_pairs", 0],
                ["replace_header_map_value", 0, "x-forwarded-proto", "http"],
            ],
            "response_headers": [["remove_header_map_value", 2, "content-length"], ["remove_header_map_value", 2, "x-a"]],
        }))
        .get()
        .answer(Answer::new(200).header("x-a", "1").header("x-a", "2").body("abc"))
}

fn order(name: &'static str) -> Scenario {
    Scenario::new(name)
        .script(json!({
            "request_headers": [
                ["replace_header_map_value", 0, "x-1", "new"],
                ["add_header_map_value", 0, "x-4", "4"],
                ["remove_header_map_value", 0, "x-2"],
                ["add_header_map_value", 0, "x-2", "new"],
                ["replace_header_map_value", 0, "x-1", "newer"],
            ],
            "response_headers": [["replace_header_map_value", 2, "x-1", "new"], ["add_header_map_value", 2, "x-1", "newer"]],
        }))
        .request(Request::get("/").header("x-1", "1").header("x-2", "2").header("x-3", "3"))
        .answer(Answer::new(200).header("x-1", "1").header("x-2", "2"))
}

fn response_pseudo(name: &'static str) -> Scenario {
    Scenario::new(name)
        .script(json!({
            "response_headers": [
                ["get_property", ["response", "code"]],
                ["replace_header_map_value", 2, ":status", "418"],
                ["get_property", ["response", "code"]],
            ],
            "log": [["get_header_map_value", 2, ":status"], ["get_property", ["response", "code"]]],
        }))
        .get()
        .answer(Answer::new(200).body("short"))
}

/// Names are static, as those of tests are.
fn leak(name: String) -> &'static str {
    name.leak()
}
