//! Whether the repository keeps its own rules: who may use whom, where foreign names are at home, how long a file gets. Each rule is a test
//! of its own, and each is shown to fail on a sample.

#[path = "tidy/rules.rs"]
mod rules;
#[path = "tidy/source.rs"]
mod source;

use rules::Rule;
use source::Tree;
use std::path::Path;

/// The repository keeps the rule.
fn holds(rule: Rule) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests' crate lies in the repository");
    let found = rule(&Tree::read(root));
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

/// The rule finds one thing in each of the bad files, and nothing in the good ones.
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
fn uses_go_down() {
    holds(rules::uses_go_down);
    let list = "## Who may use whom\n\n1. `main`, `cli`\n2. `deliver`\n3. `plugin`, `validate`\n4. `egress`\n5. `id`\n\n## Next\n1. `no`\n";
    tells(
        rules::uses_go_down,
        &[("ARCHITECTURE.md", list)],
        &[
            ("host/src/egress/client.rs", "use crate::plugin::Plugin;\n", "client.rs:1: egress uses plugin"),
            ("host/src/plugin.rs", "use crate::validate;\n", "plugin uses validate"),
            ("host/src/plugin.rs", "fn f() { crate::deliver::g() }\n", "plugin uses deliver"),
            ("host/src/egress.rs", "use crate::{id, plugin::{a, b}};\n", "egress uses plugin"),
            ("host/src/egress.rs", "use crate::{\n    id::Id,\n    plugin::a,\n};\n", "egress.rs:3: egress uses plugin"),
            ("host/src/gate.rs", "", "the module gate has no place yet"),
        ],
        &[
            ("host/src/deliver.rs", "use crate::egress::{self, id};\nuse crate::{id, plugin};\n"),
            ("host/src/cli/send.rs", "use super::report;\nuse crate::cli::Failure;\nuse cartage::deliver::Job;\n"),
            ("host/src/id.rs", "//! See [`crate::plugin`].\n\n#[cfg(test)]\nmod tests {\n    use crate::plugin;\n}\n"),
            ("host/src/lib.rs", "pub mod anything;\n"),
        ],
    );
    tells(rules::uses_go_down, &[], &[("ARCHITECTURE.md", "## Who may use whom\n\n1. `main`\n", "hardly any module")], &[]);
}

#[test]
fn foreign_names_stay_home() {
    holds(rules::foreign_names_stay_home);
    tells(
        rules::foreign_names_stay_home,
        &[("host/src/egress.rs", "#[cfg(test)]\nmod testing;\n")],
        &[
            ("host/src/deliver.rs", "use wasmtime::Engine;\n", "deliver.rs:1 names wasmtime::"),
            ("host/src/plugin/admit.rs", "fn f(client: reqwest::Client) {}\n", "names reqwest"),
            ("host/src/deliver.rs", "let s = tokio::net::TcpStream::connect(a).await;\n", "names TcpStream"),
            ("host/src/deliver.rs", "db.execute(\"INSERT INTO t VALUES (1)\")\n", "SQL stays"),
            ("host/src/deliver.rs", "let now = std::time::SystemTime::now();\n", "names SystemTime::now"),
            ("host/src/deliver.rs", "use std::time::{Duration, Instant};\n", "tokio::time::Instant"),
            ("host/src/plugin.rs", "println!(\"{x}\");\n", "names println!("),
            ("host/src/egress/client.rs", "let mut out = io::stdout();\n", "names io::stdout"),
        ],
        &[
            ("host/src/plugin/v0_1.rs", "use wasmtime::Engine;\n"),
            ("host/src/egress/client.rs", "fn f(client: reqwest::Client) {}\n"),
            ("host/src/egress/testing.rs", "println!(\"only in tests\");\n"),
            ("host/src/outbox/sqlite.rs", "use rusqlite::Connection;\n"),
            ("host/src/clock.rs", "SystemTime::now()\n"),
            ("host/src/plugin/ticker.rs", "use tokio::time::{Duration, Instant};\nlet end = tokio::time::Instant::now();\n"),
            ("host/src/cli/report.rs", "let out = io::stdout();\n"),
            ("host/src/deliver.rs", "// SystemTime::now() would be wrong here.\nlet n = 1; // Not wasmtime::x.\n"),
            ("host/src/deliver.rs", "#[cfg(test)]\nmod tests {\n    fn f() { println!() }\n}\n"),
            ("tests/benches/figures/bare.rs", "use wasmtime::Engine;\n"),
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
        &[("host/src/egress.rs", &long, "501 lines")],
        &[("host/src/egress.rs", &fits), ("README.md", &long)],
    );
}

#[test]
fn nothing_is_left_open() {
    holds(rules::nothing_is_left_open);
    tells(
        rules::nothing_is_left_open,
        &[],
        &[
            ("host/src/a.rs", concat!("#[test]\n#[", "ignore = \"slow\"]\n"), "a.rs:2"),
            ("tests/a.rs", concat!("to", "do!()"), "write it"),
            ("sdk/src/a.rs", concat!("unimpl", "emented!(\"later\")"), "write it"),
            ("wit/src/a.rs", concat!("// FIX", "ME: wrong"), "mend it"),
            ("wit/src/a.rs", concat!("// TO", "DO: more"), "do it"),
        ],
        &[("host/src/a.rs", "// Ignore what comes after.\nlet method = todo_list();\n")],
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
        &[("host/src/egress.rs", allowed, "safe way")],
        &[("host/src/plugin/cache.rs", allowed), ("host/src/store/errno.rs", allowed), ("sdk/src/lib.rs", allowed)],
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
    tells(rule, guests, &[("tests/guests/src/lib.rs", "\"spins\"", "run by no test")], &[("host/src/plugin/tests.rs", "\"spins\"")]);
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
