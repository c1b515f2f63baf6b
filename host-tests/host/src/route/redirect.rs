//! Where a route sends its clients instead of answering.

use crate::header_map::HeaderMap;

/// A route's `redirect`: a 301 to the same place, but for what is said here.
///
/// ```
/// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
/// use host::{Host, Redirect, Route};
/// let moved = Redirect::new().https().host("shop.example").status(308);
/// let host = Host::new(plugin).routes([Route::new("moved").redirect(moved)]);
/// let exchange = host.get("/orders?id=7").header("x-api-key", "k").expect_rejected(308);
/// exchange.header("location", "https://shop.example/orders?id=7");
/// ```
#[derive(Clone, Debug)]
pub struct Redirect {
    pub(crate) status: u16,
    https: bool,
    host: Option<String>,
    path: Option<String>,
}

impl Default for Redirect {
    fn default() -> Redirect {
        Redirect {
            status: 301,
            https: false,
            host: None,
            path: None,
        }
    }
}

impl Redirect {
    /// A 301 to the same place.
    pub fn new() -> Redirect {
        Redirect::default()
    }

    /// Another status: 302, 303, 307 or 308.
    pub fn status(mut self, status: u16) -> Redirect {
        self.status = status;
        self
    }

    /// To `https`; the port of plain HTTP, 80, is left out then.
    pub fn https(mut self) -> Redirect {
        self.https = true;
        self
    }

    /// To this host, with its port if it needs one.
    pub fn host(mut self, host: &str) -> Redirect {
        self.host = Some(host.to_owned());
        self
    }

    /// To this path. The request's query stays unless this has one of its own.
    pub fn path(mut self, path: &str) -> Redirect {
        self.path = Some(path.to_owned());
        self
    }

    /// The header `location` for a request.
    pub(crate) fn location(&self, request: &HeaderMap) -> Vec<u8> {
        let part = |name: &[u8]| {
            let value = request.first(name).unwrap_or_default();
            String::from_utf8_lossy(value).into_owned()
        };
        let scheme = if self.https {
            "https".to_owned()
        } else {
            part(b":scheme")
        };
        let own_host = part(b":authority");
        let host = match &self.host {
            Some(host) => host.as_str(),
            None if self.https => own_host.strip_suffix(":80").unwrap_or(&own_host),
            None => &own_host,
        };
        let own_path = part(b":path");
        let query = own_path.split_once('?').map(|(_, query)| query);
        let path = match (&self.path, query) {
            (None, _) => own_path,
            (Some(path), Some(query)) if !path.contains('?') => format!("{path}?{query}"),
            (Some(path), _) => path.clone(),
        };
        format!("{scheme}://{host}{path}").into_bytes()
    }
}
