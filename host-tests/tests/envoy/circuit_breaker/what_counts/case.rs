//! One exchange, and what is to be made of it.

use host_tests::scenario::{Answer, Headers, Request};
use serde_json::{Value, json};

/// One exchange, and what is to be made of it.
pub struct Case {
    /// Its name, and that of its listener, its route, its cluster and its breaker.
    pub name: String,
    /// The path below which its route is.
    pub path: String,
    /// The policy of both breakers, as far as it is another.
    pub policy: Value,
    /// That of the breaker in the cluster instead.
    pub policy_of_attempts: Option<Value>,
    /// The members of its route that are others.
    pub route: Value,
    /// Those of its cluster.
    pub cluster: Value,
    /// Those of its connection manager.
    pub edge: Value,
    /// Filters before the plugin in the listener.
    pub in_front: Vec<Value>,
    /// Filters after it.
    pub behind: Vec<Value>,
    /// Filters after it in the cluster.
    pub behind_in_cluster: Vec<Value>,
    pub request: Request,
    /// How often it was answered 200 before.
    pub before: usize,
    pub steps: Vec<Step>,
    /// How many requests Envoy makes of it.
    pub passes: usize,
    /// The beginning of what Envoy says of the end: status, details and flags.
    pub ends: &'static str,
    /// What the breaker in the listener counts, in the order of the alphabet.
    pub downstream: Vec<String>,
    /// What the one in the cluster counts, likewise: nothing where there is no attempt.
    pub upstream: Vec<String>,
}

/// What a peer does next, once what was done before has arrived.
pub enum Step {
    /// The upstream answers the next attempt.
    Answers(Answer),
    /// The upstream answers the next attempt with these bytes, in HTTP/1.1.
    AnswersRaw(&'static str),
    /// The upstream leaves the next attempt unanswered.
    NeverAnswers,
    /// The upstream goes on with its answer.
    Sends(&'static str),
    /// It ends its answer, with these trailers.
    Ends(Headers),
    /// It resets what it has begun to answer, or else the next attempt.
    Resets,
    /// It closes the connection of what it has begun to answer, or else of the next attempt.
    Closes,
    /// The client sends a piece of its body.
    ClientSends(&'static str),
    /// The client ends its body.
    ClientEnds,
    /// The client goes away.
    ClientLeaves,
    /// The request is with the upstream, and for so many milliseconds nothing comes back from Envoy.
    Silence(u64),
}

impl Case {
    /// A GET whose breakers are expected to count nothing.
    pub fn new(name: &'static str) -> Case {
        Case {
            name: name.to_owned(),
            path: format!("/{name}"),
            policy: json!({}),
            policy_of_attempts: None,
            route: json!({}),
            cluster: json!({}),
            edge: json!({}),
            in_front: Vec::new(),
            behind: Vec::new(),
            behind_in_cluster: Vec::new(),
            request: Request::get(&format!("/{name}")),
            before: 0,
            steps: Vec::new(),
            passes: 1,
            ends: "",
            downstream: Vec::new(),
            upstream: Vec::new(),
        }
    }

    /// The same under a name that no other case of these has.
    pub fn numbered(self, number: usize) -> Case {
        let name = format!("{number}-{}", self.name);
        Case { name, ..self }
    }

    /// As metrics name the breaker in its listener.
    pub fn in_listener(&self) -> String {
        format!("breaker={};", self.name)
    }

    /// As metrics name the one in its cluster, which sees its attempts.
    pub fn in_cluster(&self) -> String {
        format!("breaker={};.position=upstream;", self.name)
    }

    pub fn policy(self, policy: Value) -> Case {
        Case { policy, ..self }
    }

    pub fn policy_of_attempts(self, policy: Value) -> Case {
        let policy_of_attempts = Some(policy);
        Case {
            policy_of_attempts,
            ..self
        }
    }

    pub fn route(self, route: Value) -> Case {
        Case { route, ..self }
    }

    pub fn cluster(self, cluster: Value) -> Case {
        Case { cluster, ..self }
    }

    pub fn edge(self, edge: Value) -> Case {
        Case { edge, ..self }
    }

    pub fn in_front(mut self, filter: Value) -> Case {
        self.in_front.push(filter);
        self
    }

    pub fn behind(mut self, filter: Value) -> Case {
        self.behind.push(filter);
        self
    }

    pub fn behind_in_cluster(mut self, filter: Value) -> Case {
        self.behind_in_cluster.push(filter);
        self
    }

    /// Another request, to the same path.
    pub fn request(self, request: impl FnOnce(&str) -> Request) -> Case {
        let request = request(&self.request.path);
        Case { request, ..self }
    }

    /// One more header of the request.
    pub fn header(self, name: &str, value: &str) -> Case {
        let request = self.request.clone().header(name, value);
        Case { request, ..self }
    }

    /// Over HTTP/2, on both sides.
    pub fn http2(self) -> Case {
        let request = self.request.clone().http2();
        Case { request, ..self }
    }

    /// A gRPC call whose one message is sent with it.
    pub fn grpc(self) -> Case {
        self.request(|path| Request::grpc(path).body("\0\0\0\0\0"))
    }

    /// It was answered 200 so often before.
    pub fn after_answers(self, before: usize) -> Case {
        Case { before, ..self }
    }

    /// One more step.
    pub fn then(mut self, step: Step) -> Case {
        self.steps.push(step);
        self
    }

    /// The upstream answers so.
    pub fn answered(self, answer: impl Into<Answer>) -> Case {
        self.then(Step::Answers(answer.into()))
    }

    /// How it ends, what the breaker in the listener counts, and what the one in the cluster counts.
    pub fn is(self, ends: &'static str, downstream: &str, upstream: &str) -> Case {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        Case {
            ends,
            downstream: words(downstream),
            upstream: words(upstream),
            ..self
        }
    }
}
