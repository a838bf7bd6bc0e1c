//! What plugins say since `cartage:plugin@1.0.0`, as an operator meets it: packages that were told although the update failed, what a plugin cannot
//! carry, what its shop lists, how fast it may be asked, and credentials that stand for each other.

use super::{Desk, OLD};
use crate::harness::guest;
use serde_json::{Value, json};
use std::fs;

/// A desk with a live cart of a guest, which holds its key, and everything switched on.
fn desk(name: &str, rest: &str) -> Desk {
    let desk = Desk::new();
    fs::copy(guest_file(name), desk.path("guest.wasm")).expect("it was built");
    define(&desk, rest);
    desk.type_in(&["credential", "set", "shop", "key", "key"], OLD);
    desk.switch_on("shop");
    desk
}

fn guest_file(name: &str) -> std::path::PathBuf {
    // Read once, so that a guest that was not built says so.
    guest(name);
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/guests").join(name).with_extension("wasm")
}

fn define(desk: &Desk, rest: &str) -> String {
    let text = format!(
        "cart = \"shop\"\nplugin = \"guest.wasm\"\nmode = \"live\"\n{rest}\n[endpoints.api]\nbase_url = \"https://shop.example/api\"\n"
    );
    desk.write("shop.toml", &text);
    desk.done(&["apply", "shop.toml"])
}

fn package(id: &str, number: &str) -> Value {
    json!({ "id": id, "tracking_number": number, "carrier": "UPS" })
}

fn update(order: &str, label: &str, note: &str, packages: Value) -> Value {
    // A time without an offset is no instant, so that what a guest says of it is the same each time.
    json!({ "order_number": order, "label": label, "note": note, "packages": packages, "changed_at": "2026-06-01T12:30:00" })
}

/// Sends an update as a file and gives the whole report.
fn send(desk: &Desk, update: &Value) -> Value {
    desk.write("update.json", &update.to_string());
    desk.json(&["send", "--cart", "shop", "--update", "update.json"])
}

/// The receipt of the attempt that a report is about.
fn receipt(report: &Value) -> Value {
    let done = &report["sent"]["done"];
    let attempt = if done["tried"].is_object() { &done["tried"]["attempt"] } else { &done["recorded"] };
    assert!(attempt["receipt"].is_object(), "{report}");
    attempt["receipt"].clone()
}

