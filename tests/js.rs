//! Plugins in JavaScript, built by npm: the webhook plugin posts what the one in Rust posts, both conform, and so does what `plugin new --lang js` writes.
//!
//! `make test-js` runs this. It needs Node.js and npm's registry, so `make test` leaves it out.

use cartage::carts::Limits;
use cartage::engine::{Plugin, Runtime};
use cartage::exchange::{Call, HostCall, HostReply, Outcome, Services};
use cartage_contract::delivery::{BoundEndpoint, Context};
use cartage_contract::http::{Part, Request, Response, ResponseHeader};
use cartage_sdk::Update;
use cartage_sdk::testing::{self, ENTROPY, NOW_UNIX_MS};
use cartage_tests::command::{cartage, plugin, root, text};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

#[path = "../plugins/webhook/tests/updates/mod.rs"]
mod updates;

const URL: &str = "https://shop.example/webhooks/orders";

/// A receiver that keeps what it is asked and answers all of it alike. It signs with the key of the golden posts.
struct Receiver {
    status: u16,
    headers: Vec<ResponseHeader>,
    body: Vec<u8>,
    asked: Vec<Request>,
}

impl Receiver {
    fn answering(status: u16, headers: &[(&str, &str)], body: &str) -> Receiver {
        let header = |(name, value): &(&str, &str)| ResponseHeader { name: (*name).to_owned(), value: (*value).to_owned() };
        Receiver { status, headers: headers.iter().map(header).collect(), body: body.into(), asked: Vec::new() }
    }
}

impl Services for Receiver {
    async fn answer(&mut self, ask: HostCall) -> HostReply {
        match ask {
            HostCall::Send(request) => {
                self.asked.push(request);
                let (headers, body) = (self.headers.clone(), self.body.clone());
                HostReply::Sent(Ok(Response { status: self.status, headers, body, extra: Vec::new() }))
            }
            HostCall::Mac { message, .. } => {
                let mut mac = Hmac::<Sha256>::new_from_slice(b"placeholder").expect("a key may have any length");
                mac.update(joined(&message).as_bytes());
                HostReply::Signed(Ok(mac.finalize().into_bytes().to_vec()))
            }
            HostCall::Digest { .. } | HostCall::Log { .. } => panic!("the plugin has no reason for {ask:?}"),
        }
    }
}

fn joined(parts: &[Part]) -> String {
    let text = |part: &Part| match part {
        Part::Text(text) => text.clone(),
        Part::Bytes(_) | Part::Raw(_) | Part::Secret(_) => panic!("the plugin sends text"),
    };
    parts.iter().map(text).collect()
}

/// A request as the golden files write it.
fn shown(request: &Request) -> String {
    let headers = request.headers.iter().map(|header| format!("{}: {}\n", header.name, joined(&header.value)));
    let body = request.body.as_deref().map(joined).unwrap_or_default();
    format!("{} {URL}{}\n{}\n{body}", request.method, request.path, headers.collect::<String>())
}

fn context() -> Context {
    let receiver = BoundEndpoint { name: "receiver".to_owned(), base_url: URL.to_owned() };
    Context {
        now_unix_ms: NOW_UNIX_MS,
        entropy: ENTROPY.to_vec(),
        endpoints: vec![receiver],
        bound_slots: vec!["key".to_owned()],
        ..Context::default()
    }
}

fn sending(update: Update) -> Call {
    Call::SendOrderStatus { update: Box::new(update), delivery: testing::delivery(), context: context() }
}

async fn both() -> [Plugin; 2] {
    let runtime = Runtime::new().expect("an engine");
    let admitted = async |name| runtime.admit(std::fs::read(plugin(name)).expect("it was built")).await.expect("it is admitted");
    [admitted("webhook").await, admitted("webhook-js").await]
}

async fn called(plugin: &Plugin, call: &Call, receiver: &mut Receiver) -> Outcome {
    plugin.call(call, &Limits::default(), receiver).await
}

#[tokio::test]
async fn the_posts_are_those_of_the_plugin_in_rust() {
    let [_, js] = both().await;
    for (name, update) in updates::golden() {
        let mut receiver = Receiver::answering(204, &[], "");
        let outcome = called(&js, &sending(update), &mut receiver).await;
        assert!(matches!(outcome, Outcome::Applied(_)), "{name}: {outcome:?}");
        let file = root().join(format!("plugins/webhook/tests/golden/{name}.http"));
        let golden = std::fs::read_to_string(&file).expect("it is in the repository");
        assert_eq!(receiver.asked.iter().map(shown).collect::<Vec<_>>(), [golden], "{name}");
    }
}

