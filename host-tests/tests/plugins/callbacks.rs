//! Callbacks with numbers of contexts that are unknown, of another kind, or gone, in orders that no proxy makes them in:
//! every module goes on, and no exchange notices what became of others.

mod case;
mod orders;
mod vm;

use case::{Case, all_is_well};
use host_tests::plugin::MODULES;
use vm::Vm;

/// Numbers that no test here creates a context with.
const UNKNOWN: [u32; 4] = [0, 7, 0x8000_0000, u32::MAX];

fn cases() -> impl Iterator<Item = Case> {
    MODULES.iter().map(|plugin| Case::new(plugin))
}

const OF_A_ROOT: &[&str] = &["proxy_on_configure", "proxy_on_tick"];
const OF_AN_EXCHANGE: &[&str] = &[
    "proxy_on_request_headers",
    "proxy_on_request_body",
    "proxy_on_request_trailers",
    "proxy_on_response_headers",
    "proxy_on_response_body",
    "proxy_on_response_trailers",
    "proxy_on_log",
];
const OF_BOTH: &[&str] = &["proxy_on_done", "proxy_on_delete"];

#[test]
fn each_callback_of_a_module_is_one_that_these_tests_make() {
    let known = [OF_A_ROOT, OF_AN_EXCHANGE, OF_BOTH].concat();
    for case in cases() {
        for (callback, _) in &case.callbacks {
            assert!(known.contains(&callback.as_str()), "{}: {callback}", case.name);
        }
    }
}

#[test]
fn a_number_that_is_nobodys_is_answered_and_nothing_is_asked_of_the_host() {
    let all = [OF_A_ROOT, OF_AN_EXCHANGE, OF_BOTH].concat();
    for case in cases() {
        let mut unstarted = Vm::unstarted(&case.code);
        unstarted.call("proxy_on_context_create", &[1, 0]);
        unstarted.call("proxy_on_context_create", &[2, 1]);
        let mut started = Vm::new(&case.code);
        let mut serving = case.vm();
        let begun = case.begin(&mut serving, 2, 1);
        for number in UNKNOWN {
            case.assert_are_for_nobody(&mut unstarted, &all, number);
            case.assert_are_for_nobody(&mut started, &all, number);
            case.assert_are_for_nobody(&mut serving, &all, number);
        }
        for number in [1, 2] {
            case.assert_are_for_nobody(&mut unstarted, &all, number);
        }
        let ended = case.end(&mut serving, 2);
        case.assert_is_as_alone(begun, ended);
        case.assert_are_for_nobody(&mut serving, &all, 2);
        case.assert_serves(&mut serving, 2, 1);
        serving.call("proxy_on_delete", &[1]);
        case.assert_are_for_nobody(&mut serving, &all, 1);
    }
}

#[test]
fn what_came_before_the_start_does_no_harm_after_it() {
    for case in cases() {
        let mut vm = Vm::unstarted(&case.code);
        vm.cluster("upstream");
        vm.call("proxy_on_context_create", &[1, 0]);
        vm.call("_initialize", &[]);
        case.assert_leaves_alone(&mut vm, 2, 1);
        vm.call("proxy_on_context_create", &[1, 0]);
        case.configure(&mut vm, 1, &case.on);
        case.assert_serves(&mut vm, 2, 1);
    }
}

#[test]
fn a_root_is_no_exchange_and_an_exchange_no_root() {
    for case in cases() {
        let mut vm = case.vm();
        let begun = case.begin(&mut vm, 2, 1);
        case.assert_are_for_nobody(&mut vm, OF_AN_EXCHANGE, 1);
        case.assert_are_for_nobody(&mut vm, OF_A_ROOT, 2);
        let ended = case.end(&mut vm, 2);
        case.assert_is_as_alone(begun, ended);
        case.assert_serves(&mut vm, 3, 1);
    }
}

