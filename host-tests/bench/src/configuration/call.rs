//! Modules that make one call to the host in each request, written as text: nothing else is in them that could cost
//! something. Each looks at what the host answers, and traps where that is not what it should be, so that no request
//! succeeds whose call has not done its work.

use crate::cell::Variant;
use crate::{Error, Result};

/// Where the host may write what it answers: an address, a length, a version.
const ANSWER: &str = "(i32.const 16) (i32.const 20)";
/// Where the number of the counter is.
const COUNTER: &str = "(i32.const 32)";
/// As long as an id.
const VALUE: &str = "1f0e6a3c-5b7d-4e21-9c68-0a4f2b9d7e53";

const OK: u8 = 0;
const NOT_FOUND: u8 = 1;

/// In which callback it is made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum With {
    Request,
    Response,
}

/// A call to the host.
struct Call {
    with: With,
    /// As the host names it; of WASI what has no `proxy_` before it.
    function: &'static str,
    /// The types of its arguments.
    parameters: &'static str,
    arguments: String,
    /// What the host is to answer.
    status: u8,
    /// What happens at the beginning: an import, and a call.
    before: Option<(&'static str, String)>,
}

/// Texts in the module's memory.
#[derive(Default)]
struct Texts(String);

impl Texts {
    /// Where the first one is.
    const BEGIN: usize = 1024;

    /// Address and length of this one, as two arguments. None has a character that would have to be escaped but NUL.
    fn place(&mut self, text: &str) -> String {
        let at = Self::BEGIN + self.0.len();
        self.0.push_str(text);
        format!("(i32.const {at}) (i32.const {})", text.len())
    }
}

/// The module of this variant, as bytes; none of a variant that is no call.
///
/// # Errors
/// [`Error::Malformed`] where what is written here is no module.
pub(super) fn module(variant: Variant) -> Result<Option<Vec<u8>>> {
    if !Variant::CALLS.contains(&variant) {
        return Ok(None);
    }
    let malformed = |error: wat::Error| Error::Malformed {
        what: variant.name().into(),
        rule: error.to_string(),
    };
    wat::parse_str(text(variant)).map(Some).map_err(malformed)
}

/// How the host names the function that this variant calls; none of a variant that is no call.
#[cfg(test)]
pub(crate) fn function(variant: Variant) -> Option<&'static str> {
    call(variant, &mut Texts::default()).map(|call| call.function)
}

/// The call that this variant makes.
fn call(variant: Variant, texts: &mut Texts) -> Option<Call> {
    use With::{Request, Response};
    let of = |with, function, parameters, arguments| Call {
        with,
        function,
        parameters,
        arguments,
        status: OK,
        before: None,
    };
    let map = |with, map| {
        let arguments = format!("(i32.const {map}) {ANSWER}");
        of(with, "proxy_get_header_map_pairs", "i32 i32 i32", arguments)
    };
    let mut set = |with, map| {
        let (name, value) = (texts.place("x-request-id"), texts.place(VALUE));
        let arguments = format!("(i32.const {map}) {name} {value}");
        of(
            with,
            "proxy_replace_header_map_value",
            "i32 i32 i32 i32 i32",
            arguments,
        )
    };
    match variant {
        Variant::RequestHeaderMap => return Some(map(Request, 0)),
        Variant::ResponseHeaderMap => return Some(map(Response, 2)),
        Variant::SetRequestHeader => return Some(set(Request, 0)),
        Variant::SetResponseHeader => return Some(set(Response, 2)),
        _ => {}
    }
    let mut property = |with, path: &str, status| Call {
        status,
        ..of(
            with,
            "proxy_get_property",
            "i32 i32 i32 i32",
            format!("{} {ANSWER}", texts.place(path)),
        )
    };
    let call = match variant {
        Variant::ClusterName => property(Request, "xds\0cluster_name", OK),
        Variant::ListenerDirection => property(Request, "xds\0listener_direction", OK),
        Variant::AttemptsOfRequest => property(Request, "upstream\0request_attempt_count", OK),
        Variant::AttemptsOfResponse => property(Response, "upstream\0request_attempt_count", OK),
        Variant::CodeDetails => property(Response, "response\0code_details", OK),
        Variant::NoFilterState => property(Request, "policy.absent", NOT_FOUND),
        Variant::ResponseStatus => {
            let arguments = format!("(i32.const 2) {} {ANSWER}", texts.place(":status"));
            of(
                Response,
                "proxy_get_header_map_value",
                "i32 i32 i32 i32 i32",
                arguments,
            )
        }
        Variant::SetFilterState => {
            let arguments = format!("{} {}", texts.place("policy.bench"), texts.place(VALUE));
            of(Request, "proxy_set_property", "i32 i32 i32 i32", arguments)
        }
        Variant::SharedRecord => {
            let (key, record) = (texts.place("bench"), texts.place(&"r".repeat(100)));
            let arguments = format!("{key} {ANSWER} (i32.const 24)");
            let set = "proxy_set_shared_data\" (func $before (param i32 i32 i32 i32 i32)";
            Call {
                before: Some((set, format!("{key} {record} (i32.const 0)"))),
                ..of(Request, "proxy_get_shared_data", "i32 i32 i32 i32 i32", arguments)
            }
        }
        Variant::Clock => {
            let arguments = "(i32.const 1) (i64.const 1) (i32.const 40)".to_owned();
            of(Request, "clock_time_get", "i32 i64 i32", arguments)
        }
        Variant::RandomBytes => {
            let arguments = "(i32.const 64) (i32.const 16)".to_owned();
            of(Request, "random_get", "i32 i32", arguments)
        }
        Variant::Counter => {
            let define = "proxy_define_metric\" (func $before (param i32 i32 i32 i32)";
            let arguments = format!("(i32.load {COUNTER}) (i64.const 1)");
            Call {
                before: Some((
                    define,
                    format!("(i32.const 0) {} {COUNTER}", texts.place("bench_requests")),
                )),
                ..of(Request, "proxy_increment_metric", "i32 i64", arguments)
            }
        }
        _ => return None,
    };
    Some(call)
}

