//! Where the host differs from Envoy, and why it stays so.

use std::collections::BTreeSet;
use std::fmt::Write;

/// A difference that cannot be closed.
pub struct Difference {
    /// The scenario's name.
    pub scenario: &'static str,
    /// The lines that only Envoy has, without what they are indented by.
    pub envoy: &'static [&'static str],
    /// The lines that only the host has.
    pub host: &'static [&'static str],
    /// Why it cannot be closed.
    #[allow(dead_code, reason = "it is for whoever reads the list")]
    pub reason: &'static str,
}

/// All that are known.
const DIFFERENCES: &[Difference] = &[
    Difference {
        scenario: "a reply and a continue",
        envoy: &[],
        host: UNSENT,
        reason: RACE,
    },
    Difference {
        scenario: "a continue and a reply",
        envoy: &[],
        host: UNSENT,
        reason: RACE,
    },
    Difference {
        scenario: "an upstream filter that replies in a body",
        envoy: &[],
        host: &[
            "upstream got, 1:",
            "POST /",
            "host: host.test",
            "content-length: 5",
            "x-forwarded-proto: http",
            "x-envoy-expected-rq-timeout-ms: 10000",
        ],
        reason: RACE,
    },
    Difference {
        scenario: "properties of Envoy's own reply",
        envoy: &[
            r#"worker p: response_headers: get_property(upstream.num_endpoints) = 0 "\x00\x00\x00\x00\x00\x00\x00\x00""#,
            r#"worker p: log: get_property(upstream.num_endpoints) = 0 "\x00\x00\x00\x00\x00\x00\x00\x00""#,
        ],
        host: &[
            r#"worker p: response_headers: get_property(upstream.num_endpoints) = 0 "\x01\x00\x00\x00\x00\x00\x00\x00""#,
            r#"worker p: log: get_property(upstream.num_endpoints) = 0 "\x01\x00\x00\x00\x00\x00\x00\x00""#,
        ],
        reason: "a cluster of the host has a host; that it has none is an answer of its script",
    },
];

/// A request that goes on in one callback and is answered in the next, without a wait.
const UNSENT: &[&str] = &[
    "upstream got, 1:",
    "GET /",
    "host: host.test",
    "x-forwarded-proto: http",
    "x-envoy-expected-rq-timeout-ms: 15000",
];
const RACE: &str = "Envoy has no connection to the upstream yet when the reply ends the request; with an idle one the \
    upstream sees it. The host's upstreams are always connected.";

/// Whether a scenario is known to differ.
pub fn are_listed(scenario: &str) -> bool {
    DIFFERENCES
        .iter()
        .any(|difference| difference.scenario == scenario)
}

/// The lines that only one side has, as a report, without those that are listed; `used` collects which of these were met.
pub fn between(
    scenario: &'static str,
    envoy: &str,
    host: &str,
    used: &mut BTreeSet<(&'static str, bool, &'static str)>,
) -> String {
    let mut report = String::new();
    for (ours, line) in compare(envoy, host) {
        let mut listed = DIFFERENCES
            .iter()
            .filter(|difference| difference.scenario == scenario);
        let listed = listed.find_map(|difference| {
            let side = if ours { difference.host } else { difference.envoy };
            side.iter().find(|listed| **listed == line.trim_start())
        });
        match listed {
            Some(listed) => {
                used.insert((scenario, ours, listed));
            }
            None => {
                let _ = writeln!(report, "  {} {line}", if ours { "host: " } else { "envoy:" });
            }
        }
    }
    report
}

/// The scenarios of those differences of which a line was not met, with that line.
pub fn stale(used: &BTreeSet<(&'static str, bool, &'static str)>) -> Vec<(&'static str, &'static str)> {
    let lines = |difference: &'static Difference| {
        let envoys = difference
            .envoy
            .iter()
            .map(|line| (difference.scenario, false, *line));
        envoys.chain(
            difference
                .host
                .iter()
                .map(|line| (difference.scenario, true, *line)),
        )
    };
    let all = DIFFERENCES.iter().flat_map(lines);
    all.filter(|line| !used.contains(line))
        .map(|(scenario, _, line)| (scenario, line))
        .collect()
}

/// The lines of a longest common subsequence taken out: what is left, in order, and whether it is the host's.
fn compare<'t>(envoy: &'t str, host: &'t str) -> Vec<(bool, &'t str)> {
    let (envoy, host): (Vec<&str>, Vec<&str>) = (envoy.lines().collect(), host.lines().collect());
    let mut common = vec![vec![0usize; host.len() + 1]; envoy.len() + 1];
    for left in (0..envoy.len()).rev() {
        for right in (0..host.len()).rev() {
            common[left][right] = if envoy[left] == host[right] {
                common[left + 1][right + 1] + 1
            } else {
                common[left + 1][right].max(common[left][right + 1])
            };
        }
    }
    let (mut left, mut right, mut apart) = (0, 0, Vec::new());
    while left < envoy.len() || right < host.len() {
        if left < envoy.len() && right < host.len() && envoy[left] == host[right] {
            (left, right) = (left + 1, right + 1);
        } else if right == host.len()
            || (left < envoy.len() && common[left + 1][right] >= common[left][right + 1])
        {
            apart.push((false, envoy[left]));
            left += 1;
        } else {
            apart.push((true, host[right]));
            right += 1;
        }
    }
    apart
}
