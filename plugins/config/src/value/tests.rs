#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::node::Node;
use crate::setting::{Place, Reading, Setting};

fn read<T: Setting>(json: &str) -> Result<T, String> {
    let node = Node::read(json.as_bytes()).unwrap();
    let mut reading = Reading::default();
    let value = T::read(&node, &Place::top().key("x"), &mut reading);
    value.ok_or(reading.faults.to_string())
}

#[track_caller]
fn refused<T: Setting + std::fmt::Debug>(json: &str, fault: &str) {
    assert_eq!(read::<T>(json).unwrap_err(), fault, "{json}");
}

#[test]
fn whole_numbers_are_read_up_to_their_bounds() {
    for (json, number) in [("1", 1), ("8", 8), ("8.0", 8), ("0.8e1", 8)] {
        assert_eq!(read::<Int<1, 8>>(json).map(Int::get), Ok(number));
    }
    for json in ["0", "9", "1.5", "-1", "1e300"] {
        assert!(read::<Int<1, 8>>(json).is_err(), "{json}");
    }
    refused::<Int<1, 8>>("9", "x: must be a whole number from 1 to 8, got 9");
    refused::<Int<1, 8>>("\"4\"", "x: must be a whole number from 1 to 8, got \"4\"");
    refused::<Int<1, 8>>("true", "x: must be a whole number from 1 to 8, got true");
}

#[test]
fn percentages_are_read_up_to_their_bounds() {
    for (json, percent) in [("0", 0.0), ("0.1", 0.1), ("100", 100.0)] {
        assert_eq!(read::<Percent>(json).map(Percent::get), Ok(percent));
    }
    refused::<Percent>("100.5", "x: must be a percentage from 0 to 100, got 100.5");
    refused::<Percent>("-1", "x: must be a percentage from 0 to 100, got -1");
    assert_eq!(Percent::new(f64::NAN), None);
}

#[test]
fn decimals_are_read_up_to_their_bounds() {
    for (json, number) in [("1", 1.0), ("1.5", 1.5), ("10", 10.0)] {
        assert_eq!(read::<Decimal<1, 10>>(json).map(Decimal::get), Ok(number));
    }
    refused::<Decimal<1, 10>>("0.99", "x: must be a number from 1 to 10, got 0.99");
    refused::<Decimal<1, 10>>("10.01", "x: must be a number from 1 to 10, got 10.01");
    refused::<Decimal<1, 10>>("\"2\"", "x: must be a number from 1 to 10, got \"2\"");
}

type AnyDuration = Duration<0, 86_400_000>;

#[test]
fn durations_are_whole_numbers_with_a_unit() {
    let cases = [
        ("0s", 0),
        ("0h", 0),
        ("1ms", 1),
        ("250ms", 250),
        ("1500ms", 1_500),
        ("10s", 10_000),
        ("90s", 90_000),
        ("5m", 300_000),
        ("24h", 86_400_000),
        ("86400000ms", 86_400_000),
    ];
    for (text, millis) in cases {
        assert_eq!(
            read::<AnyDuration>(&format!("{text:?}")).map(Duration::millis),
            Ok(millis),
            "{text}"
        );
    }
}

#[test]
fn what_is_no_duration_is_refused() {
    const WANTED: &str = "x: must be a duration from 0s to 24h, such as \"250ms\", \"10s\", \"5m\" or \"1h\"";
    for json in [
        "\"\"",
        "\"10\"",
        "\"s\"",
        "\"10 s\"",
        "\"10S\"",
        "\"-1s\"",
        "\"+1s\"",
        "\"1.5s\"",
        "\"01s\"",
        "\"00s\"",
        "\"1d\"",
        "\"1m30s\"",
        "\"1sec\"",
        "\"1us\"",
        "\"10s \"",
        "\"١s\"",
        "10",
        "0",
        "null",
        "\"25h\"",
        "\"86400001ms\"",
        "\"4294967296ms\"",
        "\"999999999h\"",
    ] {
        refused::<AnyDuration>(json, &format!("{WANTED}, got {}", shown(json)));
    }
}

#[test]
fn durations_are_read_up_to_their_bounds_and_shown_in_their_longest_unit() {
    for text in ["1500ms", "90s", "1h"] {
        assert!(read::<Duration<1_500, 3_600_000>>(&format!("{text:?}")).is_ok());
    }
    for text in ["1499ms", "0s", "3601s", "61m"] {
        refused::<Duration<1_500, 3_600_000>>(
            &format!("{text:?}"),
            &format!(
                "x: must be a duration from 1500ms to 1h, such as \"250ms\", \"10s\", \"5m\" or \"1h\", got {text:?}"
            ),
        );
    }
}

type Status = StatusMatcher;

