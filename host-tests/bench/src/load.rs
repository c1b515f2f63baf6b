//! Requests in numbers, over connections that are kept.
//!
//! A closed loop (each connection asks again once it is answered) finds out what a request costs and how many there can
//! be; an open one (a request is due at its time, whatever became of the one before) how long a client waits.

use crate::answer::first;
use crate::cell::Workload;
use crate::requests::Requests;
use crate::{Error, Result};
use live::client::Connection;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// So many connections ask at the same time.
const CONNECTIONS: usize = 16;
/// A sleeping thread wakes up late by as much as this: the rest of the time it looks at the clock.
const LATE: Duration = Duration::from_micros(150);

/// Clients of one listener.
pub(crate) struct Load {
    address: SocketAddr,
    keeping: Vec<Kept>,
    workload: Workload,
    requests: Arc<Requests>,
    /// So many of them were sent.
    sent: u64,
}

impl Load {
    /// Connects to `address`, to ask for this workload.
    pub(crate) fn open(runtime: &Runtime, address: SocketAddr, workload: Workload) -> Result<Self> {
        let open = async {
            let mut keeping = Vec::new();
            for _ in 0..CONNECTIONS {
                keeping.push(Kept::open(address).await?);
            }
            Ok(keeping)
        };
        let keeping = runtime
            .block_on(open)
            .map_err(Error::io(format!("connecting to {address}")))?;
        Ok(Self {
            address,
            keeping,
            workload,
            requests: Requests::same(workload).into(),
            sent: 0,
        })
    }

    /// From now on each request differs from all others.
    pub(crate) fn vary(&mut self) {
        self.requests = Requests::varied(self.workload).into();
    }

    /// Sends so many requests, so many at once on each connection, and says how long it took.
    ///
    /// # Errors
    /// [`Error::Wrong`] for an answer of another status than the workload's.
    pub(crate) fn closed(&mut self, runtime: &Runtime, requests: u64, at_once: u32) -> Result<Duration> {
        let left = Arc::new(AtomicU64::new(requests));
        let status = self.workload.status();
        let (all, end) = (Arc::clone(&self.requests), self.sent + requests);
        self.sent = end;
        let began = Instant::now();
        let kept = std::mem::take(&mut self.keeping);
        self.keeping = runtime.block_on(async move {
            let mut asking = JoinSet::new();
            for mut one in kept {
                let (left, all) = (Arc::clone(&left), Arc::clone(&all));
                asking.spawn(async move {
                    let mut buffer = Vec::new();
                    loop {
                        let take = |left: u64| (left > 0).then(|| left.saturating_sub(at_once.into()));
                        let Ok(before) = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) else {
                            return Ok::<_, Error>(one);
                        };
                        let asked = before.min(at_once.into()) as usize;
                        let bytes = all.fill(&mut buffer, end - before, asked);
                        one.ask(bytes, asked, status).await?;
                    }
                });
            }
            let mut kept = Vec::new();
            while let Some(one) = asking.join_next().await {
                let one = one.map_err(|error| Error::Wrong(format!("a client: {error}")))?;
                kept.push(one?);
            }
            Ok::<_, Error>(kept)
        })?;
        Ok(began.elapsed())
    }

    /// Sends `requests` at this many a second, and says how long each took from when it was due: a request that had to
    /// wait for those before it has waited, too.
    ///
    /// # Errors
    /// As [`Load::closed`].
    pub(crate) fn open_loop(&self, per_second: u32, requests: u64) -> Result<Vec<Duration>> {
        let next = AtomicU64::new(0);
        let (mut buffer, status) = (Vec::new(), self.workload.status());
        let request = self.requests.fill(&mut buffer, 0, 1);
        let latencies = Mutex::new(Vec::new());
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            connections.push(Connection::open(self.address)?);
        }
        let begin = Instant::now() + Duration::from_millis(5);
        let ask = |mut connection: Connection| {
            let mut own = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= requests {
                    break;
                }
                let due =
                    begin + Duration::from_secs(1) * u32::try_from(number).unwrap_or(u32::MAX) / per_second;
                wait_for(due);
                let response = connection.send_bytes(request, false)?;
                own.push(due.elapsed());
                expect(response.status, status)?;
            }
            latencies
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .extend(own);
            Ok::<_, Error>(())
        };
        thread::scope(|scope| {
            let clients: Vec<_> = connections
                .into_iter()
                .map(|connection| scope.spawn(|| ask(connection)))
                .collect();
            let ended = clients.into_iter().map(|client| {
                let panicked = |_| Error::Wrong("a client panicked".into());
                client.join().map_err(panicked)?
            });
            ended.collect::<Result<Vec<()>>>()
        })?;
        Ok(latencies.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Returns at `due`, or at once where that is over.
fn wait_for(due: Instant) {
    let left = due.saturating_duration_since(Instant::now());
    if left > LATE {
        thread::sleep(left.saturating_sub(LATE));
    }
    while Instant::now() < due {
        std::hint::spin_loop();
    }
}

fn expect(found: u16, wanted: u16) -> Result<()> {
    if found == wanted {
        return Ok(());
    }
    Err(Error::Wrong(format!(
        "an answer has status {found} in place of {wanted}"
    )))
}

/// A connection that is kept.
struct Kept {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Kept {
    async fn open(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            received: Vec::with_capacity(16 * 1024),
        })
    }

    /// Sends these bytes, which are so many requests, and reads their answers.
    async fn ask(&mut self, bytes: &[u8], requests: usize, status: u16) -> Result<()> {
        let refused = || Error::io("a connection to Envoy");
        self.stream.write_all(bytes).await.map_err(refused())?;
        let (mut answered, mut at) = (0, 0);
        self.received.clear();
        while answered < requests {
            match first(&self.received[at..])? {
                Some((found, length)) => {
                    expect(found, status)?;
                    at += length;
                    answered += 1;
                }
                None => {
                    let read = self.stream.read_buf(&mut self.received).await;
                    if read.map_err(refused())? == 0 {
                        return Err(Error::Wrong("Envoy closed a connection".into()));
                    }
                }
            }
        }
        Ok(())
    }
}
