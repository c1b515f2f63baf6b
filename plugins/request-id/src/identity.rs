//! The id of a request: whom to believe, what to take, what to write.

use config::request_id::{Generate, Peers, Policy, Trust};
use kit::{Request, Worker};
use policy::caller_id::{Carrier, Refusal};
use policy::request_id::{Generator, choose};
use std::cell::OnceCell;

/// What the caller of this request is trusted with.
pub(crate) struct Trusted {
    /// Its ids.
    pub(crate) ids: bool,
    /// Its trace context.
    pub(crate) trace: bool,
}

impl Trusted {
    /// Asks the host for the caller's address only if the configuration names networks.
    pub(crate) fn of(trust: &Trust, request: &Request<'_>) -> Self {
        let address = OnceCell::new();
        let allows = |peers: &Peers| match peers {
            Peers::Always => true,
            Peers::Never => false,
            Peers::Networks(_) => address
                .get_or_init(|| request.source_address())
                .is_some_and(|address| peers.allows(address)),
        };
        Self {
            ids: allows(&trust.ids),
            trace: allows(&trust.trace),
        }
    }

    /// Whether the caller is believed in a header of this kind. An id in a trace header is part of the trace context.
    fn with(&self, carrier: Carrier) -> bool {
        self.ids && (self.trace || !carrier.is_trace())
    }
}

/// The id of a request.
pub(crate) struct Identity {
    /// `None` only if the host had no randomness to make one of, which was counted.
    pub(crate) id: Option<String>,
    /// The caller's header that it comes from, by its place in `accept`; `None`: it was made here.
    pub(crate) accepted: Option<usize>,
    /// Headers that were refused, by their place in `accept`.
    pub(crate) refused: Vec<(usize, Refusal)>,
}

impl Identity {
    /// Takes the caller's id, or makes one.
    pub(crate) fn choose(policy: &Policy, peer: &Trusted, request: &Request<'_>, worker: &Worker) -> Self {
        let carriers = policy.accept.iter().map(|header| {
            let carrier = Carrier::of(header);
            peer.with(carrier).then_some(carrier)
        });
        let values = |place: usize| {
            policy
                .accept
                .get(place)
                .map_or_else(Vec::new, |header| request.values(header))
        };
        let max_length = usize::try_from(policy.max_length.get()).unwrap_or(usize::MAX);
        let choice = choose(carriers, values, max_length);
        let (accepted, id) = match choice.accepted {
            Some((place, id)) => (Some(place), Some(id)),
            None => (None, generate(policy, worker)),
        };
        Self {
            id,
            accepted,
            refused: choice.refused,
        }
    }

    /// A word for where the id comes from.
    pub(crate) fn source(&self) -> &'static str {
        match (&self.id, self.accepted) {
            (None, _) => "none",
            (_, Some(_)) => "accepted",
            (_, None) => "generated",
        }
    }

    /// Whether the header of this name was refused.
    pub(crate) fn has_refused(&self, policy: &Policy, name: &str) -> bool {
        self.refused
            .iter()
            .any(|(place, _)| policy.accept.get(*place).is_some_and(|header| **header == *name))
    }

    /// Writes the id into the request, and removes what is not to reach the upstream: what was refused, and ids of a
    /// caller who is not trusted with them. (Trace headers of one who is not trusted with those are the trace's affair.)
    pub(crate) fn apply(&self, policy: &Policy, peer: &Trusted, request: &mut Request<'_>) {
        for (place, _) in &self.refused {
            if let Some(header) = policy.accept.get(*place) {
                request.remove(header);
            }
        }
        if !peer.ids {
            for header in policy
                .accept
                .iter()
                .filter(|header| !Carrier::of(header).is_trace())
            {
                request.remove(header);
            }
        }
        if let Some(id) = &self.id {
            for header in policy.request_headers.iter() {
                request.set(header, id.as_bytes());
            }
        }
    }
}

fn generate(policy: &Policy, worker: &Worker) -> Option<String> {
    let random = worker.random()?;
    // Without a clock, an id that does not need one.
    let time = (policy.generate == Generate::Uuid7)
        .then(|| worker.unix_millis())
        .flatten();
    let generator = if time.is_some() {
        Generator::Uuid7
    } else {
        Generator::Uuid4
    };
    Some(generator.generate(time.unwrap_or_default(), random))
}
