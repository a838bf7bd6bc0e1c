//! The meaning of each answer.

use crate::model::{Order, cart, error, order, refused, shop, to};
use cartage_sdk::contract::delivery::{FindingLevel, RetryWish};
use cartage_sdk::http::{ErrorKind, Reach};
use cartage_sdk::serde_json::{Value, json};
use cartage_sdk::testing::{Cart, Reply};
use cartage_sdk::{FailureKind, FindingSubject};
use vendure::Vendure;

/// The kind of failure if the shop sends this reply to every request.
fn kind_of(reply: Reply) -> FailureKind {
    cart().rule(move |_| reply.clone()).send(&to("Shipped")).failed().kind
}

#[test]
fn each_answer_has_its_meaning() {
    use FailureKind::{
        Credentials, Gone, IllegalTransition, InvalidData, Misconfigured, NotPermitted, OrderBusy, Protocol, RateLimited, Unavailable,
    };
    let page = |status| Reply::status(status).header("content-type", "text/html").body("<html>Be right back</html>");
    for (reply, kind) in [
        (error("FORBIDDEN"), Credentials),
        (error("UNAUTHORIZED"), Credentials),
        (error("ENTITY_NOT_FOUND"), OrderBusy),
        (error("CHANNEL_NOT_FOUND"), Misconfigured),
        (error("BAD_USER_INPUT"), InvalidData),
        (error("USER_INPUT_ERROR"), InvalidData),
        (error("ILLEGAL_OPERATION"), IllegalTransition),
        (error("INTERNAL_SERVER_ERROR"), Unavailable),
        (error("ANYTHING_ELSE"), Protocol),
        (Reply::json(400, json!({"errors": [{"message": "no", "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"}}]})), Misconfigured),
        (Reply::json(400, json!({"errors": [{"message": "no", "extensions": {"code": "GRAPHQL_PARSE_FAILED"}}]})), Protocol),
        (Reply::json(400, json!({"statusCode": 400, "message": "Unexpected token"})), Protocol),
        (Reply::json(200, json!({"data": {"orders": {"totalItems": 0, "items": []}}, "errors": [{"message": "half"}]})), Protocol),
        (Reply::json(200, json!({"data": null})), Protocol),
        (Reply::json(200, json!({"data": {"orders": {"totalItems": 0, "items": null}}})), Protocol),
        (page(200), Protocol),
        (page(302), Protocol),
        (page(301), Misconfigured),
        (page(401), Credentials),
        (page(403), NotPermitted),
        (page(404), Misconfigured),
        (page(410), Gone),
        (page(429), RateLimited),
        (page(500), Unavailable),
        (page(503), Unavailable),
        (Reply::lost(), Unavailable),
        (Reply::error(ErrorKind::ResponseTooLarge, Reach::MaybeSent), Protocol),
        (Reply::error(ErrorKind::TokenRefused, Reach::NothingSent), Credentials),
    ] {
        assert_eq!(kind_of(reply.clone()), kind, "{reply:?}");
    }
}

/// A shop in maintenance states when it will be back.
#[test]
fn a_wish_to_be_left_alone_is_kept() {
    for (status, kind) in [(429, FailureKind::RateLimited), (503, FailureKind::Unavailable)] {
        let failure = cart().rule(move |_| Reply::status(status).header("retry-after", "7")).send(&to("Shipped")).failed();
        assert_eq!((failure.kind, &failure.retry), (kind, &RetryWish::AfterMs(7000)));
    }
}

/// The failure of an update if the mutation with this name is answered with this result.
fn refused_at(mutation: &'static str, status: &str, result: Value) -> FailureKind {
    let shop = cart().remembering(order(vec![("A", 1)]), move |state: &mut Order, seen| {
        let is_it = seen.body().contains(&format!("mutation {mutation}("));
        if is_it { Reply::json(200, json!({"data": result.clone()})) } else { state.answer(seen) }
    });
    { shop }.send(&to(status)).failed().kind
}

