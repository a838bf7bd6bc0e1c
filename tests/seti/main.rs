//! Posts of an Order Manager: each folder of `tests/cases/seti-posts` is a separate test.
//!
//! `request.http` is the request: method and target, headers, an empty line, the body. If there is an `update.xml`, its
//! bytes follow, percent-encoded, so that the XML stays readable. `inlet.toml` replaces the inlet that lies beside the folders.
//! `expected.json` is what is read, and the answer if every readable update is accepted; `error.txt` is the answer to a request that
//! is not a post. `BLESS=1` rewrites these files.

mod document;
mod hostile;
mod plugin;

use cartage::carts::Inlet;
use cartage_http::seti::{self, PartOutcome, PostOutcome, Reply, SetiCall, SetiRequest, StatusPost};
use libtest_mimic::{Arguments, Failed, Trial};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The password of every case.
const PASSWORD: &str = "correct horse battery";

fn main() -> ExitCode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/seti-posts");
    let mut cases: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("the cases are in the repository")
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    assert!(!cases.is_empty(), "there are cases");
    let mut trials = plugin::trials();
    trials.extend(hostile::trials());
    trials.extend(document::trials());
    trials.extend(cases.into_iter().map(|case| {
        let name = case.file_name().expect("it was listed").to_string_lossy().into_owned();
        Trial::test(format!("posts::{name}"), move || check(&case))
    }));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn check(case: &Path) -> Result<(), Failed> {
    let own = case.join("inlet.toml");
    let inlet = if own.exists() { own } else { case.with_file_name("inlet.toml") };
    let (kind, found) = match taken(&fs::read(case.join("request.http"))?, case, &read_inlet(&fs::read_to_string(inlet)?))? {
        Ok(expected) => ("expected.json", format!("{expected:#}\n")),
        Err(answer) => ("error.txt", format!("{}\n", answer.as_str())),
    };
    let file = case.join(kind);
    if std::env::var_os("BLESS").is_some() {
        for other in ["expected.json", "error.txt"].into_iter().filter(|other| *other != kind) {
            if case.join(other).exists() {
                fs::remove_file(case.join(other))?;
            }
        }
        fs::write(&file, &found)?;
    }
    let expected = fs::read_to_string(&file).map_err(|error| format!("{}: {error}; BLESS=1 writes it\n{found}", file.display()))?;
    if found == expected { Ok(()) } else { Err(format!("expected:\n{expected}\nfound:\n{found}").into()) }
}

/// The content of the case's request, or the answer if the request is not a post.
fn taken(bytes: &[u8], case: &Path, inlet: &Inlet) -> Result<Result<Value, Reply>, Failed> {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n").ok_or("request.http has no empty line after its headers")?;
    let (head, mut body) = (std::str::from_utf8(&bytes[..end])?, bytes[end + 2..].to_vec());
    let document = case.join("update.xml");
    if document.exists() {
        body.extend(fs::read(document)?.iter().flat_map(|byte| format!("%{byte:02X}").into_bytes()));
    }
    let mut lines = head.lines();
    let (method, target) = lines.next().and_then(|line| line.split_once(' ')).ok_or("request.http begins with a method and a target")?;
    let content_type = lines.find_map(|line| line.split_once(": ").filter(|(name, _)| name.eq_ignore_ascii_case("content-type")));
    let request = SetiRequest {
        method,
        query: target.split_once('?').map(|(_, query)| query),
        content_type: content_type.map(|(_, value)| value),
        body: &body,
    };
    Ok(match seti::read(&request, inlet) {
        Ok(SetiCall::SendVersion) => Ok(json!({ "function": "sendversion", "answer": Reply::version(inlet).as_str() })),
        Ok(SetiCall::UpdateStatus(locked)) => {
            locked.open(inlet, &SecretString::from(PASSWORD)).map(|post| shown(&post)).map_err(|error| error.answer())
        }
        Err(error) => Err(error.answer()),
    })
}

fn shown(post: &StatusPost) -> Value {
    let updates: Vec<Value> = post
        .updates
        .iter()
        .map(|update| match update {
            Ok(fields) => given(serde_json::to_value(fields).expect("fields are plain data")),
            Err(invalid) => {
                let PartOutcome { order, outcome } = PartOutcome::from(invalid);
                let PostOutcome::Invalid(reason) = outcome else { panic!("{outcome:?}") };
                json!({ "order": order, "invalid": reason })
            }
        })
        .collect();
    json!({ "function": "updatestatus", "om-version": post.om_version, "updates": updates, "answer": answer(post).as_str() })
}

/// The answer if every readable update is accepted.
fn answer(post: &StatusPost) -> Reply {
    let parts: Vec<PartOutcome> = post
        .updates
        .iter()
        .map(|update| match update {
            Ok(fields) => PartOutcome { order: Some(fields.order_number.clone()), outcome: PostOutcome::Accepted },
            Err(invalid) => PartOutcome::from(invalid),
        })
        .collect();
    seti::answer(&parts)
}

/// The document without empty values.
fn given(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, value)| (name, given(value))).filter(|(_, value)| !is_empty(value)).collect())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(given).collect()),
        other => other,
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

fn read_inlet(text: &str) -> Inlet {
    toml::from_str(text).expect("it is an inlet")
}
