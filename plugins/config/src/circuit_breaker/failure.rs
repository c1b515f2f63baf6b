//! What is a failure of the upstream.

use crate::setting::{settings, words};
use crate::value::{Duration, StatusMatcher};

/// Statuses that can be failures of an upstream. A 4xx is one of the caller: to count it would let callers open a
/// breaker.
pub type FailureStatus = StatusMatcher<500, 599>;

settings! {
    /// What is a failure of the upstream, beside what never comes to an answer: resets, time-outs, no connection.
    pub struct Failure {
        /// The statuses: `503`, `"5xx"`, `"500-504"`. Empty: none.
        statuses: Vec<FailureStatus> = vec![FailureStatus::of::<500, 599>()],
        /// Those of them that are none after all.
        except: Vec<FailureStatus> = vec![FailureStatus::of::<501, 501>()],
        /// The statuses of gRPC. Empty: none.
        grpc: Vec<GrpcStatus> = vec![
            GrpcStatus::Unavailable,
            GrpcStatus::Internal,
            GrpcStatus::DataLoss,
            GrpcStatus::DeadlineExceeded,
        ],
        /// Whether 429, and `RESOURCE_EXHAUSTED` of gRPC, is a failure.
        too_many_requests: bool = false,
        /// A client that gives up after it has waited so long without an answer tells of a failure. One that gives up
        /// earlier tells nothing.
        no_answer_after: Duration<1, 3_600_000> = Duration::of::<10_000>(),
    }
}

impl Failure {
    /// Whether an answer with this status is one.
    pub fn has_status(&self, status: u16) -> bool {
        let any = |list: &[FailureStatus]| list.iter().any(|statuses| statuses.matches(status));
        match status {
            429 => self.too_many_requests,
            _ => any(&self.statuses) && !any(&self.except),
        }
    }

    /// Whether an answer with this status of gRPC is one, by its number.
    pub fn has_grpc(&self, number: u32) -> bool {
        match number {
            RESOURCE_EXHAUSTED => self.too_many_requests,
            _ => self.grpc.iter().any(|status| status.number() == number),
        }
    }
}

const RESOURCE_EXHAUSTED: u32 = 8;

words! {
    /// A status of gRPC that can be a failure of an upstream.
    pub enum GrpcStatus {
        /// (1) the service cancelled the call.
        Cancelled = "CANCELLED",
        /// (2) an error that nobody could name.
        Unknown = "UNKNOWN",
        /// (4) it took too long.
        DeadlineExceeded = "DEADLINE_EXCEEDED",
        /// (10) a conflict with another call.
        Aborted = "ABORTED",
        /// (12) the service does not have the method.
        Unimplemented = "UNIMPLEMENTED",
        /// (13) the service is broken.
        Internal = "INTERNAL",
        /// (14) the service cannot be reached, or says so.
        Unavailable = "UNAVAILABLE",
        /// (15) data is lost for good.
        DataLoss = "DATA_LOSS",
    }
}

impl GrpcStatus {
    /// Its number.
    pub fn number(self) -> u32 {
        match self {
            Self::Cancelled => 1,
            Self::Unknown => 2,
            Self::DeadlineExceeded => 4,
            Self::Aborted => 10,
            Self::Unimplemented => 12,
            Self::Internal => 13,
            Self::Unavailable => 14,
            Self::DataLoss => 15,
        }
    }
}
