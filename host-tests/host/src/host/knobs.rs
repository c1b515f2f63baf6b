//! What a test sets before the first request: the plugin, the listener, the routes, the clock and the seed.

use std::sync::Arc;
use std::time::SystemTime;

use super::Host;
use crate::abi::Status;
use crate::cluster::Cluster;
use crate::edge::Edge;
use crate::envoy::Setup;
use crate::plugin::{Configuration, Plugin};
use crate::route::{Route, RouteTable, VirtualHost};
use crate::shared::Shared;

impl Host {
    /// How many workers, each with its own VMs (default: 1).
    #[track_caller]
    pub fn workers(self, workers: usize) -> Host {
        assert!(workers > 0, "a host needs a worker");
        self.set(|setup| setup.settings.workers = workers)
    }

    /// The configuration of the plugin: JSON, text, or raw bytes.
    ///
    /// # Panics
    /// With several plugins: say with [`Plugin::config`] which one is meant. The same holds for the next three.
    #[track_caller]
    pub fn config(self, configuration: impl Into<Configuration>) -> Host {
        self.set_plugin(|plugin| plugin.config(configuration))
    }

    /// The plugin's name (default: `plugin`).
    #[track_caller]
    pub fn plugin_name(self, name: &str) -> Host {
        self.set_plugin(|plugin| plugin.name(name))
    }

    /// The plugin's root_id (default: empty).
    #[track_caller]
    pub fn root_id(self, root_id: &str) -> Host {
        self.set_plugin(|plugin| plugin.root_id(root_id))
    }

    /// The plugin's vm_id (default: empty).
    #[track_caller]
    pub fn vm_id(self, vm_id: &str) -> Host {
        self.set_plugin(|plugin| plugin.vm_id(vm_id))
    }

    /// The route table: one virtual host, `all`, with these routes (default: one route, `default`, for everything).
    /// Empty: every request is a 404.
    #[track_caller]
    pub fn routes(self, routes: impl IntoIterator<Item = Route>) -> Host {
        self.set(|setup| setup.settings.routes = RouteTable::of_routes(routes))
    }

    /// The route table, where it has several virtual hosts.
    #[track_caller]
    pub fn virtual_hosts(self, virtual_hosts: impl IntoIterator<Item = VirtualHost>) -> Host {
        self.set(|setup| setup.settings.routes = RouteTable::new(virtual_hosts))
    }

    /// Clusters whose upstreams answer by a script. A cluster that only routes name needs none.
    #[track_caller]
    pub fn clusters(self, clusters: impl IntoIterator<Item = Cluster>) -> Host {
        self.set(|setup| setup.settings.clusters = clusters.into_iter().collect())
    }

    /// What clusters are like that only routes name (default: Envoy's defaults and no script). The name counts for nothing,
    /// and filters cannot stand there.
    ///
    /// ```
    /// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
    /// use host::{Cluster, Host};
    /// let host = Host::new(plugin).other_clusters(Cluster::new("any").answers([204]));
    /// host.get("/").header("x-api-key", "k").send();
    /// ```
    ///
    /// # Panics
    /// When it has filters.
    #[track_caller]
    pub fn other_clusters(self, cluster: Cluster) -> Host {
        assert!(
            cluster.filters.is_empty(),
            "filters belong to a cluster with a name"
        );
        self.set(|setup| setup.settings.other_clusters = cluster)
    }

    /// How the listener is set up.
    #[track_caller]
    pub fn edge(self, edge: Edge) -> Host {
        self.set(|setup| setup.settings.edge = edge)
    }

    /// The seed of all randomness that plugins get; the same seed draws the same numbers.
    #[track_caller]
    pub fn seed(self, seed: u64) -> Host {
        self.set_shared(|shared| shared.random.lock().seed(seed))
    }

    /// The time of day at which the host starts (default: 2026-01-01T00:00:00Z).
    #[track_caller]
    pub fn starts_at(self, time: SystemTime) -> Host {
        self.set_shared(|shared| shared.clock.starts_at(time))
    }

    /// How much wasm fuel one callback may burn before it counts as an endless loop (default: 100 million).
    #[track_caller]
    pub fn fuel_per_callback(self, fuel: u64) -> Host {
        self.set(|setup| setup.settings.fuel_per_callback = fuel)
    }

    /// Lets a VM die without failing the test. What becomes of requests then says [`crate::FailurePolicy`]; by default
    /// they are answered 503. Also lets a thread refuse a configuration that the canary accepted: Envoy goes on without
    /// the plugin there, whatever the policy.
    ///
    /// ```
    /// let traps = r#"(module (func (export "proxy_abi_version_0_2_1"))
    ///     (func (export "malloc") (param i32) (result i32) (i32.const 0))
    ///     (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) unreachable))"#;
    /// let host = host::Host::new(wat::parse_str(traps).unwrap()).allow_vm_death();
    /// host.get("/").expect_rejected(503);
    /// host.get("/").expect_rejected(503);
    /// ```
    #[track_caller]
    pub fn allow_vm_death(self) -> Host {
        self.set(|setup| setup.settings.allow_vm_death = true)
    }

    /// Lets a plugin call what Envoy has and this host does not serve, without failing the test: its VM dies of it, which
    /// also needs [`Host::allow_vm_death`]. For programs that run modules which they do not know.
    #[track_caller]
    pub fn allow_unserved(self) -> Host {
        self.set(|setup| setup.settings.allow_unserved = true)
    }

