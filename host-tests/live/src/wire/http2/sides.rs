//! The two sides of an exchange, as they run: a client's connection, and an upstream's.

use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, Request};
use hyper::body::Bytes;
use tokio::sync::mpsc;

use super::{Command, Exchange, Inbox};
use crate::Headers;
use crate::wire::{Attempt, Attempts, Message, lock};

/// The client's side.
pub(super) async fn ask(
    stream: TcpStream,
    request: Request<()>,
    ends: bool,
    mut commands: mpsc::UnboundedReceiver<Command>,
    inbox: &Mutex<Inbox>,
) -> std::result::Result<(), h2::Error> {
    let (client, connection) = h2::client::handshake(tokio_stream(stream)?).await?;
    let connection = tokio::spawn(connection);
    let (response, mut sending) = client.ready().await?.send_request(request, ends)?;
    let reading = async {
        let (head, body) = response.await?.into_parts();
        receive(
            inbox,
            format!("HTTP/1.1 {}", head.status.as_u16()),
            &head.headers,
            Vec::new(),
            body,
        )
        .await;
        Ok::<_, h2::Error>(())
    };
    let writing = async {
        while let Some(command) = commands.recv().await {
            if !obey(command, &mut sending) {
                return;
            }
        }
    };
    // The connection stays, for what is still to be sent and for who looks, until it is to be closed.
    let reading = async {
        let _ = reading.await;
        lock(inbox).over = true;
        std::future::pending::<()>().await;
    };
    tokio::select! { () = reading => {}, () = writing => {} }
    connection.abort();
    Ok(())
}

/// The upstream's side of a connection, in this thread.
pub(in crate::wire) fn serve(number: usize, stream: TcpStream, attempts: &Attempts) {
    run(async {
        let Ok(stream) = tokio_stream(stream) else { return };
        let Ok(mut connection) = h2::server::handshake(stream).await else {
            return;
        };
        let (close, mut closing) = mpsc::unbounded_channel();
        loop {
            let next = tokio::select! { next = connection.accept() => next, _ = closing.recv() => return };
            let Some(Ok((request, respond))) = next else {
                return;
            };
            let (exchange, commands) = Exchange::new();
            let inbox = Arc::clone(&exchange.inbox);
            lock(attempts).push((number, Attempt::Http2(exchange)));
            tokio::spawn(take(request, inbox));
            tokio::spawn(give(respond, commands, close.clone()));
        }
    });
}

/// Takes a request in.
async fn take(request: Request<RecvStream>, inbox: Arc<Mutex<Inbox>>) {
    let (head, body) = request.into_parts();
    let authority = head
        .uri
        .authority()
        .map(|authority| authority.as_str().as_bytes().to_vec());
    let path = head.uri.path_and_query().map_or("", |path| path.as_str());
    let line = format!("{} {path}", head.method);
    let host = authority.map(|authority| (b"host".to_vec(), authority));
    receive(&inbox, line, &head.headers, host.into_iter().collect(), body).await;
    lock(&inbox).over = true;
}

/// Gives an answer, as it is told to.
async fn give(
    mut respond: h2::server::SendResponse<Bytes>,
    mut commands: mpsc::UnboundedReceiver<Command>,
    close: mpsc::UnboundedSender<()>,
) {
    let mut sending = None;
    while let Some(command) = commands.recv().await {
        match (command, &mut sending) {
            (Command::Respond(response, ends), sending) => {
                *sending = respond.send_response(response, ends).ok()
            }
            (Command::Reset(reason), None) => respond.send_reset(reason),
            (Command::Close, _) => {
                let _ = close.send(());
                // What is dropped before its connection is reset by the library.
                std::future::pending::<()>().await;
            }
            (command, Some(sending)) => {
                obey(command, sending);
            }
            (_, None) => {}
        }
    }
}

/// Does what is to be done with a message that has begun; false where the connection is to be closed.
fn obey(command: Command, sending: &mut SendStream<Bytes>) -> bool {
    // One that was reset by the other side takes nothing.
    let _ = match command {
        Command::Send(piece, ends) => sending.send_data(piece, ends),
        Command::Trailers(trailers) => sending.send_trailers(trailers),
        Command::Reset(reason) => {
            sending.send_reset(reason);
            Ok(())
        }
        Command::Close => return false,
        Command::Respond(..) => Ok(()),
    };
    true
}

/// Takes a message in, as it comes.
async fn receive(
    inbox: &Mutex<Inbox>,
    line: String,
    headers: &HeaderMap,
    first: Headers,
    mut body: RecvStream,
) {
    let message = Message {
        line,
        headers: [first, owned(headers)].concat(),
        pieces: Vec::new(),
        trailers: Vec::new(),
        complete: body.is_end_stream(),
        announced: Vec::new(),
    };
    lock(inbox).message = Some(message);
    let change = |change: &mut dyn FnMut(&mut Message)| {
        if let Some(message) = &mut lock(inbox).message {
            change(message);
        }
    };
    while let Some(piece) = body.data().await {
        let Ok(piece) = piece else { return };
        let _ = body.flow_control().release_capacity(piece.len());
        if !piece.is_empty() {
            change(&mut |message| message.pieces.push(piece.to_vec()));
        }
    }
    if let Ok(trailers) = body.trailers().await {
        let trailers = trailers.as_ref().map(owned).unwrap_or_default();
        change(&mut |message| {
            message.trailers = trailers.clone();
            message.complete = true;
        });
    }
}

fn tokio_stream(stream: TcpStream) -> std::result::Result<tokio::net::TcpStream, h2::Error> {
    let set_up = || {
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        tokio::net::TcpStream::from_std(stream)
    };
    set_up().map_err(|_| Reason::CONNECT_ERROR.into())
}

pub(super) fn run(work: impl Future<Output = ()>) {
    // Without a runtime the exchange comes to nothing, and who waits for it says so.
    if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
        runtime.block_on(work);
    }
}

fn owned(fields: &HeaderMap) -> Headers {
    fields
        .iter()
        .map(|(name, value)| (name.as_str().as_bytes().to_vec(), value.as_bytes().to_vec()))
        .collect()
}
