//! Clients that take connections and send nothing, or half a request.

use live::client::Request;
use live::wire::{Kind, Peer};
use live::{Result, wait};
use std::net::SocketAddr;
use std::time::Duration;

/// What a client of a crowd has seen.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Crowded {
    /// Connections that were closed without a byte: more than the listener takes.
    pub(crate) closed: u64,
    /// Half requests that Envoy gave up on: a 408.
    pub(crate) timed_out: u64,
}

/// A crowd that holds its connections until it is dropped.
pub(crate) struct Crowd {
    idle: Vec<Peer>,
    slow: Vec<Peer>,
}

impl Crowd {
    /// So many connections to this address, each second of which sends half a request.
    ///
    /// # Errors
    /// Where nobody listens there.
    pub(crate) fn come(address: SocketAddr, connections: u32) -> Result<Self> {
        let mut crowd = Crowd {
            idle: Vec::new(),
            slow: Vec::new(),
        };
        for number in 0..connections {
            let peer = Peer::connect(address)?;
            if number % 2 == 0 {
                let request = Request::get("/orders").to_bytes();
                peer.send(&request[..request.len() / 2]);
                crowd.slow.push(peer);
            } else {
                crowd.idle.push(peer);
            }
        }
        Ok(crowd)
    }

    /// Waits until Envoy has given up on each half request, or closed its connection at once, and says what the crowd has
    /// seen.
    ///
    /// # Errors
    /// [`live::Error::Late`] where one of them is still open after ten seconds.
    pub(crate) fn wait(&self) -> Result<Crowded> {
        wait::until(Duration::from_secs(10), "an end of each half request", || {
            Ok(self.slow.iter().all(|peer| peer.ending().is_some()).then_some(()))
        })?;
        let all = || self.slow.iter().chain(&self.idle);
        let statuses = all().filter_map(|peer| peer.received(Kind::Response { head: false }));
        let timed_out = statuses.filter(|answer| answer.status() == 408).count() as u64;
        let ended = all().filter(|peer| peer.ending().is_some()).count() as u64;
        Ok(Crowded {
            closed: ended - timed_out,
            timed_out,
        })
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.slow.iter().chain(&self.idle).for_each(Peer::close);
    }
}
