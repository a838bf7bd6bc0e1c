//! Both directions: the inlet reads the integration-script plugin's posts as they were meant, and the plugin understands every answer of the inlet.

use crate::{PASSWORD, read_inlet};
use cartage::carts::Inlet;
use cartage::validate::{Fields, StatusUpdate, civil_time};
use cartage_http::seti::{self, Error, PartOutcome, PostOutcome, SetiCall, SetiRequest};
use cartage_sdk::testing::{Cart, Reply, package, update};
use cartage_sdk::{CivilDate, CivilTime, Failure, FailureKind, LineItem, LinePackage, Package, Update};
use integration_script::IntegrationScript;
use libtest_mimic::{Failed, Trial};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use secrecy::SecretString;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("plugin::its_delimited_posts_are_read_back", || read_back("delimited")),
        Trial::test("plugin::its_xml_posts_are_read_back", || read_back("xml")),
        Trial::test("plugin::it_understands_every_answer", it_understands_every_answer),
        Trial::test("plugin::its_question_for_the_version_is_answered", its_question_for_the_version_is_answered),
    ]
}

fn cart(encoding: &str) -> Cart<IntegrationScript> {
    Cart::new()
        .set("encoding", encoding)
        .set("send-line-items", true)
        .secret("account", "setiuser", "om")
        .secret("account", "password", PASSWORD)
}

/// The fields in the plugin's post.
fn posted(encoding: &str, update: &Update, inlet: &Inlet) -> Fields {
    let run = cart(encoding).rule(|_| Reply::text(200, "SETIResponse: update=OK;Notes=")).send(update);
    let body = run.requests[0].wire().body.clone().expect("a post has a body");
    let request = SetiRequest { method: "POST", query: None, content_type: run.requests[0].header("content-type"), body: &body };
    let Ok(SetiCall::UpdateStatus(locked)) = seti::read(&request, inlet) else { panic!("the plugin posts an update") };
    let mut post = locked.open(inlet, &SecretString::from(PASSWORD)).expect("the log-in is right and the post can be read");
    assert_eq!((post.updates.len(), post.om_version.as_deref()), (1, Some("6.000")));
    post.updates.remove(0).expect("the update can be read")
}

fn read_back(encoding: &'static str) -> Result<(), Failed> {
    let inlet = read_inlet("user = \"om\"");
    let config = Config { cases: 400, failure_persistence: None, ..Config::default() };
    let test = |update: Update| {
        let fields = posted(encoding, &update, &inlet);
        prop_assert_eq!(&fields, &expected(encoding, &update));
        // The fields are also valid: the gate accepts them.
        StatusUpdate::new(fields, civil_time(0)).map(drop).map_err(|error| TestCaseError::fail(error.to_string()))
    };
    TestRunner::new(config).run(&updates(), test).map_err(|error| error.to_string().into())
}

/// The fields after an update passed through this encoding: the status becomes the label, the cart's name for the carrier becomes the carrier, and a
/// package has an id only if a line refers to it.
fn expected(encoding: &str, update: &Update) -> Fields {
    let in_xml = encoding == "xml";
    let of_line = |id: &Option<String>| {
        update.line_items.iter().any(|line| line.packages.iter().any(|travels| Some(&travels.package_id) == id.as_ref()))
    };
    let packages = update.packages.iter().map(|package| cartage::validate::PackageFields {
        id: package.tracking_number.clone().filter(|_| in_xml && of_line(&package.id)),
        tracking_number: package.tracking_number.clone(),
        carrier: package.carrier.clone(),
        method: package.method.clone().filter(|_| in_xml),
        picked_up: package.picked_up.map(|day| format!("{:04}-{:02}-{:02}", day.year, day.month, day.day)),
        ..Default::default()
    });
    let number = |id: &str| {
        update.packages.iter().find(|package| package.id.as_deref() == Some(id)).and_then(|package| package.tracking_number.clone())
    };
    let lines = update.line_items.iter().filter(|_| in_xml).map(|line| cartage::validate::LineItemFields {
        web_line_id: line.web_line_id.clone(),
        label: line.label.clone(),
        shipped: line.shipped.clone(),
        note: line.note.clone(),
        packages: line
            .packages
            .iter()
            .map(|travels| cartage::validate::LinePackageFields {
                package_id: number(&travels.package_id).expect("lines travel in packages of the update"),
                quantity: travels.quantity.clone(),
            })
            .collect(),
        ..Default::default()
    });
    let CivilTime { date, hour, minute, second, .. } = update.changed_at;
    let changed_at = format!("{:04}-{:02}-{:02}T{hour:02}:{minute:02}:{second:02}", date.year, date.month, date.day);
    Fields {
        order_number: update.order_number.clone(),
        reference_number: update.reference_number.clone(),
        label: update.status.clone().expect("every update here has one"),
        changed_at: in_xml.then_some(changed_at),
        note: update.note.clone(),
        comments: update.comments.clone().filter(|_| in_xml),
        notify_customer: None,
        packages: packages.collect(),
        packages_complete: None,
        line_items: lines.collect(),
    }
}

/// A line of text that the host accepts, not empty and without white space around it.
fn line() -> impl Strategy<Value = String> {
    let text = prop_oneof!["[!-~]([ -~]{0,20}[!-~])?", "[&<>\"'\\]%+=;é€日😀]{1,12}", "[A-Za-z]+ ?&#?[a-z0-9]{1,4};[a-z]"];
    text.prop_filter("white space around it", |text| text.trim() == text)
}

