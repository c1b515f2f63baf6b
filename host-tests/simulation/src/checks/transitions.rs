//! A breaker goes from state to state exactly when its page says, for the reason and by the numbers that its log line tells,
//! and by nothing that is late.

use super::Broken;
use crate::model::Model;
use crate::model::breaker::Move;
use crate::model::roots::BreakerName;
use host::LogLine;
use serde_json::Value;

const PROMISE: &str = "a breaker changes its state when it must, and not else";

/// Compares what the model has moved since the last time with what the plugin told of it. Gives the breakers that moved, and how.
pub(crate) fn check(model: &mut Model, lines: &[LogLine]) -> Result<Vec<(BreakerName, String)>, Broken> {
    let mut told: Vec<Value> = Vec::new();
    for line in lines {
        if let Ok(line) = serde_json::from_str::<Value>(&line.message)
            && line["event"] == "transition"
        {
            told.push(line);
        }
    }
    let mut moved: Vec<(BreakerName, String)> = Vec::new();
    for ((key, value), breaker) in &mut model.breakers {
        for expected in std::mem::take(&mut breaker.moves) {
            let place = told
                .iter()
                .position(|line| line["key"] == *key && line["breaker"] == *value);
            let Some(place) = place else {
                return Err(Broken::new(
                    PROMISE,
                    format!(
                        "breaker {value} must have gone {}, and tells of nothing",
                        words(&expected)
                    ),
                ));
            };
            let open = agree(&expected, &told.remove(place))
                .map_err(|words| Broken::new(PROMISE, format!("breaker {value}: {words}")))?;
            if let Some(millis) = open {
                breaker.is_open_for(millis);
            }
            let counter = format!(
                "circuit_breaker_transitions_total.breaker={value};.from={};.to={};.reason={};",
                expected.from.word(),
                expected.to.word(),
                expected.reason
            );
            *model.metrics.entry(counter).or_default() += 1;
            model.metrics.insert(
                format!("circuit_breaker_state.breaker={value};"),
                expected.to.number(),
            );
            moved.push(((*key, *value), format!("{value} goes {}", words(&expected))));
        }
    }
    match told.first() {
        Some(line) => Err(Broken::new(
            PROMISE,
            format!("nothing must have happened, and a line says {line}"),
        )),
        None => Ok(moved),
    }
}

fn words(expected: &Move) -> String {
    let numbers: Vec<String> = expected
        .numbers
        .iter()
        .map(|(name, number)| format!("{name} {number}"))
        .collect();
    let open = expected.opens_for.map_or(String::new(), |(least, most)| {
        format!(", for {least} to {most} ms")
    });
    format!(
        "from {} to {} because of {} ({}){open}",
        expected.from.word(),
        expected.to.word(),
        expected.reason,
        numbers.join(", ")
    )
}

/// Gives the open time that was told.
fn agree(expected: &Move, line: &Value) -> Result<Option<u64>, String> {
    let is = |key: &str, word: &str| line[key] == *word;
    let same =
        is("from", expected.from.word()) && is("to", expected.to.word()) && is("reason", expected.reason);
    let numbers = expected
        .numbers
        .iter()
        .all(|(name, number)| line[*name] == *number);
    if !same || !numbers {
        return Err(format!("it must have gone {}, and tells {line}", words(expected)));
    }
    let Some((least, most)) = expected.opens_for.filter(|_| expected.reason != "forced") else {
        return Ok(None);
    };
    match line["open_ms"].as_u64() {
        Some(millis) if (least..=most).contains(&millis) => Ok(Some(millis)),
        _ => Err(format!(
            "it must be open for {least} to {most} ms, and tells {line}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::breaker::State;
    use serde_json::json;

    fn opened() -> Move {
        Move {
            from: State::Closed,
            to: State::Open,
            reason: "consecutive_failures",
            numbers: vec![("consecutive_failures", 3)],
            opens_for: Some((1_000, 1_100)),
        }
    }

    fn line() -> Value {
        json!({ "from": "closed", "to": "open", "reason": "consecutive_failures", "consecutive_failures": 3, "open_ms": 1_050 })
    }

    #[test]
    fn what_is_told_is_what_must_have_happened() {
        assert_eq!(agree(&opened(), &line()), Ok(Some(1_050)));
        let others = [
            ("to", json!("half_open")),
            ("reason", json!("failure_rate")),
            ("consecutive_failures", json!(4)),
            ("open_ms", json!(1_101)),
        ];
        for (key, value) in others {
            let mut line = line();
            line[key] = value;
            assert!(agree(&opened(), &line).is_err(), "{line}");
        }
    }
}
