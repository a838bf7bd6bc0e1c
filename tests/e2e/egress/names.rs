//! Where a name may lead.

use super::{Shop, get, requests, send};
use cartage::carts::Consent;
use cartage::egress::resolve::{Resolver, Resolving};
use cartage_contract::http::{ErrorKind, Reach};
use cartage_tests::bad_cart::{BadCart, Step};
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Answers what it is told, in order; the last answer for ever.
pub(super) struct Played {
    answers: Vec<io::Result<Vec<IpAddr>>>,
    pub(super) asked: AtomicUsize,
    pub(super) names: Mutex<Vec<String>>,
}

impl Played {
    pub(super) fn answering(answers: &[&[&str]]) -> Arc<Played> {
        let answer = |answer: &&[&str]| Ok(answer.iter().map(|ip| ip.parse().expect("the test writes addresses")).collect());
        Played::with(answers.iter().map(answer).collect())
    }

    fn with(answers: Vec<io::Result<Vec<IpAddr>>>) -> Arc<Played> {
        Arc::new(Played { answers, asked: AtomicUsize::new(0), names: Mutex::default() })
    }
}

impl Resolver for Played {
    fn resolve(&self, name: String) -> Resolving {
        self.names.lock().expect("no test panics here").push(name);
        let at = self.asked.fetch_add(1, Ordering::SeqCst).min(self.answers.len() - 1);
        let answer = match &self.answers[at] {
            Ok(addresses) => Ok(addresses.clone()),
            Err(error) => Err(error.kind().into()),
        };
        Box::pin(std::future::ready(answer))
    }
}

/// A cart that answers each connection once.
async fn cart() -> BadCart {
    let answer = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok";
    BadCart::start(vec![Step::Receive, Step::send(answer)]).await.expect("loopback has a port")
}

/// A shop by name at the port of a bad cart, within the exception.
fn named(cart: &BadCart, resolver: &Arc<Played>, exception: Option<&str>) -> Shop {
    let mut shop = Shop::at(format!("http://shop.example:{}", cart.address().port()), exception);
    shop.egress = shop.egress.with_resolver(Arc::clone(resolver) as Arc<dyn Resolver>);
    shop
}

async fn denied(shop: Shop, cart: &BadCart) {
    let (answer, entry) = shop.get().await;
    let error = answer.expect_err("the address is denied");
    assert_eq!((error.kind, error.reach, entry.reach), (ErrorKind::AddressDenied, Reach::NothingSent, Reach::NothingSent), "{error}");
    assert_eq!(cart.connections(), 0);
    // The guest learns nothing of the addresses; the operator does.
    assert!(!error.message.contains("127.0.0.1") && !error.message.contains("10.0.0.5"), "{}", error.message);
    assert!(entry.cause.is_some_and(|cause| cause.contains("127.0.0.1") || cause.contains("10.0.0.5") || cause.contains("8.8.8.8")));
}

#[tokio::test]
async fn a_name_leads_where_its_exception_allows() {
    for exception in ["127.0.0.1/32", "127.0.0.0/8", "shop.example"] {
        let (cart, resolver) = (cart().await, Played::answering(&[&["127.0.0.1"]]));
        let (answer, entry) = named(&cart, &resolver, Some(exception)).get().await;
        assert_eq!(answer.expect("it is allowed").body, b"ok", "{exception}");
        assert_eq!(entry.peer, Some(cart.address()), "{exception}");
        assert_eq!(*resolver.names.lock().expect("no test panics here"), ["shop.example"]);
        assert_eq!(resolver.asked.load(Ordering::SeqCst), 1, "a name is resolved once for each connection");
    }
}

#[tokio::test]
async fn a_private_address_without_an_exception_is_denied() {
    let (cart, resolver) = (cart().await, Played::answering(&[&["127.0.0.1"]]));
    let mut shop = named(&cart, &resolver, None);
    (shop.binding.plain_http, shop.binding.ports) = (Consent::Accepted, vec![cart.address().port()]);
    denied(shop, &cart).await;
    let mut shop = named(&cart, &resolver, Some("127.0.0.2/32"));
    (shop.binding.plain_http, shop.binding.ports) = (Consent::Accepted, vec![cart.address().port()]);
    denied(shop, &cart).await;
}

