use super::*;
use axum::http::HeaderValue;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc;

const SOON: Duration = Duration::from_millis(200);

fn limits(bytes_max: usize) -> BodyLimits {
    BodyLimits { bytes_max, at_most: SOON }
}

/// A body without an announced length, which arrives piece by piece as its sender sends it.
struct Pieces(mpsc::Receiver<Bytes>);

impl axum::body::HttpBody for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<hyper::body::Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|piece| Ok(hyper::body::Frame::data(piece))))
    }
}

fn pieces() -> (mpsc::Sender<Bytes>, Body) {
    let (sender, receiver) = mpsc::channel(64);
    (sender, Body::new(Pieces(receiver)))
}

fn begin(body: Body, limits: BodyLimits) -> BodyReader {
    BodyReader::begin(&HeaderMap::new(), body, limits).expect("it says of no size that it is too large")
}

async fn send(to: &mpsc::Sender<Bytes>, bytes: usize) {
    to.send(vec![b'x'; bytes].into()).await.expect("somebody reads");
}

#[tokio::test]
async fn a_body_has_as_many_bytes_as_are_taken_and_not_one_more() {
    let room = Room::new(1 << 20);
    for (bytes, most, is_taken) in [(0, 0, true), (10, 10, true), (11, 10, false), (200_000, 200_000, true), (200_001, 200_000, false)] {
        let said = BodyReader::begin(&HeaderMap::new(), Body::from(vec![b'x'; bytes]), limits(most));
        match (said, is_taken) {
            (Ok(reading), true) => assert_eq!(reading.whole(&room, "a").await.expect("it is taken").bytes.len(), bytes),
            (said, _) => assert!(!is_taken && matches!(said, Err(Error::TooLarge { .. })), "{bytes} of {most}: {said:?}"),
        }
        // The same limits apply if no length was announced.
        let (sender, body) = pieces();
        send(&sender, bytes).await;
        drop(sender);
        let read = begin(body, limits(most)).whole(&room, "a").await;
        assert_eq!(read.is_ok(), is_taken, "{bytes} of {most}: {read:?}");
    }
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_LENGTH, HeaderValue::from_static("11"));
    let (_sender, body) = pieces();
    assert!(matches!(BodyReader::begin(&headers, body, limits(10)), Err(Error::TooLarge { bytes_max: 10 })), "nothing of it has come");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let room = Room::new(1 << 20);
    let (sender, body) = pieces();
    send(&sender, 5).await;
    let begun = Instant::now();
    assert!(matches!(begin(body, limits(10)).whole(&room, "a").await, Err(Error::Late { .. })));
    assert!(begun.elapsed() < Duration::from_secs(5));
    // A body that keeps arriving in small pieces times out as well.
    let (sender, body) = pieces();
    let dripping = tokio::spawn(async move {
        while sender.send(Bytes::from_static(b"x")).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert!(matches!(begin(body, limits(1 << 20)).whole(&room, "a").await, Err(Error::Late { .. })));
    dripping.await.expect("it ends when nobody reads");
}

#[tokio::test]
async fn the_start_is_there_before_the_rest_is_read() {
    let (sender, body) = pieces();
    let mut reading = begin(body, limits(1 << 20));
    send(&sender, START_BYTES - 1).await;
    send(&sender, 3).await;
    send(&sender, 5).await;
    assert_eq!(reading.start().await.map(|(read, whole)| (read.len(), whole)).expect("it came"), (START_BYTES + 2, false));
    drop(sender);
    let room = Room::new(4 << 20);
    assert_eq!(reading.whole(&room, "a").await.expect("it is whole").bytes.len(), START_BYTES + 7);
    let mut small = begin(Body::from("all"), limits(10));
    assert_eq!(small.start().await.expect("it came"), (&b"all"[..], true));
}

#[tokio::test]
async fn large_bodies_have_so_much_memory_together_and_small_ones_need_none() {
    let bytes = 2 * START_BYTES;
    let room = Room::new(4 * bytes);
    let large = || begin(Body::from(vec![b'x'; bytes]), limits(bytes));
    let mut held = Vec::new();
    for sender in ["a", "a", "b", "b"] {
        held.push(large().whole(&room, sender).await.expect("there is room"));
    }
    assert!(matches!(large().whole(&room, "c").await, Err(Error::NoRoom)), "all of it is taken");
    assert!(large().whole(&room, "c").await.is_err());
    let small = begin(Body::from(vec![b'x'; START_BYTES - 1]), limits(bytes)).whole(&room, "c").await.expect("it needs none");
    assert!(small.share.is_none());
    held.truncate(3);
    let _c = large().whole(&room, "c").await.expect("there is room again");
}

#[tokio::test]
async fn one_sender_has_half_of_it_at_most_and_waits_for_its_own() {
    let bytes = 2 * START_BYTES;
    let room = Arc::new(Room::new(4 * bytes));
    let large = |at_most| begin(Body::from(vec![b'x'; bytes]), BodyLimits { bytes_max: bytes, at_most });
    let first = large(SOON).whole(&room, "a").await.expect("there is room");
    let _second = large(SOON).whole(&room, "a").await.expect("there is room");
    assert!(matches!(large(SOON).whole(&room, "a").await, Err(Error::NoRoom)), "it has its half");
    let _other = large(SOON).whole(&room, "b").await.expect("the other half is there for others");
    let (waits, in_room) = (large(Duration::from_secs(20)), room.clone());
    let waiting = tokio::spawn(async move { waits.whole(&in_room, "a").await.map(drop) });
    tokio::time::sleep(Duration::from_millis(20)).await;
    drop(first);
    waiting.await.expect("it does not panic").expect("it had its turn");
}

#[tokio::test]
async fn a_body_of_unknown_length_takes_the_room_of_the_longest() {
    let room = Room::new(1 << 20);
    let (sender, body) = pieces();
    send(&sender, START_BYTES).await;
    send(&sender, 1).await;
    drop(sender);
    assert!(matches!(begin(body, limits(1 << 20)).whole(&room, "a").await, Err(Error::NoRoom)), "more than half of the room");
    let (sender, body) = pieces();
    send(&sender, START_BYTES).await;
    send(&sender, 1).await;
    drop(sender);
    let whole = begin(body, limits(512 << 10)).whole(&room, "a").await.expect("it fits");
    assert!(whole.share.is_some() && whole.bytes.len() == START_BYTES + 1);
}

#[tokio::test]
async fn what_is_refused_is_let_go_for_a_while() {
    let (sender, body) = pieces();
    send(&sender, 5).await;
    let begun = Instant::now();
    begin(body, BodyLimits { bytes_max: 10, at_most: SOON }).discard().await;
    assert!(begun.elapsed() < Duration::from_secs(5), "it is not waited for longer than for a body");
    let (sender, body) = pieces();
    for _ in 0..4 {
        send(&sender, 5).await;
    }
    begin(body, limits(10)).discard().await;
    assert!(begun.elapsed() < Duration::from_secs(5), "nor is more let go than would be taken");
}

#[tokio::test]
async fn senders_that_have_nothing_are_forgotten() {
    let bytes = 2 * START_BYTES;
    let room = Room::new(4 * bytes);
    for nth in 0..3 * SENDERS_KEPT {
        let body = begin(Body::from(vec![b'x'; bytes]), limits(bytes));
        body.whole(&room, &nth.to_string()).await.expect("there is room");
    }
    assert!(room.senders.lock().expect("nobody panicked").len() <= SENDERS_KEPT);
}