/// A note that the host accepts.
fn block() -> impl Strategy<Value = String> {
    prop_oneof!["[!-~][ -~\n]{0,40}", "[&<>/\\[\\]!CDAT\n é日😀-]{0,20}x", "</?(Notes|Comments|Order)>", line()]
}

fn day() -> impl Strategy<Value = CivilDate> {
    (1970_u16..=9999, 1_u8..=12, 1_u8..=28).prop_map(|(year, month, day)| CivilDate { year, month, day })
}

prop_compose! {
    fn updates()(
        (number, status, reference) in (line(), line(), proptest::option::of(line())),
        (note, comments) in (proptest::option::of(block()), proptest::option::of(block())),
        (date, hour, minute, second) in (day(), 0_u8..24, 0_u8..60, 0_u8..60),
        parts in proptest::collection::vec((line(), proptest::option::of(line()), proptest::option::of(day()), any::<bool>()), 0..4),
        (label, line_note) in (proptest::option::of(line()), proptest::option::of(block())),
    ) -> Update {
        // Each number is unique, and each package to which lines refer has an id.
        let packages: Vec<Package> = parts.iter().enumerate().map(|(at, (text, method, picked_up, referred))| Package {
            id: referred.then(|| format!("P{at}")), method: method.clone(), picked_up: *picked_up, ..package(text, &format!("{text}{at}"))
        }).collect();
        let travels: Vec<LinePackage> = packages.iter().filter_map(|package| {
            Some(LinePackage { package_id: package.id.clone()?, quantity: "1.5".to_owned() })
        }).collect();
        let line = LineItem {
            web_line_id: Some("501".to_owned()), reference_line_id: None, sku: None, label, status: None, ordered: None,
            shipped: Some("2".to_owned()), needed: None, note: line_note, packages: travels, extra: vec![],
        };
        Update {
            reference_number: reference, note, comments, packages, line_items: vec![line],
            changed_at: CivilTime { date, hour, minute, second, utc_offset_minutes: None },
            ..update(&number, &status)
        }
    }
}

/// The outcome that the plugin derives from an answer.
fn understood(answer: &seti::Reply) -> Result<String, Failure> {
    let text = answer.as_str().to_owned();
    let reply = move |_: &cartage_sdk::testing::Seen| Reply::text(200, &text);
    let applied = cart("xml").rule(reply).send(&update("1021", "Shipped")).outcome?;
    Ok(cartage_sdk::contract::delivery::Applied::from(applied).message.unwrap_or_default())
}

fn it_understands_every_answer() -> Result<(), Failed> {
    let part = |outcome: PostOutcome| PartOutcome { order: Some("1021".to_owned()), outcome };
    let reason = || "the label \"Shipped\" is not in its map; add it <there>".to_owned();
    for outcome in [PostOutcome::Accepted, PostOutcome::Delivered, PostOutcome::StillQueued, PostOutcome::NothingToDo(reason())] {
        let answer = seti::answer(&[part(outcome.clone())]);
        let notes = understood(&answer).map_err(|failure| format!("{outcome:?}: {failure:?}"))?;
        assert!(answer.as_str().ends_with(&notes), "{notes}");
    }
    // An update that was not stored may be accepted later. The plugin cannot know whether the other refusals are temporary, so it retries a few times.
    for (outcome, kind) in [
        (PostOutcome::NeedsAPerson(reason()), FailureKind::OrderBusy),
        (PostOutcome::Invalid(reason()), FailureKind::OrderBusy),
        (PostOutcome::Refused(reason()), FailureKind::OrderBusy),
        (PostOutcome::NotKept(reason()), FailureKind::Unavailable),
    ] {
        let mixed = seti::answer(&[part(PostOutcome::Accepted), part(outcome.clone()), part(PostOutcome::NothingToDo(reason()))]);
        for answer in [seti::answer(&[part(outcome.clone())]), mixed] {
            let failure = understood(&answer).expect_err("somebody must act");
            assert_eq!(failure.kind, kind, "{answer:?}");
            assert!(
                failure.message.contains("order 1021") && failure.message.contains("not in its map, add it (there)"),
                "{}",
                failure.message
            );
        }
    }
    for (error, kind) in [
        (Error::Denied(cartage_http::seti::Denial::NoCart), FailureKind::Credentials),
        (Error::FunctionUnknown { name: "ordercount".to_owned() }, FailureKind::Misconfigured),
        (Error::FunctionMissing, FailureKind::OrderBusy),
        (Error::Xml(seti::xml::Error::NoOrder), FailureKind::OrderBusy),
        (Error::Form(seti::form::Error::TooManyFields), FailureKind::Protocol),
    ] {
        let failure = understood(&error.answer()).expect_err("it is an error");
        assert_eq!(failure.kind, kind, "{}", failure.message);
    }
    Ok(())
}

fn its_question_for_the_version_is_answered() -> Result<(), Failed> {
    let inlet = read_inlet("user = \"om\"\nversion = \"5.914\"");
    let run = cart("xml").rule(move |seen| {
        let body = seen.wire().body.clone().unwrap_or_default();
        let request = SetiRequest { method: "POST", query: None, content_type: seen.header("content-type"), body: &body };
        match seti::read(&request, &inlet) {
            Ok(SetiCall::SendVersion) => Reply::text(200, seti::Reply::version(&inlet).as_str()),
            other => panic!("the plugin asks for the version, and not {other:?}"),
        }
    });
    let report = format!("{:?}", run.check(None).outcome);
    if report.contains("its version is 5.914") { Ok(()) } else { Err(report.into()) }
}