#[tokio::test]
async fn one_denied_address_denies_the_whole_name() {
    for answer in [["127.0.0.1", "10.0.0.5"], ["10.0.0.5", "127.0.0.1"], ["127.0.0.1", "8.8.8.8"], ["127.0.0.1", "::ffff:10.0.0.5"]] {
        let (cart, resolver) = (cart().await, Played::answering(&[&answer]));
        denied(named(&cart, &resolver, Some("127.0.0.1/32")), &cart).await;
    }
}

#[tokio::test]
async fn a_name_that_is_turned_round_between_two_requests_is_denied() {
    let (cart, resolver) = (cart().await, Played::answering(&[&["127.0.0.1"], &["10.0.0.5"]]));
    let mut session = named(&cart, &resolver, Some("127.0.0.1/32")).session();
    assert!(send(&mut session, get("/orders")).await.is_ok());
    let error = send(&mut session, get("/orders")).await.expect_err("the name leads elsewhere now");
    assert_eq!((error.kind, error.reach), (ErrorKind::AddressDenied, Reach::NothingSent));
    assert_eq!((cart.connections(), resolver.asked.load(Ordering::SeqCst)), (1, 2));
    assert_eq!(requests(&session.finish())[1].reach, Reach::NothingSent);
}

#[tokio::test]
async fn names_that_lead_nowhere_are_an_error_of_their_own() {
    let cart = cart().await;
    for answers in [vec![Err(io::ErrorKind::NotFound.into())], vec![Err(io::ErrorKind::TimedOut.into())], vec![Ok(vec![])]] {
        let (answer, entry) = named(&cart, &Played::with(answers), Some("127.0.0.1/32")).get().await;
        let error = answer.expect_err("there is no address");
        assert_eq!((error.kind, error.reach, entry.reach), (ErrorKind::Dns, Reach::NothingSent, Reach::NothingSent), "{error}");
    }
    assert_eq!(cart.connections(), 0);
}

#[tokio::test]
async fn no_connection_is_nothing_sent() {
    // A port that was free a moment ago.
    let free = BadCart::start(vec![]).await.expect("loopback has a port").address();
    let (answer, entry) = Shop::at(format!("http://{free}"), Some("127.0.0.1")).get().await;
    let error = answer.expect_err("nobody listens");
    assert_eq!((error.kind, error.reach, entry.reach), (ErrorKind::Connect, Reach::NothingSent, Reach::NothingSent), "{error}");
}

#[tokio::test]
async fn the_operators_own_addresses_are_denied() {
    let own = || vec!["127.0.0.0/30".parse().expect("a network")];
    let (cart, resolver) = (cart().await, Played::answering(&[&["127.0.0.1"]]));
    let mut by_name = named(&cart, &resolver, Some("127.0.0.1/32"));
    by_name.egress = by_name.egress.denying(own());
    denied(by_name, &cart).await;
    // A literal address never reaches the resolver.
    let mut by_address = Shop::of(&cart);
    by_address.egress = by_address.egress.denying(own());
    let (answer, entry) = by_address.get().await;
    assert_eq!(answer.expect_err("it is denied").kind, ErrorKind::AddressDenied);
    assert_eq!((entry.reach, cart.connections()), (Reach::NothingSent, 0));
}

/// A request as it is made under a proxy's environment, in a process of its own.
#[tokio::test]
async fn a_request_for_the_test_of_proxies() {
    let cart = cart().await;
    assert_eq!(Shop::of(&cart).get().await.0.expect("it is allowed").body, b"ok");
    let resolver = Played::answering(&[&["127.0.0.1"]]);
    assert_eq!(named(&cart, &resolver, Some("127.0.0.1/32")).get().await.0.expect("it is allowed").body, b"ok");
    assert_eq!(cart.connections(), 2);
}

#[tokio::test]
async fn proxies_of_the_environment_are_ignored() {
    let proxy = cart().await;
    let mut child = std::process::Command::new(std::env::current_exe().expect("a test runs from a file"));
    child.args(["--exact", "egress::names::a_request_for_the_test_of_proxies"]);
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        child.env(name, proxy.base_url());
    }
    child.env_remove("no_proxy").env_remove("NO_PROXY").env_remove("REQUEST_METHOD");
    let output = tokio::task::spawn_blocking(move || child.output()).await.expect("it does not panic").expect("the test runs");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && printed.contains("1 passed"), "{printed}");
    assert_eq!(proxy.connections(), 0);
}
