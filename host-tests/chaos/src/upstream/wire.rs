//! What the upstream writes, byte by byte where it has to.

use super::{BODY, BROKEN, HANGING, Manner, Shared};
use rustix::net::sockopt::set_socket_linger;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

/// Between two bytes of an answer that comes byte by byte.
const BETWEEN_BYTES: Duration = Duration::from_millis(2);
/// What comes in place of an answer.
const GARBAGE: usize = 200;

/// What an answer leaves of the connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    /// It can be used again.
    Open,
    /// It is to be closed.
    Closed,
    /// It is to be reset, which its closing does.
    Reset,
}

/// Answers the requests of one connection until it ends, and says whether that is to be by a reset.
pub(super) fn serve(stream: &TcpStream, life: u64, seed: u64, shared: &Shared) -> bool {
    let _ = stream.set_nodelay(true);
    let mut random = fastrand::Rng::with_seed(seed);
    let mut ahead = Vec::new();
    while let Ok(Some(head)) = next_request(stream, &mut ahead) {
        let Some(manner) = shared.manner(life) else { break };
        let path = head.split(|byte| *byte == b' ').nth(1);
        if path == Some(HANGING.as_bytes()) {
            hang(stream, shared);
            break;
        }
        let is_broken = path == Some(BROKEN.as_bytes());
        if is_broken {
            shared.broken_requests.fetch_add(1, Ordering::Relaxed);
        }
        let (status, body) = if is_broken {
            ("503 Service Unavailable", &b"broken\n"[..])
        } else {
            ("200 OK", BODY)
        };
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        match write(stream, manner, head.as_bytes(), body, &mut random) {
            Ok(Left::Open) => {}
            Ok(Left::Closed) | Err(_) => break,
            Ok(Left::Reset) => return true,
        }
    }
    false
}

/// Answers nothing until Envoy gives up.
fn hang(stream: &TcpStream, shared: &Shared) {
    {
        let mut hanging = shared.hanging();
        hanging.now += 1;
        hanging.most = hanging.most.max(hanging.now);
    }
    let mut ahead = Vec::new();
    while let Ok(Some(_)) = next_request(stream, &mut ahead) {}
    shared.hanging().now -= 1;
}

/// Writes an answer in this manner.
fn write(
    mut stream: &TcpStream,
    manner: Manner,
    head: &[u8],
    body: &[u8],
    random: &mut fastrand::Rng,
) -> io::Result<Left> {
    match manner {
        Manner::Well | Manner::Frozen => {
            stream.write_all(&[head, body].concat())?;
            Ok(Left::Open)
        }
        Manner::ByteByByte => {
            for byte in head.iter().chain(body) {
                stream.write_all(&[*byte])?;
                thread::sleep(BETWEEN_BYTES);
            }
            Ok(Left::Open)
        }
        Manner::ResetInHeaders => {
            stream.write_all(&head[..head.len() / 2])?;
            reset(stream)
        }
        Manner::ResetInBody => {
            stream.write_all(head)?;
            stream.write_all(&body[..body.len() / 2])?;
            reset(stream)
        }
        Manner::Garbage => {
            let bytes: Vec<u8> = (0..GARBAGE).map(|_| random.u8(..)).collect();
            stream.write_all(&bytes)?;
            Ok(Left::Closed)
        }
    }
}

/// Makes the end of the connection a reset. What was written before it is read before it.
fn reset(stream: &TcpStream) -> io::Result<Left> {
    set_socket_linger(stream, Some(Duration::ZERO))?;
    Ok(Left::Reset)
}

/// The head of the next request, none of which has a body; `None` at the end of the connection.
fn next_request(mut stream: &TcpStream, ahead: &mut Vec<u8>) -> io::Result<Option<Vec<u8>>> {
    loop {
        if let Some(end) = ahead.windows(4).position(|window| window == b"\r\n\r\n") {
            let rest = ahead.split_off(end + 4);
            return Ok(Some(std::mem::replace(ahead, rest)));
        }
        let mut piece = [0; 4096];
        match stream.read(&mut piece)? {
            0 => return Ok(None),
            length => ahead.extend_from_slice(&piece[..length]),
        }
    }
}
