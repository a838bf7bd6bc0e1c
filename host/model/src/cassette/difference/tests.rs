use super::super::sample::{applied, cassette, request, text};
use super::*;
use cartage_contract::delivery::{Failure, FailureKind, RetryWish};
use cartage_contract::http::{Header, Method, Part, Request};

fn take() -> Take {
    Take::recorded(&cassette())
}

/// The differences that are found if one request of the take is changed.
fn with(at: usize, change: impl FnOnce(&mut Request)) -> Vec<String> {
    let mut is = take();
    let Asked::Request(request) = &mut is.asks[at] else { panic!("it is a request") };
    change(request);
    said(&take(), &is)
}

fn said(was: &Take, is: &Take) -> Vec<String> {
    takes(was, is).iter().map(ToString::to_string).collect()
}

#[test]
fn the_same_is_no_difference_however_a_body_is_cut() {
    assert_eq!(said(&take(), &take()), Vec::<String>::new());
    let cut = with(2, |request| request.body = Some(vec![Part::Bytes(b"{\"sta".to_vec()), text("tus\":\"shipped\"}")]));
    assert_eq!(cut, Vec::<String>::new());
}

#[test]
fn every_aspect_of_a_request_is_told_by_its_name() {
    let header = |name: &str, value: &str| Header { name: name.into(), value: vec![text(value)] };
    assert_eq!(
        with(0, |is| is.headers[1].value = vec![text("text/html")]),
        ["request 1: header accept was \"application/json\", is \"text/html\""]
    );
    assert_eq!(with(0, |is| is.headers[0].value = vec![text("b")]), ["request 1: header x-shop was \"a [key.id]\", is \"b\""]);
    assert_eq!(with(0, |is| is.headers.push(header("X-New", "1"))), ["request 1: header x-new is new: \"1\""]);
    assert_eq!(with(0, |is| drop(is.headers.pop())), ["request 1: header accept is gone, was \"application/json\""]);
    assert_eq!(with(0, |is| is.headers.reverse()), ["request 1: order of the headers was \"x-shop, accept\", is \"accept, x-shop\""]);
    assert_eq!(with(0, |is| is.query[0].value = Some(vec![text("2")])), ["request 1: query was \"n=1\", is \"n=2\""]);
    assert_eq!(with(0, |is| is.query[0].value = Some(vec![Part::Raw("1".into())])).len(), 0, "a raw 1 looks as an encoded one does");
    let raw = with(0, |is| is.query[0].value = Some(vec![Part::Raw("%31".into())]));
    assert_eq!(raw, ["request 1: query was \"n=1\", is \"n=(raw %31)\""]);
    assert_eq!(with(0, |is| is.path = "/orders".into()), ["request 1: path was \"/orders/1021\", is \"/orders\""]);
    assert_eq!(with(0, |is| is.endpoint = "other".into()), ["request 1: endpoint was \"api\", is \"other\""]);
    assert_eq!(with(0, |is| is.method = Method::Head), ["request 1: method was \"GET\", is \"HEAD\""]);
    assert_eq!(with(0, |is| is.auth.clear()), ["request 1: credentials was \"key\", is \"none\""]);
    assert_eq!(with(0, |is| is.renew = true), ["request 1: renewal of the token was \"no\", is \"yes\""]);
    assert_eq!(with(2, |is| is.body = None), ["request 2: body is gone, was `{\"status\":\"shipped\"}`"]);
    let long = format!("{}a{}", "x".repeat(100), "y".repeat(100));
    let other = long.replace('a', "b");
    let mut was = take();
    let Asked::Request(request) = &mut was.asks[2] else { panic!("it is a request") };
    request.body = Some(vec![text(&long)]);
    let mut is = was.clone();
    let Asked::Request(request) = &mut is.asks[2] else { panic!("it is a request") };
    request.body = Some(vec![text(&other)]);
    let shown = |c: char| format!("…{}{c}{}…", "x".repeat(24), "y".repeat(55));
    assert_eq!(said(&was, &is), [format!("request 2: body was \"{}\", is \"{}\"", shown('a'), shown('b'))]);
}

#[test]
fn asks_that_are_more_or_fewer_or_moved_are_told_as_that() {
    let (was, mut is) = (take(), take());
    is.asks.insert(0, Asked::Request(request(Method::Get, "/version")));
    assert_eq!(said(&was, &is), ["request 1 is new: GET api /version?n=1"]);
    assert_eq!(said(&is, &was), ["request 1 is gone: GET api /version?n=1"]);
    let mut is = take();
    is.asks.reverse();
    assert_eq!(said(&was, &is).len(), 2, "{:?}", said(&was, &is));
    let mut is = take();
    is.asks.swap(0, 2);
    assert!(said(&was, &is).iter().all(|said| said.contains("is in another place")), "{:?}", said(&was, &is));
    let mut is = take();
    let Asked::Signature { message, .. } = &mut is.asks[1] else { panic!("it is a signature") };
    *message = vec![text("b")];
    assert_eq!(said(&was, &is), ["signature 1: message was \"a\", is \"b\""]);
}

#[test]
fn what_comes_after_an_ask_without_an_answer_is_not_known() {
    let (was, mut is) = (take(), take());
    is.asks.truncate(1);
    let Asked::Request(request) = &mut is.asks[0] else { panic!("it is a request") };
    request.path = "/v2".into();
    is.ending = Ending::NoAnswer;
    assert_eq!(
        said(&was, &is),
        [
            "request 1: path was \"/orders/1021\", is \"/v2\"",
            "request 1: no answer to it is recorded, so the call was ended there; 2 asks after it and the outcome are not compared"
        ]
    );
}

#[test]
fn a_body_that_was_left_out_of_the_recording_is_like_any() {
    for note in ["redacted-body-1", "[70 bytes, left out: this call's recording is full]"] {
        let mut was = take();
        let Asked::Request(request) = &mut was.asks[2] else { panic!("it is a request") };
        request.body = Some(vec![text(note)]);
        assert_eq!(said(&was, &take()), Vec::<String>::new(), "{note}");
    }
}

#[test]
fn outcomes_are_compared_by_kind_and_then_by_what_they_say() {
    let of = |outcome: Outcome| Take { ending: Ending::Came(outcome), ..take() };
    let was = of(Outcome::Applied(applied()));
    let mut other = applied();
    other.reference = None;
    other.message = Some("told".into());
    other.steps[0].reference = Some("5".into());
    assert_eq!(
        said(&was, &of(Outcome::Applied(other))),
        ["outcome: message is new: \"told\"", "outcome: reference is gone, was \"7\"", "outcome: steps posted reference is new: \"5\"",]
    );
    let failed = Failure {
        kind: FailureKind::Unavailable,
        message: "it is closed".into(),
        retry: RetryWish::Default,
        steps: vec![],
        resume: None,
        reference: None,
        packages: vec![],
        extra: vec![],
    };
    assert_eq!(said(&was, &of(Outcome::Failed(failed))), ["outcome was \"done\", is \"failed (unavailable): it is closed\""]);
    let trap = |reason: &str| of(Outcome::Ended(CallEnd::Trap { reason: reason.into() }));
    assert_eq!(said(&trap("it panicked\n  by f"), &trap("it panicked\n  by g")), Vec::<String>::new());
    assert_eq!(said(&trap("a"), &trap("b")), ["outcome: trap reason was \"a\", is \"b\""]);
}
