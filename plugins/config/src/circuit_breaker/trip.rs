//! When a breaker opens.

#[cfg(feature = "describe")]
use crate::describe::{Member, Shape};
use crate::node::Node;
use crate::setting::{Merged, Place, Reading, Setting, members, settings};
use crate::value::{Duration, Int, Percent};

settings! {
    /// When a breaker opens.
    pub struct Trip {
        /// After so many failures one after the other. `null`: not for those.
        consecutive_failures: Option<Int<1, 10_000>> = None,
        /// When so large a share of the calls failed. `null`: not for that.
        failure_rate: Option<FailureRate> = Some(FailureRate::default()),
        /// When so large a share of the calls was slow. `null`: not for that.
        slow_rate: Option<SlowRate> = None,
    }
}

settings! {
    /// A share of failed calls that is too large.
    pub struct FailureRate {
        /// The share, above 0.
        percent: Percent = Percent::of::<50>(),
        /// Of which calls: those of the last `"60s"` (from a second to an hour), or of the last `{"calls": 100}` (up to
        /// 1000). Replaced as a whole.
        window: Window = Window::MINUTE,
        /// Of fewer calls than this, no share is too large.
        min_calls: Int<1, 1_000_000> = Int::of::<20>(),
    }
}

settings! {
    /// A share of slow calls that is too large.
    pub struct SlowRate {
        /// The share, above 0.
        percent: Percent = Percent::of::<80>(),
        /// What is slow: an answer whose headers take longer.
        slower_than: Duration<1, 3_600_000> = Duration::of::<2_000>(),
        /// Of which calls: those of the last `"60s"` (from a second to an hour), or of the last `{"calls": 100}` (up to
        /// 1000). Replaced as a whole.
        window: Window = Window::MINUTE,
        /// Of fewer calls than this, no share is too large.
        min_calls: Int<1, 1_000_000> = Int::of::<20>(),
    }
}

/// The calls that a share is taken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Those of the last time.
    Time(Duration<1_000, 3_600_000>),
    /// So many of the last ones.
    Calls(Int<1, 1000>),
}

impl Window {
    const MINUTE: Self = Self::Time(Duration::of::<60_000>());
}

const WANTED: &str = "a duration, such as \"60s\", or {\"calls\": 100}";

impl Setting for Window {
    fn read(node: &Node, at: &Place<'_>, reading: &mut Reading) -> Option<Self> {
        match node {
            Node::Text(_) => Duration::read(node, at, reading).map(Self::Time),
            Node::Object(_) => match members(node, at, reading, &["calls"])?.first() {
                Some((key, node)) => Int::read(node, &at.key(key), reading).map(Self::Calls),
                None => reading.refuse_type(at, WANTED, node),
            },
            _ => reading.refuse_type(at, WANTED, node),
        }
    }

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        let calls = Member {
            key: "calls",
            doc: "So many of the last calls, in the order in which the workers tell of them.",
            shape: <Int<1, 1000>>::shape(),
            default: None,
        };
        Shape::Choice(vec![
            <Duration<1_000, 3_600_000>>::shape(),
            Shape::Object(vec![calls]),
        ])
    }

    #[cfg(feature = "describe")]
    fn written(&self) -> Node {
        match self {
            Self::Time(time) => time.written(),
            Self::Calls(calls) => Node::Object(vec![("calls".to_owned(), calls.written())]),
        }
    }
}

impl Trip {
    /// Reports what cannot stand together.
    pub(super) fn check(&self, merged: &mut Merged<'_>) {
        if let Some(rate) = &self.failure_rate {
            let keys = [
                "trip.failure_rate.percent",
                "trip.failure_rate.window",
                "trip.failure_rate.min_calls",
            ];
            check(rate.percent, rate.window, rate.min_calls, keys, merged);
        }
        if let Some(rate) = &self.slow_rate {
            let keys = [
                "trip.slow_rate.percent",
                "trip.slow_rate.window",
                "trip.slow_rate.min_calls",
            ];
            check(rate.percent, rate.window, rate.min_calls, keys, merged);
        }
    }
}

fn check(
    percent: Percent,
    window: Window,
    min_calls: Int<1, 1_000_000>,
    [percent_key, window_key, min_calls_key]: [&str; 3],
    merged: &mut Merged<'_>,
) {
    if percent == Percent::NONE {
        merged.refuse(&[percent_key], "must be above 0; null is for not at all");
    }
    if let Window::Calls(calls) = window
        && min_calls.get() > calls.get()
    {
        let rule = "min_calls must not be above the calls of the window, or it never opens";
        merged.refuse(&[window_key, min_calls_key], rule);
    }
}
