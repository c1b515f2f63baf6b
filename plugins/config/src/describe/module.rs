//! The JSON Schema of the module of all policies: a section for each, which is the plugin's own schema.

use super::schema::{described, document, members, object, parts, reference};
use crate::node::Node;
use crate::plugin::Policy;
use crate::sections::Beside;
use crate::setting::Part;
use crate::{circuit_breaker, error_envelope, request_id, retry};

/// The schema of `policies`, as JSON text.
pub fn policies_schema() -> String {
    let plugins = [
        plugin::<error_envelope::Policy>(),
        plugin::<request_id::Policy>(),
        plugin::<circuit_breaker::Policy>(),
        plugin::<retry::Policy>(),
    ];
    let section = |plugin: &Plugin| {
        let doc = format!(
            "The configuration of {}. Where there is none, it does not run.",
            plugin.name
        );
        (plugin.name, described(&reference(plugin.name), &doc))
    };
    let mut beside = vec![("$schema", described(&members([]), "For editors; not read."))];
    beside.extend(plugins.iter().map(section));
    let configuration = object(&Beside::members(), &beside);
    let definitions = plugins.into_iter().flat_map(|plugin| plugin.definitions);
    document("policies", configuration, Node::Object(definitions.collect()))
}

struct Plugin {
    name: &'static str,
    /// Its configuration, a policy and a rule. Their names begin with its own: they are among those of all plugins.
    definitions: Vec<(String, Node)>,
}

fn plugin<P: Policy>() -> Plugin {
    let prefix = [P::NAME, "."].concat();
    let [configuration, policy, rule] = parts::<P>(&prefix);
    Plugin {
        name: P::NAME,
        definitions: vec![
            (P::NAME.to_owned(), configuration),
            ([&prefix, "policy"].concat(), policy),
            ([&prefix, "rule"].concat(), rule),
        ],
    }
}
