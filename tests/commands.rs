//! The command's messages to its users: each folder of a theme below `tests/cases` is a separate test.
//!
//! A case contains `arguments.txt` (one a line, after `cartage`), and optionally a `cart.toml` that replaces its theme's, other TOML files, an
//! `update.json`, a `stdin.txt` or a `plugin.txt` that names the file to use as the plugin. `before.txt` contains commands that must succeed
//! first, one a line, with their words between blanks. `expected.txt` is the exit code and everything that was printed. `BLESS=1` rewrites it.

use cartage::id::Digest;
use cartage_tests::command::{cartage, guest, plugin, root, text};
use libtest_mimic::{Arguments, Failed, Trial};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

const THEMES: [&str; 2] = ["carts", "send"];

fn main() {
    let trials = THEMES.into_iter().flat_map(|theme| {
        let mut folders: Vec<PathBuf> = fs::read_dir(root().join("tests/cases").join(theme))
            .expect("the cases are in the repository")
            .map(|entry| entry.expect("the folder can be read").path())
            .filter(|path| path.is_dir())
            .collect();
        folders.sort();
        assert!(!folders.is_empty(), "there are cases");
        folders.into_iter().map(move |case| {
            let name = case.file_name().expect("it was listed").to_string_lossy().into_owned();
            Trial::test(format!("{theme}::{name}"), move || check(&case))
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit();
}

fn check(case: &Path) -> Result<(), Failed> {
    let actual = run(case)?;
    let file = case.join("expected.txt");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&file, &actual)?;
    }
    let expected = fs::read_to_string(&file).map_err(|error| format!("{}: {error}; BLESS=1 writes it", file.display()))?;
    if actual == expected { Ok(()) } else { Err(format!("expected:\n{expected}\nbut the command said:\n{actual}").into()) }
}

/// Runs the case in its own folder, and returns the exit code and everything that was printed, without the folder's name.
fn run(case: &Path) -> Result<String, Failed> {
    let folder = tempfile::tempdir()?;
    let shared = case.parent().expect("a case lies among cases");
    let own = |name: &str| Some(case.join(name)).filter(|file| file.exists());
    fs::copy(own("cart.toml").unwrap_or_else(|| shared.join("cart.toml")), folder.path().join("cart.toml"))?;
    for entry in fs::read_dir(case)? {
        let file = entry?.path();
        if matches!(file.extension().and_then(|end| end.to_str()), Some("toml" | "json")) {
            fs::copy(&file, folder.path().join(file.file_name().expect("it was listed")))?;
        }
    }
    let what = own("plugin.txt").map(fs::read_to_string).transpose()?.unwrap_or_default();
    place_plugin(what.trim(), &folder.path().join("plugin.wasm"))?;
    fs::write(folder.path().join("broken-password"), "two\nlines and more")?;
    let run = |arguments: &[String], stdin: &str| -> Result<Output, Failed> {
        let mut command = cartage();
        command.args(arguments).env("SHOP_PASSWORD", "marked-secret-0123456789").env("SHORT_PASSWORD", "marked").current_dir(folder.path());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        // A command may end without reading its input, which closes the pipe.
        let _ = child.stdin.take().expect("it was piped").write_all(stdin.as_bytes());
        Ok(child.wait_with_output()?)
    };
    for line in own("before.txt").map(fs::read_to_string).transpose()?.unwrap_or_default().lines() {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let output = run(&words, "")?;
        if !output.status.success() {
            return Err(format!("{line} failed first: {:?}", text(&output)).into());
        }
    }
    let arguments = fs::read_to_string(case.join("arguments.txt"))?;
    let arguments: Vec<String> = arguments.lines().filter(|line| !line.is_empty()).map(expand).collect();
    let stdin = own("stdin.txt").map(fs::read_to_string).transpose()?.unwrap_or_default();
    let output = run(&arguments, &stdin)?;
    let (stdout, stderr) = text(&output);
    let said = format!("exit code {}\n--- standard output\n{stdout}--- standard error\n{stderr}", output.status.code().unwrap_or(-1));
    if said.contains("marked-secret") || holds_secret(folder.path())? {
        return Err(format!("the password was printed or kept:\n{said}").into());
    }
    let digest = Digest::of(&fs::read(plugin("integration-script"))?).to_string();
    Ok(steady(&said.replace(&folder.path().display().to_string(), "<folder>").replace(&digest, "<digest>")))
}

/// The output without the parts that differ from run to run: a delivery's id, and durations.
fn steady(said: &str) -> String {
    let line = |line: &str| match line.split_whitespace().next() {
        Some("delivery") => "  delivery  <id>, attempt 1".to_owned(),
        Some("took") => "  took      <time>".to_owned(),
        _ => line.to_owned(),
    };
    said.lines().map(|text| line(text) + "\n").collect()
}

/// Whether a file of the data directory contains the password.
fn holds_secret(folder: &Path) -> std::io::Result<bool> {
    let Ok(entries) = fs::read_dir(folder.join("cartage-data")) else { return Ok(false) };
    for entry in entries {
        let file = entry?.path();
        if file.is_file() && fs::read(&file)?.windows(13).any(|bytes| bytes == b"marked-secret") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Replaces `\x1b` and `\x00` by control characters (`\x00` by U+0001, because no argument can contain NUL), and `*N` at the end by N repetitions of the
/// character before it.
fn expand(argument: &str) -> String {
    let argument = argument.replace("\\x1b", "\u{1b}").replace("\\x00", "\u{1}");
    match argument.rsplit_once('*').and_then(|(text, count)| Some((text.to_owned(), count.parse::<usize>().ok()?))) {
        Some((mut text, count)) => {
            let last = text.pop().unwrap_or_default();
            text + &last.to_string().repeat(count)
        }
        None => argument,
    }
}

fn place_plugin(what: &str, file: &Path) -> Result<(), Failed> {
    let good = || fs::read(plugin("integration-script"));
    let bytes = match what.split_once(' ') {
        None if what.is_empty() => good()?,
        None if what == "missing" => return Ok(()),
        None if what == "text" => b"(component)".to_vec(),
        None if what == "empty" => Vec::new(),
        None if what == "core-module" => wat::parse_str("(module)")?,
        None if what == "oversized" => vec![0; (24 << 20) + 1],
        None if what == "other-world" => wat::parse_str("(component)")?,
        None if what == "foreign-import" => {
            wat::parse_str(r#"(component (import "wasi:sockets/tcp@0.2.0" (instance (export "connect" (func)))))"#)?
        }
        Some(("truncated", length)) => good()?[..length.parse::<usize>()?].to_vec(),
        Some(("guest", name)) => fs::read(guest(name))?,
        _ => return Err(format!("plugin.txt says {what:?}, which nobody knows").into()),
    };
    Ok(fs::write(file, bytes)?)
}
