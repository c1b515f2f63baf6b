//! A server error shows nothing of its inside.

use super::{policy, text};
use host::{Answer, Exchange};
use serde_json::json;

/// Each with words that must not come out.
const INSIDES: [(&str, &[&str]); 8] = [
    (
        "Traceback (most recent call last):\n  File \"/srv/app/orders.py\", line 7, in pay\nKeyError: 'card'",
        &["Traceback", "orders.py", "KeyError"],
    ),
    (
        "java.lang.NullPointerException\n\tat com.shop.Orders.pay(Orders.java:42)",
        &["NullPointer", "com.shop", "Orders.java"],
    ),
    (
        "thread 'main' panicked at src/main.rs:3:5",
        &["panicked", "main.rs"],
    ),
    (
        "ERROR: duplicate key value violates unique constraint; SELECT * FROM users WHERE id = 7",
        &["SELECT", "users", "constraint"],
    ),
    (
        "could not connect to db-1.internal.example:5432",
        &["db-1", "internal.example", "5432"],
    ),
    (
        "dial tcp 10.1.2.3:6379: connect: connection refused",
        &["10.1.2.3", "6379", "dial"],
    ),
    (
        "upstream connect error or disconnect/reset before headers. reset reason: connection failure, transport failure reason: delayed connect error: 111",
        &["upstream connect error", "reset reason", "delayed connect"],
    ),
    ("no healthy upstream", &["healthy"]),
];

#[track_caller]
fn assert_hidden(exchange: &Exchange, words: &[&str]) {
    let answer = String::from_utf8(exchange.body()).expect("it is text");
    for word in words {
        assert!(!answer.contains(word), "{word}\n{exchange}");
    }
    super::body(exchange);
}

#[test]
fn traces_sql_hosts_addresses_and_the_proxys_own_texts_stay_inside() {
    for passthrough in ["never", "enveloped"] {
        let host = policy(json!({ "passthrough": passthrough }));
        for (inside, words) in INSIDES {
            let quoted = json!(inside).to_string();
            let bodies = [
                ("text/plain", inside.to_owned()),
                ("text/html", format!("<html><pre>{inside}</pre>")),
                ("application/json", format!("{{\"message\":{quoted}}}")),
                (
                    "application/json",
                    format!("{{\"detail\":[{{\"loc\":[{quoted}],\"msg\":{quoted},\"type\":{quoted}}}]}}"),
                ),
                (
                    "application/json",
                    format!("{{\"error\":{{\"message\":{quoted}}},\"title\":{quoted}}}"),
                ),
                ("application/xml", format!("<e>{inside}</e>")),
                ("application/octet-stream", inside.to_owned()),
            ];
            for (content_type, body) in bodies {
                for status in [500, 502, 503, 599] {
                    let request = host.get("/").header("accept", "text/html, */*;q=0.1");
                    let exchange = request.answered_with(
                        Answer::new(status)
                            .header("content-type", content_type)
                            .body(&body),
                    );
                    assert_hidden(&exchange, words);
                    // Nor does the log say it.
                    for line in exchange.logs() {
                        assert!(words.iter().all(|word| !line.message.contains(word)), "{line}");
                    }
                }
            }
        }
    }
}

#[test]
fn by_default_all_but_what_is_declared_json_or_xml_is_hidden() {
    let host = policy(json!({}));
    for (inside, words) in INSIDES {
        for content_type in ["text/plain", "text/html", "application/octet-stream", ""] {
            let answer = Answer::new(500).header("content-type", content_type).body(inside);
            assert_hidden(&host.get("/").answered_with(answer), words);
        }
    }
}

#[test]
fn what_the_proxy_says_itself_stays_inside_too() {
    for (answer, ..) in super::local::REASONS {
        let exchange = policy(json!({})).get("/").run(answer());
        assert_hidden(
            &exchange,
            &[
                "upstream connect error",
                "reset reason",
                "healthy",
                "upstream request timeout",
                "delayed",
            ],
        );
    }
}

#[test]
fn a_server_error_that_the_catalogue_makes_a_client_error_is_still_one_inside() {
    let catalog = json!([{ "when": { "status": 500 }, "error_code": "NOT_NOW", "status": 409 }]);
    for passthrough in ["structured", "enveloped", "never"] {
        let host = policy(json!({ "passthrough": passthrough, "catalog": catalog }));
        for answer in [
            text(500, "SELECT 1"),
            Answer::new(500)
                .header("content-type", "application/json")
                .body(r#"{"message":"SELECT 1"}"#),
        ] {
            let exchange = host.get("/").answered_with(answer);
            if exchange.status() == 409 {
                assert_hidden(&exchange, &["SELECT"]);
            } else {
                assert_eq!(passthrough, "structured", "{exchange}");
            }
        }
    }
}
