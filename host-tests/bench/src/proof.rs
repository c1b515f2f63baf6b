//! Before anything is measured: each variant does what it is there for. A filter that does nothing is fast.

use crate::cell::{Cell, Variant, Workload};
use crate::configuration::vms;
use crate::requests::request;
use crate::{Error, Result};
use live::Envoy;
use live::client::{self, Response};

/// More requests than it takes to open a breaker, of the defaults too.
const TO_OPEN: usize = 100;
/// What a rejection has in its body.
const REJECTED: &str = "\"CIRCUIT_OPEN\"";
/// VMs of each kind, with one worker: the worker's, the main thread's, and the one that they are copies of.
const VMS_OF_EACH: u64 = 3;

/// Opens the breaker of this cell.
pub(crate) fn open(envoy: &Envoy, cell: Cell) -> Result<()> {
    for _ in 0..TO_OPEN {
        if ask(envoy, cell, Workload::OpenBreaker)?.text().contains(REJECTED) {
            return Ok(());
        }
    }
    Err(wrong(cell, format!("{TO_OPEN} failures opened no breaker")))
}

/// Asks once, and looks at the answer.
pub(crate) fn of_answer(envoy: &Envoy, cell: Cell) -> Result<()> {
    answer(cell, &ask(envoy, cell, cell.workload)?)
}

/// Looks at what does not show in an answer; once for each variant, and not where its breaker is open.
pub(crate) fn of_filters(envoy: &Envoy, cell: Cell) -> Result<()> {
    let count = |name: &str| Ok::<u64, Error>(envoy.stats()?.get(name).copied().unwrap_or_default());
    let variant = cell.variant;
    if variant == Variant::LocalRatelimit && count("bench.http_local_rate_limit.ok")? == 0 {
        return Err(wrong(cell, "no request met the rate limit"));
    }
    if count("http.bench.lua.errors")? > 0 {
        return Err(wrong(cell, "the Lua filter failed"));
    }
    // Both on a route that is measured only at listeners of its own.
    if has(variant, Variant::Retry) {
        let before = count("cluster.failing.upstream_rq_retry")?;
        ask(envoy, cell, Workload::OpenBreaker)?;
        if count("cluster.failing.upstream_rq_retry")? == before {
            return Err(wrong(cell, "what failed was not tried again"));
        }
    }
    if has(variant, Variant::CircuitBreaker) {
        open(envoy, cell)?;
    }
    Ok(())
}

/// There are as many VMs as there should be: four filters of one `vm_id` and module share theirs.
pub(crate) fn of_machines(envoy: &Envoy, cells: &[Cell]) -> Result<()> {
    let wanted = vms(cells) as u64 * VMS_OF_EACH;
    let stats = envoy.stats()?;
    let found = stats
        .get("wasm.envoy.wasm.runtime.v8.active")
        .copied()
        .unwrap_or_default();
    if found == wanted {
        return Ok(());
    }
    Err(Error::Wrong(format!(
        "Envoy has {found} wasm VMs in place of {wanted}"
    )))
}

/// Whether `variant` is this plugin, or has it.
fn has(variant: Variant, plugin: Variant) -> bool {
    variant == plugin || matches!(variant, Variant::Chain | Variant::ByRootIds | Variant::OnePass)
}

fn answer(cell: Cell, response: &Response) -> Result<()> {
    let (workload, variant) = (cell.workload, cell.variant);
    if response.status != workload.status() {
        return Err(wrong(
            cell,
            format!("status {} in place of {}", response.status, workload.status()),
        ));
    }
    let body = response.text();
    let wanted = match workload {
        Workload::DirectResponse | Workload::Upstream | Workload::Calls => "hello\n",
        Workload::OpenBreaker => REJECTED,
        Workload::ReplacedError if has(variant, Variant::ErrorEnvelope) => "\"status_code\":404",
        Workload::ReplacedError => "no such order\n",
    };
    if !body.contains(wanted) {
        return Err(wrong(cell, format!("no {wanted:?} in the body {body:?}")));
    }
    for (field, is_wanted) in [
        (
            "x-request-id",
            has(variant, Variant::RequestId)
                || matches!(variant, Variant::LuaRequestId | Variant::SetResponseHeader),
        ),
        ("x-bench", variant == Variant::HeaderMutation),
    ] {
        if response.values(field).is_empty() == is_wanted {
            let should = if is_wanted { "no" } else { "a" };
            return Err(wrong(cell, format!("the answer has {should} field {field}")));
        }
    }
    Ok(())
}

fn ask(envoy: &Envoy, cell: Cell, workload: Workload) -> Result<Response> {
    Ok(client::send(
        envoy.listener(&cell.listener())?,
        &request(workload),
    )?)
}

fn wrong(cell: Cell, rule: impl Into<String>) -> Error {
    Error::Wrong(format!("{cell}: {}", rule.into()))
}

#[cfg(test)]
mod tests;
