#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

#[track_caller]
fn valid<F: Form>(text: &str) -> F {
    assert_eq!(F::broken(text), None, "{text}");
    F::of(text)
}

#[track_caller]
fn refused<F: Form>(texts: &[&str]) {
    for text in texts {
        assert!(F::broken(text).is_some(), "{text:?} should be refused");
    }
}

#[test]
fn hosts_match_whole_or_below() {
    let cases = [
        ("shop.example", "shop.example", true),
        ("SHOP.example", "shop.example", true),
        ("shop.example", "a.shop.example", false),
        ("*.shop.example", "a.shop.example", true),
        ("*.shop.example", "a.b.shop.example", true),
        ("*.shop.example", "shop.example", false),
        ("*.shop.example", ".shop.example", false),
        ("*.shop.example", "ashop.example", false),
        ("[::1]", "[::1]", true),
    ];
    for (pattern, host, expected) in cases {
        assert_eq!(
            valid::<Host>(pattern).matches(host.as_bytes()),
            expected,
            "{pattern} on {host}"
        );
    }
}

#[test]
fn hosts_that_no_request_can_have_are_refused() {
    refused::<Host>(&[
        "",
        "*",
        "*.",
        "a:80",
        "[::1]:80",
        "::1",
        "[::1",
        "[x]",
        "http://a",
        "a/b",
        "a..b",
        "a.*",
        "*.*.a",
        "*a.b",
        "a b",
        "é",
        "*.[::1]",
        &"a".repeat(64),
    ]);
}

#[test]
fn the_port_is_no_part_of_the_host() {
    let cases = [
        ("a", "a"),
        ("a:80", "a"),
        ("a:", "a"),
        ("[::1]", "[::1]"),
        ("[::1]:80", "[::1]"),
        ("a:b", "a:b"),
        ("", ""),
        (":", ""),
    ];
    for (authority, host) in cases {
        assert_eq!(without_port(authority.as_bytes()), host.as_bytes(), "{authority}");
    }
}

#[test]
fn the_query_is_no_part_of_the_path() {
    for (sent, path) in [
        ("/a?b", "/a"),
        ("/a", "/a"),
        ("/a?b?c", "/a"),
        ("?", ""),
        ("", ""),
    ] {
        assert_eq!(without_query(sent.as_bytes()), path.as_bytes(), "{sent}");
    }
}

#[test]
fn a_prefix_ends_at_a_segment() {
    let cases = [
        ("/orders", "/orders", true),
        ("/orders", "/orders/", true),
        ("/orders", "/orders/1/2", true),
        ("/orders", "/ordersx", false),
        ("/orders", "/order", false),
        ("/orders/", "/orders/1", true),
        ("/orders/", "/orders/", true),
        ("/orders/", "/orders", false),
        ("/", "/", true),
        ("/", "/a", true),
        ("/", "*", false),
    ];
    for (prefix, path, expected) in cases {
        assert_eq!(
            valid::<PathPrefix>(prefix).matches(path.as_bytes()),
            expected,
            "{prefix} on {path}"
        );
    }
}

#[test]
fn a_template_stands_for_whole_segments() {
    let cases = [
        ("/orders/{id}", "/orders/1", true),
        ("/orders/{id}", "/orders/", false),
        ("/orders/{id}", "/orders", false),
        ("/orders/{id}", "/orders/1/", false),
        ("/orders/{id}", "/orders/1/2", false),
        ("/orders/{id}/", "/orders/1/", true),
        ("/{a}/{b}", "/x/y", true),
        ("/orders", "/orders", true),
    ];
    for (template, path, expected) in cases {
        assert_eq!(
            valid::<PathTemplate>(template).matches(path.as_bytes()),
            expected,
            "{template} on {path}"
        );
    }
    assert!(valid::<PathTemplate>("/{a}").matches(b"/\xff\x00"));
    refused::<PathTemplate>(&["/a{b}", "/{b}a", "/{", "/}", "/{}", "/{a b}", "/{{a}}", "{a}"]);
}

#[test]
fn paths_that_no_request_can_have_are_refused() {
    let paths = ["", "a", "*", "/a?b", "/a#b", "/a b", "/é", "/a\n"];
    refused::<ExactPath>(&paths);
    refused::<PathPrefix>(&paths);
    refused::<PathTemplate>(&paths);
    valid::<ExactPath>("/a%20b;c=d,e/../..//");
}

#[test]
fn methods_are_in_upper_case() {
    for method in ["GET", "M-SEARCH", "X_1"] {
        valid::<Method>(method);
    }
    refused::<Method>(&["", "get", "Get", "GET ", "É", &"A".repeat(33)]);
}
