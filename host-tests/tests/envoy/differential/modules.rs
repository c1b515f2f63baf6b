//! The same plugins in the same places, of the one module of all of them.

use host_tests::exchange::Made;
use host_tests::plugin::POLICIES;
use live::Sample;
use serde_json::{Value, json};

const MODULE: &str = "/typed_config/config/vm_config/code/local/filename";

/// The sample with its plugins made of these modules.
pub fn made(mut sample: Sample, made: Made) -> Sample {
    match made {
        Made::OfTheirOwn => {}
        Made::ByRootId => in_each_chain(sample.tree(), &|filters| by_root_id(filters)),
        Made::InOnePass => in_each_chain(sample.tree(), &in_one_pass),
    }
    sample
}

/// Changes the filters of each chain: those before the router, and those in a cluster.
fn in_each_chain(node: &mut Value, change: &dyn Fn(&mut Vec<Value>)) {
    match node {
        Value::Array(items) => items.iter_mut().for_each(|item| in_each_chain(item, change)),
        Value::Object(members) => {
            if let Some(Value::Array(filters)) = members.get_mut("http_filters") {
                change(filters);
            }
            members
                .values_mut()
                .for_each(|member| in_each_chain(member, change));
        }
        _ => {}
    }
}

fn is_plugin(filter: &Value) -> bool {
    filter.pointer(MODULE).is_some()
}

/// Each plugin is the module of all plugins, which picks it by its root id.
fn by_root_id(filters: &mut [Value]) {
    for module in filters.iter_mut().filter_map(|filter| filter.pointer_mut(MODULE)) {
        *module = json!(POLICIES.path());
    }
}

/// The first plugin becomes the module of all plugins, with a section for each of them. The others go.
fn in_one_pass(filters: &mut Vec<Value>) {
    let section = |filter: &Value| {
        let config = &filter["typed_config"]["config"];
        let text = config["configuration"]["value"].as_str()?;
        let section = serde_json::from_str(text).ok()?;
        Some((config["root_id"].as_str()?.to_owned(), section))
    };
    let plugins = filters.iter().filter(|filter| is_plugin(filter));
    let sections: Option<serde_json::Map<String, Value>> = plugins.map(section).collect();
    let sections = Value::Object(sections.expect("each plugin has a configuration as text"));
    let mut one = None;
    filters.retain_mut(|filter| !is_plugin(filter) || one.replace(filter.clone()).is_none());
    if let Some(filter) = filters.iter_mut().find(|filter| is_plugin(filter)) {
        filter["name"] = json!(POLICIES.name);
        let config = &mut filter["typed_config"]["config"];
        config["name"] = json!(POLICIES.name);
        config["root_id"] = json!(POLICIES.name);
        config["vm_config"]["code"]["local"]["filename"] = json!(POLICIES.path());
        config["configuration"]["value"] = json!(sections.to_string());
    }
}
