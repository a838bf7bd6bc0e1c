//! Where an order stands, as a person reads it: the same sentences with and without a daemon.

use crate::daemon::{Daemon, PASSWORD};
use cartage_demo_cart::{Account, DemoCart};
use serde_json::Value;
use std::time::{Duration, Instant};

const NOTHING: &str = "nothing that you must do";

async fn shop(orders: &[&str]) -> DemoCart {
    let account = Account { user: "om".into(), password: PASSWORD.into(), code: String::new() };
    DemoCart::start(account, orders).await.expect("a free port")
}

/// What a person does to an order, and is told.
struct Person<'a>(&'a Daemon);

impl Person<'_> {
    fn send(&self, order: &str, label: &str) -> (i32, String) {
        self.0.run(&["send", "--cart", "shop", "--order", order, "--label", label])
    }

    /// All of it, and the first line.
    fn explained(&self, order: &str) -> (String, String) {
        let all = self.0.done(&["explain", "--cart", "shop", "--order", order]);
        assert!(all.lines().count() <= 24, "{all}");
        (all.lines().next().unwrap_or_default().to_owned(), all)
    }

    /// Waits until the first line of the explanation begins so.
    fn until(&self, order: &str, begins: &str) -> String {
        let begun = Instant::now();
        loop {
            let (first, all) = self.explained(order);
            if first.starts_with(begins) {
                return all;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "{all}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The deliveries of an order under these names of lists.
    fn deliveries(&self, order: &str, more: &[&str]) -> [Vec<String>; 3] {
        let listed = self.0.json(&[&["delivery", "list", "--order", order], more].concat());
        let ids = |list: &str| {
            let rows = listed[list].as_array().unwrap_or_else(|| panic!("{listed}"));
            rows.iter().map(|row: &Value| row["delivery"].as_str().expect("it has an id").to_owned()).collect()
        };
        [ids("dead"), ids("queued"), ids("delivered")]
    }
}

async fn with_and_without(story: impl Fn(&Person<'_>, bool)) {
    for serving in [false, true] {
        let shop = shop(&["1021", "1022"]).await;
        let mut daemon = Daemon::new();
        daemon.add_cart("shop", &shop.script_url(), "", "");
        if serving {
            daemon.serve();
        }
        story(&Person(&daemon), serving);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_order_says_by_what_and_what_helps() {
    with_and_without(|person, _| {
        // The shop has no such order.
        let (code, sent) = person.send("4711", "Order Shipped");
        assert!(code == 1 && sent.contains("Blocked by dead letter"), "{sent}");
        let [dead, ..] = person.deliveries("4711", &[]);
        let [id] = dead.as_slice() else { panic!("{dead:?}") };
        let (first, all) = person.explained("4711");
        assert!(first.starts_with(&format!("Blocked by dead letter {id}: update 1 of order 4711 became a dead letter")), "{all}");
        assert!(all.contains("(order-not-found)"), "{all}");
        for said in [format!("cartage delivery retry {id}\n"), format!("cartage delivery discard {id} --why TEXT\n")] {
            assert!(all.contains(&said), "{said}: {all}");
        }
        assert!(!all.contains(NOTHING) && !all.contains("--again"), "{all}");

        // Another one is kept, named, and not promised.
        let (code, sent) = person.send("4711", "Order Packed");
        let [_, queued, _] = person.deliveries("4711", &["--cart", "shop"]);
        assert!(code == 1 && sent.contains(&format!("Kept as delivery {}", queued[0])), "{sent}");
        assert!(sent.contains(&format!("Blocked by dead letter {id}: update 2 of order 4711 waits for a person")), "{sent}");
        let (_, again) = person.send("4711", "Order Packed");
        assert!(!again.contains("--again") && !again.contains(NOTHING), "{again}");

        // Nothing is to be done for another order, but at its cart.
        assert_eq!(person.send("1021", "Order Shipped").0, 0);
        let all = person.until("1021", "Delivered: the cart shop took update 1 of order 1021 at ");
        assert!(!all.contains(NOTHING) && all.contains("Somebody must act on the cart shop (blocked)"), "{all}");
        let [.., delivered] = person.deliveries("1021", &["--state", "delivered"]);
        assert!(delivered.len() == 1 && all.contains(&delivered[0]), "{all}");
        assert!(person.0.done(&["delivery", "list", "--state", "delivered"]).contains(&delivered[0]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_cart_s_order_says_so_and_is_tried_when_somebody_wishes() {
    with_and_without(|person, serving| {
        person.0.done(&["cart", "pause", "shop"]);
        let begun = Instant::now();
        let (code, sent) = person.send("1021", "Order Shipped");
        assert!(begun.elapsed() < Duration::from_secs(30), "nobody waits for what cannot come");
        let [_, queued, _] = person.deliveries("1021", &[]);
        let id = queued[0].as_str();
        let paused = "Waiting: update 1 of order 1021 waits until somebody resumes the cart shop, which is paused";
        assert!(code == 1 && sent.contains(&format!("Kept as delivery {id}")) && sent.contains(paused), "{sent}");
        let (first, all) = person.explained("1021");
        assert!(first.starts_with(paused) && all.contains("cartage cart resume shop\n") && all.contains(id), "{all}");
        assert!(!all.contains(NOTHING) && !all.contains("--again"), "{all}");
        assert_eq!(person.0.json(&["explain", "--cart", "shop", "--order", "1021"])["must_act"], true);
        let (code, again) = person.send("1021", "Order Shipped");
        assert!(code == 1 && again.contains(paused), "{again}");
        let (code, retried) = person.0.run(&["delivery", "retry", id]);
        assert!(code == 1 && retried.contains("is not a dead letter") && retried.contains(paused), "{retried}");
        let (code, now) = person.0.run(&["delivery", "retry", id, "--now"]);
        assert!(code == 1 && now.contains(paused), "a pause holds: {now}");

        person.0.done(&["cart", "resume", "shop"]);
        if !serving {
            let (first, all) = person.explained("1021");
            assert!(first == "Waiting: update 1 of order 1021 is due." && all.contains("No `cartage serve` runs"), "{all}");
            let (_, retried) = person.0.run(&["delivery", "retry", id]);
            assert!(retried.contains(&format!("To try it now: cartage delivery retry {id} --now")), "{retried}");
            person.0.done(&["delivery", "retry", id, "--now"]);
        }
        let all = person.until("1021", "Delivered: ");
        assert!(all.contains(NOTHING) && all.contains("--again"), "{all}");
        let shown = person.0.done(&["delivery", "show", id]);
        assert!(shown.contains(&format!("cartage delivery show {id} --cassette 1")), "{shown}");
    })
    .await;
}

#[test]
fn a_cart_that_cannot_be_reached_is_tried_again_and_it_is_said_when() {
    let port = {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        taken.local_addr().expect("it has one").port()
    };
    for serving in [false, true] {
        let mut daemon = Daemon::new();
        daemon.add_cart("shop", &format!("http://127.0.0.1:{port}/script"), "", "[delivery]\nretry_waits = [\"1 h\"]");
        if serving {
            daemon.serve();
        }
        let person = Person(&daemon);
        let (code, sent) = person.send("1021", "Order Shipped");
        assert!(code == 1 && sent.contains("Waiting: update 1 of order 1021 is due at "), "{sent}");
        let all = person.until("1021", "Waiting: update 1 of order 1021 is due at ");
        assert!(all.contains("the cart gave no usable answer") && all.contains("--now\n") && !all.contains("--again"), "{all}");
        let [_, queued, _] = person.deliveries("1021", &[]);
        let (code, now) = daemon.run(&["delivery", "retry", &queued[0], "--now"]);
        assert!(code == 1 && now.contains("2 attempts"), "it was tried once more: {now}");
        assert!(daemon.done(&["delivery", "show", &queued[0]]).contains("--cassette 2"));
    }
}