#[test]
fn statuses_are_one_or_a_class_or_a_range() {
    let cases = [
        ("503", 503, 503),
        ("503.0", 503, 503),
        ("\"503\"", 503, 503),
        ("\"5xx\"", 500, 599),
        ("\"1xx\"", 100, 199),
        ("\"500-504\"", 500, 504),
        ("\"503-503\"", 503, 503),
        ("\"100-599\"", 100, 599),
    ];
    for (json, first, last) in cases {
        let matcher = read::<Status>(json).unwrap();
        let matched: Vec<u16> = (0..1000).filter(|status| matcher.matches(*status)).collect();
        assert_eq!(matched, (first..=last).collect::<Vec<u16>>(), "{json}");
    }
}

#[test]
fn what_names_no_status_is_refused() {
    for json in [
        "99",
        "600",
        "503.5",
        "-503",
        "1e300",
        "true",
        "null",
        "[503]",
        "\"\"",
        "\"5\"",
        "\"50\"",
        "\"5XX\"",
        "\"5x\"",
        "\"xxx\"",
        "\"50x\"",
        "\"0xx\"",
        "\"6xx\"",
        "\"+50\"",
        "\" 503\"",
        "\"0503\"",
        "\"500-\"",
        "\"-504\"",
        "\"500 - 504\"",
        "\"500–504\"",
        "\"4xx-5xx\"",
        "\"099-200\"",
        "\"500-600\"",
    ] {
        refused::<Status>(
            json,
            &format!(
                "x: must be statuses from 100 to 599, such as 503, \"5xx\" or \"500-504\", got {}",
                shown(json)
            ),
        );
    }
    refused::<Status>(
        "\"504-500\"",
        "x: must be a range from the lower to the higher status, such as \"500-504\", got \"504-500\"",
    );
}

/// A value as a fault shows it.
fn shown(json: &str) -> String {
    crate::fault::shown(&Node::read(json.as_bytes()).unwrap())
}

#[test]
fn statuses_lie_within_their_bounds_as_a_whole() {
    assert!(read::<StatusMatcher<400, 599>>("\"400-599\"").is_ok());
    for (json, shown) in [
        ("399", "399"),
        ("\"3xx\"", "\"3xx\""),
        ("\"399-400\"", "\"399-400\""),
    ] {
        refused::<StatusMatcher<400, 599>>(
            json,
            &format!("x: must be statuses from 400 to 599, such as 503, \"5xx\" or \"500-504\", got {shown}"),
        );
    }
}

#[test]
fn urls_can_be_appended_to() {
    for url in [
        "https://docs.example/errors/",
        "http://localhost:8080/#",
        "https://[::1]:80/?code=",
        "https://docs.example?",
        "https://docs.example/a%2Fb/(c)!$&*+,;=:@~/",
        &format!("https://a/{}/", "b".repeat(2037)),
    ] {
        assert_eq!(read::<BaseUrl>(&format!("{url:?}")).as_deref(), Ok(url));
    }
    for url in ["https://docs.example/errors", "https://docs.example/?page=1"] {
        refused::<BaseUrl>(
            &format!("{url:?}"),
            &format!(
                "x: must be a URL to which something can be appended, such as \"https://docs.example/errors/\", got {url:?}"
            ),
        );
    }
}

#[test]
fn what_is_no_url_is_refused() {
    const WANTED: &str = "x: must be an absolute URL of at most 2048 characters with http or https, such as \
                          \"https://docs.example/errors/\"";
    for url in [
        "",
        "/errors/",
        "//docs.example/",
        "docs.example/",
        "ftp://docs.example/",
        "javascript:alert(1)/",
        "HTTPS://docs.example/",
        "https://",
        "https:///errors/",
        "https://:80/",
        "https://docs.example:a/",
        "https://*.example/",
        "https://docs..example/",
        "https://[::1/",
        "https://[::g]/",
        "https://docs.example/a b/",
        "https://docs.example/a\u{7f}/",
        "https://docs.example/\\/",
        "https://docs.example/'/",
        "https://docs.example/é/",
        "https://docs.example/<b>/",
        "https://docs.example/%/",
        "https://docs.example/%2/",
        "https://docs.example/%2g/",
        "https://docs.example/#a#",
    ] {
        let json = serde_json::to_string(url).unwrap();
        refused::<BaseUrl>(&json, &format!("{WANTED}, got {}", shown(&json)));
    }
    refused::<BaseUrl>("\"https://a/\\\"/\"", &format!("{WANTED}, got \"https://a/\"/\""));
    refused::<BaseUrl>("5", &format!("{WANTED}, got 5"));
    let long = format!("https://a/{}/", "b".repeat(2038));
    assert!(read::<BaseUrl>(&format!("{long:?}")).is_err());
}

#[test]
fn a_fault_shows_no_password_of_a_url() {
    for url in [
        "https://me:secret@docs.example/",
        "https://me@docs.example/",
        "https://@docs.example/",
    ] {
        refused::<BaseUrl>(
            &format!("{url:?}"),
            "x: must be a URL without user and password, which every reader of it would see",
        );
    }
    for url in [
        "https//me:secret@docs.example/",
        "https://me:sec/ret@docs.example/'",
    ] {
        let fault = read::<BaseUrl>(&format!("{url:?}")).unwrap_err();
        assert!(!fault.contains("sec"), "{fault}");
    }
}

