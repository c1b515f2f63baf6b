//! Modules that die by a header: those that ship, with a trap before or behind their callbacks.
//!
//! As they ship, nothing can kill them, and nothing that could is to be in their sources. So the trap is put into the
//! finished module. Each callback of [`Place`] gets a function around it; all else stays as it is, byte for byte.

mod wrap;

use wasm_encoder::reencode::{self, Reencode, utils};
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, EntityType, ExportKind, ExportSection, FunctionSection,
    GlobalSection, GlobalType, ImportSection, Module, TypeSection, ValType,
};
use wasmparser::{Parser, Payload, TypeRef};
use wrap::Wrapped;

/// Where a VM dies. The header's value names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// When the plugin has seen the headers of the request, and done what it does then.
    Request,
    /// When the headers of the answer come, before the plugin sees them.
    Response,
    /// When the first piece of the answer's body comes, before the plugin sees it, if it looks at bodies at all.
    Body,
    /// When the exchange is over, before the plugin learns of it.
    Log,
    /// With the next tick of that worker, before the plugin has it.
    Tick,
}

impl Place {
    /// All of them.
    pub const ALL: [Place; 5] = [
        Place::Request,
        Place::Response,
        Place::Body,
        Place::Log,
        Place::Tick,
    ];

    /// The header's value. Their third letters differ, which is what the trap looks at.
    pub fn name(self) -> &'static str {
        match self {
            Place::Request => "request",
            Place::Response => "response",
            Place::Body => "body",
            Place::Log => "log",
            Place::Tick => "tick",
        }
    }

    /// The callback that dies.
    fn callback(self) -> &'static str {
        match self {
            Place::Request => "proxy_on_request_headers",
            Place::Response => "proxy_on_response_headers",
            Place::Body => "proxy_on_response_body",
            Place::Log => "proxy_on_log",
            Place::Tick => "proxy_on_tick",
        }
    }

    fn letter(self) -> i32 {
        self.name().as_bytes().get(2).copied().unwrap_or_default().into()
    }
}

/// The header by which the module of this plugin dies.
pub fn header(plugin: &str) -> String {
    format!("x-test-trap-{plugin}")
}

/// This module, which dies where a request's `header` says.
///
/// # Errors
/// Where these bytes are no module.
pub fn module(bytes: &[u8], header: &str) -> Result<Vec<u8>, reencode::Error> {
    let mut mortal = Mortal::of(bytes, header)?;
    let mut module = Module::new();
    mortal.parse_core_module(&mut module, Parser::new(0), bytes)?;
    Ok(module.finish())
}

/// The module as it is: how many of each there are, and which function each callback is.
struct Mortal<'h> {
    header: &'h str,
    types: u32,
    imported: u32,
    functions: u32,
    globals: u32,
    inner: Vec<(Place, Option<u32>)>,
}

impl<'h> Mortal<'h> {
    fn of(bytes: &[u8], header: &'h str) -> Result<Self, reencode::Error> {
        let mut mortal = Mortal {
            header,
            types: 0,
            imported: 0,
            functions: 0,
            globals: 0,
            inner: Place::ALL.map(|place| (place, None)).to_vec(),
        };
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::TypeSection(types) => mortal.types = types.count(),
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        mortal.imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                    }
                }
                Payload::FunctionSection(functions) => mortal.functions = functions.count(),
                Payload::GlobalSection(globals) => mortal.globals = globals.count(),
                Payload::ExportSection(exports) => {
                    for export in exports {
                        let export = export?;
                        let mut places = mortal.inner.iter_mut();
                        if let Some((_, inner)) = places.find(|(place, _)| place.callback() == export.name) {
                            *inner = Some(export.index);
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(mortal)
    }

    /// The functions around the callbacks: numbered after all others, for one import more.
    fn wrapped(&self) -> Vec<Wrapped> {
        let first = self.imported + 1 + self.functions;
        let each = self.inner.iter().zip(first..);
        each.map(|((place, inner), function)| Wrapped {
            place: *place,
            inner: inner.map(|inner| self.moved(inner)),
            function,
            get: self.imported,
            armed: self.globals,
        })
        .collect()
    }

    /// The number of a function now that there is one import more.
    fn moved(&self, function: u32) -> u32 {
        function + u32::from(function >= self.imported)
    }
}

impl Reencode for Mortal<'_> {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, reencode::Error> {
        Ok(self.moved(function))
    }

    fn data_count(&mut self, count: u32) -> Result<u32, reencode::Error> {
        Ok(count + 1)
    }

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: wasmparser::TypeSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        utils::parse_type_section(self, types, section)?;
        types.ty().function([ValType::I32; 5], [ValType::I32]);
        types.ty().function([ValType::I32; 3], [ValType::I32]);
        types.ty().function([ValType::I32], []);
        Ok(())
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: wasmparser::ImportSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        utils::parse_import_section(self, imports, section)?;
        imports.import(
            "env",
            "proxy_get_header_map_value",
            EntityType::Function(self.types),
        );
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: wasmparser::FunctionSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        utils::parse_function_section(self, functions, section)?;
        for wrapped in self.wrapped() {
            functions.function(self.types + 1 + u32::from(!wrapped.answers()));
        }
        Ok(())
    }

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: wasmparser::GlobalSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        utils::parse_global_section(self, globals, section)?;
        // The letter of the place where it is to die, and the exchange in which.
        for _ in 0..2 {
            let changes = GlobalType {
                val_type: ValType::I32,
                mutable: true,
                shared: false,
            };
            globals.global(changes, &ConstExpr::i32_const(0));
        }
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: wasmparser::ExportSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        for export in section {
            let export = export?;
            if !Place::ALL.iter().any(|place| place.callback() == export.name) {
                utils::parse_export(self, exports, export)?;
            }
        }
        for wrapped in self.wrapped() {
            exports.export(wrapped.place.callback(), ExportKind::Func, wrapped.function);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: wasmparser::CodeSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        utils::parse_code_section(self, code, section)?;
        for wrapped in self.wrapped() {
            code.function(&wrapped.body(self.header));
        }
        Ok(())
    }

    fn parse_data_section(
        &mut self,
        data: &mut DataSection,
        section: wasmparser::DataSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        utils::parse_data_section(self, data, section)?;
        data.active(0, &ConstExpr::i32_const(wrap::NAME), self.header.bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, module};
    use std::collections::BTreeSet;

    #[test]
    fn places_differ_in_the_letter_that_the_trap_looks_at() {
        let letters: BTreeSet<i32> = Place::ALL.iter().map(|place| place.letter()).collect();
        assert_eq!(letters.len(), Place::ALL.len());
    }

    #[test]
    fn what_is_no_module_is_refused() {
        assert!(module(b"no module", "x").is_err());
    }
}