#[test]
fn each_refusal_has_its_meaning() {
    use FailureKind::{IllegalTransition, Misconfigured, OrderBusy, Protocol, Unavailable};
    for (name, kind) in [
        ("ItemsAlreadyFulfilledError", OrderBusy),
        ("EmptyOrderLineSelectionError", OrderBusy),
        ("InsufficientStockOnHandError", OrderBusy),
        ("InvalidFulfillmentHandlerError", Misconfigured),
        ("CreateFulfillmentError", Unavailable),
        ("FulfillmentStateTransitionError", IllegalTransition),
        ("SomethingNewError", Protocol),
    ] {
        assert_eq!(refused_at("Fulfil", "Shipped", json!({"addFulfillmentToOrder": refused(name, "no")})), kind, "{name}");
    }
    let stuck = json!({"transitionFulfillmentToState": refused("FulfillmentStateTransitionError", "no")});
    assert_eq!(refused_at("MoveFulfilment", "Shipped", stuck), IllegalTransition);
    for (name, kind) in [
        ("EmptyOrderLineSelectionError", OrderBusy),
        ("CancelActiveOrderError", IllegalTransition),
        ("OrderStateTransitionError", IllegalTransition),
    ] {
        assert_eq!(refused_at("CancelOrder", "Cancelled", json!({"cancelOrder": refused(name, "no")})), kind, "{name}");
    }
}

/// A change counts as made only if the answer contains the mutation's own result.
#[test]
fn an_answer_without_the_result_says_nothing() {
    for result in [json!({}), json!({"addFulfillmentToOrder": null}), json!({"addFulfillmentToOrder": {}})] {
        assert_eq!(refused_at("Fulfil", "Shipped", result), FailureKind::Protocol);
    }
    let other_state = json!({"transitionFulfillmentToState": {"state": "Pending", "nextStates": []}});
    assert_eq!(refused_at("MoveFulfilment", "Shipped", other_state), FailureKind::Protocol);
    assert_eq!(refused_at("CancelOrder", "Cancelled", json!({"cancelOrder": {"state": "Shipped"}})), FailureKind::Protocol);
}

/// Vendure has one code for two refusals. What the credentials could do before tells which one is meant.
#[test]
fn forbidden_means_wrong_credentials_or_a_missing_right() {
    assert_eq!(kind_of(error("FORBIDDEN")), FailureKind::Credentials);
    let forbids = |at: &'static str, cart: Cart<Vendure>| {
        let mut shop =
            cart.remembering(
                order(vec![("A", 1)]),
                move |state: &mut Order, seen| {
                    if seen.body().contains(at) { error("FORBIDDEN") } else { state.answer(seen) }
                },
            );
        shop.send(&to("Shipped")).failed().kind
    };
    assert_eq!(forbids("mutation Fulfil(", cart()), FailureKind::NotPermitted);
    // The log-in succeeded just before, so a right is missing.
    assert_eq!(forbids("query FindOrder(", Cart::new().without_slot("key")), FailureKind::NotPermitted);
}

#[test]
fn an_order_is_found_exactly_or_not_at_all() {
    let found = |total: u64, codes: &[&str]| {
        let order =
            |code: &&str| json!({"id": "1", "code": code, "state": "PaymentSettled", "nextStates": [], "lines": [], "fulfillments": null});
        let items: Vec<Value> = codes.iter().map(order).collect();
        kind_of(Reply::json(200, json!({"data": {"orders": {"totalItems": total, "items": items}}})))
    };
    assert_eq!(found(0, &[]), FailureKind::OrderNotFound);
    assert_eq!(found(1, &["v-1021"]), FailureKind::OrderNotFound);
    assert_eq!(found(2, &["V-1021", "V-1021"]), FailureKind::AmbiguousOrder);
    assert_eq!(found(900, &["V-1", "V-2"]), FailureKind::Protocol, "the shop does not filter by the code");
}

#[test]
fn check_tells_credentials_rights_and_the_order() {
    let level = |reply: Option<Reply>, number: Option<&str>| {
        let mut shop = shop();
        shop.state_mut().instead = reply;
        let report = shop.check(number).succeeded();
        report.findings.iter().map(|finding| (finding.level, finding.about)).collect::<Vec<_>>()
    };
    let fine = (FindingLevel::Fine, FindingSubject::Credentials);
    assert_eq!(level(None, None), [fine]);
    assert_eq!(level(None, Some("V-1021")), [fine]);
    assert_eq!(level(None, Some("V-9")), [fine, (FindingLevel::Problem, FindingSubject::Order)]);
    assert_eq!(level(Some(error("FORBIDDEN")), None), [(FindingLevel::Problem, FindingSubject::Credentials)]);
    assert_eq!(level(Some(Reply::status(404)), None), [(FindingLevel::Problem, FindingSubject::Settings)]);
    let seen = shop().check(Some("V-1021")).succeeded().order.clone().expect("it was found");
    assert_eq!((seen.status.as_deref(), seen.details[0].1.as_str()), (Some("PaymentSettled"), "4"));
    let mut down = shop();
    down.state_mut().instead = Some(Reply::status(503));
    assert_eq!(down.check(None).failed().kind, FailureKind::Unavailable);
}
