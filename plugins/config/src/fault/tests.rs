#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

#[test]
fn a_fault_is_shown_with_its_place() {
    let fault = Fault::new("a.b".to_owned(), "must be 1".to_owned());
    assert_eq!(fault.to_string(), "a.b: must be 1");
    assert_eq!(
        Fault::new(String::new(), "must be 1".to_owned()).to_string(),
        "configuration: must be 1"
    );
}

#[test]
fn faults_are_shown_one_a_line_and_each_once() {
    let mut faults = Faults::default();
    for path in ["a", "b", "a"] {
        faults.add(Fault::new(path.to_owned(), "is wrong".to_owned()));
    }
    assert_eq!(faults.to_string(), "a: is wrong\nb: is wrong");
    assert_eq!(faults.len(), 2);
}

#[test]
fn faults_past_a_thousand_are_counted() {
    let mut faults = Faults::default();
    for number in 0..1003 {
        faults.add(Fault::new(number.to_string(), "is wrong".to_owned()));
    }
    assert_eq!(faults.len(), 1003);
    assert_eq!(faults.iter().len(), 1000);
    assert!(
        faults.to_string().ends_with("\n999: is wrong\nand 3 more"),
        "{faults}"
    );
}

#[test]
fn numbers_are_shown_in_plain_digits() {
    let cases = [
        (0.0, "0"),
        (5.0, "5"),
        (-3.0, "-3"),
        (100.5, "100.5"),
        (-0.25, "-0.25"),
        (1.000001, "1.000001"),
        (0.05, "0.05"),
        (2.0f64.powi(39), "549755813888"),
        (1e300, "a huge number"),
        (f64::NEG_INFINITY, "a huge negative number"),
        (f64::NAN, "a number that is none (NaN)"),
    ];
    for (number, expected) in cases {
        assert_eq!(shown_number(number), expected);
    }
}

#[test]
fn texts_are_shown_short_and_on_one_line() {
    assert_eq!(shown_text("a\nb\u{1b}c"), "\"a\u{fffd}b\u{fffd}c\"");
    assert_eq!(
        shown_text(&"é".repeat(64)),
        ["\"", &"é".repeat(64), "\""].concat()
    );
    assert_eq!(
        shown_text(&"é".repeat(65)),
        ["\"", &"é".repeat(64), "…\""].concat()
    );
}
