#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

fn load(text: &str) -> Result<Admin, Faults> {
    Admin::load(&Node::read(text.as_bytes()).expect("it is JSON"))
}

#[track_caller]
fn refused(text: &str, fault: &str) {
    let faults = load(text).map(|admin| admin.settings).expect_err(text);
    assert_eq!(faults.to_string(), fault);
}

fn holds(admin: &Admin, address: &str) -> bool {
    let address = address.parse().expect("it is an address");
    admin.settings.cidrs.iter().any(|network| network.holds(address))
}

#[test]
fn nothing_at_all_is_a_path_of_its_own_for_this_machine() {
    let admin = load("").expect("it is sound");
    assert_eq!(&*admin.settings.path, "/.policy");
    assert!(holds(&admin, "127.0.0.1") && holds(&admin, "::1") && holds(&admin, "::ffff:127.0.0.1"));
    assert!(!holds(&admin, "127.0.0.2") && !holds(&admin, "10.0.0.1") && !holds(&admin, "::2"));
}

#[test]
fn what_is_configured_replaces_it() {
    let text =
        r#"{ "$schema": "x", "path": "/ops/policies", "cidrs": ["10.0.0.0/8"], "service_name": "edge" }"#;
    let admin = load(text).expect("it is sound");
    assert_eq!(&*admin.settings.path, "/ops/policies");
    assert!(holds(&admin, "10.1.2.3") && !holds(&admin, "127.0.0.1"));
    assert_eq!(admin.common().service_name.as_deref(), Some("edge"));
}

#[test]
fn every_fault_is_told_with_its_place() {
    refused(
        r#"{ "path": "/", "cidrs": [], "pth": 1 }"#,
        "path: must be a path without a slash at its end, such as \"/.policy\", got \"/\"\n\
         cidrs: must have at least one item\n\
         pth: unknown key, did you mean path?",
    );
    refused(
        r#"{ "cidrs": ["10.0.0.1/8", "localhost"] }"#,
        "cidrs[0]: must be a network without host bits, such as \"10.0.0.0/8\", got \"10.0.0.1/8\"\n\
         cidrs[1]: must be a network such as \"10.0.0.0/8\", \"fd00::/8\" or, for one address, \"10.0.0.1/32\", got \
         \"localhost\"",
    );
    refused("[]", "configuration: must be an object, got a list");
    for path in ["x", "/a/", "/a?b", "/a#b", "/ä", ""] {
        assert!(load(&format!(r#"{{ "path": "{path}" }}"#)).is_err(), "{path}");
    }
}

#[test]
fn unknown_keys_can_be_passed_over() {
    let admin = load(r#"{ "unknown_keys": "warn", "pth": "/" }"#).expect("it is sound");
    assert_eq!(
        admin.warnings().to_string(),
        "pth: unknown key, did you mean path?"
    );
}

#[test]
fn a_path_is_met_by_itself_and_by_what_is_below_it() {
    let path = &load("").expect("it is sound").settings.path;
    assert_eq!(path.below(b"/.policy"), Some(&b""[..]));
    assert_eq!(path.below(b"/.policy?breaker=a/b"), Some(&b""[..]));
    assert_eq!(path.below(b"/.policy/"), Some(&b"/"[..]));
    assert_eq!(path.below(b"/.policy/force?breaker=a"), Some(&b"/force"[..]));
    for other in [
        &b"/.policyx"[..],
        b"/",
        b"/x/.policy",
        b"/%2Epolicy",
        b"//.policy",
        b"",
        b"/?/.policy",
    ] {
        assert_eq!(path.below(other), None, "{}", other.escape_ascii());
    }
}
