//! Configurations of hundreds of kilobytes, right and wrong.

use super::{Alone, CIRCUIT_BREAKER, ERROR_ENVELOPE, REQUEST_ID, RETRY, answer, bounded, get};
use host_tests::plugin::Plugin;

fn list(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(",")
}

fn rules(count: usize, rule: impl Fn(usize) -> String) -> String {
    format!(r#"{{"routes":[{}]}}"#, list(count, rule))
}

/// What reading it burns, whether it is accepted or not.
fn reading(module: &Plugin, text: &str) -> u64 {
    bounded(&Alone::new(&module.bytes()).worker(text.as_bytes()).work())
}

#[test]
fn no_configuration_of_ten_thousand_entries_is_endless_work() {
    const COUNT: usize = 10_000;
    let texts = [
        (
            &REQUEST_ID,
            rules(COUNT, |n| {
                format!(r#"{{"match":{{"path":"/{n}"}},"policy":{{"max_length":5}}}}"#)
            }),
        ),
        (
            &REQUEST_ID,
            rules(COUNT, |n| format!(r#"{{"match":{{"headers":{{"x":"{n}"}}}}}}"#)),
        ),
        (
            &REQUEST_ID,
            rules(COUNT, |n| {
                format!(r#"{{"match":{{"path":"/{n}"}},"profile":"q{n}"}}"#)
            }),
        ),
        (&REQUEST_ID, rules(COUNT, |_| "1".to_owned())),
        (
            &REQUEST_ID,
            format!("{{{}}}", list(COUNT, |n| format!(r#""servicename{n}":1"#))),
        ),
        (
            &REQUEST_ID,
            format!(
                r#"{{"profiles":{{{}}}}}"#,
                list(COUNT, |n| format!(r#""p{:05}":{{}}"#, COUNT - n))
            ),
        ),
        (
            &REQUEST_ID,
            format!(
                r#"{{"default":{{"log_headers":{{{}}}}}}}"#,
                list(COUNT, |n| format!(r#""u{n}":"x-u""#))
            ),
        ),
        (
            &CIRCUIT_BREAKER,
            rules(COUNT, |n| {
                format!(r#"{{"match":{{"path":"/{n}"}},"policy":{{"key":{{"name":"n{n}"}}}}}}"#)
            }),
        ),
        (
            &RETRY,
            rules(COUNT, |n| {
                format!(r#"{{"match":{{"path":"/{n}"}},"policy":{{"attempts":2}}}}"#)
            }),
        ),
        (
            &ERROR_ENVELOPE,
            format!(
                r#"{{"default":{{"catalog":[{}]}}}}"#,
                list(1_000, |n| format!(
                    r#"{{"when":{{"details":"d{n}"}},"error_code":"A{n}"}}"#
                ))
            ),
        ),
    ];
    for (module, text) in texts {
        reading(module, &text);
    }
}

/// Found by looking for endless work: 16 million headers, of which a VM of 1 GB died.
#[test]
fn many_policies_do_not_multiply_what_they_take_over() {
    let text = format!(
        r#"{{"default":{{"accept":[{}]}},"routes":[{}]}}"#,
        list(1_000, |n| format!(r#""x-{n}""#)),
        list(4_000, |n| format!(
            r#"{{"match":{{"path":"/{n}"}},"policy":{{"max_length":5}}}}"#
        ))
    );
    let mut worker = Alone::new(&REQUEST_ID.bytes()).worker(text.as_bytes());
    assert!(!worker.is_configured());
    assert!(bounded(&worker.work()) < 1_000_000_000);
}

/// Found by looking for endless work: 30 billion instructions, for each of 4000 names was compared with all of 4000.
#[test]
fn profiles_that_do_not_exist_are_not_compared_with_all_that_do() {
    let text = format!(
        r#"{{"profiles":{{{}}},"routes":[{}]}}"#,
        list(1_000, |n| format!(r#""p{n}":{{}}"#)),
        list(4_000, |n| format!(
            r#"{{"match":{{"path":"/{n}"}},"profile":"q{n}"}}"#
        ))
    );
    assert!(reading(&REQUEST_ID, &text) < 2_000_000_000);
}

#[test]
fn a_request_that_meets_none_of_ten_thousand_rules_is_bounded() {
    let all = [
        rules(10_000, |n| format!(r#"{{"match":{{"path_prefix":"/{n}"}}}}"#)),
        rules(10_000, |n| {
            format!(r#"{{"match":{{"path_template":"/{{a}}/{n}"}}}}"#)
        }),
        rules(10_000, |n| format!(r#"{{"match":{{"host":"*.a{n}"}}}}"#)),
        rules(10_000, |n| format!(r#"{{"match":{{"headers":{{"x":"{n}"}}}}}}"#)),
    ];
    let module = Alone::new(&REQUEST_ID.bytes());
    for text in all {
        let mut worker = module.worker(text.as_bytes());
        assert!(worker.is_configured());
        worker.work();
        let many = (0..100).map(|number| (b"x".to_vec(), format!("a{number}").into_bytes()));
        worker.exchange(get().into_iter().chain(many).collect(), answer("200"), &[]);
        bounded(&worker.work());
    }
}
