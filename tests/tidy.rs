//! The repository keeps its own rules: dependencies between modules, the homes of foreign names, the length of files. Each rule is a test
//! of its own, and a sample shows that each rule can fail.

#[path = "tidy/rules.rs"]
mod rules;
#[path = "tidy/source.rs"]
mod source;

use rules::Rule;
use source::Tree;
use std::path::Path;

/// The repository's root.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests' crate lies in the repository")
}

/// Checks that the repository keeps the rule.
fn holds(rule: Rule) {
    let found = rule(&Tree::read(root()));
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

/// Checks that the rule finds one fault in each of the bad files, and none in the good ones.
fn tells(rule: Rule, beside: &[(&str, &str)], bad: &[(&str, &str, &str)], good: &[(&str, &str)]) {
    let judge = |path: &str, text: &str| rule(&Tree::of(&[beside, &[(path, text)]].concat()));
    for (path, text, words) in bad {
        let found = judge(path, text);
        assert!(found.len() == 1 && found[0].contains(words), "{path}: {text:?} should be found, with {words:?}, and gave {found:?}");
    }
    for (path, text) in good {
        assert_eq!(judge(path, text), Vec::<String>::new(), "{path}: {text:?}");
    }
}

#[test]
fn crates_depend_downwards() {
    holds(rules::crates_depend_downwards);
    let table =
        "## The host's crates\n\n| crate | owns |\n|---|---|\n| `cli` | x |\n| `store` | x |\n| `model` | x |\n\n## Next\n| `no` | x |\n";
    let manifest = |name: &str, used: &str| format!("[package]\nname = \"{name}\"\n[dependencies]\n{used}.workspace = true\n");
    tells(
        rules::crates_depend_downwards,
        &[("ARCHITECTURE.md", table)],
        &[
            ("host/model/Cargo.toml", &manifest("model", "store"), "model depends on store"),
            ("host/store/Cargo.toml", &manifest("store", "store"), "store depends on store"),
            ("host/gate/Cargo.toml", &manifest("gate", "serde"), "the crate gate has no place yet"),
        ],
        &[
            ("host/store/Cargo.toml", &manifest("store", "model")),
            ("host/cli/Cargo.toml", &manifest("cli", "serde")),
            ("host/model/Cargo.toml", "[package]\nname = \"model\"\n[dev-dependencies]\nstore.workspace = true\n"),
        ],
    );
    tells(rules::crates_depend_downwards, &[], &[("ARCHITECTURE.md", "## The host's crates\n\n| `cli` |\n", "hardly any crate")], &[]);
}

/// What each crate may not be made of, however deep: sockets and SQL in the engine, and anything but plain data in the model and the policy.
#[test]
fn crates_do_without_what_is_not_theirs() {
    for (name, foreign) in [
        ("cartage-engine", &["reqwest", "rustls", "hyper", "axum", "rusqlite", "libsqlite3-sys", "cartage-store", "cartage-egress"][..]),
        ("cartage-policy", &["tokio-rustls", "reqwest", "rustls", "hyper", "axum", "rusqlite", "wasmtime"][..]),
        ("cartage-egress", &["wasmtime", "rusqlite", "axum"][..]),
        ("cartage-store", &["wasmtime", "reqwest", "rustls", "hyper", "axum"][..]),
        ("cartage", &["axum", "clap"][..]),
    ] {
        let asked = ["tree", "--offline", "--edges", "normal", "--prefix", "none", "--format", "{p}", "--package", name];
        let tree = std::process::Command::new(env!("CARGO")).args(asked).current_dir(root()).output().expect("cargo can be started");
        assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
        let tree = String::from_utf8(tree.stdout).expect("cargo writes UTF-8");
        let made_of: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
        assert!(made_of.contains(&"serde"), "{name}: {tree}");
        let found: Vec<_> = foreign.iter().filter(|foreign| made_of.contains(foreign)).collect();
        assert!(found.is_empty(), "{name} is made of {found:?}");
    }
}

#[test]
fn foreign_names_stay_home() {
    holds(rules::foreign_names_stay_home);
    tells(
        rules::foreign_names_stay_home,
        &[("host/egress/src/lib.rs", "#[cfg(test)]\nmod testing;\n")],
        &[
            ("host/cartage/src/deliver.rs", "use wasmtime::Engine;\n", "deliver.rs:1 names wasmtime::"),
            ("host/engine/src/admit.rs", "fn f(client: reqwest::Client) {}\n", "names reqwest"),
            ("host/cartage/src/deliver.rs", "let s = tokio::net::TcpStream::connect(a).await;\n", "names TcpStream"),
            ("host/cartage/src/deliver.rs", "db.execute(\"INSERT INTO t VALUES (1)\")\n", "SQL stays"),
            ("host/cartage/src/deliver.rs", "let now = std::time::SystemTime::now();\n", "names SystemTime::now"),
            ("host/cartage/src/deliver.rs", "use std::time::{Duration, Instant};\n", "tokio::time::Instant"),
            ("host/engine/src/lib.rs", "println!(\"{x}\");\n", "names println!("),
            ("host/egress/src/client.rs", "let mut out = io::stdout();\n", "names io::stdout"),
        ],
        &[
            ("host/engine/src/v1.rs", "use wasmtime::Engine;\n"),
            ("host/egress/src/client.rs", "fn f(client: reqwest::Client) {}\n"),
            ("host/egress/src/testing.rs", "println!(\"only in tests\");\n"),
            ("host/store/src/outbox/sqlite.rs", "use rusqlite::Connection;\n"),
            ("host/base/src/clock.rs", "SystemTime::now()\n"),
            ("host/engine/src/ticker.rs", "use tokio::time::{Duration, Instant};\nlet end = tokio::time::Instant::now();\n"),
            ("host/cli/src/cli/report.rs", "let out = io::stdout();\n"),
            ("host/cartage/src/deliver.rs", "// SystemTime::now() would be wrong here.\nlet n = 1; // Not wasmtime::x.\n"),
            ("host/cartage/src/deliver.rs", "#[cfg(test)]\nmod tests {\n    fn f() { println!() }\n}\n"),
            ("tests/benches/figures/bare.rs", "use wasmtime::Engine;\n"),
        ],
    );
}

#[test]
fn commands_are_named_at_the_top() {
    let rule = rules::commands_are_named_at_the_top;
    holds(rule);
    tells(
        rule,
        &[("host/policy/src/lib.rs", "#[cfg(test)]\nmod tests;\n")],
        &[
            (
                "host/cartage/src/service/error.rs",
                "#[error(\"no cart {cart}; `cartage cart list` lists them\")]\n",
                "names the command cart",
            ),
            ("host/store/src/error.rs", "let text = \"restore it with cartage restore\";\n", "error.rs:1 names the command restore"),
            ("host/cartage/src/deliver.rs", "\"no `cartage serve` runs\"\n", "the command serve"),
        ],
        &[
            ("host/cli/src/cli/cart.rs", "\"`cartage cart list` lists them\"\n"),
            ("host/commands/src/words.rs", "\"`cartage cart list` lists the carts\"\n"),
            ("host/store/src/data_dir.rs", "\"Back up with `cartage backup FILE`\"\n"),
            ("host/cartage/src/service.rs", "/// What `cartage cart list` lists.\nlet text = \"this release of cartage wrote it\";\n"),
            ("host/policy/src/tests.rs", "\"`cartage cart list`\"\n"),
        ],
    );
}

#[test]
fn files_are_short() {
    holds(rules::files_are_short);
    let (fits, long) = ("\n".repeat(500), "\n".repeat(501));
    tells(
        rules::files_are_short,
        &[],
        &[("host/egress/src/lib.rs", &long, "501 lines")],
        &[("host/egress/src/lib.rs", &fits), ("README.md", &long)],
    );
}

#[test]
fn nothing_is_left_open() {
    holds(rules::nothing_is_left_open);
    tells(
        rules::nothing_is_left_open,
        &[],
        &[
            ("host/cartage/src/a.rs", concat!("#[test]\n#[", "ignore = \"slow\"]\n"), "a.rs:2"),
            ("tests/a.rs", concat!("to", "do!()"), "write it"),
            ("sdk/src/a.rs", concat!("unimpl", "emented!(\"later\")"), "write it"),
            ("wit/src/a.rs", concat!("// FIX", "ME: wrong"), "mend it"),
            ("wit/src/a.rs", concat!("// TO", "DO: more"), "do it"),
        ],
        &[("host/cartage/src/a.rs", "// Ignore what comes after.\nlet method = todo_list();\n")],
    );
}

#[test]
fn no_machine_s_paths() {
    holds(rules::no_machine_s_paths);
    tells(
        rules::no_machine_s_paths,
        &[],
        &[
            ("Makefile", concat!("cp x /ro", "ot/x"), "Makefile:1"),
            ("docs/a.md", concat!("see /ho", "me/somebody"), "from the repository's root"),
            (".ci/run", concat!("cd /wo", "rk/x"), ".ci/run:1"),
        ],
        &[("docs/a.md", "the root/ of it, /srv/example, /usr/bin/cargo, homework/x"), ("Cargo.lock", concat!("/ro", "ot/"))],
    );
}

#[test]
fn unsafe_code_is_confined() {
    holds(rules::unsafe_code_is_confined);
    let allowed = concat!("#[allow(", "unsafe_code, reason = \"x\")]");
    tells(
        rules::unsafe_code_is_confined,
        &[],
        &[("host/egress/src/lib.rs", allowed, "safe way")],
        &[("host/store/src/errno.rs", allowed), ("sdk/src/lib.rs", allowed)],
    );
}

#[test]
fn every_guest_is_used() {
    holds(rules::every_guest_is_used);
    let listed = "[[example]]\nname = \"spins\"\ncrate-type = [\"cdylib\"]\n";
    let (spins, test) = (("tests/guests/examples/spins.rs", ""), ("tests/e2e/limits.rs", "run(\"spins\")"));
    let rule = rules::every_guest_is_used;
    tells(rule, &[spins, test], &[("tests/guests/Cargo.toml", "", "[[example]]")], &[("tests/guests/Cargo.toml", listed)]);
    tells(rule, &[spins, test], &[("tests/guests/Cargo.toml", &listed.replace("cdylib", "bin"), "cdylib")], &[]);
    let guests = &[spins, ("tests/guests/Cargo.toml", listed)];
    tells(rule, guests, &[("tests/guests/src/lib.rs", "\"spins\"", "run by no test")], &[("host/engine/src/tests.rs", "\"spins\"")]);
}

#[test]
fn packages_inherit() {
    holds(rules::packages_inherit);
    let good = "[package]\nname = \"a\"\nversion.workspace = true\nedition.workspace = true\nrust-version.workspace = true\nlicense.workspace = true\n\
        publish.workspace = true\n[dependencies]\nserde = { workspace = true, features = [\"rc\"] }\n[target.'cfg(unix)'.dependencies]\n\
        url.workspace = true\n[lints]\nworkspace = true\n";
    let bad = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replace(from, to)
    };
    tells(
        rules::packages_inherit,
        &[],
        &[
            ("wit/Cargo.toml", &bad("version.workspace = true\nedition", "version = \"1.0.0\"\nedition"), "version.workspace"),
            ("wit/Cargo.toml", &bad("[lints]\nworkspace = true\n", ""), "[lints]"),
            (
                "wit/Cargo.toml",
                &bad("serde = { workspace = true, features = [\"rc\"] }", "serde = \"1\""),
                "serde has a version of its own",
            ),
            ("wit/Cargo.toml", &bad("url.workspace = true", "url = { version = \"2\" }"), "url has a version of its own"),
            ("wit/Cargo.toml", &bad("publish.workspace = true", "publish = [\"elsewhere\"]"), "publish.workspace"),
            ("wit/Cargo.toml", "[package", "not valid TOML"),
        ],
        &[("wit/Cargo.toml", good), ("Cargo.toml", "[workspace]\n")],
    );
}
