//! Upstreams: they work, fail, slow down, fall silent, recover, and lie about when to come back.

use crate::dice::Dice;
use crate::model::retries::AttemptEnd;

/// What an upstream is in for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Well,
    /// So many of a hundred fail.
    Failing(u64),
    Slow,
    /// It takes requests and never answers.
    Silent,
    Down,
    Resetting,
    /// It has had enough of requests.
    Busy,
}

/// What comes behind the headers of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// Nothing: there is no body.
    Nothing,
    /// All of the body, at once.
    Whole,
    /// The rest of the body, after so many milliseconds.
    Later(u64),
    /// The connection breaks, after so many milliseconds.
    Breaks(u64),
}

/// What the body of an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    Text,
    Html,
    Json,
}

/// What becomes of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Status {
        status: u16,
        retry_after: Option<&'static str>,
        body: Body,
        rest: Rest,
    },
    Refused,
    Reset,
    Garbage,
    NoHost,
    Overflow,
    Never,
}

/// What an upstream may say of when to come back: truths, lies and nonsense. With what a reader makes of it, in seconds.
pub(crate) const COME_BACK: [(&str, Option<u64>); 6] = [
    ("3", Some(3)),
    ("0", Some(0)),
    ("86400", Some(86_400)),
    ("-5", None),
    ("soon", None),
    ("Sun, 06 Nov 1994 08:49:37 GMT", Some(0)),
];

impl Mood {
    pub(crate) fn drawn(dice: &mut Dice) -> Mood {
        match dice.between(0, 9) {
            0..=2 => Mood::Well,
            3 => Mood::Failing(100),
            4 | 5 => Mood::Failing(dice.one_of([10, 30, 60])),
            6 => Mood::Slow,
            7 => Mood::Silent,
            8 => dice.one_of([Mood::Down, Mood::Resetting]),
            _ => Mood::Busy,
        }
    }

    /// What becomes of an attempt, and after how many milliseconds.
    pub(crate) fn answer(self, dice: &mut Dice) -> (Answer, u64) {
        let soon = dice.between(0, 40);
        match self {
            Mood::Well => (good(dice), soon),
            Mood::Failing(share) if dice.in_100(share) => (bad(dice), soon),
            Mood::Failing(_) => (good(dice), soon),
            Mood::Slow => (good(dice), dice.between(100, 4_000)),
            Mood::Silent => (Answer::Never, 0),
            Mood::Down => (
                if dice.in_100(50) {
                    Answer::Refused
                } else {
                    Answer::NoHost
                },
                soon,
            ),
            Mood::Resetting => (
                if dice.in_100(50) {
                    Answer::Reset
                } else {
                    Answer::Garbage
                },
                soon,
            ),
            Mood::Busy => (busy(dice), soon),
        }
    }
}

fn rest(dice: &mut Dice) -> Rest {
    match dice.between(0, 9) {
        0..=1 => Rest::Nothing,
        2..=6 => Rest::Whole,
        7 | 8 => Rest::Later(dice.between(1, 3_000)),
        _ => Rest::Breaks(dice.between(1, 2_000)),
    }
}

fn body(dice: &mut Dice) -> Body {
    dice.one_of([Body::Text, Body::Html, Body::Json])
}

fn good(dice: &mut Dice) -> Answer {
    let status = dice.one_of([200, 200, 200, 200, 201, 404, 422]);
    Answer::Status {
        status,
        retry_after: None,
        body: body(dice),
        rest: rest(dice),
    }
}

fn bad(dice: &mut Dice) -> Answer {
    match dice.between(0, 9) {
        0 => match dice.between(0, 3) {
            0 => Answer::Refused,
            1 => Answer::Reset,
            2 => Answer::Garbage,
            _ => Answer::NoHost,
        },
        _ => {
            let retry_after = dice.maybe(30, |dice| dice.one_of(COME_BACK).0);
            let status = dice.one_of([500, 502, 503, 503, 504, 501]);
            Answer::Status {
                status,
                retry_after,
                body: body(dice),
                rest: rest(dice),
            }
        }
    }
}

fn busy(dice: &mut Dice) -> Answer {
    let retry_after = dice.maybe(50, |dice| dice.one_of(COME_BACK).0);
    let status = dice.one_of([429, 503]);
    match dice.in_100(15) {
        true => Answer::Overflow,
        false => Answer::Status {
            status,
            retry_after,
            body: body(dice),
            rest: rest(dice),
        },
    }
}

impl Answer {
    /// That of an upstream with which all is well.
    pub(crate) const WELL: Answer = Answer::Status {
        status: 200,
        retry_after: None,
        body: Body::Json,
        rest: Rest::Whole,
    };

    /// How an attempt ends that gets it, as the router sees it.
    pub(crate) fn ends_attempt(&self) -> AttemptEnd {
        match self {
            Answer::Status { status, .. } => AttemptEnd::Status(*status),
            Answer::Refused => AttemptEnd::Unconnected,
            Answer::Reset | Answer::Garbage => AttemptEnd::Broken,
            Answer::NoHost | Answer::Overflow | Answer::Never => AttemptEnd::Final,
        }
    }

    /// What it is called in a story.
    pub(crate) fn in_words(&self) -> String {
        match self {
            Answer::Status {
                status,
                retry_after,
                body,
                rest,
            } => {
                let again = retry_after.map_or(String::new(), |after| format!(", retry-after {after:?}"));
                format!("{status}{again}, {body:?}, {rest:?}")
            }
            other => format!("{other:?}"),
        }
    }
}

impl Body {
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Body::Text => "text/plain",
            Body::Html => "text/html",
            Body::Json => "application/json",
        }
    }

    /// It names the request's number, so that nobody can be given another's.
    pub(crate) fn bytes(self, number: u64) -> Vec<u8> {
        match self {
            Body::Text => format!("the upstream's text {number}"),
            Body::Html => format!("<html><body>page {number}</body></html>"),
            Body::Json => format!("{{\"message\":\"the upstream's message {number}\",\"order\":{number}}}"),
        }
        .into_bytes()
    }
}
