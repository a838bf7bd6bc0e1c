//! The rules. Each looks at a tree and says, a line each, where it is broken and what to do.

use crate::source::{Source, Tree};
use toml::{Table, Value};

/// A rule: what it finds in a tree.
pub(crate) type Rule = fn(&Tree) -> Vec<String>;

/// Lines of one file.
const LINES_MAX: usize = 500;

/// Each crate of the host depends only on crates further down the table in ARCHITECTURE.md.
pub(crate) fn crates_depend_downwards(tree: &Tree) -> Vec<String> {
    let order = match crates(tree) {
        Ok(order) => order,
        Err(problem) => return vec![problem],
    };
    let place = |name: &str| order.iter().position(|listed| listed == name);
    let mut found = Vec::new();
    for source in tree.files("host/", "/Cargo.toml") {
        let manifest: Table = source.text.parse().unwrap_or_default();
        let name = manifest.get("package").and_then(|package| package.get("name")).and_then(Value::as_str).unwrap_or_default();
        let Some(own) = place(name) else {
            found.push(format!(
                "{}: the crate {name} has no place yet; add it to the table of ARCHITECTURE.md, \"The host's crates\"",
                source.path
            ));
            continue;
        };
        let used = manifest.get("dependencies").and_then(Value::as_table).into_iter().flat_map(Table::keys);
        for used in used.filter(|used| place(used).is_some_and(|used| used <= own)) {
            found.push(format!(
                "{}: {name} depends on {used}, which is not below it; move what both need down, or turn the use round",
                source.path
            ));
        }
    }
    found
}

/// The host's crates, the highest first.
fn crates(tree: &Tree) -> Result<Vec<String>, String> {
    let text = &tree.get("ARCHITECTURE.md").ok_or("there is no ARCHITECTURE.md")?.text;
    let table = text.split("## The host's crates").nth(1).ok_or("ARCHITECTURE.md has no section \"The host's crates\"")?;
    let rows = table.split("\n## ").next().unwrap_or_default().lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let crates: Vec<String> = rows.map(str::to_owned).collect();
    if crates.len() < 3 { Err("ARCHITECTURE.md lists hardly any crate under \"The host's crates\"".to_owned()) } else { Ok(crates) }
}

/// A name that is at home in some files of the host and named in no other.
struct Home {
    names: &'static [&'static str],
    homes: &'static [&'static str],
    instead: &'static str,
}

const HOMES: [Home; 6] = [
    Home {
        names: &["wasmtime::", "use wasmtime", "wasmtime_"],
        homes: &["host/engine/"],
        instead: "wasmtime stays in the engine; give its values our own types there",
    },
    Home {
        names: &[
            "reqwest",
            "hyper::",
            "rustls",
            "TcpStream",
            "TcpListener",
            "UdpSocket",
            "UnixStream",
            "UnixListener",
            "ToSocketAddrs",
            "lookup_host",
        ],
        homes: &[
            "host/egress/",
            "host/http/src/api.rs",
            "host/http/src/api/",
            "host/demo-cart/",
            // The daemon and the commands of its own user; no status passes here.
            "host/cli/src/cli/api.rs",
            "host/cli/src/cli/api/",
            "host/cli/src/cli/socket.rs",
            // It listens; what it hears goes to the crate `http`.
            "host/cli/src/cli/serve.rs",
            // It posts to its own daemon as an Order Manager does.
            "host/cli/src/cli/demo/",
            // The sockets that a service manager hands over.
            "host/cli/src/cli/serve/",
        ],
        instead: "sockets and TLS stay in egress; send through egress::Session",
    },
    Home {
        names: &["rusqlite", "sqlx", "\"SELECT ", "\"INSERT ", "\"UPDATE ", "\"DELETE FROM", "\"CREATE TABLE", "\"PRAGMA "],
        homes: &["host/store/", "host/model/src/sql.rs", "host/model/src/lib.rs"],
        instead: "SQL stays in the store; give the outbox a verb for it",
    },
    Home {
        names: &["SystemTime::now", "Timestamp::now", "Zoned::now"],
        homes: &["host/base/src/clock.rs"],
        instead: "the clock is read in clock.rs; take a Clock",
    },
    Home {
        names: &["std::time::Instant", "time::{Duration, Instant}"],
        // The writer's thread waits for company in a commit; no decision about an update hangs on it.
        homes: &["host/base/src/clock.rs", "host/store/src/writer.rs"],
        instead: "the clock is read in clock.rs; take a Clock, or tokio::time::Instant for a deadline",
    },
    Home {
        names: &["println!(", "print!(", "eprint!(", "dbg!(", "io::stdout", "io::stderr"],
        homes: &["host/cli/"],
        instead: "only the command's own files print; return the data, or log with tracing",
    },
];

