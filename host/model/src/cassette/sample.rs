//! A cassette for tests: a look-up, a signature and a post, and an outcome.

use super::{Cassette, Entry, FORMAT, HttpEntry, Recording};
use crate::exchange::{Call, Outcome};
use crate::id::Digest;
use cartage_contract::delivery::{Applied, AppliedOutcome, Context, Delivery, Step};
use cartage_contract::http::{Effect, Escape, Header, Method, Part, QueryPair, Reach, Request, Response, ResponseHeader, SecretPart};
use cartage_contract::log::Level;
use cartage_contract::orders::{CivilDate, CivilTime, Update};
use cartage_contract::signing::Algorithm;

pub(super) fn text(text: &str) -> Part {
    Part::Text(text.to_owned())
}

pub(super) fn request(method: Method, path: &str) -> Request {
    let secret = Part::Secret(SecretPart { slot: "key".into(), field: "id".into(), escape: Escape::None });
    let is_post = method == Method::Post;
    Request {
        endpoint: "api".into(),
        effect: if is_post { Effect::Writes } else { Effect::Reads },
        method,
        path: path.into(),
        query: vec![QueryPair { name: "n".into(), value: Some(vec![text("1")]) }],
        headers: vec![
            Header { name: "X-Shop".into(), value: vec![text("a "), secret] },
            Header { name: "accept".into(), value: vec![text("application/json")] },
        ],
        body: is_post.then(|| vec![text("{\"status\":"), text("\"shipped\"}")]),
        auth: vec!["key".into()],
        renew: false,
        extra: vec![],
    }
}

pub(super) fn answered(request: Request, body: &str) -> Entry {
    let headers = vec![ResponseHeader { name: "content-type".into(), value: "application/json".into() }];
    let answer = Some(Ok(Response { status: 200, headers, body: body.into(), extra: vec![] }));
    Entry::Http(Box::new(HttpEntry {
        request,
        wire: None,
        reach: Reach::Answered,
        answer,
        cause: None,
        redirect_to: None,
        peer: None,
        took_ms: 3,
    }))
}

pub(super) fn signature(message: &str) -> Entry {
    Entry::Signature { slot: Some("key".into()), algorithm: Algorithm::Sha256, message: vec![text(message)], answer: Ok(vec![1, 2, 0xff]) }
}

pub(super) fn applied() -> Applied {
    Applied {
        outcome: AppliedOutcome::Done,
        reference: Some("7".into()),
        message: None,
        steps: vec![Step { name: "posted".into(), reference: None }],
        packages: vec![],
        rest_ms: None,
        extra: vec![],
    }
}

pub(super) fn cassette() -> Cassette {
    let date = CivilDate { year: 2026, month: 11, day: 23 };
    let update = Update {
        order_number: "1021".into(),
        reference_number: None,
        label: "Order Shipped".into(),
        status: Some("shipped".into()),
        previous_label: None,
        changed_at: CivilTime { date, hour: 9, minute: 30, second: 0, utc_offset_minutes: None },
        note: None,
        comments: None,
        notify_customer: None,
        packages: vec![],
        line_items: vec![],
        changed_at_unix_ms: None,
        packages_complete: None,
        extra: vec![],
    };
    let id = "0193f0c8-0000-7000-8000-000000000000".into();
    let delivery = Delivery { id, sequence: 1, attempt: 1, earlier: vec![], known_reference: None, extra: vec![] };
    let context = Context { now_unix_ms: 1_795_000_000_000, entropy: (0..32).collect(), ..Context::default() };
    let entries = vec![
        Entry::Log { level: Level::Info, message: "looks it up".into() },
        answered(request(Method::Get, "/orders/1021"), "{\"id\":7}"),
        signature("a"),
        answered(request(Method::Post, "/orders/7"), "{}"),
    ];
    Cassette {
        format: FORMAT,
        plugin: "shop".into(),
        version: "1.0.0".into(),
        digest: Digest::of(b"shop"),
        call: Call::SendOrderStatus { update: Box::new(update), delivery, context },
        recording: Recording { entries, reach: Reach::Answered, secret_reflected: false, local_fault: false },
        outcome: Outcome::Applied(applied()),
    }
}
