//! The sample of ECDS in a real Envoy with two workers, and its folder of filters, which a test changes.

use host_tests::plugin::{ALL, ERROR_ENVELOPE};
use live::client::{Request, Response};
use live::{Envoy, Error, Sample, Upstream, wait};
use serde_json::{Value, json};
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// Far beyond what anything here takes, for a machine that has much else to do.
const BOUND: Duration = Duration::from_secs(60);
const FOLDER: &str = "envoy/ecds/filters";
/// What the upstream answers as an error, which is no JSON, so that it becomes one of ours.
const NO_JSON: &str = "/status/404?body=gone";

/// The filters that are discovered, in the order of the chain.
pub const FILTERS: [&str; 4] = ["error-envelope", "request-id", "circuit-breaker", "retry"];

/// The filters' files, in a folder of their own: as they are in the repository, but with the modules that were just built.
pub struct Filters {
    folder: TempDir,
}

/// An Envoy that follows such a folder.
pub struct Fleet {
    pub envoy: Envoy,
    pub filters: Filters,
}

/// This text with the modules that were just built.
fn with_modules(text: &str) -> String {
    ALL.iter().fold(text.to_owned(), |text, plugin| {
        let file = format!("dist/{}.wasm", plugin.name.replace('-', "_"));
        text.replace(&file, &plugin.path().display().to_string())
    })
}

/// The file of this filter.
pub fn file(filter: &str) -> String {
    let path = live::repository().join(FOLDER).join(format!("{filter}.yaml"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    with_modules(&text)
}

/// The file of this filter with its configuration changed.
pub fn file_with(filter: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut file = Sample::parse(filter, &file(filter)).expect("it is YAML");
    let value = "/resources/0/typed_config/config/configuration/value";
    let text = file.tree().pointer_mut(value).expect("it has a configuration");
    let mut configuration =
        serde_json::from_str(text.as_str().expect("which is a text")).expect("and that is JSON");
    change(&mut configuration);
    *text = json!(configuration.to_string());
    file.to_yaml()
}

/// The file of this filter, of another service.
pub fn of_service(filter: &str, service: Value) -> String {
    file_with(filter, |configuration| configuration["service_name"] = service)
}

impl Filters {
    /// The files that these are to be, in a folder.
    pub fn of(files: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        let filters = Self {
            folder: tempfile::tempdir().expect("a folder can be made"),
        };
        for (filter, text) in files {
            filters.put(filter, &text);
        }
        filters
    }

    /// Those of the repository.
    pub fn new() -> Self {
        Self::of(FILTERS.map(|filter| (filter, file(filter))))
    }

    /// The same, as the kubelet mounts a ConfigMap: each file is a link through `..data`, which is a link to a folder.
    pub fn mounted() -> Self {
        let filters = Self::of([]);
        filters.mount("first", file);
        for filter in FILTERS {
            let name = format!("{filter}.yaml");
            symlink(Path::new("..data").join(&name), filters.path().join(name)).expect("a link can be made");
        }
        filters
    }

    /// Exchanges all that is mounted, in one go.
    pub fn mount(&self, version: &str, text: impl Fn(&str) -> String) {
        let version = format!("..{version}");
        let folder = self.path().join(&version);
        fs::create_dir(&folder).expect("a folder can be made");
        for filter in FILTERS {
            fs::write(folder.join(format!("{filter}.yaml")), text(filter)).expect("a file can be written");
        }
        let next = self.path().join("..data_tmp");
        symlink(version, &next).expect("a link can be made");
        fs::rename(next, self.path().join("..data")).expect("a link can be moved");
    }

    /// Moves this text to its place.
    pub fn put(&self, filter: &str, text: &str) {
        self.put_file(&format!("{filter}.yaml"), text);
    }

    /// Moves a file of this name into the folder.
    pub fn put_file(&self, name: &str, text: &str) {
        // Beside the folder, which is watched.
        let next = self.path().with_extension("next");
        fs::write(&next, text).expect("a file can be written");
        fs::rename(next, self.path().join(name)).expect("a file can be moved");
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// The sample in front of this upstream, following these files.
pub fn sample(filters: &Filters, upstream: SocketAddr) -> Sample {
    let path: PathBuf = live::repository().join("envoy/ecds/envoy.yaml");
    let text = fs::read_to_string(path).expect("the sample is there");
    let text = with_modules(&text).replace(FOLDER, &filters.path().display().to_string());
    let sample = Sample::parse("ecds/envoy.yaml", &text).expect("it is YAML");
    let sample = sample.on_free_ports().cluster("upstream", upstream);
    sample.expect("it has a cluster of that name")
}

/// Starts it.
pub fn start(sample: &Sample) -> Result<Envoy, Error> {
    Envoy::with(&sample.to_yaml()).concurrency(2).start()
}

/// Waits until `look` finds something.
#[track_caller]
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    wait::until(BOUND, what, || Ok(look())).unwrap_or_else(|error| panic!("{error}"))
}

impl Fleet {
    /// The sample with these files, in front of this upstream.
    pub fn new(filters: Filters, upstream: SocketAddr) -> Self {
        let envoy = start(&sample(&filters, upstream)).unwrap_or_else(|error| panic!("{error}"));
        Self { envoy, filters }
    }

    /// The same with one worker, to which all requests come.
    pub fn of_one_worker(filters: Filters, upstream: SocketAddr) -> Self {
        let envoy = Envoy::with(&sample(&filters, upstream).to_yaml()).start();
        let envoy = envoy.unwrap_or_else(|error| panic!("{error}"));
        Self { envoy, filters }
    }

    /// The sample as it is, in front of the demo upstream.
    pub fn as_it_is() -> (Self, Upstream) {
        let upstream = Upstream::start().expect("an upstream can be started");
        (Self::new(Filters::new(), upstream.address()), upstream)
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Response {
        self.envoy
            .send(&Request::get(path))
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// What Envoy has counted of this filter's discovery.
    pub fn counted(&self, filter: &str, what: &str) -> u64 {
        let statistics = self.envoy.stats().expect("Envoy tells its statistics");
        let name = format!("extension_config_discovery.http_filter.{filter}.{what}");
        statistics.get(&name).copied().unwrap_or_default()
    }

    /// Waits until that is so many.
    #[track_caller]
    pub fn counts(&self, filter: &str, what: &str, number: u64) {
        eventually(&format!("{what} of {filter} being {number}"), || {
            (self.counted(filter, what) == number).then_some(())
        });
    }

    /// Waits until errors are of this service, on whichever worker: that many in a row are.
    #[track_caller]
    pub fn errors_are_of(&self, service: &str) {
        let mut in_a_row = 0;
        eventually(&format!("errors of {service}"), || {
            let response = self.get(NO_JSON);
            let is_ours = error(&response)["service_name"] == service;
            in_a_row = if is_ours { in_a_row + 1 } else { 0 };
            (in_a_row == 20).then_some(())
        });
    }

    /// Another service for error-envelope. Returns when errors say so.
    #[track_caller]
    pub fn rename(&self, service: &str) {
        self.filters.put(
            ERROR_ENVELOPE.name,
            &of_service(ERROR_ENVELOPE.name, json!(service)),
        );
        self.errors_are_of(service);
    }
}

/// The error in this response.
#[track_caller]
pub fn error(response: &Response) -> Value {
    serde_json::from_slice(&response.body).unwrap_or_else(|error| panic!("{error}: {}", response.text()))
}
