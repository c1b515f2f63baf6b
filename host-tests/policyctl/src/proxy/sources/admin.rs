//! What Envoy's administration interface answers.

use super::Told;
use crate::document::Document;
use crate::problem::Problem;
use crate::web;
use serde_json::Value;
use std::sync::Arc;

/// Asks for the configuration, and for those of its numbers that tell of plugins.
pub(super) fn ask(address: &str) -> Result<(Vec<Document>, Told), Problem> {
    let base = address.trim_end_matches('/');
    let base = base.strip_suffix("/config_dump").unwrap_or(base);
    let name: Arc<str> = format!("{base}/config_dump?include_eds").into();
    let dump: Arc<str> = get(&name)?.into();
    let documents = Document::parse_all(&name, &dump)?;
    if documents
        .first()
        .is_none_or(|document| document.root().get("configs").is_none())
    {
        let problem = Problem::new(format!("{name}: the answer is no dump of a configuration"));
        return Err(
            problem.cure("give the address of Envoy's administration interface, http://127.0.0.1:9901")
        );
    }
    let filter = "config_fail|vm_reload|policy_degradations";
    let numbers = get(&format!("{base}/stats?format=json&filter={filter}"))?;
    Ok((
        documents,
        Told {
            address: base.to_owned(),
            numbers: numbers_of(&numbers),
        },
    ))
}

fn get(url: &str) -> Result<String, Problem> {
    let answer = web::get(url)?;
    match answer.status {
        200 => Ok(answer.body),
        status => Err(Problem::new(format!("{url}: was answered {status}"))
            .cure("give the address of Envoy's administration interface, http://127.0.0.1:9901")),
    }
}

/// `{"stats": [{"name": …, "value": …}, …]}`; histograms have no value.
fn numbers_of(json: &str) -> Vec<(String, u64)> {
    let json: Value = serde_json::from_str(json).unwrap_or_default();
    let stats = json.get("stats").and_then(Value::as_array);
    let number = |stat: &Value| {
        Some((
            stat.get("name")?.as_str()?.to_owned(),
            stat.get("value")?.as_u64()?,
        ))
    };
    stats.into_iter().flatten().filter_map(number).collect()
}
