//! Requests and answers: what a test says in the host, and what stands on the wire.

/// A request of the client.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The header fields but `host`, in order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body; none where it comes in later steps.
    pub body: Vec<u8>,
    /// The body comes in chunks, in later steps.
    pub chunked: bool,
    /// It is sent over HTTP/2, and reaches its upstream so. Among names, the order of fields is not compared then.
    pub http2: bool,
}

impl Request {
    /// A request without a body.
    pub fn new(method: &str, path: &str) -> Request {
        Request {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            chunked: false,
            http2: false,
        }
    }

    /// Over HTTP/2.
    pub fn http2(mut self) -> Request {
        self.http2 = true;
        self
    }

    /// A gRPC request over HTTP/2, whose messages come in later steps.
    pub fn grpc(method: &str) -> Request {
        Request::post(method)
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .http2()
    }

    /// Whether it says that it is gRPC.
    pub fn is_grpc(&self) -> bool {
        self.headers
            .iter()
            .any(|(name, value)| name == "content-type" && value == b"application/grpc")
    }

    /// A GET.
    pub fn get(path: &str) -> Request {
        Request::new("GET", path)
    }

    /// A POST whose body comes in later steps.
    pub fn post(path: &str) -> Request {
        Request {
            chunked: true,
            ..Request::new("POST", path)
        }
    }

    /// One more header.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Request {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// Asks to change to another protocol.
    pub fn upgrade(self, protocol: &str) -> Request {
        self.header("connection", "Upgrade").header("upgrade", protocol)
    }

    pub(in crate::scenario) fn upgrades(&self) -> bool {
        self.headers.iter().any(|(name, _)| name == "upgrade")
    }

    /// A body of known length, sent with the headers.
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Request {
        self.body = body.as_ref().to_vec();
        self.chunked = false;
        self
    }

    /// What stands on the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{} {} HTTP/1.1\r\nhost: host.test\r\n", self.method, self.path).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        framed(bytes, &self.body, self.chunked, false)
    }

    pub(in crate::scenario) fn in_host(&self, host: &host::Host) -> host::Request {
        let request = self.headers.iter().fold(
            host.request(&self.method, &self.path),
            |request, (name, value)| request.header(name, value),
        );
        let request = if self.http2 { request.http2() } else { request };
        match self.chunked {
            true => request.pieces::<&[u8]>([]).unfinished(),
            false => request.body(&self.body),
        }
    }
}

/// An answer of an upstream.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The header fields, in order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body; none where it comes in later steps.
    pub body: Vec<u8>,
    /// The body comes in chunks, in later steps.
    pub chunked: bool,
}

impl Answer {
    /// An answer of this status, without a body.
    pub fn new(status: u16) -> Answer {
        Answer {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            chunked: false,
        }
    }

    /// One more header.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Answer {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// A body of known length, sent with the headers.
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Answer {
        self.body = body.as_ref().to_vec();
        self
    }

    /// The body comes in chunks, in later steps.
    pub fn chunked(mut self) -> Answer {
        self.chunked = true;
        self
    }

    /// What stands on the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = format!("HTTP/1.1 {} -\r\n", self.status).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        let length_is_given = self.headers.iter().any(|(name, _)| name == "content-length");
        framed(
            bytes,
            &self.body,
            self.chunked,
            !matches!(self.status, 101 | 204 | 304) && !length_is_given,
        )
    }

    pub(in crate::scenario) fn in_host(&self) -> host::Answer {
        let answer = self
            .headers
            .iter()
            .fold(host::Answer::new(self.status), |answer, (name, value)| {
                answer.header(name, value)
            });
        match self.chunked {
            true => answer.pieces::<&[u8]>([]).unfinished(),
            false if self.body.is_empty() => answer,
            false => answer.body(&self.body),
        }
    }
}

impl From<u16> for Answer {
    fn from(status: u16) -> Answer {
        Answer::new(status)
    }
}

/// The head's end with the framing of its body, and the body. `announces`: also a body of no length.
fn framed(mut head: Vec<u8>, body: &[u8], chunked: bool, announces: bool) -> Vec<u8> {
    if chunked {
        head.extend_from_slice(b"transfer-encoding: chunked\r\n");
    } else if announces || !body.is_empty() {
        head.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes());
    }
    head.extend_from_slice(b"\r\n");
    head.extend_from_slice(body);
    head
}
