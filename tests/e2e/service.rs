//! The operator's side with real components, as commands are typed: plugins come and go, credentials change, and a copy comes back.

mod at_once;
mod carts;
mod contract;
mod copy;
mod credentials;
mod events;
mod log_ins;
mod made_ready;
mod modes;
mod orders;
mod plugins;
mod secrets;

use cartage::clock::SystemClock;
use cartage::id::{Digest, MerchantId};
use cartage::service::Service;
use cartage::store;
use cartage_demo_cart::{Account, DemoCart};
use cartage_tests::command::{cartage, plugin, text};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

const OLD: &str = "the old password of this test";
const NEW: &str = "the new password of this test";

/// A folder with a data directory in it, and the command at work there.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Desk {
        let desk = Desk { folder: tempfile::tempdir().expect("a temporary folder") };
        desk.done(&["init"]);
        fs::copy(plugin("integration-script"), desk.path("script.wasm")).expect("it is there");
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("the folder can be written");
    }

    /// Types a command, with something for it to read; its exit code, its result and its talk.
    fn type_in(&self, words: &[&str], stdin: &str) -> (i32, String, String) {
        let mut command = cartage();
        command.args(words).env("CARTAGE_DATA", self.path("data")).current_dir(self.folder.path());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
        // A command that ends without reading it closes the pipe, which is its right.
        let _ = std::io::Write::write_all(&mut child.stdin.take().expect("it was piped"), stdin.as_bytes());
        let output = child.wait_with_output().expect("it ends");
        let (result, talk) = text(&output);
        assert!(![OLD, NEW].iter().any(|secret| result.contains(secret) || talk.contains(secret)), "{words:?} printed a password");
        (output.status.code().expect("it was not killed"), result, talk)
    }

    /// Switches status updates on, for all and for this cart.
    fn switch_on(&self, cart: &str) {
        self.done(&["param", "set", "UseStatusUpdates", "True"]);
        self.done(&["param", "set", "UseGenericStatusUpdates", "True", "--cart", cart]);
    }

    fn run(&self, words: &[&str]) -> (i32, String) {
        let (code, result, talk) = self.type_in(words, "");
        (code, result + &talk)
    }

    fn done(&self, words: &[&str]) -> String {
        let (code, printed) = self.run(words);
        assert_eq!(code, 0, "{words:?}: {printed}");
        printed
    }

    fn refused(&self, words: &[&str], said: &str) -> String {
        let (code, printed) = self.run(words);
        assert!(code != 0 && printed.contains(said), "{words:?}: {printed}");
        printed
    }

    fn json(&self, words: &[&str]) -> Value {
        let (_, result, talk) = self.type_in(&[words, &["--json"]].concat(), "");
        serde_json::from_str(&result).unwrap_or_else(|error| panic!("{words:?}: {error}: {result}{talk}"))
    }

    /// The data directory, from inside, while no command runs.
    fn service(&self) -> Service {
        Service::open(&self.path("data"), Arc::new(SystemClock)).expect("nobody else works there")
    }

    fn digest_of(&self, cart: &str) -> String {
        self.json(&["cart", "show", cart])["digest"].as_str().expect("it is pinned").to_owned()
    }

    /// Every file and every row that a change of a cart touches.
    fn everything(&self) -> (Vec<String>, Vec<String>) {
        let service = self.service();
        let rows = service.store().read_blocking(|view: &store::View<'_>| {
            let merchant = MerchantId::default();
            let (carts, plugins) = (store::carts::list(view, &merchant)?, store::plugins::list(view, &merchant)?);
            let audit = store::audit::last(view, &merchant, 1_000)?;
            Ok::<_, store::Error>(vec![format!("{carts:?}"), format!("{plugins:?}"), format!("{audit:?}")])
        });
        (names(&self.path("data/plugins")), rows.expect("it can be read"))
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("it is there").map(|entry| entry.expect("it can be listed").file_name());
    let mut names: Vec<String> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn digest(file: &Path) -> Digest {
    Digest::of(&fs::read(file).expect("it is there"))
}

/// The name under which the data directory keeps a plugin's file.
fn kept(digest: Digest) -> String {
    format!("{}.wasm", digest.to_string().replace(':', "-"))
}

/// A cart of the integration script at a shop of this machine.
fn script_cart(id: &str, url: &str, rest: &str) -> String {
    format!(
        "cart = {id:?}\nplugin = \"script.wasm\"\nmode = \"live\"\n{rest}\n[endpoints.script]\nbase_url = {url:?}\n\
         private = [{{ name = \"this test's shop\", allow = \"127.0.0.1/32\" }}]\n[credentials.account]\nsetiuser = {{ text = \"cartage\" }}\n"
    )
}

async fn shop(password: &str, orders: &[&str]) -> DemoCart {
    let account = Account { user: "cartage".into(), password: password.into(), code: String::new() };
    DemoCart::start(account, orders).await.expect("a free port")
}
