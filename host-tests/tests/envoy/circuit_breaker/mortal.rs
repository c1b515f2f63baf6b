//! A module, but that the trailers of a request kill its VM. As it ships, nothing can kill it.

use host_tests::plugin::Plugin;
use std::ops::Range;
use wasmparser::{ExternalKind, Parser, Payload, TypeRef};

/// The callback that is to trap.
const DEADLY: &str = "proxy_on_request_trailers";
/// The number of the section of code.
const CODE: u8 = 10;
/// The body of a function: no locals, `unreachable`, `end`.
const TRAPS: &[u8] = &[0x00, 0x00, 0x0b];

/// The module's bytes, with the body of one function replaced.
pub fn module(plugin: &Plugin) -> Vec<u8> {
    let bytes = plugin.bytes();
    let (mut imported, mut deadly, mut shared_with) = (0, None, 0);
    let (mut sections, mut bodies) = (Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(&bytes) {
        let payload = payload.expect("the module is valid");
        sections.extend(payload.as_section().map(|(id, range)| (id, place(range))));
        match payload {
            Payload::ImportSection(imports) => {
                let imports = imports.into_imports().map(|import| import.expect("it is valid"));
                imported = imports
                    .filter(|import| matches!(import.ty, TypeRef::Func(_)))
                    .count();
            }
            Payload::ExportSection(exports) => {
                let exports = exports.into_iter().map(|export| export.expect("it is valid"));
                let functions: Vec<_> = exports
                    .filter(|export| export.kind == ExternalKind::Func)
                    .collect();
                deadly = functions
                    .iter()
                    .find(|export| export.name == DEADLY)
                    .map(|export| export.index);
                shared_with = functions
                    .iter()
                    .filter(|export| Some(export.index) == deadly)
                    .count();
            }
            Payload::CodeSectionEntry(body) => bodies.push(place(body.range())),
            _ => {}
        }
    }
    assert_eq!(shared_with, 1, "the callback has a function of its own");
    let deadly = deadly.expect("it is there") as usize - imported;

    let mut code = leb(bodies.len());
    for (number, body) in bodies.into_iter().enumerate() {
        let body = if number == deadly { TRAPS } else { &bytes[body] };
        code.extend(leb(body.len()));
        code.extend_from_slice(body);
    }
    let mut module = bytes[..8].to_vec();
    for (id, range) in sections {
        let content = if id == CODE { &code } else { &bytes[range] };
        module.push(id);
        module.extend(leb(content.len()));
        module.extend_from_slice(content);
    }
    module
}

fn place(range: Range<u64>) -> Range<usize> {
    range.start as usize..range.end as usize
}

/// A number, as modules have it.
fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}
