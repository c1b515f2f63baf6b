//! The expectations are what filters, upstreams and clients of a real Envoy 1.40.0 saw.

use std::net::{IpAddr, Ipv4Addr};

use super::{Edge, Refusal, unsendable};
use crate::client_request::{ClientRequest, Protocol};
use crate::header_map::HeaderMap;
use crate::local_reply::LocalReply;

/// The answer to a request that the codec refuses.
fn refuse(sent: &ClientRequest) -> Option<LocalReply> {
    super::refuse(sent).map(|refusal| match refusal {
        Refusal::Reply(reply) => reply,
        Refusal::Reset(details, _) => panic!("reset: {details}"),
    })
}

fn request(headers: &[(&str, &[u8])]) -> ClientRequest {
    ClientRequest {
        protocol: Protocol::Http1,
        method: "GET".to_owned(),
        path: b"/".to_vec(),
        authority: b"host.test".to_vec(),
        headers: headers
            .iter()
            .map(|(name, value)| (name.as_bytes().to_vec(), value.to_vec()))
            .collect(),
        body: Vec::new(),
        arrivals: Vec::new(),
        ends_with_headers: true,
        peer: "127.0.0.1:50000".parse().unwrap(),
        route: None,
        answer: None,
    }
}

#[track_caller]
fn received(edge: &Edge, headers: &[(&str, &[u8])], expected: &str, source: &str) {
    let (map, from) = edge.receive(&request(headers), &mut fastrand::Rng::with_seed(1));
    let show = |(n, v): &(Vec<u8>, Vec<u8>)| format!("{}={}", n.escape_ascii(), v.escape_ascii());
    let text = map.pairs().iter().map(show).collect::<Vec<_>>().join(" ");
    let front = ":authority=host.test :path=/ :method=GET ";
    assert_eq!(text.strip_prefix(front), Some(expected));
    assert_eq!(from.to_string(), source);
}

#[test]
fn a_request_gets_the_scheme_it_came_by_and_loses_what_steers_envoy() {
    let edge = Edge::default();
    received(
        &edge,
        &[
            ("X-Request-ID", b"a"),
            ("x-request-id", b"b"),
            ("x-empty", b""),
            ("User-Agent", b" u\t"),
        ],
        ":scheme=http x-request-id=a,b x-empty= user-agent=u x-forwarded-proto=http",
        "127.0.0.1:50000",
    );
    received(
        &edge,
        &[
            ("x-envoy-attempt-count", b"v1"),
            ("x-envoy-max-retries", b"v1"),
            ("x-envoy-retry-on", b"v1"),
            ("x-envoy-decorator-operation", b"v1"),
            ("te", b"v1"),
            ("x-forwarded-client-cert", b"v1"),
            ("x-envoy-external-address", b"v1"),
            ("x-forwarded-proto", b"v1"),
        ],
        ":scheme=http x-envoy-attempt-count=v1 x-envoy-decorator-operation=v1 x-envoy-external-address=v1 \
         x-forwarded-proto=v1",
        "127.0.0.1:50000",
    );
}

#[test]
fn without_remote_address_the_client_is_who_forwarded_for_says() {
    received(
        &Edge::default(),
        &[
            ("x-forwarded-for", b"9.9.9.9, 10.0.0.1"),
            ("x-forwarded-proto", b"https"),
            ("te", b"trailers"),
        ],
        ":scheme=https x-forwarded-for=9.9.9.9, 10.0.0.1 x-forwarded-proto=https te=trailers",
        "10.0.0.1:0",
    );
}

#[test]
fn with_remote_address_the_client_is_who_connects() {
    let edge = Edge::default()
        .use_remote_address(true)
        .node_address(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)));
    received(
        &edge,
        &[
            ("x-forwarded-for", b"9.9.9.9, 10.0.0.1"),
            ("x-forwarded-proto", b"https"),
            ("x-request-id", b"mine"),
        ],
        ":scheme=http x-forwarded-for=9.9.9.9, 10.0.0.1,192.0.2.2 x-forwarded-proto=http x-request-id=mine \
         x-envoy-external-address=127.0.0.1",
        "127.0.0.1:50000",
    );
    received(
        &edge,
        &[("te", b"trailers"), ("x-envoy-decorator-operation", b"v1")],
        ":scheme=http te=trailers x-forwarded-for=192.0.2.2 x-forwarded-proto=http \
         x-envoy-external-address=127.0.0.1",
        "127.0.0.1:50000",
    );
}

#[test]
fn an_internal_client_steers_envoy_unless_somebody_else_is_before_it() {
    let edge = Edge::default()
        .use_remote_address(true)
        .internal_clients(true)
        .node_address(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)));
    let steering = ("x-envoy-max-retries", &b"9"[..]);
    received(
        &edge,
        &[steering, ("x-envoy-decorator-operation", b"v1")],
        ":scheme=http x-envoy-max-retries=9 x-envoy-decorator-operation=v1 x-forwarded-for=192.0.2.2 \
         x-forwarded-proto=http x-envoy-internal=true",
        "127.0.0.1:50000",
    );
    received(
        &edge,
        &[steering, ("x-forwarded-for", b"9.9.9.9")],
        ":scheme=http x-forwarded-for=9.9.9.9,192.0.2.2 x-forwarded-proto=http x-envoy-external-address=127.0.0.1",
        "127.0.0.1:50000",
    );
    let edge = Edge::default().internal_clients(true);
    received(
        &edge,
        &[steering],
        ":scheme=http x-forwarded-proto=http",
        "127.0.0.1:50000",
    );
    received(
        &edge,
        &[steering, ("x-forwarded-for", b"9.9.9.9")],
        ":scheme=http x-envoy-max-retries=9 x-forwarded-for=9.9.9.9 x-forwarded-proto=http x-envoy-internal=true",
        "9.9.9.9:0",
    );
    received(
        &edge,
        &[steering, ("x-forwarded-for", b"9.9.9.9, 8.8.8.8")],
        ":scheme=http x-forwarded-for=9.9.9.9, 8.8.8.8 x-forwarded-proto=http",
        "8.8.8.8:0",
    );
}

