//! The function around a callback.

use super::Place;
use wasm_encoder::{BlockType, Function, MemArg, MemArgTarget, ValType};

/// Where the header's name is: at the far end of the stack, which no callback reaches.
pub(super) const NAME: i32 = 16;
/// Where the host says where the header's value is.
const FOUND: i32 = 256;
/// The map of a request's headers.
const REQUEST_HEADERS: i32 = 0;

/// In place of an exchange that is over. No context has this number.
const OVER: i32 = -1;

/// A callback, and what it becomes.
pub(super) struct Wrapped {
    pub(super) place: Place,
    /// The callback; none where the plugin has none.
    pub(super) inner: Option<u32>,
    /// The function around it.
    pub(super) function: u32,
    /// The host's function that reads a header.
    pub(super) get: u32,
    /// The global with the place where it is to die; the next one has the exchange.
    pub(super) armed: u32,
}

impl Wrapped {
    /// Whether it takes three numbers and answers one, as callbacks of headers and bodies do; the others take one.
    pub(super) fn answers(&self) -> bool {
        matches!(self.place, Place::Request | Place::Response | Place::Body)
    }

    pub(super) fn body(&self, header: &str) -> Function {
        let mut function = Function::new([(u32::from(self.answers()), ValType::I32)]);
        if self.place == Place::Request {
            self.call_inner(&mut function);
            self.arm(&mut function, header);
        } else {
            self.die(&mut function);
            self.call_inner(&mut function);
        }
        let mut code = function.instructions();
        if self.answers() {
            code.local_get(3);
        }
        code.end();
        function
    }

    /// Calls the callback, and keeps its answer; without one it is to go on.
    fn call_inner(&self, function: &mut Function) {
        let mut code = function.instructions();
        let Some(inner) = self.inner else { return };
        for parameter in 0..if self.answers() { 3 } else { 1 } {
            code.local_get(parameter);
        }
        code.call(inner);
        if self.answers() {
            code.local_set(3);
        }
    }

    /// Looks for the header, keeps where it wants death, and dies if that is here.
    fn arm(&self, function: &mut Function, header: &str) {
        let at = |offset| MemArg {
            offset,
            align: 0,
            target: MemArgTarget::default(),
            ordering: None,
        };
        let length = i32::try_from(header.len()).unwrap_or(i32::MAX);
        let mut code = function.instructions();
        for argument in [REQUEST_HEADERS, NAME, length, FOUND, FOUND + 4] {
            code.i32_const(argument);
        }
        code.call(self.get).i32_eqz().if_(BlockType::Empty);
        code.i32_const(FOUND)
            .i32_load(at(0))
            .i32_load8_u(at(2))
            .global_set(self.armed);
        code.local_get(0).global_set(self.armed + 1);
        code.end();
        self.die(function);
    }

    /// Dies, if this is the place and the exchange. A tick waits for the exchange to be over.
    fn die(&self, function: &mut Function) {
        let mut code = function.instructions();
        code.global_get(self.armed)
            .i32_const(self.place.letter())
            .i32_eq();
        code.global_get(self.armed + 1);
        match self.place {
            Place::Tick => code.i32_const(OVER),
            _ => code.local_get(0),
        };
        code.i32_eq().i32_and();
        code.if_(BlockType::Empty).unreachable().end();
        if self.place == Place::Log {
            code.global_get(self.armed + 1).local_get(0).i32_eq();
            code.if_(BlockType::Empty)
                .i32_const(OVER)
                .global_set(self.armed + 1)
                .end();
        }
    }
}
