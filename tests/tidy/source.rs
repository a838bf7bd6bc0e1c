//! The repository's text, as the rules look at it.

use std::fs;
use std::path::Path;

/// Every text file of the repository, or a sample of made-up ones.
pub(crate) struct Tree(Vec<Source>);

/// A file.
pub(crate) struct Source {
    /// From the repository's root, with `/`.
    pub(crate) path: String,
    /// All of it.
    pub(crate) text: String,
}

/// Folders and files that hold nothing that is written by hand.
const SKIPPED: [&str; 4] = ["target", "node_modules", ".git", "generated.rs"];

impl Tree {
    /// Reads the repository below `root`.
    pub(crate) fn read(root: &Path) -> Tree {
        let mut files = Vec::new();
        collect(root, root, &mut files);
        files.sort_by(|one, other| one.path.cmp(&other.path));
        assert!(files.len() > 50, "{} holds only {} files; is it the repository?", root.display(), files.len());
        Tree(files)
    }

    /// A sample: paths and texts.
    pub(crate) fn of(files: &[(&str, &str)]) -> Tree {
        Tree(files.iter().map(|(path, text)| Source { path: (*path).to_owned(), text: (*text).to_owned() }).collect())
    }

    /// The file of this path.
    pub(crate) fn get(&self, path: &str) -> Option<&Source> {
        self.0.iter().find(|source| source.path == path)
    }

    /// The files whose path starts and ends so.
    pub(crate) fn files(&self, start: &str, end: &str) -> impl Iterator<Item = &Source> {
        self.0.iter().filter(move |source| source.path.starts_with(start) && source.path.ends_with(end))
    }

    /// The host's files that are part of what is shipped.
    pub(crate) fn host(&self) -> impl Iterator<Item = &Source> {
        self.files("host/", ".rs").filter(|source| source.path.contains("/src/") && !self.is_test(source))
    }

    /// Whether the file's parent takes it in for tests only.
    fn is_test(&self, source: &Source) -> bool {
        let path = source.path.trim_end_matches(".rs");
        let Some((parent, name)) = path.rsplit_once('/') else { return false };
        let parents = [format!("{parent}.rs"), format!("{parent}/lib.rs"), format!("{parent}/main.rs")];
        parents.iter().filter_map(|parent| self.get(parent)).any(|parent| {
            let lines: Vec<&str> = parent.text.lines().map(str::trim).collect();
            let named = |line: &str| line.trim_start_matches("pub ").trim_start_matches("pub(crate) ") == format!("mod {name};");
            lines.windows(2).any(|pair| is_test_attribute(pair[0]) && named(pair[1]))
        }) || self.0.iter().any(|other| path.starts_with(&format!("{}/", other.path.trim_end_matches(".rs"))) && self.is_test(other))
    }
}

impl Source {
    /// The numbered lines of what is shipped: without comments, and without the tests at the end.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines: Vec<&str> = self.text.lines().collect();
        let tests = lines.windows(2).position(|pair| is_test_attribute(pair[0]) && pair[1].starts_with("mod ") && pair[1].ends_with('{'));
        let end = tests.unwrap_or(lines.len());
        lines.into_iter().take(end).enumerate().filter_map(|(number, line)| {
            let code = line.split_once(" // ").map_or(line, |(code, _)| code);
            (!code.trim_start().starts_with("//")).then_some((number + 1, code))
        })
    }

    /// What to call one of its lines.
    pub(crate) fn at(&self, line: usize) -> String {
        format!("{}:{line}", self.path)
    }
}

fn is_test_attribute(line: &str) -> bool {
    let line = line.trim();
    line == "#[cfg(test)]" || (line.starts_with("#[cfg(all(test,") && line.ends_with(")]"))
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<Source>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("cannot read {}: {error}", folder.display()));
    for entry in entries {
        let path = entry.unwrap_or_else(|error| panic!("cannot read {}: {error}", folder.display())).path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_symlink() || SKIPPED.contains(&&*name) {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, files);
        } else if let Ok(text) = fs::read_to_string(&path) {
            let path = path.strip_prefix(root).expect("it was found below the root").to_string_lossy().replace('\\', "/");
            files.push(Source { path, text });
        }
    }
}
