//! `plugin replay` and `plugin diff`, with real plugins and files: what is the same, and what each kind of difference is called.

use crate::harness::{Shop, admitted, generous, send};
use cartage::cassette::{Cassette, Entry, FORMAT, HttpEntry, Recording, file};
use cartage::exchange::{HostCall, HostReply, Outcome, Services};
use cartage_contract::http::{Header, Part, Reach, Request};
use cartage_tests::command::{cartage, guest, text};
use serde_json::Value;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Answers as the shop does, and writes it down.
#[derive(Default)]
struct Recorder {
    shop: Shop,
    entries: Vec<Entry>,
}

impl Services for Recorder {
    async fn answer(&mut self, ask: HostCall) -> HostReply {
        let answer = self.shop.answer(ask.clone()).await;
        self.entries.push(match (ask, &answer) {
            (HostCall::Send(request), HostReply::Sent(answer)) => {
                let answer = Some(answer.clone());
                let (wire, cause, redirect_to, peer) = (None, None, None, None);
                Entry::Http(Box::new(HttpEntry { request, wire, reach: Reach::Answered, answer, cause, redirect_to, peer, took_ms: 1 }))
            }
            (HostCall::Mac { slot, algorithm, message }, HostReply::Signed(answer)) => {
                Entry::Signature { slot: Some(slot), algorithm, message, answer: answer.clone() }
            }
            (HostCall::Digest { algorithm, message }, HostReply::Signed(answer)) => {
                Entry::Signature { slot: None, algorithm, message, answer: answer.clone() }
            }
            (HostCall::Log { level, message }, _) => Entry::Log { level, message },
            (ask, answer) => panic!("{ask:?} is not answered with {answer:?}"),
        });
        answer
    }
}

/// A recording of a guest's call with this note.
async fn recorded(name: &str, note: &str) -> Cassette {
    let plugin = admitted(name).await;
    let (call, mut recorder) = (send(note), Recorder::default());
    let outcome = plugin.call(&call, &generous(), &mut recorder).await;
    let recording = Recording { entries: recorder.entries, reach: Reach::Answered, secret_reflected: false, local_fault: false };
    let (plugin, version, digest) = (plugin.manifest().name.clone(), plugin.manifest().version.clone(), plugin.digest());
    Cassette { format: FORMAT, plugin, version, digest, call, recording, outcome }
}

fn written(folder: &TempDir, name: &str, cassette: &Cassette) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, file::write(cassette)).expect("the folder is ours");
    path
}

/// The exit code of a command, and what it said, both streams.
fn run(words: &[&str], paths: &[&Path]) -> (i32, String) {
    let output = cartage().args(words).args(paths).output().expect("the command can be started");
    let (result, talk) = text(&output);
    (output.status.code().expect("it ends by itself"), result + &talk)
}

fn replay(plugin: &str, cassette: &Path) -> (i32, String) {
    run(&["plugin", "replay"], &[&guest(plugin), cassette])
}

fn request(cassette: &mut Cassette, at: usize) -> &mut Request {
    let mut requests = cassette.recording.entries.iter_mut().filter_map(|entry| match entry {
        Entry::Http(http) => Some(&mut http.request),
        Entry::Signature { .. } | Entry::Log { .. } => None,
    });
    requests.nth(at).expect("it has so many")
}

#[tokio::test]
async fn a_plugin_does_again_what_it_did_and_each_change_is_told() {
    let folder = tempfile::tempdir().expect("the system has room for a temporary directory");
    let cassette = recorded("well_behaved", "3").await;
    let (code, said) = replay("well_behaved", &written(&folder, "same.json", &cassette));
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("same.json: same (3 requests, 1 signature)") && said.contains("1 cassette: no difference"), "{said}");

    let changed = |name: &str, change: &dyn Fn(&mut Cassette)| {
        let mut other = cassette.clone();
        change(&mut other);
        let (code, said) = replay("well_behaved", &written(&folder, name, &other));
        assert_eq!(code, 1, "{name}: {said}");
        said
    };
    let said = changed("header.json", &|cassette| {
        request(cassette, 1).headers.push(Header { name: "X-Shop".into(), value: vec![Part::Text("a".into())] });
    });
    assert!(said.contains("request 2: header x-shop is gone, was \"a\""), "{said}");
    let said = changed("body.json", &|cassette| request(cassette, 0).body = Some(vec![Part::Text("other".into())]));
    assert!(said.contains("request 1: body was \"other\", is \"0 "), "{said}");
    let said = changed("order.json", &|cassette| {
        let first = request(cassette, 0).clone();
        let second = std::mem::replace(request(cassette, 1), first);
        *request(cassette, 0) = second;
    });
    assert!(said.contains("request 1 is in another place, now request 2"), "{said}");
    let said = changed("outcome.json", &|cassette| {
        let Outcome::Applied(applied) = &mut cassette.outcome else { panic!("it applies") };
        applied.reference = Some("8".into());
    });
    assert!(said.contains("outcome: reference was \"8\", is \"7\""), "{said}");
    let said = changed("fewer.json", &|cassette| {
        let last = cassette.recording.entries.pop();
        assert!(matches!(last, Some(Entry::Http(_))));
    });
    assert!(said.contains("request 3") && said.contains("is new: POST api /orders"), "{said}");
}