/// The manifest, and what becomes of each answer.
#[tokio::test]
async fn both_say_the_same_of_every_answer() {
    let [rust, js] = both().await;
    assert_eq!(js.manifest(), rust.manifest());
    let order = cartage_contract::delivery::OrderKey { order_number: "1001".to_owned(), known_reference: None };
    let update = || testing::update("1001", "Shipped");
    let calls = [
        sending(updates::full()),
        sending(update()),
        Call::Check { order: None, context: context() },
        Call::Check { order: Some(order), context: context() },
    ];
    let long = "word\r\n\t".repeat(200);
    let bodies = ["", "the words", "<!DOCTYPE html><title>Shop</title>", "\n <HTML>\n", "<ok/>", "caf\u{e9} \u{1f600}", &long];
    let waits: [&[(&str, &str)]; 5] = [
        &[],
        &[("retry-after", "7")],
        &[("retry-after", "soon")],
        &[("retry-after", "Mon, 01 Jun 2015 17:12:21 GMT")],
        &[("retry-after", "Sun, 99 Nov 1994 08:49:37 GMT")],
    ];
    for call in &calls {
        for status in
            [200, 204, 299, 300, 301, 302, 308, 400, 401, 402, 403, 404, 405, 408, 409, 410, 413, 422, 423, 425, 429, 499, 500, 503, 599]
        {
            for (at, body) in bodies.iter().enumerate() {
                let mut receivers = [(); 2].map(|()| Receiver::answering(status, waits[(at + usize::from(status)) % waits.len()], body));
                let [of_rust, of_js] = &mut receivers;
                let outcomes = (called(&js, call, of_js).await, called(&rust, call, of_rust).await);
                assert_eq!(outcomes.0, outcomes.1, "{call:?} answered with {status} {body:?}");
                assert_eq!(of_js.asked, of_rust.asked);
            }
        }
    }
}

fn script(folder: &str) -> PathBuf {
    root().join(folder).join("cart-script")
}

#[track_caller]
fn conforms(file: &Path, script: &Path) {
    let output = cartage().args(["plugin", "test", "--level", "high", "--script"]).arg(script).arg(file).output();
    let (said, talk) = text(&output.expect("the command can be started"));
    assert!(said.contains("\npassed: ") && !said.contains("without need"), "{}\n{said}{talk}", file.display());
}

#[test]
fn the_plugin_conforms_at_the_high_level_within_the_default_limits() {
    conforms(&plugin("webhook-js"), &script("plugins/webhook"));
}

/// The commands of docs/other-languages.md, in one shell, in an empty folder.
#[test]
fn the_documentation_runs_as_written() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let page = std::fs::read_to_string(root().join("docs/other-languages.md")).expect("it is in the repository");
    let section = page.split("\n## ").find(|section| section.starts_with("JavaScript")).expect("the page has the section");
    let blocks: Vec<&str> = section.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= 2, "the section shows its commands: {blocks:?}");
    let output = in_shell(folder.path(), &blocks.concat());
    let (said, talk) = text(&output);
    assert!(output.status.success(), "{said}{talk}");
    for words in ["my-shop.wasm", "passed: ", "https://shop.example/api/orders?number=1021"] {
        assert!(said.contains(words), "{words:?} in {said}\n{talk}");
    }
}

/// Runs commands of which `cartage` is the one that was built here.
fn in_shell(folder: &Path, commands: &str) -> Output {
    let program = cartage().get_program().to_owned();
    let programs = Path::new(&program).parent().expect("a program lies in a folder").to_owned();
    let path = std::env::join_paths([programs].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())));
    let mut shell = Command::new("bash");
    shell.args(["-euxo", "pipefail", "-c", commands]).env("PATH", path.expect("no folder's name holds a colon")).env_remove("CARTAGE_DATA");
    shell.current_dir(folder).output().expect("bash is there")
}

/// Each kind builds as it was written, by npm alone and by `cartage plugin build`, and conforms at once.
#[test]
fn new_projects_build_and_conform() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for kind in ["rest", "webhook"] {
        let name = format!("my-{kind}-shop");
        let commands = format!(
            "cartage plugin new {name} --lang js --kind {kind}\ncd {name}\nnpm install --no-audit --no-fund\nnpm run build\n\
             sha256sum target/plugins/{name}.wasm\ncartage plugin build --json\n"
        );
        let output = in_shell(folder.path(), &commands);
        let (said, talk) = text(&output);
        assert!(output.status.success(), "{kind}\n{said}{talk}");
        let project = folder.path().join(&name);
        conforms(&project.join(format!("target/plugins/{name}.wasm")), &project.join("cart-script"));
    }
}
