//! The host that tests hold: an Envoy with plugins, to which requests are sent and for which time passes.

mod knobs;
mod lifecycle;
mod seen;
mod threads;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::cluster::Cluster;
use crate::envoy::{Due, Envoy};
use crate::log::LogLine;
use crate::plugin::Plugin;
use crate::refused::Refused;
use crate::request::Request;
use crate::shared::Shared;
use crate::worker::Worker;

pub use threads::every_order;

/// One Envoy with its plugins. Knobs first, then requests; the VMs start with the first of them.
///
/// ```
/// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
/// use host::{Host, secs};
/// let host = Host::new(plugin).workers(2).seed(7);
/// host.worker(1).get("/").expect_rejected(401);
/// host.advance(secs(1));
/// assert_eq!(host.metric("keyless_requests"), 1);
/// ```
pub struct Host {
    envoy: Arc<Envoy>,
}

impl Host {
    /// A host with one plugin, one worker, and one route `default` for everything.
    pub fn new(plugin: impl Into<Plugin>) -> Host {
        Host::chain([plugin.into()])
    }

    /// A host with several plugins, in the order of `http_filters`.
    ///
    /// # Panics
    /// Without any plugin.
    #[track_caller]
    pub fn chain(plugins: impl IntoIterator<Item = Plugin>) -> Host {
        let plugins: Vec<Plugin> = plugins.into_iter().collect();
        assert!(!plugins.is_empty(), "a host needs a plugin");
        Host {
            envoy: Arc::new(Envoy::new(plugins)),
        }
    }

    /// A host whose listener has no plugin: those that there are stand in its clusters.
    ///
    /// ```
    /// use host::{Cluster, Host, Plugin};
    /// # let plugin = Plugin::new(host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap()));
    /// let host = Host::of_clusters([Cluster::new("upstream").filters([plugin])]);
    /// host.get("/").expect_rejected(401);
    /// host.get("/").header("x-api-key", "k").answered_with(200);
    /// ```
    pub fn of_clusters(clusters: impl IntoIterator<Item = Cluster>) -> Host {
        let host = Host {
            envoy: Arc::new(Envoy::new(Vec::new())),
        };
        host.clusters(clusters)
    }

    /// Starts the VMs now.
    ///
    /// # Panics
    /// When a plugin refuses its configuration, with its log.
    #[track_caller]
    pub fn start(&self) {
        if let Err(refused) = self.try_start() {
            panic!("{refused}");
        }
        self.check_deaths();
    }

    /// Starts the VMs now.
    ///
    /// # Errors
    /// When a plugin refuses its configuration or a VM dies over it; Envoy would not start, or would keep the
    /// configuration it has.
    ///
    /// # Examples
    /// ```
    /// let picky = r#"(module (func (export "proxy_abi_version_0_2_1"))
    ///     (func (export "malloc") (param i32) (result i32) (i32.const 0))
    ///     (func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 0)))"#;
    /// let refused = host::Host::new(wat::parse_str(picky).unwrap()).try_start().unwrap_err();
    /// assert_eq!(refused.thread(), host::Thread::Canary);
    /// assert!(!refused.trapped());
    /// assert_eq!(refused.reason(), "on_configure returned false");
    /// ```
    pub fn try_start(&self) -> Result<(), Refused> {
        let started = self.envoy.start();
        started.map_err(|refusal| Refused {
            refusal,
            log: self.logs(),
        })
    }

    /// A GET request to the first worker.
    #[track_caller]
    pub fn get(&self, path: impl AsRef<[u8]>) -> Request {
        self.request("GET", path)
    }

    /// A POST request to the first worker.
    #[track_caller]
    pub fn post(&self, path: impl AsRef<[u8]>) -> Request {
        self.request("POST", path)
    }

    /// A gRPC request to the first worker: a POST over HTTP/2 to this method, such as `/pkg.Service/Method`. Its body
    /// is what [`Request::body`] and [`Request::pieces`] say, without framing of their own.
    ///
    /// ```
    /// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
    /// # let host = host::Host::new(plugin);
    /// use host::Answer;
    /// let call = || host.grpc("/shop.Orders/Get").body(b"\0\0\0\0\x01a");
    /// let answer = Answer::grpc(0).pieces([b"\0\0\0\0\x01b"]);
    /// call().header("x-api-key", "k").answered_with(answer).response_trailer("grpc-status").is("0");
    /// // A reply of the plugin is one of headers alone.
    /// call().expect_rejected(200).header("grpc-status", "16").expect_body("");
    /// ```
    #[track_caller]
    pub fn grpc(&self, method: impl AsRef<[u8]>) -> Request {
        self.worker(0).grpc(method)
    }

    /// A request to the first worker.
    #[track_caller]
    pub fn request(&self, method: &str, path: impl AsRef<[u8]>) -> Request {
        self.worker(0).request(method, path)
    }

