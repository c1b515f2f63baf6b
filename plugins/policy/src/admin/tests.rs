use proptest::prelude::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

const PATH: &str = "/.policy";

fn ask_with(method: &str, rest: &str, headers: &[(&str, &'static str)]) -> Result<Asked, Refused> {
    let path = [PATH, rest].concat();
    let below = rest.split('?').next().unwrap_or_default();
    asked(method.as_bytes(), path.as_bytes(), below.as_bytes(), |name| {
        let value = headers.iter().find(|(header, _)| *header == name);
        value.map_or(b"", |(_, value)| value.as_bytes())
    })
}

fn ask(method: &str, rest: &str) -> Result<Asked, Refused> {
    ask_with(method, rest, &[])
}

/// The parameters that are wrong, each with what is wrong.
#[track_caller]
fn wrong(method: &str, rest: &str, expected: &[(&str, &str)]) {
    let Err(Refused::Parameters(faults)) = ask(method, rest) else {
        panic!("{rest}: {:?}", ask(method, rest));
    };
    let faults: Vec<(&str, &str)> = faults
        .iter()
        .map(|fault| (fault.parameter.as_str(), fault.rule))
        .collect();
    assert_eq!(faults, expected, "{rest}");
}

const BREAKER: (&str, &str) = ("breaker", "must be a breaker's name or id");
const STATE: (&str, &str) = ("state", "must be open or closed");
const FOR: (&str, &str) = (
    "for",
    "must be how long it is forced, from 1s to 24h, such as 90s, 10m or 2h",
);
const REASON: (&str, &str) = ("reason", "must be 1 to 200 bytes of visible text");

#[test]
fn a_get_asks_for_all_or_for_one() {
    assert_eq!(ask("GET", ""), Ok(Asked::Show(None)));
    assert_eq!(ask("HEAD", "?"), Ok(Asked::Show(None)));
    let one = Asked::Show(Some("shop/orders".to_owned()));
    assert_eq!(ask("GET", "?breaker=shop%2Forders"), Ok(one));
}

#[test]
fn a_post_forces_for_a_time_and_with_a_reason() {
    let forced = |force, millis| {
        Ok(Asked::Change(Change {
            breaker: "orders".to_owned(),
            deed: Deed::Force(force, millis),
            reason: "moving the data".to_owned(),
        }))
    };
    let ask = |state: &str, time: &str| {
        ask(
            "POST",
            &format!("/force?breaker=orders&state={state}&for={time}&reason=moving+the+data"),
        )
    };
    assert_eq!(ask("open", "10m"), forced(Force::Open, 600_000));
    assert_eq!(ask("closed", "1s"), forced(Force::Closed, 1_000));
    assert_eq!(ask("open", "1500ms"), forced(Force::Open, 1_500));
    assert_eq!(ask("open", "24h"), forced(Force::Open, 86_400_000));
}

#[test]
fn a_post_resets_with_a_reason_and_without_a_time() {
    let reset = Asked::Change(Change {
        breaker: "orders".to_owned(),
        deed: Deed::Reset,
        reason: "fixed".to_owned(),
    });
    assert_eq!(ask("POST", "/reset?reason=fixed&breaker=orders"), Ok(reset));
    let rule = "a reset does not last: to hold it closed, force it closed";
    wrong(
        "POST",
        "/reset?breaker=orders&reason=fixed&for=10m",
        &[("for", rule)],
    );
    wrong("POST", "/reset?for=10m", &[("for", rule), BREAKER, REASON]);
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    wrong("POST", "/force", &[BREAKER, REASON, STATE, FOR]);
    wrong(
        "POST",
        "/force?breaker=&state=half_open&for=0s&reason=a%0Ab",
        &[BREAKER, REASON, STATE, FOR],
    );
    let rest = "/force?breaker=a&breaker=b&state=open&for=1m&reason=x&color=red&%ff=1";
    let (twice, unknown) = ("must be there once", "is not known here");
    wrong(
        "POST",
        rest,
        &[("breaker", twice), ("color", unknown), ("\u{fffd}", unknown)],
    );
    wrong("GET", "?breaker=%f", &[BREAKER]);
    wrong("GET", "?state=open", &[("state", unknown)]);
}

#[test]
fn a_time_out_of_bounds_is_none() {
    for time in [
        "999ms", "25h", "86401s", "0", "10", "10 m", "-1s", "1.5m", "for+ever", "%31m%00",
    ] {
        let rest = format!("/force?breaker=a&state=open&for={time}&reason=x");
        wrong("POST", &rest, &[FOR]);
    }
}

#[test]
fn a_reason_is_visible_text_of_bounded_length() {
    let force = |reason: &str| format!("/force?breaker=a&state=open&for=1m&reason={reason}");
    assert!(ask("POST", &force(&"x".repeat(200))).is_ok());
    assert!(ask("POST", &force("%C3%A9t%C3%A9")).is_ok());
    for reason in ["", "+", "%00", "%7f", "%ff", &"x".repeat(201)] {
        wrong("POST", &force(reason), &[REASON]);
    }
}

#[test]
fn other_paths_and_methods_are_refused() {
    for rest in ["/", "/Force", "/force/", "/x", "/force/x"] {
        assert_eq!(ask("POST", rest), Err(Refused::Path), "{rest}");
    }
    for method in ["POST", "PUT", "DELETE", "get", "", "GET, HEAD"] {
        assert_eq!(ask(method, ""), Err(Refused::Method("GET, HEAD")), "{method}");
    }
    for rest in ["/force?breaker=a", "/reset"] {
        for method in ["GET", "PUT", "OPTIONS"] {
            assert_eq!(ask(method, rest), Err(Refused::Method("POST")), "{method} {rest}");
        }
    }
}

#[test]
fn a_web_page_can_change_nothing_and_ask_for_what_it_cannot_read() {
    let reset = "/reset?breaker=a&reason=x";
    for headers in [
        [("origin", "http://127.0.0.1:10002")],
        [("origin", "null")],
        [("sec-fetch-site", "cross-site")],
        [("sec-fetch-site", "same-origin")],
        [("sec-fetch-site", "NONE")],
    ] {
        assert_eq!(
            ask_with("POST", reset, &headers),
            Err(Refused::Page),
            "{headers:?}"
        );
        assert_eq!(ask_with("GET", "", &headers), Ok(Asked::Show(None)));
    }
    assert!(ask_with("POST", reset, &[("sec-fetch-site", "none")]).is_ok());
}

#[test]
fn more_parameters_than_there_can_be_are_not_looked_at() {
    let rest = "?".to_owned() + &"x&".repeat(30_000);
    let Err(Refused::Parameters(faults)) = ask("GET", &rest) else {
        panic!("they were taken");
    };
    assert_eq!(faults.len(), 17);
    assert_eq!(faults[16].rule, "there are too many parameters");
}

proptest! {
    #[test]
    fn whatever_is_asked_is_forced_with_an_end_and_a_reason(
        method in prop::sample::select(vec!["GET", "POST"]), path: Vec<u8>,
        below in prop::sample::select(vec!["/force", "/reset", ""]), page: bool,
    ) {
        let query = [&b"/.policy?breaker=a&reason=b&state=open&for=1s&"[..], &path].concat();
        let header = |_: &str| -> &'static [u8] { if page { b"x" } else { b"" } };
        match asked(method.as_bytes(), &query, below.as_bytes(), header) {
            Ok(Asked::Change(change)) => {
                prop_assert!(!page && method == "POST");
                prop_assert!(is_reason(&change.reason) && !change.breaker.is_empty());
                if let Deed::Force(_, millis) = change.deed {
                    prop_assert!((1_000..=86_400_000).contains(&millis));
                }
            }
            Ok(Asked::Show(_)) => prop_assert_eq!(below, ""),
            Err(Refused::Parameters(faults)) => prop_assert!(!faults.is_empty() && faults.len() <= 21),
            Err(_) => {}
        }
    }
}
