//! The documents say what is so: README's commands run as they stand, and what the documents link to exists.

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
    // `make test` is what runs this test.
    for block in blocks.iter().filter(|block| *block != "make test") {
        let output = Command::new("bash").args(["-euo", "pipefail", "-c", block]).current_dir(root()).output().expect("bash is there");
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

#[test]
fn links_lead_somewhere() {
    for file in [
        "README.md",
        "ARCHITECTURE.md",
        "SECURITY.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "docs/webhook.md",
        "plugins/integration-script/README.md",
        "plugins/webhook/README.md",
    ] {
        let folder = root().join(file);
        let folder = folder.parent().expect("a file lies in a folder");
        for link in read(file).split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next().map(str::to_owned)) {
            let outside = link.is_empty() || link.starts_with("https:") || link.starts_with("mailto:");
            assert!(outside || folder.join(&link).exists(), "{file} links to {link}, which does not exist");
        }
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
