use super::super::sample::{answered, applied, cassette, request, signature, text};
use super::*;
use cartage_contract::http::{ErrorKind, Method, Reach};

fn outcome() -> Outcome {
    Outcome::Applied(applied())
}

/// The answers that a plugin with these asks gets, and its take.
async fn answers(cassette: &Cassette, asks: Vec<HostCall>) -> (Vec<HostReply>, Take) {
    let mut session = ReplaySession::new(cassette);
    let mut answers = Vec::new();
    for ask in asks {
        answers.push(session.answer(ask).await);
    }
    (answers, session.finish(outcome()))
}

fn body(answer: &HostReply) -> &str {
    match answer {
        HostReply::Sent(Ok(response)) => std::str::from_utf8(&response.body).expect("the sample is text"),
        other => panic!("it is an answer, not {other:?}"),
    }
}

fn get(path: &str) -> HostCall {
    HostCall::Send(request(Method::Get, path))
}

#[tokio::test]
async fn the_same_asks_get_the_recorded_answers_and_make_the_same_take() {
    let cassette = cassette();
    let mac = HostCall::Mac { slot: "key".into(), algorithm: Algorithm::Sha256, message: vec![text("a")] };
    let log = HostCall::Log { level: cartage_contract::log::Level::Info, message: "anything".into() };
    let asks = vec![log, get("/orders/1021"), mac, HostCall::Send(request(Method::Post, "/orders/7"))];
    let (answers, take) = answers(&cassette, asks).await;
    assert_eq!((body(&answers[1]), body(&answers[3])), ("{\"id\":7}", "{}"));
    assert_eq!((&answers[0], &answers[2]), (&HostReply::Logged, &HostReply::Signed(Ok(vec![1, 2, 0xff]))));
    assert_eq!(take, Take::recorded(&cassette));
}

#[tokio::test]
async fn an_ask_gets_its_own_answer_before_that_of_its_like_and_none_where_it_has_none() {
    let mut changed = request(Method::Get, "/a");
    changed.headers.clear();
    let mut cassette = cassette();
    cassette.recording.entries = vec![
        answered(request(Method::Get, "/a"), "1"),
        answered(changed.clone(), "2"),
        answered(request(Method::Get, "/a"), "3"),
        signature("a"),
    ];
    let all = vec![HostCall::Send(changed), get("/a"), get("/a"), get("/a")];
    let (answers, take) = answers(&cassette, all).await;
    assert_eq!([body(&answers[0]), body(&answers[1]), body(&answers[2])], ["2", "1", "3"]);
    assert_eq!((&answers[3], take.ending), (&HostReply::End(Stop::DryRun), Ending::NoAnswer));
    assert_eq!(take.asks.len(), 4);
}

#[tokio::test]
async fn a_call_ends_where_its_recording_ends() {
    let mut open = cassette();
    let Some(Entry::Http(last)) = open.recording.entries.last_mut() else { panic!("it is a request") };
    last.answer = None;
    open.outcome = Outcome::Ended(CallEnd::Stopped(Stop::DryRun));
    let mac = HostCall::Mac { slot: "key".into(), algorithm: Algorithm::Sha256, message: vec![text("a")] };
    let asks = vec![get("/orders/1021"), mac, HostCall::Send(request(Method::Post, "/orders/7"))];
    let (_, take) = answers(&open, asks).await;
    assert_eq!((&take.ending, &take), (&Ending::RecordingEnds, &Take::recorded(&open)));

    let mut reflected = cassette();
    reflected.recording.entries.truncate(2);
    reflected.outcome = Outcome::Ended(CallEnd::Stopped(Stop::SecretReflected));
    let (answers, take) = answers(&reflected, vec![get("/orders/1021"), get("/next")]).await;
    assert_eq!(answers[1], HostReply::End(Stop::SecretReflected));
    assert_eq!(take, Take::recorded(&reflected));
}

#[tokio::test]
async fn requests_beyond_the_quota_are_refused_again_and_not_counted() {
    let mut cassette = cassette();
    let mut refused = answered(request(Method::Get, "/a"), "");
    let Entry::Http(http) = &mut refused else { panic!("it is a request") };
    let error = http::Error { kind: ErrorKind::QuotaExceeded, reach: Reach::NothingSent, message: "used up".into() };
    http.answer = Some(Err(error.clone()));
    cassette.recording.entries = vec![refused];
    let (answers, take) = answers(&cassette, vec![get("/a"), get("/a"), get("/b")]).await;
    assert!(answers.iter().all(|answer| *answer == HostReply::Sent(Err(error.clone()))), "{answers:?}");
    assert_eq!(take.asks.len(), 1);
}
