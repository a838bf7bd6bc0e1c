//! Hostile posts: too large, too many, too deep, and random bytes. Each gets a clear answer quickly.

use crate::{PASSWORD, read_inlet};
use cartage_http::seti::{self, ANSWER_BYTES_MAX, Error, SetiCall, SetiRequest, form, xml};
use libtest_mimic::{Failed, Trial};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use secrecy::SecretString;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("hostile::a_hundred_megabytes_are_not_looked_at", a_hundred_megabytes_are_not_looked_at),
        Trial::test("hostile::ten_thousand_and_one_orders", ten_thousand_and_one_orders),
        Trial::test("hostile::entity_bombs", entity_bombs),
        Trial::test("hostile::random_bytes", random_bytes),
    ]
}

/// The answer to a body that follows the right log-in.
fn answered(body: &[u8]) -> (Option<Error>, String) {
    let inlet = read_inlet("user = \"om\"\ntime_zone = \"America/New_York\"");
    let request = SetiRequest { method: "POST", query: None, content_type: None, body };
    let opened = seti::read(&request, &inlet).and_then(|call| match call {
        SetiCall::SendVersion => Ok(None),
        SetiCall::UpdateStatus(locked) => locked.open(&inlet, &SecretString::from(PASSWORD)).map(Some),
    });
    let text = match &opened {
        Ok(Some(post)) => crate::answer(post).as_str().to_owned(),
        Ok(None) => seti::Reply::version(&inlet).as_str().to_owned(),
        Err(error) => error.answer().as_str().to_owned(),
    };
    (opened.err(), text)
}

fn with_log_in(rest: &str) -> Vec<u8> {
    format!("setifunction=updatestatus&setiuser=om&password={}&{rest}", PASSWORD.replace(' ', "+")).into_bytes()
}

fn a_hundred_megabytes_are_not_looked_at() -> Result<(), Failed> {
    let mut body = with_log_in("update=");
    body.resize(100 << 20, b'<');
    let (error, answer) = answered(&body);
    assert_eq!(error, Some(Error::Form(form::Error::TooLong { place: "body", max: form::BODY_BYTES_MAX })));
    assert_eq!(answer, "SETIError: the request cannot be read: the body has more than 8388608 bytes");
    Ok(())
}

fn ten_thousand_and_one_orders() -> Result<(), Failed> {
    let orders = |count: usize| {
        let orders: String = (0..count).map(|nth| format!("<Order><OrderNumber>{nth}</OrderNumber></Order>")).collect();
        answered(&with_log_in(&format!("update=<Orders>{orders}</Orders>")))
    };
    let (error, answer) = orders(10_001);
    assert_eq!(error, Some(Error::Xml(xml::Error::TooManyOrders { count: 10_001 })));
    assert_eq!(
        answer,
        "SETIResponse: update=False;Notes=the XML in the field update cannot be read: it has 10001 orders, but at most 10000 are allowed"
    );
    let (error, answer) = orders(10_000);
    assert_eq!(error, None);
    assert!(answer.len() <= ANSWER_BYTES_MAX && answer.starts_with("SETIResponse: update=False;Notes=order 0 not valid: "), "{answer}");
    Ok(())
}

fn entity_bombs() -> Result<(), Failed> {
    let laughs: String = (1..10).map(|n| format!("<!ENTITY l{n} \"{}\">", format!("%26l{};", n - 1).repeat(10))).collect();
    for document in [
        format!("<!DOCTYPE x [<!ENTITY l0 \"lol\">{laughs}]><Orders><Order><Notes>%26l9;</Notes></Order></Orders>"),
        format!("<?xml version=\"1.0\"?>\n<!DOCTYPE x [<!ENTITY big \"{}\">]><Orders>%26big;</Orders>", "x".repeat(1 << 20)),
        "<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><Orders/>".to_owned(),
        "<!doctype x [<!ENTITY e SYSTEM \"http://127.0.0.1/\">]><Orders>%26e;</Orders>".to_owned(),
    ] {
        let (error, answer) = answered(&with_log_in(&format!("update={document}")));
        assert_eq!(error, Some(Error::Xml(xml::Error::DocumentType)), "{document:.80}");
        assert!(answer.contains("which is never read"), "{answer}");
    }
    // A reference to an undefined name is text, and is not expanded.
    let note = "%26l9;".repeat(1_000);
    let (error, answer) = answered(&with_log_in(&format!(
        "update=<Orders><Order><OrderNumber>1</OrderNumber><Status>x</Status><Notes>{note}</Notes></Order></Orders>"
    )));
    assert_eq!((error, answer.as_str()), (None, "SETIResponse: update=OK;Notes="));
    Ok(())
}

fn random_bytes() -> Result<(), Failed> {
    let config = Config { cases: 2_000, failure_persistence: None, ..Config::default() };
    let piece = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..40),
        "(update|trackcount|tracknum|ordernumber|orderstatus|trackpickupdate)=[-0-9a-z/%]{0,12}&".prop_map(String::into_bytes),
        "(<|>|/|!|%26|Orders|Order|OrderNumber|Status|Notes|Packages|Package|x|\\[CDATA\\[|\\]\\]>|%80|%81){0,30}"
            .prop_map(String::into_bytes),
        Just(b"&update=<Orders><Order><OrderNumber>1</OrderNumber>".to_vec()),
        Just(b"</Order></Orders>".to_vec()),
    ];
    let bodies = (any::<bool>(), proptest::collection::vec(piece, 0..8));
    let test = |(logged_in, pieces): (bool, Vec<Vec<u8>>)| {
        let start = if logged_in { with_log_in("") } else { Vec::new() };
        let (error, answer) = answered(&[start, pieces.concat()].concat());
        let sound = answer.len() <= ANSWER_BYTES_MAX && answer.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        prop_assert!(sound && (answer.starts_with("SETIResponse: ") || answer.starts_with("SETIError: ")), "{}", answer);
        prop_assert!(error.is_none() || !answer.contains("update=OK"), "{}", answer);
        Ok(())
    };
    TestRunner::new(config).run(&bodies, test).map_err(|error| error.to_string().into())
}