/// wasmtime, sockets, SQL, the clock and printing are named only where they are at home.
pub(crate) fn foreign_names_stay_home(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for source in tree.host() {
        for home in HOMES.iter().filter(|home| !home.homes.iter().any(|path| source.path.starts_with(path))) {
            for (number, line) in source.code() {
                // `tokio::time` is what deadlines are made with.
                let line = line.replace("tokio::time::", "");
                if let Some(name) = home.names.iter().find(|name| line.contains(**name)) {
                    found.push(format!("{} names {}: {}", source.at(number), name.trim(), home.instead));
                }
            }
        }
    }
    found
}

/// The crates that only state facts: what can be done is data there, and each way in words it.
const WORDLESS: [&str; 6] = ["model", "policy", "store", "egress", "engine", "cartage"];

/// The files of those crates that may name commands: the README of the data directory, and names that are hashed.
const WORDED: [&str; 3] = ["host/store/src/data_dir.rs", "host/store/src/vault/key.rs", "host/store/src/vault/seal.rs"];

/// The commands of the command line.
const COMMANDS: [&str; 22] = [
    "apply",
    "backup",
    "baseline",
    "cart",
    "clock",
    "credential",
    "delivery",
    "demo",
    "doctor",
    "event",
    "explain",
    "export",
    "forget",
    "init",
    "key",
    "param",
    "plugin",
    "restore",
    "retention",
    "send",
    "status",
    "token",
];

/// No text below the ways in names a command: whoever reads it may not have the command line.
pub(crate) fn commands_are_named_at_the_top(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for source in tree.host() {
        let wordless = WORDLESS.iter().any(|name| source.path.starts_with(&format!("host/{name}/")));
        if !wordless || WORDED.contains(&source.path.as_str()) {
            continue;
        }
        for (number, line) in source.code() {
            let named = line.split("cartage ").skip(1).filter_map(|after| after.split(|c: char| !c.is_ascii_lowercase()).next());
            let command = named.into_iter().find(|word| COMMANDS.contains(word) || *word == "serve");
            found.extend(command.map(|command| {
                format!(
                    "{} names the command {command}: give the error, answer or alert a Remedy, and word it in cartage-commands",
                    source.at(number)
                )
            }));
        }
    }
    found
}

/// A file is one noun.
pub(crate) fn files_are_short(tree: &Tree) -> Vec<String> {
    let long = tree.files("", ".rs").map(|source| (source, source.text.lines().count())).filter(|(_, lines)| *lines > LINES_MAX);
    long.map(|(source, lines)| {
        format!("{} has {lines} lines, more than {LINES_MAX}; look for the noun in it that can have a file of its own", source.path)
    })
    .collect()
}

/// Nothing is left for later, and no test is switched off.
pub(crate) fn nothing_is_left_open(tree: &Tree) -> Vec<String> {
    let marks = [
        (concat!("#[", "ignore"), "mend the test, or remove it and say why in the commit"),
        (concat!("to", "do!("), "write it, or leave out what would call it"),
        (concat!("unimpl", "emented!("), "write it, or leave out what would call it"),
        (concat!("FIX", "ME"), "mend it, or write down what is so and why"),
        (concat!("TO", "DO"), "do it, or write down what is so and why"),
    ];
    search(tree.files("", ".rs"), &marks)
}

/// Nothing in the repository depends on whose machine it is.
pub(crate) fn no_machine_s_paths(tree: &Tree) -> Vec<String> {
    let marks = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("C:", "\\Users")];
    let marks = marks.map(|mark| (mark, "name it from the repository's root, or make it up (a temporary folder, /srv/example)"));
    search(tree.files("", "").filter(|source| source.path != "Cargo.lock"), &marks)
}

