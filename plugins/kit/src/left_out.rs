//! The SDK's own host calls, left out.
//!
//! The SDK's traits have a method for every host call there is, and they panic on a status that they do not expect.
//! Nothing calls them: the kit has its own. But a trait object refers to all its methods, so they would be in every
//! module, with their panics and their imports. Each is replaced by one that does nothing.

/// Methods that call nothing and return an empty value, with the signatures of the SDK's trait.
macro_rules! nothing {
    ($($name:ident($($argument:ty),*) $(-> $value:ty)?;)*) => {
        $(fn $name(&self, $(_: $argument),*) $(-> $value)? {
            Default::default()
        })*
    };
}

/// As `nothing`, of methods that may fail: they do.
macro_rules! failing {
    ($($name:ident($($argument:ty),*) -> $value:ty;)*) => {
        $(fn $name(&self, $(_: $argument),*) -> Result<$value, Status> {
            Err(Status::InternalFailure)
        })*
    };
}

/// Every method of `Context` that is a host call.
macro_rules! without_host_calls_of_any_context {
    () => {
        fn get_current_time(&self) -> SystemTime {
            SystemTime::UNIX_EPOCH
        }

        fn get_grpc_stream_message(&mut self, _: usize, _: usize) -> Option<Bytes> {
            None
        }

        $crate::left_out::nothing! {
            get_property(Vec<&str>) -> Option<Bytes>;
            set_property(Vec<&str>, Option<&[u8]>);
            get_shared_data(&str) -> (Option<Bytes>, Option<u32>);
            register_shared_queue(&str) -> u32;
            resolve_shared_queue(&str, &str) -> Option<u32>;
            get_http_call_response_headers() -> Vec<(String, String)>;
            get_http_call_response_headers_bytes() -> Vec<(String, Bytes)>;
            get_http_call_response_header(&str) -> Option<String>;
            get_http_call_response_header_bytes(&str) -> Option<Bytes>;
            get_http_call_response_body(usize, usize) -> Option<Bytes>;
            get_http_call_response_trailers() -> Vec<(String, String)>;
            get_http_call_response_trailers_bytes() -> Vec<(String, Bytes)>;
            get_http_call_response_trailer(&str) -> Option<String>;
            get_http_call_response_trailer_bytes(&str) -> Option<Bytes>;
            get_grpc_call_response_body(usize, usize) -> Option<Bytes>;
            cancel_grpc_call(u32);
            get_grpc_stream_initial_metadata() -> Vec<(String, Bytes)>;
            get_grpc_stream_initial_metadata_value(&str) -> Option<Bytes>;
            send_grpc_stream_message(u32, Option<&[u8]>, bool);
            get_grpc_stream_trailing_metadata() -> Vec<(String, Bytes)>;
            get_grpc_stream_trailing_metadata_value(&str) -> Option<Bytes>;
            cancel_grpc_stream(u32);
            close_grpc_stream(u32);
            get_grpc_status() -> (u32, Option<String>);
            done();
        }
        $crate::left_out::failing! {
            set_shared_data(&str, Option<&[u8]>, Option<u32>) -> ();
            remove_shared_data(&str, Option<u32>) -> ();
            dequeue_shared_queue(u32) -> Option<Bytes>;
            enqueue_shared_queue(u32, Option<&[u8]>) -> ();
            dispatch_http_call(&str, Vec<(&str, &str)>, Option<&[u8]>, Vec<(&str, &str)>, Duration) -> u32;
            dispatch_grpc_call(&str, &str, &str, Vec<(&str, &[u8])>, Option<&[u8]>, Duration) -> u32;
            open_grpc_stream(&str, &str, &str, Vec<(&str, &[u8])>) -> u32;
            call_foreign_function(&str, Option<&[u8]>) -> Option<Bytes>;
        }
    };
}

/// Every method of `RootContext` that is a host call.
macro_rules! without_host_calls_of_the_root {
    () => {
        $crate::left_out::nothing! {
            get_vm_configuration() -> Option<Bytes>;
            get_plugin_configuration() -> Option<Bytes>;
            set_tick_period(Duration);
        }
    };
}

/// Every method of `HttpContext` that is a host call.
macro_rules! without_host_calls_of_an_exchange {
    () => {
        $crate::left_out::nothing! {
            get_http_request_headers() -> Vec<(String, String)>;
            get_http_request_headers_bytes() -> Vec<(String, Bytes)>;
            set_http_request_headers(Vec<(&str, &str)>);
            set_http_request_headers_bytes(Vec<(&str, &[u8])>);
            get_http_request_header(&str) -> Option<String>;
            get_http_request_header_bytes(&str) -> Option<Bytes>;
            set_http_request_header(&str, Option<&str>);
            set_http_request_header_bytes(&str, Option<&[u8]>);
            add_http_request_header(&str, &str);
            add_http_request_header_bytes(&str, &[u8]);
            remove_http_request_header(&str);
            get_http_request_body(usize, usize) -> Option<Bytes>;
            set_http_request_body(usize, usize, &[u8]);
            get_http_request_trailers() -> Vec<(String, String)>;
            get_http_request_trailers_bytes() -> Vec<(String, Bytes)>;
            set_http_request_trailers(Vec<(&str, &str)>);
            set_http_request_trailers_bytes(Vec<(&str, &[u8])>);
            get_http_request_trailer(&str) -> Option<String>;
            get_http_request_trailer_bytes(&str) -> Option<Bytes>;
            set_http_request_trailer(&str, Option<&str>);
            set_http_request_trailer_bytes(&str, Option<&[u8]>);
            add_http_request_trailer(&str, &str);
            add_http_request_trailer_bytes(&str, &[u8]);
            remove_http_request_trailer(&str);
            resume_http_request();
            reset_http_request();
            get_http_response_headers() -> Vec<(String, String)>;
            get_http_response_headers_bytes() -> Vec<(String, Bytes)>;
            set_http_response_headers(Vec<(&str, &str)>);
            set_http_response_headers_bytes(Vec<(&str, &[u8])>);
            get_http_response_header(&str) -> Option<String>;
            get_http_response_header_bytes(&str) -> Option<Bytes>;
            set_http_response_header(&str, Option<&str>);
            set_http_response_header_bytes(&str, Option<&[u8]>);
            add_http_response_header(&str, &str);
            add_http_response_header_bytes(&str, &[u8]);
            remove_http_response_header(&str);
            get_http_response_body(usize, usize) -> Option<Bytes>;
            set_http_response_body(usize, usize, &[u8]);
            get_http_response_trailers() -> Vec<(String, String)>;
            get_http_response_trailers_bytes() -> Vec<(String, Bytes)>;
            set_http_response_trailers(Vec<(&str, &str)>);
            set_http_response_trailers_bytes(Vec<(&str, &[u8])>);
            get_http_response_trailer(&str) -> Option<String>;
            get_http_response_trailer_bytes(&str) -> Option<Bytes>;
            set_http_response_trailer(&str, Option<&str>);
            set_http_response_trailer_bytes(&str, Option<&[u8]>);
            add_http_response_trailer(&str, &str);
            add_http_response_trailer_bytes(&str, &[u8]);
            remove_http_response_trailer(&str);
            resume_http_response();
            reset_http_response();
            send_http_response(u32, Vec<(&str, &str)>, Option<&[u8]>);
            send_grpc_response(GrpcStatusCode, Option<&str>, Vec<(&str, &[u8])>);
        }
    };
}

pub(crate) use {
    failing, nothing, without_host_calls_of_an_exchange, without_host_calls_of_any_context,
    without_host_calls_of_the_root,
};
