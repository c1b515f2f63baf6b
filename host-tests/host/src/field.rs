//! One header or one piece of filter state, with what a test may expect of it.

use crate::exchange::Exchange;

/// The values of one name: none, one, or a repeated header's several.
///
/// ```
/// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
/// # let host = host::Host::new(plugin);
/// let exchange = host.get("/").header("x-api-key", "k").header("x-a", "1").header("x-a", "2").answered_with(200);
/// exchange.upstream_header("x-api-key").is("k");
/// exchange.upstream_header("x-b").is_absent();
/// assert_eq!(exchange.upstream_header("x-a").all(), [b"1", b"2"]);
/// assert_eq!(exchange.upstream_header("x-envoy-expected-rq-timeout-ms").text(), "15000");
/// ```
#[must_use = "a field expects nothing by itself: call is, is_absent or value"]
pub struct Field<'e> {
    exchange: &'e Exchange,
    place: String,
    values: Vec<Vec<u8>>,
}

impl<'e> Field<'e> {
    pub(crate) fn new(exchange: &'e Exchange, place: String, values: Vec<Vec<u8>>) -> Field<'e> {
        Field {
            exchange,
            place,
            values,
        }
    }

    /// There is exactly one value, and it is this.
    #[track_caller]
    pub fn is(&self, expected: impl AsRef<[u8]>) -> &'e Exchange {
        let expected = expected.as_ref();
        self.require(
            self.values == [expected],
            &format!("not \"{}\"", expected.escape_ascii()),
        );
        self.exchange
    }

    /// There is no value.
    #[track_caller]
    pub fn is_absent(&self) -> &'e Exchange {
        self.require(self.values.is_empty(), "not absent");
        self.exchange
    }

    /// The one value there is.
    #[track_caller]
    pub fn value(&self) -> Vec<u8> {
        self.require(self.values.len() == 1, "not one value");
        self.values.concat()
    }

    /// The one value there is, as text.
    #[track_caller]
    pub fn text(&self) -> String {
        let text = String::from_utf8(self.value()).ok();
        self.require(text.is_some(), "not UTF-8");
        text.unwrap_or_default()
    }

    /// The value, if there is one; there must not be two.
    #[track_caller]
    pub fn option(&self) -> Option<Vec<u8>> {
        self.require(self.values.len() < 2, "repeated");
        self.values.first().cloned()
    }

    /// All values, in order.
    pub fn all(&self) -> Vec<Vec<u8>> {
        self.values.clone()
    }

    #[track_caller]
    fn require(&self, holds: bool, wrong: &str) {
        let found: Vec<String> = self
            .values
            .iter()
            .map(|value| format!("\"{}\"", value.escape_ascii()))
            .collect();
        let found = if found.is_empty() {
            "absent".to_owned()
        } else {
            found.join(", ")
        };
        self.exchange
            .require(holds, &format!("{} is {found}, {wrong}", self.place));
    }
}