#[test]
fn an_exchange_within_what_is_no_root_passes_untouched() {
    for case in cases() {
        let mut vm = case.vm();
        let begun = case.begin(&mut vm, 2, 1);
        // Within nothing, within an exchange, within itself, and within such a one.
        for (number, within) in [(3, 99), (4, 2), (5, 5), (6, 3)] {
            vm.call("proxy_on_context_create", &[number, within]);
            case.assert_are_for_nobody(&mut vm, OF_AN_EXCHANGE, number);
            case.assert_are_for_nobody(&mut vm, OF_BOTH, number);
        }
        let ended = case.end(&mut vm, 2);
        case.assert_is_as_alone(begun, ended);
    }
}

#[test]
fn a_number_that_is_created_again_begins_anew() {
    for case in cases() {
        let mut vm = case.vm();
        case.begin(&mut vm, 2, 1);
        case.assert_serves(&mut vm, 2, 1);
        // So does a root, which nobody has configured then; what is under way keeps the configuration that it met.
        let begun = case.begin(&mut vm, 3, 1);
        vm.call("proxy_on_context_create", &[1, 0]);
        case.assert_leaves_alone(&mut vm, 4, 1);
        let ended = case.end(&mut vm, 3);
        case.assert_is_as_alone(begun, ended);
        case.configure(&mut vm, 1, &case.on);
        case.assert_serves(&mut vm, 5, 1);
        // An exchange's number becomes a root's, and the reverse.
        vm.call("proxy_on_context_create", &[6, 1]);
        vm.call("proxy_on_context_create", &[6, 0]);
        case.configure(&mut vm, 6, &case.on);
        case.assert_serves(&mut vm, 7, 6);
        vm.call("proxy_on_context_create", &[6, 1]);
        case.assert_are_for_nobody(&mut vm, OF_A_ROOT, 6);
        case.assert_serves(&mut vm, 6, 1);
    }
}

#[test]
fn each_root_of_a_vm_has_a_configuration_of_its_own() {
    for case in cases() {
        let mut vm = case.vm();
        vm.call("proxy_on_context_create", &[2, 0]);
        case.configure(&mut vm, 2, &case.off);
        let begun = [case.begin(&mut vm, 11, 1), case.begin(&mut vm, 12, 2)];
        case.configure(&mut vm, 1, &case.off);
        case.configure(&mut vm, 2, &case.on);
        case.assert_leaves_alone(&mut vm, 13, 1);
        case.assert_serves(&mut vm, 14, 2);
        // What began before keeps to what it met.
        let [of_first, of_second] = begun;
        assert_eq!(
            (of_second, case.end(&mut vm, 12)),
            Default::default(),
            "{}",
            case.name
        );
        let ended = case.end(&mut vm, 11);
        case.assert_is_as_alone(of_first, ended);
        // What is refused changes nothing, of neither.
        vm.configuration("[");
        assert_eq!(vm.call("proxy_on_configure", &[1, 1]), Some(0), "{}", case.name);
        case.assert_leaves_alone(&mut vm, 15, 1);
        vm.call("proxy_on_delete", &[1]);
        case.assert_serves(&mut vm, 16, 2);
    }
}

#[test]
fn an_exchange_outlives_its_root() {
    for case in cases() {
        let mut vm = case.vm();
        let begun = case.begin(&mut vm, 2, 1);
        vm.call("proxy_on_delete", &[1]);
        case.assert_leaves_alone(&mut vm, 3, 1);
        let ended = case.end(&mut vm, 2);
        case.assert_is_as_alone(begun, ended);
    }
}

#[test]
fn two_thousand_exchanges_at_once_each_go_as_alone_and_leave_nothing_behind() {
    const AT_ONCE: u32 = 2_000;
    for case in cases() {
        let mut vm = case.vm();
        let mut pages = Vec::new();
        for _ in 0..2 {
            let begun: Vec<_> = (0..AT_ONCE)
                .map(|number| case.begin(&mut vm, 2 + number, 1))
                .collect();
            // In an order that is neither theirs nor its reverse: 1,237 and 2,000 have no common divisor.
            for place in 0..AT_ONCE {
                let which = place * 1_237 % AT_ONCE;
                let ended = case.end(&mut vm, 2 + which);
                case.assert_is_as_alone(begun[which as usize].clone(), ended);
            }
            pages.push(vm.pages());
        }
        assert_eq!(pages[0], pages[1], "{}", case.name);
    }
}
