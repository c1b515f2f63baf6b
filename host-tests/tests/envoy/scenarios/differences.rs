//! Where the host differs from Envoy, and why it stays so.

use std::collections::BTreeSet;
use std::fmt::Write;

/// A difference that cannot be closed.
pub struct Difference {
    /// The scenario's name.
    pub scenario: &'static str,
    /// The line that only Envoy has; empty: none.
    pub envoy: &'static str,
    /// The line that only the host has; empty: none.
    pub host: &'static str,
    /// Why it cannot be closed.
    #[allow(dead_code, reason = "it is for whoever reads the list")]
    pub reason: &'static str,
}

/// All that are known.
const DIFFERENCES: &[Difference] = &[];

/// The lines that only one side has, as a report, without those that are listed; `used` collects the numbers of these.
pub fn between(scenario: &str, envoy: &str, host: &str, used: &mut BTreeSet<usize>) -> String {
    let mut report = String::new();
    for (ours, line) in compare(envoy, host) {
        let listed = DIFFERENCES.iter().position(|difference| {
            let of_side = if ours { difference.host } else { difference.envoy };
            difference.scenario == scenario && of_side == line.trim_start()
        });
        match listed {
            Some(number) => {
                used.insert(number);
            }
            None => {
                let _ = writeln!(report, "  {} {line}", if ours { "host: " } else { "envoy:" });
            }
        }
    }
    report
}

/// Those that were not met.
pub fn stale(used: &BTreeSet<usize>) -> impl Iterator<Item = &'static Difference> {
    DIFFERENCES
        .iter()
        .enumerate()
        .filter(|(number, _)| !used.contains(number))
        .map(|(_, difference)| difference)
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
