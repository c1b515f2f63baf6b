//! Access logs, made up: the same each time.

use serde_json::{Value, json};

/// A request in a log, as the samples' `json_format` writes it.
#[derive(Clone)]
pub(crate) struct Line {
    /// When it began, in milliseconds since the log's first second.
    pub(crate) at: u64,
    pub(crate) took: u64,
    members: Value,
}

/// A GET at this time, which the upstream answered with 200 after 20 ms.
pub(crate) fn get(at: u64) -> Line {
    Line {
        at,
        took: 20,
        members: json!({
            "method": "GET", "path": "/orders/7", "authority": "shop.example", "route": "orders", "cluster": "orders",
            "code": 200, "details": "via_upstream", "attempts": 1, "request_id": format!("id-{at}"), "error_code": null,
        }),
    }
}

impl Line {
    /// The upstream answered with this status.
    pub(crate) fn code(self, code: u16) -> Self {
        self.with("code", code)
    }

    /// Why it was answered, in Envoy's words.
    pub(crate) fn details(self, details: &str) -> Self {
        self.with("details", details)
    }

    /// How long it took, in milliseconds.
    pub(crate) fn took(self, took: u64) -> Self {
        Self { took, ..self }
    }

    /// Another member.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members[name] = value.into();
        self
    }

    /// The line.
    pub(crate) fn text(&self) -> String {
        let mut members = self.members.clone();
        members["time"] = time(self.at).into();
        members["duration_ms"] = self.took.into();
        members.to_string()
    }
}

/// The log of these requests: a line is written when its request has ended.
pub(crate) fn log(lines: impl IntoIterator<Item = Line>) -> String {
    let mut lines: Vec<Line> = lines.into_iter().collect();
    lines.sort_by_key(|line| line.at + line.took);
    lines.iter().map(|line| line.text() + "\n").collect()
}

/// So many milliseconds after 2026-01-01T00:00:00Z, within that day.
pub(crate) fn time(millis: u64) -> String {
    let (seconds, millis) = (millis / 1000, millis % 1000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("2026-01-01T{hours:02}:{minutes:02}:{seconds:02}.{millis:03}Z")
}

/// A shop's traffic over so many requests, ten a second: four routes, slow and quick answers, some errors; from the
/// 60th second to the 90th most payments fail.
pub(crate) fn shop(requests: u64) -> Vec<Line> {
    // A generator of whole period (Numerical Recipes): enough for traffic.
    let mut state = 7_u64;
    let mut draw = move |below: u64| {
        state = (state.wrapping_mul(1_664_525) + 1_013_904_223) % (1 << 32);
        (state >> 8) % below
    };
    let request = move |number: u64| {
        let at = number * 100 + draw(100);
        let route = ["pay", "orders", "search", "users"][draw(4) as usize];
        let method = ["GET", "GET", "POST"][draw(3) as usize];
        let (code, details) = match draw(1000) {
            _ if route == "pay" && (60_000..90_000).contains(&at) && draw(10) < 8 => (503, "via_upstream"),
            0..8 => (404, "via_upstream"),
            8..10 => (504, "response_timeout"),
            _ => (200, "via_upstream"),
        };
        let line = get(at).took(5 + draw(200)).code(code).details(details);
        let line = line
            .with("route", route)
            .with("cluster", route)
            .with("method", method);
        line.with("path", format!("/{route}/{number}?page=1"))
    };
    (0..requests).map(request).collect()
}
