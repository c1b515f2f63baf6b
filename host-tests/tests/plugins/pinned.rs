//! What is built today is built tomorrow: each tool and crate of others is named by its version and its digest, and
//! nothing is installed or built but what a lock says.

use host_tests::document::{Document, root};
use regex::Regex;
use serde_json::Value;

/// The recipes: what runs cargo, npm and pip.
fn recipes() -> Vec<Document> {
    let files = [
        "Makefile",
        ".ci/run",
        "tools/build-wasm",
        "tools/supply-chain/check",
        "tools/supply-chain/reproduce",
    ];
    files.map(Document::open).into()
}

/// The commands in a recipe that begin so: an expression, from there on to the end of the line as the shell sees it.
fn commands(recipe: &Document, beginning: &str) -> Vec<String> {
    let lines = recipe.text().replace("\\\n", " ");
    let command = Regex::new(&format!(r"(?:^|[\s@({{;])({beginning}\b.*)")).expect("it is an expression");
    let said = lines
        .lines()
        .filter(|line| !line.trim_start().trim_start_matches('@').starts_with('#'));
    said.filter_map(|line| Some(command.captures(line)?[1].to_owned()))
        .collect()
}

/// Whether this command of cargo is free to choose other versions than its lock's.
fn lacks_lock(command: &str) -> bool {
    // These read no lock: they format, they delete, they look what a lock could be.
    let reads_none = ["cargo fmt ", "cargo clean", "cargo update --quiet --dry-run "];
    !reads_none.iter().any(|beginning| command.starts_with(beginning)) && !command.contains(" --locked")
}

#[test]
fn cargo_is_held_to_the_lock_wherever_it_runs() {
    let mut seen = 0;
    for recipe in recipes() {
        for command in commands(&recipe, "cargo [a-z]+") {
            seen += 1;
            assert!(!lacks_lock(&command), "{}: {command}", recipe.path.display());
        }
    }
    assert!(seen >= 20, "{seen}");
}

#[test]
fn a_command_without_the_lock_would_be_seen() {
    let recipe = Document::of(
        "Makefile",
        "\tcargo fmt --all\n\t@env A=1 cargo test \\\n\t  --workspace\n\t@# cargo doc\n# cargo doc\n\tcargo doc --locked\n",
    );
    let unlocked: Vec<String> = commands(&recipe, "cargo [a-z]+")
        .into_iter()
        .filter(|command| lacks_lock(command))
        .collect();
    assert_eq!(unlocked, ["cargo test  \t  --workspace"]);
}

#[test]
fn npm_and_pip_install_by_digest_only() {
    let all = |beginning: &str| -> Vec<String> {
        let recipes = recipes();
        let commands = recipes.iter().flat_map(|recipe| commands(recipe, beginning));
        commands.collect()
    };
    let npm = all("(?:npm|pnpm) (?:ci|i|install|add|update|exec|audit)");
    assert!(npm.len() >= 2, "{npm:?}");
    for command in npm {
        let begins = ["npm ci ", "npm audit "];
        assert!(begins.iter().any(|begin| command.starts_with(begin)), "{command}");
    }
    let pip = all("pip3? install");
    assert!(!pip.is_empty());
    for command in pip {
        assert!(
            command.contains("--require-hashes") && command.contains("--no-deps"),
            "{command}"
        );
    }
}

#[test]
fn every_crate_of_others_has_a_digest_in_its_lock() {
    for lock in [
        "Cargo.lock",
        "tools/wasm-test-runner/Cargo.lock",
        "host-tests/host/examples/http-headers/Cargo.lock",
    ] {
        let lock = Document::open(lock);
        let packages: Vec<&str> = lock.text().split("[[package]]").skip(1).collect();
        assert!(packages.len() > 5, "{}", lock.path.display());
        for package in packages {
            let is_of_others = package.contains("\nsource = ");
            let has_digest = package.contains("\nchecksum = \"");
            assert_eq!(is_of_others, has_digest, "{}: {package}", lock.path.display());
        }
    }
}

#[test]
fn every_package_of_npm_and_pip_has_a_version_and_a_digest() {
    let lock: Value =
        serde_json::from_str(Document::open("tools/package-lock.json").text()).expect("it is JSON");
    let packages = lock["packages"].as_object().expect("it has packages");
    let others: Vec<_> = packages.iter().filter(|(path, _)| !path.is_empty()).collect();
    assert!(!others.is_empty());
    for (path, package) in others {
        let of = |member: &str| package[member].as_str().unwrap_or_default().to_owned();
        assert!(of("integrity").starts_with("sha512-"), "{path}");
    }
    let requirements = Document::open("tools/requirements.txt");
    let requirements = requirements.text().replace("\\\n", " ");
    let requirements = requirements
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    for requirement in requirements {
        assert!(
            requirement.contains("==") && requirement.contains("--hash=sha256:"),
            "{requirement}"
        );
    }
}

#[test]
fn the_toolchain_is_one_version() {
    let toolchain = std::fs::read_to_string(root().join("rust-toolchain.toml")).expect("it can be read");
    let exact = Regex::new(r#"(?m)^channel = "\d+\.\d+\.\d+"$"#).expect("it is an expression");
    assert!(exact.is_match(&toolchain), "{toolchain}");
}
