//! What the command says to its users: each folder of `tests/cases/send` is a test of its own.
//!
//! A case holds `arguments.txt` (one a line, after `cartage send`), and perhaps a `cart.toml` in place of the shared one, an `update.json` or
//! a `plugin.txt` that names what stands in the plugin's place. `expected.txt` is the exit code and all that was printed. `BLESS=1`
//! writes it anew.

use cartage_tests::command::{cartage, guest, plugin, root, text};
use libtest_mimic::{Arguments, Failed, Trial};
use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    let cases = root().join("tests/cases/send");
    let mut folders: Vec<PathBuf> = fs::read_dir(&cases)
        .expect("the cases are in the repository")
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    assert!(!folders.is_empty(), "there are cases");
    let trials = folders.into_iter().map(|case| {
        let name = case.file_name().expect("it was listed").to_string_lossy().into_owned();
        Trial::test(format!("send::{name}"), move || check(&case))
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

/// Runs the case in a folder of its own, and gives the exit code and all that was printed, the folder's name left out.
fn run(case: &Path) -> Result<String, Failed> {
    let folder = tempfile::tempdir()?;
    let shared = case.parent().expect("a case lies among cases");
    let own = |name: &str| Some(case.join(name)).filter(|file| file.exists());
    fs::copy(own("cart.toml").unwrap_or_else(|| shared.join("cart.toml")), folder.path().join("cart.toml"))?;
    if let Some(update) = own("update.json") {
        fs::copy(update, folder.path().join("update.json"))?;
    }
    let what = own("plugin.txt").map(fs::read_to_string).transpose()?.unwrap_or_default();
    place_plugin(what.trim(), &folder.path().join("plugin.wasm"))?;
    fs::write(folder.path().join("broken-password"), "two\nlines and more")?;
    let arguments = fs::read_to_string(case.join("arguments.txt"))?;
    let output = cartage()
        .arg("send")
        .args(arguments.lines().filter(|line| !line.is_empty()).map(expand))
        .env("SHOP_PASSWORD", "marked-secret-0123456789")
        .current_dir(folder.path())
        .output()?;
    let (stdout, stderr) = text(&output);
    let said = format!("exit code {}\n--- standard output\n{stdout}--- standard error\n{stderr}", output.status.code().unwrap_or(-1));
    if said.contains("marked-secret") {
        return Err(format!("the password was printed:\n{said}").into());
    }
    let digest = cartage::id::Digest::of(&fs::read(plugin("integration-script"))?).to_string();
    Ok(steady(&said.replace(&folder.path().display().to_string(), "<folder>").replace(&digest, "<digest>")))
}

/// What differs from run to run, left out: a delivery's id, and how long it took.
fn steady(said: &str) -> String {
    let line = |line: &str| match line.split_whitespace().next() {
        Some("delivery") => "  delivery  <id>, attempt 1".to_owned(),
        Some("took") => "  took      <time>".to_owned(),
        _ => line.to_owned(),
    };
    said.lines().map(|text| line(text) + "\n").collect()
}

/// `\xNN` stands for a byte that no text file shows well, `*N` at an end for so many repetitions of the character before.
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
