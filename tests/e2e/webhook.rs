//! The plugin `webhook` as a receiver sees it: the signature is that of Standard Webhooks, and a repeat is known by its id.

use crate::daemon::Daemon;
use cartage_sdk::encoding::{base64, from_base64};
use cartage_tests::bad_cart::{BadCart, Step};
use cartage_tests::command::plugin;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use std::time::{Duration, Instant};

/// The key of the example in the specification of Standard Webhooks.
const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const PATIENCE: Duration = Duration::from_secs(120);

/// A post as it arrived.
struct Post {
    head: String,
    body: String,
}

impl Post {
    fn read(received: &[u8]) -> Post {
        let (head, body) = std::str::from_utf8(received).expect("it is text").split_once("\r\n\r\n").expect("it is whole");
        Post { head: head.to_owned(), body: body.to_owned() }
    }

    fn header(&self, name: &str) -> &str {
        let mut headers = self.head.lines().filter_map(|line| line.split_once(": "));
        headers.find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value).expect("the header is there")
    }

    /// What a receiver with this key finds the right signature to be.
    fn signature_by(&self, key: &str) -> String {
        let key = from_base64(key.strip_prefix("whsec_").expect("a key of Standard Webhooks")).expect("base64");
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("an HMAC takes a key of any length");
        mac.update(format!("{}.{}.{}", self.header("webhook-id"), self.header("webhook-timestamp"), self.body).as_bytes());
        format!("v1,{}", base64(mac.finalize().into_bytes()))
    }
}

/// Adds a live cart that is told at once again of what got no answer.
fn define(daemon: &Daemon, receiver: &BadCart) {
    std::fs::copy(plugin("webhook"), daemon.path("webhook.wasm")).expect("it is there");
    std::fs::write(daemon.path("key"), KEY).expect("the folder can be written");
    let definition = format!(
        "cart = \"receiver\"\nplugin = \"webhook.wasm\"\nmode = \"live\"\n[endpoints.receiver]\nbase_url = \"{}/hooks\"\n\
         private = [{{ name = \"this test's receiver\", allow = \"127.0.0.1/32\" }}]\n[credentials.key]\nkey = {{ file = {:?} }}\n\
         [limits]\ncall_ms = 1000\nrequest_ms = 1000\n[delivery]\nrepeat_margin = \"1 s\"\nretry_waits = [\"1 s\"]\n",
        receiver.base_url(),
        daemon.path("key"),
    );
    std::fs::write(daemon.path("receiver.toml"), definition).expect("the folder can be written");
    daemon.done(&["apply", "receiver.toml"]);
    daemon.done(&["param", "set", "UseGenericStatusUpdates", "True", "--cart", "receiver"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_is_signed_and_comes_again_with_its_id_until_a_whole_answer_takes_it() {
    let lost = vec![Step::Receive, Step::Reset];
    let cut_off = vec![Step::Receive, Step::send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nall is w"), Step::Close];
    let whole = vec![Step::Receive, Step::send("HTTP/1.1 204 No Content\r\n\r\n"), Step::Close];
    let receiver = BadCart::start_each(vec![lost, cut_off, whole]).await.expect("a free port");
    let mut daemon = Daemon::new();
    define(&daemon, &receiver);
    daemon.serve();
    let package = "carrier=UPS,number=1Z9876543218754187";
    let words = ["send", "--cart", "receiver", "--order", "1021", "--label", "Order Shipped", "--note", "Ring twice", "--package", package];
    // Whether it has arrived when the command ends does not matter here.
    daemon.run(&words);
    let start = Instant::now();
    while daemon.json(&["delivery", "list"])["carts"][0]["queued"] != 0 {
        assert!(start.elapsed() < PATIENCE, "an answer that takes it comes third: {}", daemon.run(&["delivery", "list"]).1);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(daemon.stop(), "it ends well");

    let posts: Vec<Post> = receiver.received().iter().map(|received| Post::read(received)).collect();
    assert_eq!(posts.len(), 3, "one that was lost, one whose answer was cut off, one that was taken");
    for post in &posts {
        assert!(post.head.starts_with("POST /hooks HTTP/1.1"), "{}", post.head);
        assert_eq!(post.header("webhook-signature"), post.signature_by(KEY));
        assert_eq!((post.header("webhook-id"), &post.body), (posts[0].header("webhook-id"), &posts[0].body), "a repeat is the same");
    }
    let body: Value = serde_json::from_str(&posts[0].body).expect("it is JSON");
    assert_eq!((&body["type"], &body["data"]["order_number"]), (&"order.status_changed".into(), &"1021".into()));
    assert_eq!((&body["data"]["note"], &body["data"]["packages"][0]["told"]), (&"Ring twice".into(), &"new".into()));
    assert_eq!(body["data"]["packages"][0]["tracking_number"], "1Z9876543218754187");
}
