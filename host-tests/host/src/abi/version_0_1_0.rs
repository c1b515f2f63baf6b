//! Functions that only modules of ABI 0.1.0 get.

use super::guest::{Args, Failure, Guest};
use super::{HostFunction, Param::I32, Status, life};
use crate::vm_state::ContextKind;

pub(crate) const FUNCTIONS: &[HostFunction] = &[
    HostFunction {
        name: "proxy_get_configuration",
        params: &[I32, I32],
        others: &[Status::INVALID_MEMORY_ACCESS],
        serve: get_configuration,
    },
    HostFunction {
        name: "proxy_continue_request",
        params: &[],
        others: &[],
        serve: |guest, _| life::go_on(guest, true),
    },
    HostFunction {
        name: "proxy_continue_response",
        params: &[],
        others: &[],
        serve: |guest, _| life::go_on(guest, false),
    },
    HostFunction {
        name: "proxy_clear_route_cache",
        params: &[],
        others: &[],
        serve: |guest, _| {
            life::clear_route_cache(guest);
            Ok(())
        },
    },
];

/// The plugin's configuration while the root context is made and configured, the VM's at any other time.
fn get_configuration(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let own = guest.context().and_then(|context| match context.kind {
        ContextKind::Root {
            configuring: true, ..
        } => Some(context.plugin.configuration.0.clone()),
        _ => None,
    });
    let configuration = own.unwrap_or_else(|| guest.state().vm_configuration.clone());
    guest.hand_over(&configuration, args.u32(0), args.u32(1))
}