/// Code that the compiler does not check is confined to the places that argue for it.
pub(crate) fn unsafe_code_is_confined(tree: &Tree) -> Vec<String> {
    let homes = ["host/store/src/errno.rs", "sdk/src/"];
    let files = tree.files("", ".rs").filter(|source| !homes.iter().any(|home| source.path.starts_with(home)));
    let marks = [(concat!("allow(", "unsafe_code"), "find a safe way; style.md names the only places with another")];
    search(files, &marks)
}

fn search<'a>(files: impl Iterator<Item = &'a Source>, marks: &[(&str, &str)]) -> Vec<String> {
    let mut found = Vec::new();
    for source in files {
        for (number, line) in source.text.lines().enumerate() {
            let hits = marks.iter().filter(|(mark, _)| line.contains(mark));
            found.extend(hits.map(|(mark, remedy)| format!("{} has {mark}: {remedy}", source.at(number + 1))));
        }
    }
    found
}

/// Every hostile guest is built, and some test runs it.
pub(crate) fn every_guest_is_used(tree: &Tree) -> Vec<String> {
    const GUESTS: &str = "tests/guests/examples/";
    let manifest = tree.get("tests/guests/Cargo.toml").map_or("", |source| &source.text);
    let manifest: Table = manifest.parse().unwrap_or_default();
    let examples = manifest.get("example").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut found = Vec::new();
    for guest in tree.files(GUESTS, ".rs").filter(|guest| !guest.path[GUESTS.len()..].contains('/')) {
        let name = guest.path.trim_start_matches(GUESTS).trim_end_matches(".rs");
        let listed = examples.iter().any(|example| {
            let kinds = example.get("crate-type").and_then(Value::as_array).cloned().unwrap_or_default();
            example.get("name").and_then(Value::as_str) == Some(name) && kinds == [Value::from("cdylib")]
        });
        if !listed {
            found.push(format!(
                "{} is not built as a plugin: give it an [[example]] with crate-type = [\"cdylib\"] in tests/guests/Cargo.toml",
                guest.path
            ));
        }
        let quoted = format!("\"{name}\"");
        if !tree.files("", ".rs").any(|source| !source.path.starts_with("tests/guests/") && source.text.contains(&quoted)) {
            found.push(format!("{} is run by no test: write one that loads {quoted}, or remove the guest", guest.path));
        }
    }
    found
}

/// Versions, lints and what a package says of itself stand once, in the workspace.
pub(crate) fn packages_inherit(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for source in tree.files("", "Cargo.toml").filter(|source| source.path != "Cargo.toml") {
        let manifest: Table = match source.text.parse() {
            Ok(manifest) => manifest,
            Err(error) => {
                found.push(format!("{} is not valid TOML: {error}", source.path));
                continue;
            }
        };
        let package = manifest.get("package").and_then(Value::as_table).cloned().unwrap_or_default();
        // Only what is meant to be published says so itself.
        let is_published = package.get("publish").and_then(Value::as_bool) == Some(true);
        for key in ["version", "edition", "rust-version", "license", "publish"] {
            if !inherits(package.get(key)) && (key != "publish" || !is_published) {
                found.push(format!("{}: write {key}.workspace = true under [package]", source.path));
            }
        }
        if !inherits(manifest.get("lints")) {
            found.push(format!("{}: write workspace = true under [lints]", source.path));
        }
        for (name, dependency) in dependencies(&manifest) {
            if !inherits(Some(&dependency)) {
                found.push(format!("{}: {name} has a version of its own; put it into the root's [workspace.dependencies] and write {name}.workspace = true", source.path));
            }
        }
    }
    found
}

fn inherits(value: Option<&Value>) -> bool {
    value.and_then(|value| value.get("workspace")).and_then(Value::as_bool) == Some(true)
}

/// Of every kind, and of every target.
fn dependencies(manifest: &Table) -> Vec<(String, Value)> {
    let targets =
        manifest.get("target").and_then(Value::as_table).into_iter().flat_map(|targets| targets.values()).filter_map(Value::as_table);
    let tables = std::iter::once(manifest).chain(targets);
    let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
    let lists = tables.flat_map(|table| kinds.iter().filter_map(|kind| table.get(*kind)?.as_table()));
    lists.flat_map(|list| list.iter().map(|(name, value)| (name.clone(), value.clone()))).collect()
}