fn message(report: &Value) -> String {
    receipt(report)["message"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_package_that_was_told_stays_told_whatever_becomes_of_the_update() {
    let desk = desk("does_as_told", "[delivery]\ndead_letters = \"skip\"");
    let (first, second) = (package("A", "1Z1"), package("B", "1Z2"));
    // The first package is shipped, then the update dies of the second.
    let dead = send(&desk, &update("1021", "Shipped", "fail=invalid-data told=0:F-1 reference=R-7", json!([first, second])));
    assert_eq!(message(&dead), "order - [1Z1 new -, 1Z2 new -] at None complete None");
    assert_eq!(receipt(&dead)["packages"], json!([{ "index": 0, "reference": "F-1" }]));
    let delivery = receipt(&dead)["delivery"].as_str().expect("it has one").to_owned();
    assert!(desk.done(&["delivery", "show", &delivery]).contains("the cart was told of package 1 (F-1)"));
    let full = desk.done(&["explain", "--cart", "shop", "--order", "1021", "--full"]);
    assert!(full.contains("UPS 1Z1  the cart was told, where it is F-1") && full.contains("R-7"), "{full}");

    // The next update of the order calls it known, with its reference, and so does the dead one when it is tried again.
    let next = send(&desk, &update("1021", "Packed", "told=1:F-2", json!([first, second])));
    assert_eq!(message(&next), "order R-7 [1Z1 already-told F-1, 1Z2 new -] at None complete None");
    desk.done(&["delivery", "retry", &delivery]);
    let again = send(&desk, &update("1021", "Returned", "", json!([first, second])));
    assert_eq!(message(&again), "order R-7 [1Z1 already-told F-1, 1Z2 already-told F-2] at None complete None");
}

#[test]
fn a_package_that_changed_is_told_so_and_keeps_its_reference() {
    let desk = desk("does_as_told", "");
    send(&desk, &update("1021", "Shipped", "told=0:F-1", json!([package("A", "1Z1")])));
    let contents = json!([{ "sku": "SHIRT", "quantity": "1" }]);
    let with = |number: &str, rest: Value| {
        let mut package = package("A", number);
        package.as_object_mut().expect("an object").extend(rest.as_object().expect("an object").clone());
        json!([package])
    };
    // The label stays: a change of a package is enough to be sent.
    for (packages, told) in [
        (with("1Z1", json!({ "contents": contents })), "[1Z1 changed F-1]"),
        (with("1Z2", json!({ "contents": contents })), "[1Z2 number-corrected F-1]"),
        (with("1Z2", json!({ "withdrawn": true })), "[1Z2 withdrawn F-1]"),
    ] {
        let report = send(&desk, &update("1021", "Shipped", "", packages.clone()));
        assert!(message(&report).contains(told), "{packages}: {report}");
    }
    // What a package comes without is not thereby changed.
    let bare = send(&desk, &update("1021", "Shipped", "", json!([{ "id": "A", "withdrawn": true }])));
    assert_eq!(bare["sent"]["done"], "nothing", "{bare}");
}

#[test]
fn what_a_plugin_cannot_carry_is_refused_by_name_or_left_out_by_the_cart_s_rule() {
    let desk = desk("carries_little", "");
    let line = json!([{ "sku": "SHIRT", "ordered": "1" }]);
    let mut all = update(
        "1021",
        "Shipped",
        "leave it at the door",
        json!([{ "tracking_number": "1Z1", "contents": [{ "sku": "A", "quantity": "1" }] }]),
    );
    (all["line_items"], all["notify_customer"]) = (line, json!(true));
    let refused = send(&desk, &all);
    let five = &refused["explanation"]["rows"][4];
    assert_eq!(
        five["value"],
        "the plugin carries-little cannot carry the contents of a package, line items, notes, the choice whether the customer is notified",
        "{refused}"
    );
    let how = "(`leave_out = [\"package-contents\", \"line-items\", \"notes\", \"customer-notification\"]` in its definition does that)";
    assert!(five["reason"].as_str().is_some_and(|reason| reason.contains(how)), "{refused}");
    define(&desk, "leave_out = [\"package-contents\", \"line-items\", \"notes\", \"customer-notification\"]");
    assert!(message(&send(&desk, &all)).starts_with("[\"new\"] [] within"), "what is left is told");

    // A correction is refused, or goes as already told; an update without a status is refused, or not sent.
    let numbered = |number: &str, label: &str| update("1022", label, "", json!([{ "id": "A", "tracking_number": number }]));
    send(&desk, &numbered("1Z1", "Shipped"));
    let corrected = send(&desk, &numbered("1Z2", "Packed"));
    let said = |report: &Value| report["explanation"]["rows"][4]["value"].as_str().unwrap_or_default().to_owned();
    assert!(said(&corrected).contains("packages that have changed since the cart was told of them"), "{corrected}");
    define(&desk, "leave_out = [\"corrections\"]\n[labels]\nWaiting = \"tracking-only\"");
    assert!(message(&send(&desk, &numbered("1Z2", "Packed"))).starts_with("[\"already-told\"]"));
    let silent = send(&desk, &numbered("1Z2", "Waiting"));
    assert!(said(&silent).contains("an update that sets no status"), "{silent}");
    define(&desk, "leave_out = [\"without-status\", \"corrections\"]\n[labels]\nWaiting = \"tracking-only\"");
    let silent = send(&desk, &numbered("1Z2", "Waiting"));
    assert_eq!((&silent["sent"]["done"], &silent["must_act"]), (&json!("nothing"), &json!(false)), "{silent}");
    desk.write("wrong.toml", "cart = \"shop\"\nplugin = \"guest.wasm\"\nleave_out = [\"several-packages\"]\n");
    desk.refused(&["apply", "wrong.toml"], "Cartage cannot know which packages to keep");
}

#[test]
fn a_plugin_s_word_is_what_its_operator_s_settings_begin_with() {
    let desk = desk("carries_little", "");
    assert!(message(&send(&desk, &update("1021", "Shipped", "", json!([])))).ends_with("within 7 requests and 4096 bytes"));
    define(&desk, "[limits]\nrequests = 20");
    assert!(message(&send(&desk, &update("1022", "Shipped", "", json!([])))).ends_with("within 20 requests and 4096 bytes"));
    assert!(desk.done(&["export", "shop"]).contains("requests = 20"), "what is set stays set, also where it is usual");
    let inspected = desk.done(&["plugin", "inspect", "guest.wasm"]);
    assert!(inspected.contains("requests in a minute  30") && inspected.contains("orders at once        2"), "{inspected}");
}

#[test]
fn the_clock_on_the_wall_becomes_an_instant_by_the_cart_s_time_zone() {
    let desk = desk("does_as_told", "time_zone = \"Europe/Berlin\"");
    let at = |order: &str, time: &str| {
        let mut update = update(order, "Shipped", "", json!([]));
        (update["changed_at"], update["packages_complete"]) = (json!(time), json!(true));
        message(&send(&desk, &update))
    };
    assert_eq!(at("1", "2026-06-01T12:30:00"), "order - [] at Some(1780309800000) complete Some(true)");
    assert_eq!(at("2", "2026-06-01T12:30:00Z"), "order - [] at Some(1780317000000) complete Some(true)", "the sender's offset counts");
    assert_eq!(at("3", "2026-10-25T02:30:00"), "order - [] at None complete Some(true)", "an hour that came twice");
    desk.write("wrong.toml", "cart = \"shop\"\nplugin = \"guest.wasm\"\ntime_zone = \"Berlin\"\n");
    desk.refused(&["apply", "wrong.toml"], "write an IANA name");
}

#[test]
fn what_an_update_waits_for_is_said_with_its_reason_and_its_time() {
    let desk = desk("does_as_told", "");
    let explained = |order: &str| desk.done(&["explain", "--cart", "shop", "--order", order]);
    send(&desk, &update("1", "Shipped", "fail=pending after=3600000", json!([])));
    let said = explained("1");
    assert!(
        said.starts_with("Waiting: update 1 of order 1 is due at 20") && said.contains("UTC: the cart is still processing the update."),
        "{said}"
    );
    assert!(said.contains("Message of the last attempt: order"), "{said}");
    send(&desk, &update("2", "Shipped", "fail=order-busy after=3600000", json!([])));
    let said = explained("2");
    assert!(
        said.starts_with("Waiting: update 1 of order 2 is due at 20") && said.contains("UTC: this order cannot be changed at the moment."),
        "{said}"
    );

    // What must be set right pauses the cart, with the plugin's word for it wherever somebody looks.
    send(&desk, &update("3", "Shipped", "fail=misconfigured", json!([package("A", "1Z1")])));
    let word = "order - [1Z1";
    for shown in [explained("3"), desk.run(&["status"]).1, desk.done(&["cart", "show", "shop"])] {
        assert!(shown.contains("misconfigured") && shown.contains(word), "{shown}");
    }
    let status = desk.run(&["status"]).1;
    assert!(status.contains("correct it, then resume the cart with `cartage cart resume shop`"), "{status}");
}

#[test]
fn an_order_that_is_not_permitted_is_an_alert_that_names_the_cart() {
    let desk = desk("does_as_told", "");
    send(&desk, &update("1", "Shipped", "fail=not-permitted", json!([])));
    let (code, status) = desk.run(&["status"]);
    assert!(code == 1 && status.contains("not-permitted, since"), "{status}");
    assert!(
        status.contains(
            "the cart shop accepts its credentials but does not permit 1 update with them; grant the missing right at the shop; see `cartage delivery list --cart shop"
        ),
        "{status}"
    );
    let listed = desk.done(&["delivery", "list", "--reason", "not-permitted"]);
    assert!(listed.contains("0 queued, 1 dead"), "{listed}");
}

#[test]
fn of_credentials_that_stand_for_each_other_exactly_one_is_set() {
    let desk = Desk::new();
    fs::copy(guest_file("offers_alternatives"), desk.path("guest.wasm")).expect("it was built");
    let define = |url: &str| {
        let text = format!("cart = \"shop\"\nplugin = \"guest.wasm\"\nmode = \"live\"\n[endpoints.api]\nbase_url = {url:?}\n");
        desk.write("shop.toml", &text);
        desk.run(&["apply", "shop.toml"])
    };
    let (code, said) = define("https://other.example/api");
    assert!(code != 0 && said.contains("one of https://live.example/api, https://sandbox.example/api"), "{said}");
    let (code, said) = define("https://sandbox.example/api");
    assert_eq!(code, 0, "{said}");
    desk.switch_on("shop");
    desk.refused(
        &["cart", "check", "shop"],
        "one of the credential slots key, login must have a value, and none has: set key of key, or user, password of login",
    );
    desk.type_in(&["credential", "set", "shop", "key", "key"], OLD);
    desk.done(&["cart", "check", "shop"]);
    assert_eq!(message(&send(&desk, &update("1021", "Shipped", "", json!([])))), "[\"key\"] at https://sandbox.example/api");
    desk.type_in(&["credential", "set", "shop", "login", "user"], "somebody");
    desk.type_in(&["credential", "set", "shop", "login", "password"], OLD);
    desk.refused(&["cart", "check", "shop"], "the credential slots key, login are alternatives, so only one of them may have a value");
    let inspected = desk.done(&["plugin", "inspect", "guest.wasm"]);
    assert!(inspected.contains("of the credentials key, login (one of access) exactly one must be set"), "{inspected}");
    assert!(inspected.contains("one of https://live.example/api, https://sandbox.example/api"), "{inspected}");
    let file = desk.done(&["cart", "new", "other", "--plugin", "guest.wasm", "--output", "-"]);
    assert!(file.contains("It stands for login: set exactly one of them.") && file.contains("One of https://live.example/api,"), "{file}");
}

#[test]
fn names_of_tomorrow_are_ignored_unless_the_plugin_requires_them() {
    let desk = desk("speaks_of_tomorrow", "");
    assert_eq!(message(&send(&desk, &update("1021", "Shipped", "", json!([])))), "tomorrow came");
    fs::copy(guest_file("requires_tomorrow"), desk.path("next.wasm")).expect("it was built");
    desk.refused(&["plugin", "inspect", "next.wasm"], "delivery-window");
    let refused = desk.refused(&["cart", "upgrade", "shop", "--plugin", "next.wasm"], "delivery-window");
    assert!(refused.contains("requires"), "{refused}");
    assert!(desk.done(&["cart", "show", "shop"]).contains("speaks-of-tomorrow 1.0.0"), "the one before runs on");
}

#[test]
fn the_lists_that_a_shop_gives_are_kept_and_judged_by() {
    let desk = desk("lists_choices", "[settings]\nlocation = \"gid-9\"\n[labels]\n\"On Hold\" = \"waiting\"\n[carriers]\nFX = \"fedex\"\n");
    // Nobody asked the shop yet: whatever is set is taken.
    assert!(receipt(&send(&desk, &update("1", "On Hold", "", json!([]))))["fate"] == "delivered");
    let checked = desk.done(&["cart", "check", "shop"]);
    for said in [
        "the label \"On Hold\" maps to \"waiting\", a status that the cart does not have",
        "the carrier \"FX\" maps to \"fedex\", which the shop does not list",
        "the setting location is \"gid-9\", which the shop does not list; it is sent anyway",
        "Warehouse North",
        "US Mail",
    ] {
        assert!(checked.contains(said), "{said}: {checked}");
    }
    let lists = desk.json(&["cart", "show", "shop"])["lists"].clone();
    assert_eq!(lists.as_array().map(Vec::len), Some(3), "{lists}");
    assert!(lists[0]["asked_at_unix_ms"].as_u64().is_some_and(|at| at > 1_700_000_000_000), "{lists}");

    // Now the gate knows better, and so does whoever writes a definition.
    let refused = send(&desk, &update("2", "On Hold", "", json!([])));
    assert!(
        refused["explanation"]["rows"][5]["value"].as_str().is_some_and(|said| said.contains("which the cart does not have")),
        "{refused}"
    );
    assert!(refused["explanation"]["rows"][5]["reason"].as_str().is_some_and(|said| said.contains("processing, shipped")), "{refused}");
    assert!(define(&desk, "[labels]\nSent = \"gone\"").contains("a status that the cart does not have"));
    assert_eq!(receipt(&send(&desk, &update("3", "shipped", "", json!([]))))["fate"], "delivered");

    // Questions about a cart of that name offer them.
    let answers = ["https://shop.example/api", "", "gid-1", "Sent", "gone", "shipped", "", ""].join("\n");
    let (code, file, asked) = desk.type_in(&["cart", "new", "shop", "--plugin", "guest.wasm", "--ask", "--output", "-"], &answers);
    assert!(asked.contains("gid-1: Warehouse North") && asked.contains("processing (In work)"), "{asked}");
    assert!(asked.contains("the cart has no status \"gone\""), "{asked}");
    assert!(code == 0 && file.contains("location = \"gid-1\"") && file.contains("\"Sent\" = \"shipped\""), "{file}{asked}");
}

/// The steps of the store's schema before the contract 1.0.0.
const STEPS: [&str; 9] = [
    include_str!("../../../host/store/src/migrations/0001_first.sql"),
    include_str!("../../../host/store/src/migrations/0002_outbox.sql"),
    include_str!("../../../host/store/src/migrations/0003_operations.sql"),
    include_str!("../../../host/store/src/migrations/0004_keep.sql"),
    include_str!("../../../host/store/src/migrations/0005_settings.sql"),
    include_str!("../../../host/store/src/migrations/0006_faults.sql"),
    include_str!("../../../host/store/src/migrations/0007_overlap.sql"),
    include_str!("../../../host/store/src/migrations/0008_suspicions.sql"),
    include_str!("../../../host/store/src/migrations/0009_clock.sql"),
];

/// A data directory of the release before, with a cart whose plugin was built for the contract 0.1.
fn desk_of_the_release_before(old: &[u8]) -> Desk {
    let desk = Desk::new();
    let file = desk.path("data/cartage.sqlite");
    for entry in fs::read_dir(desk.path("data")).expect("it is there") {
        let entry = entry.expect("it can be listed").path();
        if entry.file_name().is_some_and(|name| name.to_string_lossy().starts_with("cartage.sqlite")) {
            fs::remove_file(entry).expect("it is ours");
        }
    }
    let database = rusqlite::Connection::open(&file).expect("a new file");
    database
        .execute_batch(&format!("{}; PRAGMA application_id = 1130459764; PRAGMA user_version = 9;", STEPS.join("\n")))
        .expect("it is SQL");
    fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("it is ours");
    let digest = cartage::id::Digest::of(old);
    fs::create_dir_all(desk.path("data/plugins")).expect("the folder can be written");
    fs::write(desk.path("data/plugins").join(super::kept(digest)), old).expect("the folder can be written");
    let definition = "cart = \"shop\"\nplugin = \"old.wasm\"\nmode = \"live\"\n[endpoints.api]\nbase_url = \"https://shop.example/api\"\n";
    let manifest = r#"{"name":"old","version":"0.1.0","statuses":"free-text","features":{"tracking":true}}"#;
    let rows = [
        "INSERT INTO merchants (merchant, made_at) VALUES ('default', 1)".to_owned(),
        format!("INSERT INTO plugins VALUES ('default', '{digest}', 'old', '0.1.0', '{manifest}', 1, 2)"),
        format!(
            "INSERT INTO carts (merchant, cart, definition, plugin, enabled, mode, made_at, changed_at) VALUES ('default', 'shop', '{definition}', '{digest}', 1, 'live', 1, 1)"
        ),
    ];
    database.execute_batch(&rows.join(";")).expect("it is SQL");
    desk
}

#[test]
fn a_plugin_of_the_contract_before_is_refused_with_what_to_do_also_where_it_was_admitted() {
    let old = wat::parse_str(r#"(component (import "cartage:plugin/http@0.1.0" (instance)))"#).expect("it is a component");
    let desk = desk_of_the_release_before(&old);
    let what = "the contract before 1.0.0 was unstable, and no host supports it any more: the plugin's vendor must build it again with the current \
                SDK";
    let shown = desk.done(&["cart", "show", "shop"]);
    assert!(shown.contains(what), "{shown}");
    desk.switch_on("shop");
    let refused = send(&desk, &update("1021", "Shipped", "", json!([])));
    let five = &refused["explanation"]["rows"][4];
    assert_eq!((five["value"].as_str(), five["mark"].as_str()), (Some("the plugin old.wasm was not admitted"), Some("cross")), "{refused}");
    assert!(five["reason"].as_str().is_some_and(|reason| reason.contains(what)), "{refused}");
    desk.write("old.wasm", "");
    fs::write(desk.path("old.wasm"), &old).expect("the folder can be written");
    desk.refused(&["plugin", "inspect", "old.wasm"], what);
    // A plugin of today takes its place.
    fs::copy(guest_file("does_as_told"), desk.path("guest.wasm")).expect("it was built");
    desk.done(&["cart", "upgrade", "shop", "--plugin", "guest.wasm", "--approve"]);
    desk.type_in(&["credential", "set", "shop", "key", "key"], OLD);
    assert_eq!(receipt(&send(&desk, &update("1021", "Shipped", "", json!([]))))["fate"], "delivered");
}
