//! All the policies in one module: in one pass, or any of them by its root id.
//!
//! The order is that of a chain. An error comes by error-envelope last; request-id is before all that need its id; a
//! breaker is asked of nothing that others refuse; and retry has to know whether the breaker is half-open.
//! What is for admin is no traffic, and none of theirs: it is a module of its own.
#![forbid(unsafe_code)]

use circuit_breaker::CircuitBreaker;
use error_envelope::ErrorEnvelope;
use request_id::RequestId;
use retry::Retry;

kit::module!("policies": ErrorEnvelope, RequestId, CircuitBreaker, Retry);
