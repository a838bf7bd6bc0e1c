use super::*;
use crate::seti::{form, xml};
use proptest::prelude::*;

fn part(order: &str, outcome: PostOutcome) -> PartOutcome {
    PartOutcome { order: Some(order.to_owned()), outcome }
}

#[test]
fn ok_is_said_where_nobody_must_act() {
    for (outcomes, expected) in [
        (vec![part("1021", PostOutcome::Accepted)], "SETIResponse: update=OK;Notes="),
        (vec![part("1", PostOutcome::Delivered), part("2", PostOutcome::Accepted)], "SETIResponse: update=OK;Notes="),
        (
            vec![part("1", PostOutcome::NothingToDo("the label is the same".into())), part("2", PostOutcome::StillQueued)],
            "SETIResponse: update=OK;Notes=order 1 nothing to do: the label is the same, order 2 accepted, not delivered yet",
        ),
    ] {
        assert_eq!(answer(&outcomes).as_str(), expected);
    }
}

#[test]
fn false_names_first_what_needs_a_person() {
    let needs = |order: &str| part(order, PostOutcome::NeedsAPerson("UseStatusUpdates is False".into()));
    for (outcomes, expected) in [
        (vec![needs("1")], "SETIResponse: update=False;Notes=order 1 needs a person: UseStatusUpdates is False"),
        (
            vec![
                part("1", PostOutcome::Accepted),
                part("2", PostOutcome::Refused("no such order".into())),
                part("3", PostOutcome::StillQueued),
            ],
            "SETIResponse: update=False;Notes=order 2 refused by the cart: no such order, 2 of 3 orders in this post need nobody",
        ),
        (
            vec![PartOutcome { order: None, outcome: PostOutcome::Invalid("there is no order number".into()) }],
            "SETIResponse: update=False;Notes=an order without a number not valid: there is no order number",
        ),
        (
            vec![part("1", PostOutcome::NotKept("the disk is full".into()))],
            "SETIResponse: update=False;Notes=order 1 not accepted, try again: the disk is full",
        ),
        (vec![], "SETIResponse: update=False;Notes="),
    ] {
        assert_eq!(answer(&outcomes).as_str(), expected);
    }
}

#[test]
fn notes_end_where_the_answer_must() {
    let start = "SETIResponse: update=False;Notes=order 1 refused by the cart: ";
    let refused = |len: usize| answer(&[part("1", PostOutcome::Refused("x".repeat(len)))]).as_str().to_owned();
    let fits = ANSWER_BYTES_MAX - start.len();
    assert_eq!(refused(fits), format!("{start}{}", "x".repeat(fits)));
    assert_eq!(refused(fits + 1), format!("{start}{}...", "x".repeat(fits - 3)));
    let many: Vec<_> = (0..10_000).map(|order| part(&order.to_string(), PostOutcome::NeedsAPerson("it is paused".into()))).collect();
    let text = answer(&many).as_str().to_owned();
    assert!(text.len() <= ANSWER_BYTES_MAX && text.len() > ANSWER_BYTES_MAX - 80, "{text}");
    let named = text.matches("order ").count();
    assert!(text.ends_with(&format!(", and {} more", many.len() - named)), "{text}");
}

#[test]
fn errors_are_answered_with_their_causes() {
    for (error, expected) in [
        (Error::FunctionMissing, "SETIError: the request has no setifunction"),
        (
            Error::FunctionUnknown { name: "ordercount".into() },
            "SETIError: unknown function \"ordercount\": this address takes sendversion and updatestatus",
        ),
        (Error::Denied(super::super::Denial::NoInlet), "SETIError: access denied: check user name, password and store code"),
        (Error::Form(form::Error::TooManyFields), "SETIError: the request cannot be read: the form has more than 1000 fields"),
        (Error::Xml(xml::Error::NoOrder), "SETIResponse: update=False;Notes=the XML in the field update cannot be read: it holds no order"),
    ] {
        assert!(error.answer().as_str().starts_with(expected), "{}", error.answer().as_str());
    }
    let inlet = Inlet::new("om").expect("it is a user name");
    assert_eq!(Reply::version(&inlet).as_str(), "SETIResponse: version=1.000");
    assert_eq!(Reply::error("no\r\nsuch <b>cart</b>; é").as_str(), "SETIError: no such (b)cart(/b), ?");
    let most = ANSWER_BYTES_MAX - "SETIError: ".len();
    assert_eq!(Reply::error(&"x".repeat(most)).as_str().len(), ANSWER_BYTES_MAX);
    assert!(Reply::error(&"x".repeat(most)).as_str().ends_with('x'));
    assert_eq!(Reply::error(&"x".repeat(most + 1)).as_str().len(), ANSWER_BYTES_MAX);
    assert!(Reply::error(&"x".repeat(most + 1)).as_str().ends_with("x..."));
}

fn outcome() -> impl Strategy<Value = PostOutcome> {
    let reason = || prop_oneof!["(?s).{0,30}", "(?s).{0,1500}"];
    prop_oneof![
        Just(PostOutcome::Accepted),
        Just(PostOutcome::Delivered),
        Just(PostOutcome::StillQueued),
        reason().prop_map(PostOutcome::NothingToDo),
        reason().prop_map(PostOutcome::NeedsAPerson),
        reason().prop_map(PostOutcome::Invalid),
        reason().prop_map(PostOutcome::Refused),
        reason().prop_map(PostOutcome::NotKept),
    ]
}

proptest! {
    #[test]
    fn an_answer_is_one_bounded_line_of_ascii(parts in proptest::collection::vec((proptest::option::of("(?s).{0,70}"), outcome()), 0..9)) {
        let parts: Vec<PartOutcome> = parts.into_iter().map(|(order, outcome)| PartOutcome { order, outcome }).collect();
        let answer = answer(&parts);
        let text = answer.as_str();
        prop_assert!(text.len() <= ANSWER_BYTES_MAX);
        prop_assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'~')) && !text.contains(['<', '>']), "{}", text);
        let ok = !parts.is_empty() && !parts.iter().any(|part| part.outcome.is_bad());
        let start = if ok { "SETIResponse: update=OK;Notes=" } else { "SETIResponse: update=False;Notes=" };
        prop_assert!(text.starts_with(start) && !text[start.len()..].contains(';'), "{}", text);
    }
}