#[test]
fn names_of_headers_are_tokens_in_lower_case() {
    assert_eq!(
        read::<HeaderName>("\"X-Request-Id\"").as_deref(),
        Ok("x-request-id")
    );
    assert_eq!(
        read::<HeaderName>("\"!#$%&'*+-.^_`|~09az\"").as_deref(),
        Ok("!#$%&'*+-.^_`|~09az")
    );
    assert!(read::<HeaderName>(&format!("{:?}", "a".repeat(128))).is_ok());
    assert!(read::<HeaderName>(&format!("{:?}", "a".repeat(129))).is_err());
    for json in ["\"\"", "\":path\"", "\"a b\"", "\"é\"", "\"a\\u0000\"", "1"] {
        let rule = read::<HeaderName>(json).unwrap_err();
        assert!(
            rule.starts_with("x: must be the name of a header, such as \"x-tenant\", got "),
            "{rule}"
        );
    }
}

#[test]
fn headers_that_may_hold_secrets_are_refused() {
    for name in [
        "Authorization",
        "proxy-authorization",
        "Cookie",
        "set-cookie",
        "x-api-key",
        "X-Auth-Token",
        "client-secret",
    ] {
        let json = format!("{name:?}");
        let rule = format!("x: must be the name of a header that cannot hold a secret, got {json}");
        refused::<SafeHeaderName>(&json, &rule);
    }
    for name in ["x-user-id", "key", "tokens", "x-key-id"] {
        assert_eq!(read::<SafeHeaderName>(&format!("{name:?}")).as_deref(), Ok(name));
    }
}

#[test]
fn values_of_headers_are_what_can_be_sent() {
    for value in ["", "gold", "a b\tc"] {
        assert_eq!(read::<HeaderValue>(&format!("{value:?}")).as_deref(), Ok(value));
    }
    for value in [" a", "a ", "é", "a\nb", &"a".repeat(1025)] {
        assert!(read::<HeaderValue>(&format!("{value:?}")).is_err(), "{value:?}");
    }
}

#[test]
fn texts_are_bounded_in_characters() {
    let longest = "é".repeat(256);
    assert_eq!(read::<Text>(&format!("{longest:?}")).as_deref(), Ok(&*longest));
    for text in ["", "a\u{85}", &"é".repeat(257)] {
        let rule = read::<Text>(&format!("\"{text}\"")).unwrap_err();
        assert!(
            rule.starts_with("x: must be a text of 1 to 256 characters"),
            "{rule}"
        );
    }
}

#[test]
fn every_item_of_a_list_is_read() {
    assert_eq!(read::<Vec<bool>>("[]"), Ok(vec![]));
    assert_eq!(read::<Vec<bool>>("[true, false]"), Ok(vec![true, false]));
    refused::<Vec<bool>>(
        "[1, true, null]",
        "x[0]: must be true or false, got 1\nx[2]: must be true or false, got null",
    );
    refused::<Vec<bool>>("true", "x: must be a list, got true");
    refused::<AtLeastOne<bool>>("[]", "x: must have at least one item");
}

#[test]
fn the_keys_of_a_map_are_checked_and_sorted() {
    type Headers = Map<HeaderName, HeaderValue>;
    let map = read::<Headers>(r#"{"x-b": "2", "X-A": "1"}"#).unwrap();
    let entries: Vec<(&str, &str)> = map.iter().map(|(key, value)| (&**key, &**value)).collect();
    assert_eq!(entries, [("x-a", "1"), ("x-b", "2")]);
    let mut reading = Reading::default();
    let node = Node::read(br#"{"x-a": "1", "X-A": "2", "a b": "3", "x-c": null}"#).unwrap();
    Headers::read(&node, &Place::top(), &mut reading);
    assert_eq!(
        reading.faults.to_string(),
        "[\"X-A\"]: key given twice\n\
         [\"a b\"]: the key must be the name of a header, such as \"x-tenant\"\n\
         [\"x-c\"]: must be a value that a header can have (visible ASCII, no space at either end, at most 1024 characters), got null"
    );
}

#[test]
fn a_map_has_a_thousand_members_at_most() {
    let map = |count: usize| {
        let members: Vec<String> = (0..count).map(|number| format!(r#""x-{number}": "1""#)).collect();
        read::<Map<HeaderName, HeaderValue>>(&format!("{{ {} }}", members.join(",")))
    };
    assert_eq!(map(1_000).map(|map| map.len()), Ok(1_000));
    assert_eq!(
        map(1_001).map(|map| map.len()),
        Err("x: must have at most 1000 entries".to_owned())
    );
}
