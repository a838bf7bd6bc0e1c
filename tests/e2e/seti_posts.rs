//! What Order Managers really post: blanks around a document, dates that are none, too much of everything; and whose failed log-ins count.

use crate::daemon::{Daemon, PASSWORD};
use crate::delivery::{client, is_ok, post};
use cartage_tests::order_checker::{Answer, OrderChecker};
use std::time::{Duration, Instant};

/// Posts a form; fields of the log-in stand before these.
async fn form(url: &str, headers: &[(&str, &str)], password: &str, fields: &[(&str, &str)]) -> String {
    let login = [("setifunction", "updatestatus"), ("setiuser", "om"), ("password", password), ("code", ""), ("omversion", "7.5")];
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(login).extend_pairs(fields).finish();
    let request = client().post(url).header("content-type", "application/x-www-form-urlencoded").body(body);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.send().await.expect("it answers").text().await.expect("it is text")
}

async fn xml(url: &str, document: &str) -> String {
    form(url, &[], PASSWORD, &[("update", document)]).await
}

fn order(number: &str, elements: &str) -> String {
    format!("<Orders><Order><OrderNumber>{number}</OrderNumber><Status>Status 1</Status>{elements}</Order></Orders>")
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(120), "{what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_order_managers_write_is_taken() {
    let shop = OrderChecker::start(Duration::ZERO).await.expect("a free port");
    let mut daemon = Daemon::new();
    daemon.add_cart("shop", &shop.script_url(), "encoding = \"xml\"", "");
    daemon.add_cart("bare", &shop.script_url(), "encoding = \"xml\"", "leave_out = [\"notes\", \"packages\", \"line-items\"]");
    daemon.serve();
    let url = daemon.inlet("shop");
    for (number, document) in [
        ("1", format!("<?xml version=\"1.0\"?>\r\n{}\r\n", order("1", "").replace("><", ">\r\n<"))),
        ("2", format!("\u{feff}{}\0\0", order("2", ""))),
        ("3", format!("\u{a0}<!-- from the shop floor -->\r\n{}\u{a0}\r\n<!-- end -->", order("3", ""))),
        (
            "4",
            order(
                "4",
                "<ChangeDateTime>12/30/1899</ChangeDateTime><Packages><Package><TrackNum>A</TrackNum><PickupDate>12/30/1899</PickupDate></Package></Packages>",
            ),
        ),
        ("5", order("5", "<Packages><Package><TrackNum>A</TrackNum><PickupDate>  /  /    </PickupDate></Package></Packages>")),
        ("6", order("6", "<Packages><Package><TrackNum>A</TrackNum><PickupDate>0000-00-00</PickupDate></Package></Packages>")),
    ] {
        let answer = xml(&url, &document).await;
        assert!(is_ok(&answer), "{number}: {answer}");
        until("it comes to the cart", || shop.seen().last.contains_key(number)).await;
    }
    // What cannot be taken is refused with the setting that would help, and taken where that is set.
    let packages = format!("<Packages>{}</Packages>", "<Package><TrackNum>A</TrackNum></Package>".repeat(101));
    let note = format!("<Notes>{}</Notes>", "x".repeat(70 << 10));
    let long = format!("<Notes>{}</Notes>", "x".repeat(17 << 10));
    let date = "<Packages><Package><TrackNum>A</TrackNum><PickupDate>2/30/2026</PickupDate></Package></Packages>";
    for (number, elements, part) in
        [("11", packages.as_str(), "packages"), ("12", &note, "notes"), ("13", &long, "notes"), ("14", date, "packages")]
    {
        let answer = xml(&url, &order(number, elements)).await;
        let help = format!("leave_out = [\"{part}\"] under [seti] in the cart's file");
        assert!(answer.starts_with("SETIResponse: update=False;Notes=") && answer.contains(&help), "{number}: {answer}");
        let answer = xml(&daemon.inlet("bare"), &order(number, elements)).await;
        assert!(is_ok(&answer), "{number}: {answer}");
        until("it comes to the cart", || shop.seen().last.contains_key(number)).await;
    }
    let delimited = [("ordernumber", "15"), ("orderstatus", "Status 1"), ("orderdetail", &note), ("trackcount", "101")];
    assert!(form(&url, &[], PASSWORD, &delimited).await.contains("leave_out = [\"notes\"]"));
    assert!(is_ok(&form(&daemon.inlet("bare"), &[], PASSWORD, &delimited).await));
    assert!(daemon.stop(), "it ends well");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_repeat_of_what_the_cart_refused_is_not_a_second_update() {
    let answer = |asked: &cartage_tests::order_checker::Asked| match asked.order.as_str() {
        "9" => Answer::Refused("Unable to find order #9"),
        _ => Answer::Ok,
    };
    let shop = OrderChecker::start_with(Duration::ZERO, answer).await.expect("a free port");
    let mut daemon = Daemon::new();
    daemon.add_cart("shop", &shop.script_url(), "encoding = \"delimited\"", "answer = \"delivered\"\nwait_ms = 20000");
    daemon.serve();
    let (client, url) = (client(), daemon.inlet("shop"));
    // The first attempt of all waits for the plugin to be compiled.
    post(&client, &url, "1", "Status 1").await;
    until("the cart is at work", || shop.seen().last.contains_key("1")).await;
    let first = post(&client, &url, "9", "Status 1").await.expect("it answers");
    assert!(first.starts_with("SETIResponse: update=False;Notes=order 9 refused by the cart: "), "{first}");
    for _ in 0..3 {
        assert_eq!(post(&client, &url, "9", "Status 1").await.as_deref(), Some(first.as_str()));
    }
    assert_eq!(shop.seen().arrived, 2, "the cart hears of it once");
    let kept =
        || ["dead", "queued"].map(|state| daemon.json(&["delivery", "list", "--cart", "shop"])[state].as_array().map_or(0, Vec::len));
    assert_eq!(kept(), [1, 0]);
    // Another status is another update, which waits for the dead letter; its repeat is none either.
    let mut waits = Vec::new();
    for _ in 0..2 {
        let (client, url) = (client.clone(), url.clone());
        waits.push(tokio::spawn(async move { post(&client, &url, "9", "Status 2").await }));
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    assert_eq!(kept(), [1, 1]);
    waits.into_iter().for_each(|wait| wait.abort());
    assert!(daemon.stop(), "it ends well");
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_log_ins_shut_out_one_client_at_one_cart_and_are_told() {
    let shop = OrderChecker::start(Duration::ZERO).await.expect("a free port");
    let mut daemon = Daemon::new();
    for cart in ["shop", "other"] {
        daemon.add_cart(cart, &shop.script_url(), "encoding = \"delimited\"", "");
    }
    daemon.serve_as(&["--trusted-proxy", "127.0.0.1"], &[]);
    let (shop_url, other_url) = (daemon.inlet("shop"), daemon.inlet("other"));
    let update = [("ordernumber", "1"), ("orderstatus", "Status 1")];
    let of = |client: &'static str| [("x-forwarded-for", client)];
    let fail = async |url: &str, client: &'static str, count: u32| {
        for _ in 0..count {
            let answer = form(url, &of(client), "wrong", &update).await;
            assert!(answer.starts_with("SETIError: access denied"), "{answer}");
        }
    };
    fail(&shop_url, "198.51.100.7", 9).await;
    assert!(is_ok(&form(&shop_url, &of("198.51.100.7"), PASSWORD, &update).await), "it forgives those before");
    fail(&shop_url, "203.0.113.9, 198.51.100.7", 10).await;
    let shut = form(&shop_url, &of("198.51.100.7"), PASSWORD, &update).await;
    assert!(shut.starts_with("SETIError: access denied"), "{shut}");
    assert!(is_ok(&form(&other_url, &of("198.51.100.7"), PASSWORD, &update).await), "another cart");
    assert!(is_ok(&form(&shop_url, &of("198.51.100.8"), PASSWORD, &update).await), "another client");
    // A page in a browser on this machine uses nobody's tries up.
    for _ in 0..20 {
        let headers = [("x-forwarded-for", "198.51.100.8"), ("origin", "https://page.example")];
        assert!(form(&shop_url, &headers, "wrong", &update).await.contains("page in a browser"));
    }
    assert!(is_ok(&form(&shop_url, &of("198.51.100.8"), PASSWORD, &update).await));
    // Its exit code is 1 while there is an alert.
    let status = || daemon.run(&["status", "--json"]).1;
    until("the alert is raised", || status().contains("client-shut-out")).await;
    assert!(status().contains("198.51.100.7") && status().contains("cartage credential set shop seti password"), "{}", status());
    assert!(daemon.stop(), "it ends well");
}
