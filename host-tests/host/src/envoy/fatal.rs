//! What a plugin may ask for and Envoy does not survive, or answers with nonsense on the wire. No test should pass over
//! it, so it counts as the VM's death.

use super::calls::Verdict;

/// The reason, if what a callback did is such a thing. `returned` is what it returned, `resumed` whether it told the
/// response to go on, `end` whether it was called with the end of the stream.
pub(super) fn reason(
    callback: &str,
    verdict: &Verdict,
    returned: u32,
    resumed: bool,
    end: bool,
) -> Option<&'static str> {
    let goes_on = returned == 0;
    match (callback, verdict) {
        ("proxy_on_context_create", Verdict::Close) => Some(
            "proxy_close_stream in proxy_on_context_create: Envoy makes a second context, and calls the first after it deleted it",
        ),
        ("proxy_on_response_trailers", Verdict::Close) if goes_on => {
            Some("proxy_close_stream in proxy_on_response_trailers: Envoy crashes")
        }
        ("proxy_on_log", Verdict::Reply(_)) => {
            Some("send_local_response in proxy_on_log: Envoy logs again and again until it crashes")
        }
        ("proxy_on_done" | "proxy_on_delete", Verdict::Reply(_)) => {
            Some("proxy_send_local_response after the end of the exchange: Envoy crashes")
        }
        ("proxy_on_log" | "proxy_on_done" | "proxy_on_delete", Verdict::Close) => {
            Some("proxy_close_stream after the end of the exchange: Envoy crashes")
        }
        ("proxy_on_response_trailers", _) if resumed && goes_on => Some(
            "proxy_continue_stream in proxy_on_response_trailers, which goes on by itself: Envoy crashes",
        ),
        ("proxy_on_response_headers", _) if resumed && goes_on && end => {
            Some("proxy_continue_stream in proxy_on_response_headers, which goes on by itself: Envoy crashes")
        }
        ("proxy_on_response_headers", _) if resumed && goes_on => Some(
            "proxy_continue_stream in proxy_on_response_headers, which goes on by itself: Envoy sends the headers twice",
        ),
        _ => None,
    }
}
