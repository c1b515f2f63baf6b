//! On what a request is tried again, in the words of the proxy's router.

use crate::setting::words;

words! {
    /// On what a request is tried again.
    pub enum RetryOn {
        /// there was no connection to the upstream, or none in time.
        ConnectFailure = "connect-failure",
        /// the upstream refused the stream (`REFUSED_STREAM`).
        RefusedStream = "refused-stream",
        /// the upstream broke off, or took too long, before the request was sent to it.
        ResetBeforeRequest = "reset-before-request",
        /// 502, 503 or 504, and what `reset` is for.
        GatewayError = "gateway-error",
        /// any status from 500 on, and what `reset` is for.
        FiveXx = "5xx",
        /// the upstream broke off without an answer, or an attempt took longer than `per_try_timeout`.
        Reset = "reset",
        /// 409.
        RetriableFourXx = "retriable-4xx",
        /// an answer with the header `x-envoy-ratelimited`, on which nothing else is tried again.
        EnvoyRatelimited = "envoy-ratelimited",
        /// a request over HTTP/3 failed after there was a connection.
        Http3PostConnectFailure = "http3-post-connect-failure",
    }
}

words! {
    /// On what a request of any method is tried again: under each of these, the upstream has seen nothing of it.
    pub enum AnyMethodOn {
        /// there was no connection to the upstream, or none in time.
        ConnectFailure = "connect-failure",
        /// the upstream refused the stream (`REFUSED_STREAM`).
        RefusedStream = "refused-stream",
        /// the upstream broke off, or took too long, before the request was sent to it.
        ResetBeforeRequest = "reset-before-request",
    }
}

words! {
    /// A status of gRPC on which a call is tried again, where it comes with the response headers.
    pub enum RetryOnGrpc {
        /// (1) the service cancelled the call.
        Cancelled = "cancelled",
        /// (4) it took too long.
        DeadlineExceeded = "deadline-exceeded",
        /// (8) the service, or the caller's share of it, is used up.
        ResourceExhausted = "resource-exhausted",
        /// (13) the service is broken.
        Internal = "internal",
        /// (14) the service cannot be reached, or says so.
        Unavailable = "unavailable",
    }
}
