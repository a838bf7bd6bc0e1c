# Each target does its own set-up and works from a clean clone. `make` alone says what there is.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Outputs lie where the documents say, wherever else cargo was told to put them.
export CARGO_TARGET_DIR := $(CURDIR)/target

# Set for whatever runs below cargo, as the test of README's commands does. Build scripts that read them would build their crates again.
unexport CARGO_MANIFEST_DIR CARGO_MANIFEST_PATH CARGO_MANIFEST_LINKS CARGO_PKG_NAME CARGO_PKG_VERSION CARGO_PKG_VERSION_MAJOR \
  CARGO_PKG_VERSION_MINOR CARGO_PKG_VERSION_PATCH CARGO_PKG_VERSION_PRE

CARTAGE := target/debug/cartage
# Installs the toolchains that plugins are built with. The command itself only looks for them.
XTASK := target/debug/xtask
PLUGINS := $(sort $(dir $(wildcard plugins/*/Cargo.toml)))
PLUGINS_JS := $(sort $(dir $(wildcard plugins/*/package.json)))

# Licences, bans and sources of dependencies are judged by this version, here and in `.ci/run`.
CARGO_DENY_VERSION := 0.20.2
CARGO_DENY := target/tools/cargo-deny-$(CARGO_DENY_VERSION)/bin/cargo-deny

.PHONY: help setup build plugins plugins-js guests demo test test-js crash real-vendure bench lint package docs deny advisories notices

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: ## see whether this machine has what building needs
	@missing=; \
	command -v cargo >/dev/null || missing+=$$'\n  cargo (Rust 1.95 or newer): https://rustup.rs, or your distribution'; \
	command -v cc >/dev/null || missing+=$$'\n  cc (a C compiler and linker): apt-get install gcc libc6-dev'; \
	if [ -n "$$missing" ]; then echo "building needs what is not installed:$$missing" >&2; exit 1; fi

# The test of README's commands says --all-targets, which is built there already: --bins alone chooses other features and compiles most dependencies anew.
BUILD_WHAT ?= --bins

build: setup ## build the command: target/debug/cartage
	cargo build --workspace $(BUILD_WHAT)

plugins: build ## build the plugins: target/plugins/*.wasm
	@$(XTASK) guest-toolchain $(CARTAGE)
	@for crate in $(PLUGINS); do $(CARTAGE) plugin build $$crate; done

plugins-js: build ## build the plugins in JavaScript, which needs Node.js and npm's registry: target/plugins/*.wasm
	@$(XTASK) javascript-toolchain
	@for folder in $(PLUGINS_JS); do $(CARTAGE) plugin build --install --out target/plugins $$folder; done

guests: plugins ## build the plugins, and the hostile ones that the tests run: target/guests/*.wasm
	@$(CARTAGE) plugin build --examples --unchecked tests/guests

demo: build ## send updates to a shop on this machine, alone and by the daemon, and show all of it
	@$(XTASK) guest-toolchain $(CARTAGE)
	@$(CARTAGE) demo

# The command is built with everything else here, because a build of its own would choose other features of its dependencies.
test: setup ## run all tests
	cargo build --workspace --all-targets
	@$(MAKE) --no-print-directory --assume-old=build guests
	cargo test --workspace

# Apart from `make test`, which needs neither Node.js nor npm's registry.
test-js: setup ## run the tests of plugins in JavaScript
	cargo build --workspace --all-targets
	@$(MAKE) --no-print-directory --assume-old=build plugins plugins-js
	cargo test --workspace --test js

crash: guests ## kill the daemon hundreds of times under load, at carts of every temper, and look from the cart's side
	CARTAGE_CRASH_KILLS=500 cargo test --workspace --test e2e -- delivery::nothing_is_lost
	CARTAGE_CRASH_ROUNDS=130 cargo test --workspace --test e2e -- crash::

# The shop is fetched from npm, by its lock file, and lives in memory on this machine. Nothing else here needs node.
VENDURE := target/real-vendure

real-vendure: setup ## tell a real Vendure of orders, and compare what it has then; needs node 20 and npm
	@mkdir -p $(VENDURE)
	@cp tests/real-vendure/*.js* $(VENDURE)
	npm ci --prefix $(VENDURE) --no-audit --no-fund
	cargo build --workspace --all-targets
	@$(MAKE) --no-print-directory --assume-old=build plugins
	target/debug/examples/real-vendure

# All of it in one build, for the reason above.
bench: guests ## measure, one line a figure
	cargo build --release --workspace --bins --benches
	cargo bench --workspace --bench figures --bench gate --bench store --bench queue

# What plugins depend on, as a registry would have it: each package is built from its own files and from the others' packages. The folder is a new one each
# time, because cargo keeps what it unpacks by the folder's name and the package's version, and would build with the sources of an earlier run.
package: setup ## package the contract, the cart scripts and the SDK, and build the packages
	@mkdir -p target && folder=$$(mktemp -d "$(CURDIR)/target/package.XXXXXX") && trap 'rm -rf "$$folder"' EXIT && \
	cargo package --allow-dirty --target-dir "$$folder" --package cartage-contract --package cartage-cart-script --package cartage-sdk

lint: setup ## check formatting and lints
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy --workspace --test js -- -D warnings

docs: setup ## build the documentation, private items included: target/doc
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items

$(CARGO_DENY):
	CARGO_PROFILE_DEV_DEBUG=0 cargo install --locked --debug --version $(CARGO_DENY_VERSION) --root $(dir $(@D)) --target-dir target/tools/build cargo-deny

deny: setup $(CARGO_DENY) ## check the dependencies' licences and sources, and that none is banned
	$(CARGO_DENY) check --hide-inclusion-graph bans licenses sources

advisories: setup $(CARGO_DENY) ## check the dependencies against the advisory database, which is fetched
	$(CARGO_DENY) check advisories

notices: setup ## list the licences of what the command is made of; the texts go to target/NOTICES.txt
	@cargo run --quiet --package cartage-tests --bin notices -- target/NOTICES.txt