    /// Lets a plugin's memory grow from exchange to exchange without failing the test.
    ///
    /// Otherwise a test fails at its end when a VM has served 16 exchanges or more and, of eight equal stretches of
    /// them, grew in each of the last six. Growth in an exchange that handed the plugin more bytes, or found more
    /// exchanges under way, than any before does not count. So a plugin may warm up, double a table, and serve ever
    /// larger requests. See [`crate::cost::growth`] for smaller leaks.
    ///
    /// ```should_panic
    /// # let keeps = r#"(module (memory (export "memory") 1) (func (export "proxy_abi_version_0_2_1"))
    /// #     (func (export "malloc") (param i32) (result i32) (i32.const 0))
    /// #     (func (export "proxy_on_log") (param i32) (drop (memory.grow (i32.const 1)))))"#;
    /// let host = host::Host::new(wat::parse_str(keeps).unwrap()); // without .allow_memory_growth()
    /// for _ in 0..16 {
    ///     host.get("/").answered_with(200);
    /// }
    /// ```
    #[track_caller]
    pub fn allow_memory_growth(self) -> Host {
        self.set(|setup| setup.settings.allow_memory_growth = true)
    }

    /// Writes down each move of the metrics whose names begin so, with its time: see [`Host::take_moves`].
    ///
    /// ```
    /// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
    /// use host::{Host, secs};
    /// let host = Host::new(plugin).watch_metrics("keyless_");
    /// host.advance(secs(3));
    /// host.get("/").expect_rejected(401);
    /// let moves = host.take_moves();
    /// assert_eq!((&*moves[0].name, moves[0].value, moves[0].after), ("keyless_requests", 1, secs(3)));
    /// assert_eq!(host.take_moves(), []);
    /// ```
    #[track_caller]
    pub fn watch_metrics(self, beginning: &str) -> Host {
        self.set_shared(|shared| shared.metrics.lock().watch(beginning))
    }

    /// Writes nothing down that grows with every exchange or that only a test asks for: [`Host::host_calls`] and
    /// [`crate::Exchange::cost`] stay empty, a rendered exchange tells of no metrics, and no fault can be injected. For a
    /// host that runs for millions of exchanges. Its log still grows: see [`Host::take_logs`].
    ///
    /// ```
    /// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
    /// let host = host::Host::new(plugin).without_records();
    /// host.get("/").expect_rejected(401);
    /// assert_eq!((host.host_calls().len(), host.metric("keyless_requests")), (0, 1));
    /// ```
    #[track_caller]
    pub fn without_records(self) -> Host {
        self.set(|setup| setup.settings.keeps_records = false)
    }

    /// Requests and answers have no secrets of the modules ([`crate::Module::secrets`]): for a test that counts what is in them.
    #[track_caller]
    pub fn plant_nothing(self) -> Host {
        self.set(|setup| setup.settings.not_planted = None)
    }

    /// Requests and answers have all secrets of the modules but that of this header: for a test of requests without it.
    #[track_caller]
    pub fn plant_all_but(self, name: &str) -> Host {
        self.set(|setup| {
            let names = setup.settings.not_planted.get_or_insert_default();
            names.push(name.as_bytes().to_vec());
        })
    }

    /// How many bytes of a body a filter may hold back (default: 1 MiB, as `per_connection_buffer_limit_bytes`).
    /// Past it, a request is answered 413; a response becomes a 500, or breaks off if its headers are on their way.
    #[track_caller]
    pub fn buffer_limit(self, bytes: usize) -> Host {
        self.set(|setup| setup.settings.buffer_limit = bytes)
    }

    /// Lets the host call of this number (counted from 0 over all of [`Host::host_calls`]) answer this status, and
    /// do nothing else.
    ///
    /// ```
    /// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
    /// use host::{Host, Status};
    /// let host = Host::new(&plugin);
    /// host.get("/").header("x-api-key", "k").answered_with(200);
    /// let reads = |call: &host::HostCall| call.name == "proxy_get_header_map_value";
    /// let number = host.host_calls().iter().position(reads).unwrap();
    ///
    /// let host = Host::new(&plugin).fail_host_call(number, Status::BAD_ARGUMENT);
    /// host.get("/").header("x-api-key", "k").expect_rejected(401);
    /// ```
    #[track_caller]
    pub fn fail_host_call(self, number: usize, status: Status) -> Host {
        self.set_shared(|shared| shared.calls.lock().inject = Some((number, status)))
    }

    #[track_caller]
    fn set(self, change: impl FnOnce(&mut Setup)) -> Host {
        let changed = self.envoy.change_setup(change);
        changed.expect("the host has started: set its knobs before the first request");
        self
    }

    #[track_caller]
    fn set_shared(self, change: impl FnOnce(&Shared)) -> Host {
        let shared = self.shared();
        self.set(|_| change(&shared))
    }

    #[track_caller]
    fn set_plugin(self, change: impl FnOnce(Plugin) -> Plugin) -> Host {
        self.set(|setup| match setup.plugins.as_mut_slice() {
            [plugin] => *plugin = Arc::new(change(Plugin::clone(plugin))),
            plugins => panic!(
                "a chain of {} plugins: set this on the Plugin that is meant",
                plugins.len()
            ),
        })
    }
}
