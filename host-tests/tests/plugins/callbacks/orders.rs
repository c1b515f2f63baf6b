//! Callbacks in random orders, of a few contexts that are roots and exchanges by turns.

use super::Case;
use super::vm::Vm;
use host_tests::plugin::{
    ADMIN, CIRCUIT_BREAKER, ERROR_ENVELOPE, MODULES, POLICIES, Plugin, REQUEST_ID, RETRY,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// The contexts that nobody else is to touch.
const ROOT: u32 = 100;
const EXCHANGE: u32 = 101;
const LATER_EXCHANGE: u32 = 102;

/// Something that the host does.
#[derive(Clone, Debug)]
enum Step {
    /// Creates a context of the first number within that of the second.
    Create(u32, u32),
    /// Has a root configured, and not off.
    Configure(u32, bool),
    /// Makes any callback at all, with any size and any word on the end of the stream.
    Call(Index, u32, u32, bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // Few numbers meet often.
    let number = || 0..5u32;
    let step = prop_oneof![
        2 => (number(), number()).prop_map(|(number, within)| Step::Create(number, within)),
        1 => (number(), any::<bool>()).prop_map(|(root, on)| Step::Configure(root, on)),
        5 => (any::<Index>(), number(), select(vec![0, 1, 4, u32::MAX]), any::<bool>())
            .prop_map(|(which, number, size, end)| Step::Call(which, number, size, end)),
    ];
    vec(step, 0..80)
}

impl Case {
    fn take(&self, vm: &mut Vm, step: &Step) {
        match step {
            Step::Create(number, within) => {
                vm.call("proxy_on_context_create", &[*number, *within]);
            }
            Step::Configure(root, on) => self.configure(vm, *root, if *on { &self.on } else { &self.off }),
            Step::Call(which, number, size, end) => {
                let (callback, parameters) = which.get(&self.callbacks);
                vm.effects();
                let answer = vm.call(callback, &[*number, *size, u32::from(*end)][..*parameters]);
                // What is answered by the module goes no further.
                let is_answered = answer == Some(1)
                    && vm
                        .effects()
                        .iter()
                        .any(|effect| effect.contains("local_response"));
                assert!(
                    answer == super::all_is_well(callback) || is_answered,
                    "{}: {callback}: {answer:?}",
                    self.name
                );
            }
        }
    }

    /// An exchange during which all of that happens, one that begins before it, and one after it go as alone.
    fn stands(&self, steps: &[Step]) {
        let mut vm = Vm::new(&self.code);
        vm.cluster("upstream");
        vm.call("proxy_on_context_create", &[ROOT, 0]);
        self.configure(&mut vm, ROOT, &self.on);
        let begun = self.begin(&mut vm, EXCHANGE, ROOT);
        vm.call("proxy_on_context_create", &[LATER_EXCHANGE, ROOT]);
        // What breakers and budgets see of this is their own affair.
        vm.cluster("another");
        for step in steps {
            self.take(&mut vm, step);
        }
        vm.cluster("upstream");
        let ended = self.end(&mut vm, EXCHANGE);
        self.assert_is_as_alone(begun, ended);
        let (begun, ended) = (
            self.request(&mut vm, LATER_EXCHANGE),
            self.end(&mut vm, LATER_EXCHANGE),
        );
        self.assert_is_as_alone(begun, ended);
        self.assert_serves(&mut vm, EXCHANGE, ROOT);
        vm.call("proxy_on_context_create", &[1, 0]);
        self.configure(&mut vm, 1, &self.on);
        self.assert_serves(&mut vm, 2, 1);
    }
}

/// Plays random orders on a module.
fn any_order_is_survived(plugin: &Plugin) {
    let case = Case::new(plugin);
    proptest!(ProptestConfig::with_cases(192), |(steps in steps())| case.stands(&steps));
}

macro_rules! orders {
    ($($test:ident: $plugin:ident,)*) => {
        $(
            #[test]
            fn $test() {
                any_order_is_survived(&$plugin);
            }
        )*

        #[test]
        fn every_module_is_among_them() {
            let mut names = [$($plugin.name),*];
            names.sort_unstable();
            let mut all: Vec<&str> = MODULES.iter().map(|plugin| plugin.name).collect();
            all.sort_unstable();
            assert_eq!(names.as_slice(), all);
        }
    };
}

orders! {
    admin_survives_any_order: ADMIN,
    circuit_breaker_survives_any_order: CIRCUIT_BREAKER,
    error_envelope_survives_any_order: ERROR_ENVELOPE,
    policies_survives_any_order: POLICIES,
    request_id_survives_any_order: REQUEST_ID,
    retry_survives_any_order: RETRY,
}
