//! What the module exports: every callback of the ABI that an HTTP plugin can have.

use crate::puppet::{Call, enter};

/// Declares that the module speaks this version of the ABI.
#[unsafe(no_mangle)]
extern "C" fn proxy_abi_version_0_2_1() {}

/// The guest's allocator.
#[unsafe(no_mangle)]
extern "C" fn proxy_on_memory_allocate(size: usize) -> usize {
    crate::abi::allocate(size)
}

/// Declares callbacks: the name in scripts, the export, its arguments and what it returns unless the script says so.
macro_rules! callbacks {
    ($($name:literal $export:ident($context:ident $(, $argument:ident)*) -> $default:literal;)*) => {
        $(
            #[doc = concat!("The callback `", $name, "`.")]
            #[unsafe(no_mangle)]
            extern "C" fn $export($context: u32 $(, $argument: u32)*) -> u32 {
                enter(&Call { name: $name, context: $context, arguments: &[$($argument),*] }, $default)
            }
        )*
    };
    (nothing: $($name:literal $export:ident($context:ident $(, $argument:ident)*);)*) => {
        $(
            #[doc = concat!("The callback `", $name, "`.")]
            #[unsafe(no_mangle)]
            extern "C" fn $export($context: u32 $(, $argument: u32)*) {
                enter(&Call { name: $name, context: $context, arguments: &[$($argument),*] }, 0);
            }
        )*
    };
}

callbacks! {
    "vm_start" proxy_on_vm_start(root, size) -> 1;
    "configure" proxy_on_configure(root, size) -> 1;
    "request_headers" proxy_on_request_headers(context, count, end) -> 0;
    "request_body" proxy_on_request_body(context, size, end) -> 0;
    "request_trailers" proxy_on_request_trailers(context, count) -> 0;
    "response_headers" proxy_on_response_headers(context, count, end) -> 0;
    "response_body" proxy_on_response_body(context, size, end) -> 0;
    "response_trailers" proxy_on_response_trailers(context, count) -> 0;
    "done" proxy_on_done(context) -> 1;
}

callbacks! { nothing:
    "create" proxy_on_context_create(context, parent);
    "log" proxy_on_log(context);
    "delete" proxy_on_delete(context);
    "tick" proxy_on_tick(root);
    "queue_ready" proxy_on_queue_ready(root, token);
    "http_call_response" proxy_on_http_call_response(context, token, headers, size, trailers);
    "grpc_receive_initial_metadata" proxy_on_grpc_receive_initial_metadata(context, token, headers);
    "grpc_receive_trailing_metadata" proxy_on_grpc_receive_trailing_metadata(context, token, trailers);
    "grpc_receive" proxy_on_grpc_receive(context, token, size);
    "grpc_close" proxy_on_grpc_close(context, token, status);
    "foreign_function" proxy_on_foreign_function(context, function, size);
}
