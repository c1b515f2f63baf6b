//! Call-outs over HTTP, and the status of the last one that broke off.

use super::guest::{Args, Failure, Guest, decode_pairs};
use super::{HostFunction, Param::I32, Status};
use crate::answer::{Answer, Failure as Unanswered, Outcome};
use crate::call_out::Asked;
use crate::header_map::HeaderMap;

pub(crate) const FUNCTIONS: &[HostFunction] = &[
    HostFunction {
        name: "proxy_http_call",
        params: &[I32; 10],
        others: &[Status::BAD_ARGUMENT, Status::INVALID_MEMORY_ACCESS],
        serve: http_call,
    },
    HostFunction {
        name: "proxy_get_status",
        params: &[I32; 3],
        others: &[Status::INVALID_MEMORY_ACCESS],
        serve: get_status,
    },
];

/// `WasmResult::BrokenConnection`, the one code that `proxy_get_status` knows beside 0 where there is no gRPC.
const BROKEN_CONNECTION: u32 = 11;

fn http_call(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let cluster = guest.read(args.u32(0), args.u32(1))?;
    let pairs = decode_pairs(&guest.read(args.u32(2), args.u32(3))?);
    let body = guest.read(args.u32(4), args.u32(5))?;
    // HTTP/1 upstreams never see them: the body has a length.
    guest.read(args.u32(6), args.u32(7))?;
    let (timeout, token_at) = (args.u32(8), args.u32(9));
    guest.write_u32(token_at, 0)?;
    let cluster = String::from_utf8_lossy(&cluster).into_owned();
    let mut headers = HeaderMap::request();
    // Envoy sends an empty name or drops it, by what its memory held before. Here it is dropped.
    for (name, value) in pairs.iter().filter(|(name, _)| !name.is_empty()) {
        headers.add(name, value);
    }
    let complete = [&b":method"[..], b":path", b":authority"].map(|name| headers.has(name));
    let known = guest.state().settings.has_cluster(&cluster);
    if !known || complete != [true; 3] || timeout > i32::MAX as u32 {
        return Err(Status::BAD_ARGUMENT.into());
    }
    let context = guest.context_id();
    let asking = guest.context().ok_or(Status::BAD_ARGUMENT)?;
    let (root, plugin) = (asking.root, asking.plugin.name.clone());
    let state = guest.state_mut();
    let token = state.call_outs.next_token();
    let answer = state.settings.cluster(&cluster).next_answer(&state.shared, 0);
    if answer.as_ref().is_some_and(fails_at_once) {
        return Err(Status::INTERNAL_FAILURE.into());
    }
    state.call_outs.ask(Asked {
        token,
        plugin,
        context,
        root,
        cluster,
        headers,
        body,
        timeout,
        answer,
    });
    guest.write_u32(token_at, token)?;
    Ok(())
}

/// Whether Envoy knows this answer while the plugin still waits for the call's status. It then calls nothing back.
fn fails_at_once(answer: &Answer) -> bool {
    answer.comes_at_once() || matches!(answer.outcome, Outcome::Failure(Unanswered::Overflow))
}

fn get_status(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let root = guest.context().map(|context| context.root);
    let call_outs = &guest.state().call_outs;
    let broken = root.is_some_and(|root| call_outs.broke_off_before(root));
    let now = root.is_some_and(|root| call_outs.is_told_of_a_break(root));
    let code = if broken { BROKEN_CONNECTION } else { 0 };
    guest.write_u32(args.u32(0), code)?;
    // The code stays, the message does not.
    let message: &[u8] = if now { b"reset" } else { b"" };
    guest.hand_over(message, args.u32(1), args.u32(2))
}
