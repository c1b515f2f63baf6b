//! One target in libFuzzer: `TARGET=<name> fuzzer <options of libFuzzer> <folders or files>`.
//!
//! One program for all targets, so that it is linked once. `MODULES=<folder>` is where the modules are that count
//! their branches. With `FEEDBACK=work` it looks for more work instead, and the dearest inputs are left in `WORST`.

#![no_main]

use fuzz::bound::Work;
use fuzz::{Modules, Target, coverage, named};
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

/// What counting branches costs a module beside its own work, and more.
const SLACK: u64 = 4;

struct Tried {
    target: &'static Target,
    modules: Modules,
    worst: Option<Worst>,
}

/// The dearest input of each callback so far, as a file each.
struct Worst {
    folder: PathBuf,
    target: String,
    shares: Mutex<BTreeMap<&'static str, f64>>,
}

impl Worst {
    fn in_folder(folder: Option<OsString>, target: &str) -> Self {
        let folder = PathBuf::from(folder.expect("WORST is where the dearest inputs go"));
        std::fs::create_dir_all(&folder).expect("the folder of the dearest inputs can be made");
        Self {
            folder,
            target: target.to_owned(),
            shares: Mutex::default(),
        }
    }

    fn take(&self, works: &[Work], bytes: &[u8]) {
        let mut shares = self.shares.lock().expect("nothing else fuzzes here");
        for work in works {
            let (share, worst) = (work.share(), shares.entry(work.callback).or_default());
            // Not each time that it is a little dearer: a file is written then.
            if share > *worst * 1.02 {
                *worst = share;
                let file = self.folder.join(format!("{}-{}", self.target, work.callback));
                std::fs::write(file, bytes).expect("the dearest input can be written");
                eprintln!("WORST {} {share:.4} {work:?}", work.callback);
            }
        }
    }
}

fn tried() -> &'static Tried {
    static TRIED: OnceLock<Tried> = OnceLock::new();
    TRIED.get_or_init(|| {
        let name = std::env::var("TARGET").expect("TARGET names a target");
        let folder = std::env::var("MODULES").expect("MODULES is where modules are");
        let bytes = |module: &str| {
            let path = Path::new(&folder)
                .join(module.replace('-', "_"))
                .with_extension("wasm");
            std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        let looks_for_work = std::env::var_os("FEEDBACK").is_some_and(|feedback| feedback == "work");
        if looks_for_work {
            coverage::only_work();
        }
        Tried {
            worst: looks_for_work.then(|| Worst::in_folder(std::env::var_os("WORST"), &name)),
            target: named(&name).unwrap_or_else(|| panic!("no target is named {name}")),
            modules: Modules::new(bytes).with_slack(SLACK),
        }
    })
}

fuzz_target!(|bytes: &[u8]| {
    let Tried {
        target,
        modules,
        worst,
    } = tried();
    let works = target.run(modules, bytes);
    coverage::work(&works);
    if let Some(worst) = worst {
        worst.take(&works, bytes);
    }
});
