//! The documents are correct: README's commands run as they are written, and all targets of links exist.

use cartage_tests::command::cartage;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the repository").to_owned()
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The blocks of shell commands in a document.
fn shell_blocks(document: &str) -> Vec<String> {
    document.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default().trim().to_owned()).collect()
}

#[test]
fn readme_commands_run_as_written() {
    let blocks = shell_blocks(&read("README.md"));
    assert!(blocks.len() >= 4, "README shows its commands in ```sh blocks: {blocks:?}");
    // The command `make test` is left out, because it runs this test.
    for block in blocks.iter().filter(|block| *block != "make test") {
        let mut shell = Command::new("bash");
        // The variable makes sure that the targets built by `make test` are not rebuilt with other features.
        shell.args(["-euo", "pipefail", "-c", block]).env("BUILD_WHAT", "--all-targets").current_dir(root());
        let output = shell.output().expect("bash is there");
        assert!(
            output.status.success(),
            "README's commands failed ({}):\n{block}\n--- standard output:\n{}\n--- standard error:\n{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn readme_names_both_ways_to_start() {
    let blocks = shell_blocks(&read("README.md"));
    for command in ["make demo", "make test"] {
        assert!(blocks.iter().any(|block| block == command), "README's first screen shows `{command}`");
    }
}

/// The documents for people, by their paths below the root.
fn documents() -> Vec<String> {
    let mut found: Vec<String> =
        ["README.md", "ARCHITECTURE.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md", "wit/extra.md"].map(str::to_owned).into();
    let plugins = std::fs::read_dir(root().join("plugins")).expect("the plugins are in the repository");
    let plugins = plugins.map(|plugin| plugin.expect("the folder can be read").file_name().into_string().expect("names are ASCII"));
    found.extend(plugins.map(|name| format!("plugins/{name}/README.md")));
    for folder in ["docs", "docs/operator"] {
        let entries = std::fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
        let names = entries.map(|entry| entry.expect("the folder can be read").file_name().into_string().expect("names are ASCII"));
        found.extend(names.filter(|name| name.ends_with(".md")).map(|name| format!("{folder}/{name}")));
    }
    found
}

#[test]
fn links_lead_somewhere() {
    for file in documents() {
        let folder = root().join(&file);
        let folder = folder.parent().expect("a file lies in a folder");
        for link in read(&file).split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next().map(str::to_owned)) {
            let outside = link.is_empty() || link.starts_with("https:") || link.starts_with("mailto:");
            assert!(outside || folder.join(&link).exists(), "{file} links to {link}, which does not exist");
        }
    }
}

#[test]
fn every_page_is_reached_from_the_index() {
    let (index, guide) = (read("docs/README.md"), read("docs/operator/README.md"));
    for file in documents() {
        let Some(name) = file.strip_prefix("docs/").filter(|name| !name.ends_with("README.md")) else { continue };
        let linked = match name.strip_prefix("operator/") {
            Some(name) => guide.contains(&format!("]({name})")),
            None => index.contains(&format!("]({name})")),
        };
        assert!(linked, "{file} is not in its index");
    }
}

/// The help of a command and of its subcommands, each under its own heading.
fn reference(words: &[&str], out: &mut String) {
    let help = cartage().args(words).arg("--help").output().expect("the command can be started");
    assert!(help.status.success(), "{words:?}");
    let help = String::from_utf8(help.stdout).expect("it is text");
    let title = [&["cartage"], words].concat().join(" ");
    out.push_str(&format!("\n## {title}\n\n```text\n{}\n```\n", help.trim_end().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")));
    let commands = help.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap_or_default();
    let names = commands
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next());
    for name in names.filter(|name| *name != "help") {
        reference(&[words, &[name]].concat(), out);
    }
}

#[test]
fn the_reference_of_commands_is_what_they_say() {
    let mut expected = "# Commands\n\nWhat `cartage COMMAND --help` says. Exit codes are 0 for done, 1 for failed and 2 for wrong use, where a command says nothing else.\n".to_owned();
    reference(&[], &mut expected);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(root().join("docs/commands.md"), &expected).expect("the folder can be written");
    }
    assert!(read("docs/commands.md") == expected, "docs/commands.md is not what the commands say; BLESS=1 writes it anew");
}

/// Runs the author's guide from its first command to its last, in one shell, in an empty folder.
#[test]
fn the_guide_for_plugin_authors_runs_as_written() {
    let folder = tempfile::tempdir().expect("the system has room for a temporary folder");
    let blocks = shell_blocks(&read("docs/plugin-guide.md"));
    assert!(blocks.len() >= 4, "the guide shows its commands in ```sh blocks: {blocks:?}");
    let program = cartage().get_program().to_owned();
    let programs = Path::new(&program).parent().expect("a program lies in a folder").to_owned();
    let path = std::env::join_paths([programs].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())));
    let mut shell = Command::new("bash");
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO") || name == "CARTAGE_DATA") {
        shell.env_remove(name);
    }
    let output = shell
        .args(["-euxo", "pipefail", "-c", &blocks.join("\n")])
        .env("PATH", path.expect("no folder's name holds a colon"))
        .current_dir(folder.path())
        .output()
        .expect("bash is there");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "the guide's commands failed ({}):\n{stdout}\n--- standard error:\n{stderr}", output.status);
    for said in ["test result: ok", "my-shop.wasm", "https://shop.example/api/orders?number=1021", "shadow"] {
        assert!(stdout.contains(said), "{said:?} in {stdout}\n{stderr}");
    }
}

#[test]
fn security_names_tests_that_exist() {
    for word in
        read("SECURITY.md").split('`').filter(|word| word.starts_with("tests/") || word.starts_with("host/") || word.starts_with("wit/"))
    {
        assert!(root().join(word).exists(), "SECURITY.md names {word}, which does not exist");
    }
}