#[test]
fn a_generated_request_id_is_a_uuid_of_version_4() {
    let edge = Edge::default().generate_request_id(true);
    let (map, _) = edge.receive(&request(&[]), &mut fastrand::Rng::with_seed(3));
    let id = String::from_utf8(map.first(b"x-request-id").unwrap().to_vec()).unwrap();
    let groups: Vec<usize> = id.split('-').map(str::len).collect();
    assert_eq!(groups, [8, 4, 4, 4, 12]);
    assert_eq!(id.as_bytes()[14], b'4', "{id}");
    assert!(b"89ab".contains(&id.as_bytes()[19]), "{id}");
    let (map, _) = edge.receive(
        &request(&[("x-request-id", b"mine")]),
        &mut fastrand::Rng::with_seed(3),
    );
    assert_eq!(map.first(b"x-request-id"), Some(&b"mine"[..]));
}

#[test]
fn an_outside_clients_request_id_is_overwritten_where_it_stands_unless_preserved() {
    let names = |edge: &Edge| {
        let sent = request(&[("x-request-id", b"mine"), ("x-z", b"1")]);
        let (map, _) = edge.receive(&sent, &mut fastrand::Rng::with_seed(3));
        let id = map.first(b"x-request-id").map(<[u8]>::to_vec);
        let names: Vec<_> = map.pairs()[4..6].iter().map(|(name, _)| name.clone()).collect();
        assert_eq!(names, [&b"x-request-id"[..], b"x-z"]);
        id.unwrap()
    };
    let edge = Edge::default().generate_request_id(true).use_remote_address(true);
    assert_ne!(names(&edge), b"mine");
    assert_eq!(names(&edge.preserve_external_request_id(true)), b"mine");
}

#[track_caller]
fn refused(headers: &[(&str, &[u8])], expected: Option<(u16, &str)>) {
    let reply = refuse(&request(headers));
    let found = reply.map(|reply| (reply.status, String::from_utf8(reply.details).unwrap()));
    assert_eq!(
        found
            .as_ref()
            .map(|(status, details)| (*status, details.as_str())),
        expected
    );
}

#[test]
fn the_codec_refuses_what_http_does_not_allow() {
    refused(&[("x-a", b"\x7f")], Some((400, "http1.invalid_characters")));
    refused(&[("x-a", b"\x01")], Some((400, "http1.invalid_characters")));
    refused(&[("x a", b"1")], Some((400, "http1.codec_error")));
    refused(&[("", b"1")], Some((400, "http1.codec_error")));
    refused(&[("x-a", b"a\0b")], Some((400, "http1.invalid_characters")));
    refused(
        &[
            ("x-a", b"a\tb"),
            ("X-B", b"\xff\x80"),
            ("x_u", b""),
            ("!#$%&'*+.^`|~0", b"1"),
        ],
        None,
    );
    refused(&[("x-long", &[b'a'; 59_000])], None);
    refused(
        &[("x-long", &[b'a'; 70_000])],
        Some((431, "http1.headers_too_large")),
    );
    refused(
        &vec![("x-n", &b"1"[..]); 101],
        Some((431, "http1.too_many_headers")),
    );
}

#[test]
fn a_path_or_method_that_http_does_not_allow_is_refused() {
    let mut sent = request(&[]);
    sent.path = b"/\xff".to_vec();
    assert_eq!(refuse(&sent).map(|reply| reply.status), Some(400));
    let mut sent = request(&[]);
    sent.method = "FOO".to_owned();
    assert_eq!(refuse(&sent).map(|reply| reply.status), Some(400));
}

#[test]
fn a_header_that_no_upstream_may_get_costs_the_request() {
    let with = |name: &[u8], value: &[u8]| {
        let mut map = HeaderMap::request();
        map.add(b":method", b"GET");
        map.add(name, value);
        unsendable(&map).map(|reply| (reply.status, String::from_utf8(reply.body).unwrap()))
    };
    let refused = |text: &str| Some((503, text.to_owned()));
    assert_eq!(with(b"up per", b"v"), refused("invalid header name: up per"));
    assert_eq!(
        with(b"x-ctl", b"a\x01b\x7f"),
        refused("invalid header value for: x-ctl")
    );
    assert_eq!(
        with(b"x-nl", b"a\r\ninjected: 1"),
        refused("invalid header value for: x-nl")
    );
    assert_eq!(with(b"x-raw", b"\xff"), None);
    assert_eq!(
        unsendable(&HeaderMap::request()).map(|reply| reply.body),
        Some(b"missing required header: :method".to_vec())
    );
}