/// The module as text.
fn text(variant: Variant) -> String {
    let mut texts = Texts::default();
    let call = call(variant, &mut texts);
    let import = call.as_ref().map_or_else(String::new, |call| {
        let from = if call.function.starts_with("proxy_") {
            "env"
        } else {
            "wasi_snapshot_preview1"
        };
        let (function, parameters) = (call.function, call.parameters);
        format!("(import \"{from}\" \"{function}\" (func $call (param {parameters}) (result i32)))")
    });
    let (import_before, before) = match call.as_ref().and_then(|call| call.before.as_ref()) {
        Some((import, arguments)) => (
            format!("(import \"env\" \"{import} (result i32)))"),
            format!("(if (call $before {arguments}) (then unreachable))"),
        ),
        None => (String::new(), String::new()),
    };
    let body = |with| {
        let call = call.as_ref().filter(|call| call.with == with);
        call.map_or_else(String::new, |call| {
            let (arguments, status) = (&call.arguments, call.status);
            format!("(if (i32.ne (call $call {arguments}) (i32.const {status})) (then unreachable))")
        })
    };
    let data = texts.0.replace('\0', "\\00");
    let (request, response) = (body(With::Request), body(With::Response));
    let begin = Texts::BEGIN;
    format!(
        r#"(module
            {import} {import_before}
            (memory (export "memory") 2)
            (data (i32.const {begin}) "{data}")
            (func (export "_initialize"))
            (func (export "proxy_abi_version_0_2_1"))
            (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 65536))
            (func (export "proxy_on_context_create") (param i32 i32))
            (func (export "proxy_on_configure") (param i32 i32) (result i32) {before} (i32.const 1))
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) {request} (i32.const 0))
            (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32) {response} (i32.const 0))
            (func (export "proxy_on_log") (param i32))
            (func (export "proxy_on_delete") (param i32)))"#
    )
}

#[cfg(test)]
mod tests {
    use super::{Texts, call, module, text};
    use crate::cell::Variant;

    #[test]
    fn each_call_is_a_module_of_its_own() {
        let mut modules = Vec::new();
        for &variant in Variant::CALLS {
            let module = module(variant).unwrap_or_else(|error| panic!("{error}"));
            modules.push(module.expect("it is a call"));
        }
        let all = modules.len();
        modules.sort_unstable();
        modules.dedup();
        assert_eq!((all, modules.len()), (17, 17));
    }

    #[test]
    fn only_the_module_without_a_call_has_none() {
        for &variant in Variant::CALLS {
            let has = call(variant, &mut Texts::default()).is_some();
            assert_eq!(has, variant != Variant::NoCall, "{}", variant.title());
            let calls = text(variant).matches("(call $call ").count();
            assert_eq!(calls, usize::from(has), "{}", variant.title());
        }
    }

    #[test]
    fn what_is_no_call_has_no_module_here() {
        for &variant in Variant::FILTERS {
            assert_eq!(module(variant).expect("nothing is wrong"), None);
        }
    }
}