#[tokio::test]
async fn cases_are_written_and_hold() {
    let folder = tempfile::tempdir().expect("the system has room for a temporary directory");
    let mut other = recorded("well_behaved", "1").await;
    request(&mut other, 0).headers.clear();
    let path = written(&folder, "attempt.json", &other);
    let cases = folder.path().join("new/cases");
    let output = cartage().args(["plugin", "replay", "--json"]).arg(guest("well_behaved")).arg(&path).arg("--case").arg(&cases).output();
    let output = output.expect("the command can be started");
    assert_eq!(output.status.code(), Some(0), "{:?}", text(&output));
    let report: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!((report["same"].as_bool(), report["cases"].as_array().map(Vec::len)), (Some(false), Some(1)));
    let says = report["cassettes"][0]["differences"][0]["says"].as_str().expect("it has words");
    assert!(says.starts_with("request 1: header "), "{says}");
    let (code, said) = replay("well_behaved", &cases);
    assert_eq!((code, said.contains(": same (1 request, 1 signature)")), (0, true), "{said}");
}

#[tokio::test]
async fn files_that_are_no_whole_cassette_of_this_plugin_are_wrong_use() {
    let folder = tempfile::tempdir().expect("the system has room for a temporary directory");
    let cassette = recorded("well_behaved", "1").await;
    let whole = file::write(&cassette);
    let edited = whole.replacen("\"order_number\": \"1021\"", "\"order_number\": \"1022\"", 1);
    let newer = whole.replacen("\"format\": 2", "\"format\": 9", 1);
    let older = serde_json::to_string(&cassette).expect("it is plain data");
    for (name, content, words) in [
        ("truncated.json", &whole[..whole.len() / 2], "truncated.json is not a valid cassette: it ends too early, at line "),
        ("edited.json", edited.as_str(), "the call was changed after the file was written"),
        ("newer.json", newer.as_str(), "it is written in format 9, and this release reads the formats 1 to 2"),
        ("empty.json", "", "it is empty"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, content).expect("the folder is ours");
        let (code, said) = replay("well_behaved", &path);
        assert_eq!(code, 2, "{name}: {said}");
        assert!(said.contains(words) && said.contains("what to do: "), "{name}: {said}");
    }
    let path = folder.path().join("older.json");
    std::fs::write(&path, older).expect("the folder is ours");
    assert_eq!(replay("well_behaved", &path).0, 0);
    let (code, said) = replay("does_as_told", &path);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("is a recording of the plugin well-behaved, and the plugin to run is does-as-told"), "{said}");
    let (code, said) = run(&["plugin", "replay", "--any-plugin"], &[&guest("does_as_told"), &path]);
    assert_eq!(
        (code, said.contains("request 1 is gone: POST api /orders?n=0") || said.contains("signature 1 is gone")),
        (1, true),
        "{said}"
    );
    assert_eq!(replay("well_behaved", &folder.path().join("none.json")).0, 2);
}

#[tokio::test]
async fn two_versions_are_compared_by_what_they_say_and_what_they_do() {
    let folder = tempfile::tempdir().expect("the system has room for a temporary directory");
    let path = written(&folder, "attempt.json", &recorded("well_behaved", "1").await);
    let (old, new) = (guest("well_behaved"), guest("traps_after_request"));
    let (code, said) = run(&["plugin", "diff"], &[&old, &old, &path]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("the same file") && said.contains("no difference") && said.contains("attempt.json  same"), "{said}");
    let (code, said) = run(&["plugin", "diff"], &[&old, &new, &path]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("name was \"well-behaved\", is \"traps-after-request\""), "{said}");
    assert!(said.contains("signature 1 is gone"), "{said}");
    let (code, said) = run(&["plugin", "diff", "--json"], &[&old, &new, &path]);
    let report: Value = serde_json::from_str(&said).expect("it is one document");
    assert_eq!((code, report["same"].as_bool()), (1, Some(false)));
    assert_eq!(report["manifest"][0]["says"].as_str(), Some("name was \"well-behaved\", is \"traps-after-request\""));
}
