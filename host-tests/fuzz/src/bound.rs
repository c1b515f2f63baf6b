//! How much work a callback may have: so many instructions, and so many for each byte that it was given.
//!
//! A callback that burns more holds up all requests of its worker. An endless loop holds them up for ever, and Envoy has
//! nothing against that. So the bound grows with what came in, and with nothing else: what is quadratic in it breaks
//! the bound as soon as it is long enough.

/// What one callback has burnt, and what it had to do with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// The callback.
    pub callback: &'static str,
    /// Units of fuel, one for each WebAssembly instruction, nearly.
    pub fuel: u64,
    /// Bytes that the proxy has handed over in this exchange so far, or in this callback where it belongs to none: headers,
    /// pieces of bodies, properties, records of shared data, the configuration.
    pub bytes: u64,
    /// Headers of the request and of the response.
    pub headers: u64,
    /// Bytes of the configuration that the callback works by.
    pub configuration: u64,
}

/// Instructions of any callback of an exchange, and of a tick.
pub const ANY: u64 = 1_000_000;
/// And for each byte that was handed over.
pub const PER_BYTE: u64 = 1_000;
/// And for each byte of the configuration.
pub const PER_BYTE_OF_CONFIGURATION: u64 = 5_000;
/// And for each byte of the configuration with each header: a rule that asks for a header looks at all of them.
pub const PER_BYTE_AND_HEADER: u64 = 10;
/// Instructions of reading any configuration: there may be a thousand faults in a few bytes, each of which is told.
pub const ANY_CONFIGURATION: u64 = 500_000_000;
/// And for each of its bytes.
pub const PER_BYTE_CONFIGURED: u64 = 5_000;

impl Work {
    /// What it may burn at most.
    pub fn bound(&self) -> u64 {
        match self.callback {
            "proxy_on_configure" => ANY_CONFIGURATION + PER_BYTE_CONFIGURED * self.bytes,
            _ => {
                let per_byte = PER_BYTE_OF_CONFIGURATION + PER_BYTE_AND_HEADER * self.headers;
                ANY + PER_BYTE * self.bytes + per_byte * self.configuration
            }
        }
    }

    /// How much of that it has burnt: 1 is all.
    pub fn share(&self) -> f64 {
        self.fuel as f64 / self.bound() as f64
    }

    /// Panics where it has burnt more than that.
    #[track_caller]
    pub fn assert_is_bounded(&self) {
        assert!(
            self.fuel <= self.bound(),
            "endless work: {} burnt {} units of fuel, and {} are the most with {} bytes, {} headers and {} bytes of configuration",
            self.callback,
            self.fuel,
            self.bound(),
            self.bytes,
            self.headers,
            self.configuration,
        );
    }
}
