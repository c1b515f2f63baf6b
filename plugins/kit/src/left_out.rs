//! The SDK's own host calls, left out.
//!
//! The SDK's trait for an exchange has a method for every host call there is, and they panic on a status that they do
//! not expect. Nothing calls them: the kit has its own. But a trait object refers to all its methods, so they would be
//! in every module, with their panics and their imports. Each is replaced by one that does nothing.

/// Methods that call nothing and return an empty value, with the signatures of the SDK's trait.
macro_rules! nothing {
    ($($name:ident($($argument:ty),*) $(-> $value:ty)?;)*) => {
        $(fn $name(&self, $(_: $argument),*) $(-> $value)? {
            Default::default()
        })*
    };
}

/// Every method of `HttpContext` that is a host call.
macro_rules! without_host_calls {
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

pub(crate) use {nothing, without_host_calls};
