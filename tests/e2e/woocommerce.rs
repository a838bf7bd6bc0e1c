//! The plugin `woocommerce` as a shop without https sees it: each request is signed as WooCommerce checks it, for the address that the shop is set to.

use crate::daemon::Daemon;
use cartage_sdk::encoding::base64;
use cartage_tests::bad_cart::{BadCart, Step};
use cartage_tests::command::plugin;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

const KEY: &str = "ck_of_this_test";
const SECRET: &str = "cs_of_this_test";
/// The address that the shop knows itself by.
const HOME: &str = "http://shop.example/shop";

/// Every byte but the unreserved ones as `%XX` (PHP's `rawurlencode`).
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

fn decoded(text: &str) -> String {
    url::form_urlencoded::parse(format!("t={}", text.replace('+', "%2B")).as_bytes()).map(|(_, value)| value.into_owned()).collect()
}

/// A request as it arrived: its method, its path and the pairs of its query, decoded.
struct Asked {
    method: String,
    path: String,
    pairs: Vec<(String, String)>,
}

impl Asked {
    fn read(received: &[u8]) -> Asked {
        let text = std::str::from_utf8(received).expect("it is text");
        assert!(!text.to_ascii_lowercase().contains("authorization:") && !text.contains(SECRET), "the secret does not travel: {text}");
        let mut words = text.lines().next().expect("a request has a first line").split(' ');
        let (method, target) = (words.next().expect("a method"), words.next().expect("a target"));
        let (path, query) = target.split_once('?').expect("a signature is in the query");
        let pair = |pair: &str| pair.split_once('=').map(|(name, value)| (decoded(name), decoded(value))).expect("a pair has a value");
        Asked { method: method.to_owned(), path: path.to_owned(), pairs: query.split('&').map(pair).collect() }
    }

    fn value(&self, name: &str) -> &str {
        self.pairs.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str()).unwrap_or_else(|| panic!("{name} is in the query"))
    }

    /// What WooCommerce finds the right signature to be.
    fn signature(&self) -> String {
        let others = self.pairs.iter().filter(|(name, _)| name != "oauth_signature");
        let mut pairs: Vec<String> = others.map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        pairs.sort();
        let url = format!("{HOME}{}", self.path.strip_prefix("/by-proxy").expect("the base URL's path"));
        let message = format!("{}&{}&{}", self.method, encoded(&url), encoded(&pairs.join("&")));
        let mut mac = Hmac::<Sha256>::new_from_slice(format!("{SECRET}&").as_bytes()).expect("an HMAC takes a key of any length");
        mac.update(message.as_bytes());
        base64(mac.finalize().into_bytes())
    }
}

fn answer(body: &str) -> Vec<Step> {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=UTF-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    vec![Step::Receive, Step::send(format!("{head}{body}")), Step::Close]
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_over_plain_http_are_signed_for_the_shop_s_own_address() {
    let order = |status: &str| answer(&format!("{{\"id\": 12, \"number\": \"12\", \"status\": \"{status}\", \"meta_data\": []}}"));
    let shop = BadCart::start_each(vec![order("processing"), order("completed"), answer("{\"id\": 71}")]).await.expect("a free port");
    let daemon = Daemon::new();
    std::fs::copy(plugin("woocommerce"), daemon.path("woocommerce.wasm")).expect("it is there");
    std::fs::write(daemon.path("secret"), SECRET).expect("the folder can be written");
    let definition = format!(
        "cart = \"shop\"\nplugin = \"woocommerce.wasm\"\nmode = \"live\"\n[endpoints.api]\nbase_url = \"{}/by-proxy/wp-json/wc/v3\"\n\
         signed_base_url = \"{HOME}/wp-json/wc/v3\"\nprivate = [{{ name = \"this test's shop\", allow = \"127.0.0.1/32\" }}]\n\
         [credentials.signed-key]\nconsumer-key = {{ text = \"{KEY}\" }}\nconsumer-secret = {{ file = {:?} }}\n",
        shop.base_url(),
        daemon.path("secret"),
    );
    std::fs::write(daemon.path("shop.toml"), definition).expect("the folder can be written");
    daemon.done(&["apply", "shop.toml"]);
    daemon.done(&["param", "set", "UseGenericStatusUpdates", "True", "--cart", "shop"]);
    let package = "carrier=UPS,number=1Z9876543218754187";
    daemon.done(&["send", "--cart", "shop", "--order", "12", "--label", "completed", "--package", package]);

    let asked: Vec<Asked> = shop.received().iter().map(|received| Asked::read(received)).collect();
    let lines: Vec<String> = asked.iter().map(|asked| format!("{} {}", asked.method, asked.path)).collect();
    let at = "/by-proxy/wp-json/wc/v3/orders/12";
    assert_eq!(lines, [format!("GET {at}"), format!("PUT {at}"), format!("POST {at}/notes")]);
    for asked in &asked {
        assert_eq!(asked.value("oauth_signature"), asked.signature(), "{}", asked.path);
        assert_eq!((asked.value("oauth_consumer_key"), asked.value("oauth_signature_method")), (KEY, "HMAC-SHA256"));
    }
    assert_ne!(asked[0].value("oauth_nonce"), asked[1].value("oauth_nonce"), "WooCommerce takes a nonce once");
}