    /// The worker of this number, counted from 0.
    ///
    /// # Panics
    /// When the host has fewer workers.
    #[track_caller]
    pub fn worker(&self, number: usize) -> Worker<'_> {
        let workers = self.envoy.setup().settings.workers;
        assert!(
            number < workers,
            "worker {number} of {workers} (they count from 0)"
        );
        Worker { host: self, number }
    }

    /// Moves the clock on, and runs the ticks that become due on the way.
    ///
    /// # Panics
    /// When a VM dies in a tick.
    #[track_caller]
    pub fn advance(&self, by: Duration) {
        self.start();
        self.envoy.advance(by);
        self.check_deaths();
    }

    /// Moves the clock on to what is due next on any thread (an answer, a time-out, a back-off's end, a tick) and runs that,
    /// if it is due within this time; else moves the clock on by it. Says whether something was due. So whoever plays
    /// several clients sees each thing when it happens.
    ///
    /// ```
    /// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
    /// use host::{Answer, Cluster, Host, millis, secs};
    /// let slow = Cluster::new("upstream").answers([Answer::new(200).after(millis(20))]);
    /// let host = Host::new(plugin).clusters([slow]);
    /// let (began, exchange) = (host.now(), host.get("/").header("x-api-key", "k").send());
    /// assert!(host.advance_to_next(secs(60)));
    /// exchange.expect_status(200);
    /// assert_eq!(host.now(), began + millis(20));
    /// assert!(!host.advance_to_next(secs(60)));
    /// assert_eq!(host.now(), began + millis(20) + secs(60));
    /// ```
    ///
    /// # Panics
    /// When a VM dies of it.
    #[track_caller]
    pub fn advance_to_next(&self, within: Duration) -> bool {
        self.run_next(within).is_some()
    }

    /// As [`Host::advance_to_next`], and says what was due. What the router had to do at that very moment on the same
    /// thread, it has done as well.
    ///
    /// ```
    /// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
    /// use host::{Answer, Cluster, Due, Host, Thread, millis, secs};
    /// let slow = Cluster::new("upstream").answers([Answer::new(200).after(millis(20))]);
    /// let host = Host::new(plugin).clusters([slow]);
    /// let exchange = host.get("/").header("x-api-key", "k").send();
    /// assert_eq!(host.next_due(), Some(millis(20)));
    /// assert_eq!(host.run_next(secs(60)), Some(Due::Timer(Thread::Worker(0))));
    /// exchange.expect_status(200);
    /// assert_eq!((host.next_due(), host.run_next(secs(60))), (None, None));
    /// ```
    ///
    /// # Panics
    /// When a VM dies of it.
    #[track_caller]
    pub fn run_next(&self, within: Duration) -> Option<Due> {
        self.start();
        let ran = self.envoy.advance_to_next_within(within);
        self.check_deaths();
        ran
    }

    /// How long it is until something is due on any thread, if anything is: so whoever plays several hosts can have each
    /// of them do what comes next.
    ///
    /// # Panics
    /// When a plugin refuses its configuration.
    #[track_caller]
    pub fn next_due(&self) -> Option<Duration> {
        self.start();
        self.envoy.next_due()
    }

    /// Sets the time of day, as an operator does or a time server: forwards or backwards. Timers and the monotonic clock
    /// go on as if nothing had happened.
    ///
    /// ```
    /// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
    /// use host::{Host, secs};
    /// let host = Host::new(plugin);
    /// let earlier = host.now() - secs(3600);
    /// host.advance(secs(10));
    /// host.set_time_of_day(earlier);
    /// assert_eq!(host.now(), earlier);
    /// ```
    ///
    /// # Panics
    /// When that is before the host was made, reckoned from 1970.
    #[track_caller]
    pub fn set_time_of_day(&self, time: SystemTime) {
        let clock = &self.shared().clock;
        clock.starts_at(time - clock.elapsed());
    }

    pub(crate) fn envoy(&self) -> &Arc<Envoy> {
        &self.envoy
    }

    #[track_caller]
    fn check_deaths(&self) {
        let settings = &self.envoy.setup().settings;
        let not_served = self.shared().not_served.lock().join("; ");
        assert!(settings.allow_unserved || not_served.is_empty(), "{not_served}");
        let told = self.shared().secrets.lock().told();
        assert!(told.is_empty(), "{told}");
        let deaths = self.deaths();
        if !settings.allow_vm_death && !deaths.is_empty() {
            let log: Vec<String> = self.logs().iter().map(LogLine::to_string).collect();
            panic!("a VM died: {}\nlog:\n{}", deaths.join("; "), log.join("\n"));
        }
    }

    fn shared(&self) -> Arc<Shared> {
        self.envoy.shared.clone()
    }
}
