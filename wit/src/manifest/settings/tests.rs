use super::*;
use crate::delivery::Choice;
use crate::encoding;
use crate::growth::Extension;
use crate::manifest::{Choices, TextLimits};
use crate::sample;
use proptest::prelude::*;

fn limits(min: u32, max: u32, pattern: Option<&str>) -> TextLimits {
    TextLimits { min, max, pattern: pattern.map(str::to_owned) }
}

fn text(text: &str) -> SettingValue {
    SettingValue::Text(text.into())
}

fn map(entries: &[(&str, &str)]) -> SettingValue {
    SettingValue::TextMap(entries.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect())
}

fn choices() -> Choices {
    Choices::Fixed(["a", "b"].map(|value| Choice { value: value.into(), title: Some("A choice".into()) }).into())
}

fn several(values: &[&str]) -> SettingValue {
    SettingValue::Several(values.iter().map(|&value| value.to_owned()).collect())
}

#[test]
fn texts_are_counted_in_characters_and_matched_whole() {
    for (limits, value, expected) in [
        (limits(2, 3, None), "éé", Ok(())),
        (limits(2, 3, None), "ééé", Ok(())),
        (limits(2, 3, None), "é", Err(Refusal::Length { min: 2, max: 3, is: 1 })),
        (limits(2, 3, None), "éééé", Err(Refusal::Length { min: 2, max: 3, is: 4 })),
        (limits(0, 3, None), "", Ok(())),
        (limits(0, 3, None), "a\n", Err(Refusal::Control)),
        (limits(0, 3, None), "\u{85}", Err(Refusal::Control)),
        (limits(0, 9, Some("[a-z]+")), "abc", Ok(())),
        (limits(0, 9, Some("[a-z]+")), "abc1", Err(Refusal::Pattern { pattern: "[a-z]+".into() })),
        (limits(0, 9, Some("[a-z]+")), "1abc", Err(Refusal::Pattern { pattern: "[a-z]+".into() })),
        (limits(0, 9, Some("a|b")), "ax", Err(Refusal::Pattern { pattern: "a|b".into() })),
        (limits(0, 9, Some("a)|(b")), "axb", Err(Refusal::Pattern { pattern: "a)|(b".into() })),
        (limits(0, 9, Some("(")), "(", Err(Refusal::Pattern { pattern: "(".into() })),
    ] {
        assert_eq!(accept(&SettingKind::Text(limits), &text(value)), expected, "{value:?}");
    }
    assert!(whole("(a{999}){999}").is_err());
}

#[test]
fn other_kinds_take_what_they_say() {
    use SettingValue::{Boolean, Integer, UrlPath};
    let integer = SettingKind::Integer(crate::manifest::IntegerLimits { min: -1, max: 3 });
    let path = |error| Err(Refusal::Path(error));
    let wrong = |expected, given| Err(Refusal::Kind { expected, given });
    for (kind, value, expected) in [
        (integer.clone(), Integer(-1), Ok(())),
        (integer.clone(), Integer(3), Ok(())),
        (integer.clone(), Integer(-2), Err(Refusal::Range { min: -1, max: 3, is: -2 })),
        (integer.clone(), Integer(4), Err(Refusal::Range { min: -1, max: 3, is: 4 })),
        (integer, text("3"), wrong("an integer", "text")),
        (SettingKind::Boolean, Boolean(false), Ok(())),
        (SettingKind::Boolean, text("true"), wrong("true or false", "text")),
        (SettingKind::Choice(choices()), SettingValue::Choice("b".into()), Ok(())),
        (SettingKind::Choice(choices()), SettingValue::Choice("B".into()), Err(Refusal::Choice { choices: "a, b".into() })),
        (SettingKind::Choice(choices()), text("b"), wrong("one of the choices", "text")),
        (SettingKind::UrlPath, UrlPath("/shop/index.php".into()), Ok(())),
        (SettingKind::UrlPath, UrlPath(String::new()), path(encoding::Error::PathStart)),
        (SettingKind::UrlPath, UrlPath("/a/../b".into()), path(encoding::Error::SegmentDots)),
        (SettingKind::TextMap(limits(1, 2, None)), map(&[("a", "x"), ("b", "x")]), Ok(())),
        (SettingKind::TextMap(limits(1, 2, None)), map(&[]), Ok(())),
        (SettingKind::TextMap(limits(1, 2, None)), map(&[("a", "x"), ("a", "y")]), Err(Refusal::KeyTwice { key: "\"a\"".into() })),
        (SettingKind::TextMap(limits(1, 2, None)), map(&[("", "x")]), Err(Refusal::Key)),
        (SettingKind::TextMap(limits(1, 2, None)), map(&[("a\n", "x")]), Err(Refusal::Key)),
        (
            SettingKind::TextMap(limits(1, 2, None)),
            map(&[("a", "")]),
            Err(Refusal::Entry { key: "\"a\"".into(), reason: Box::new(Refusal::Length { min: 1, max: 2, is: 0 }) }),
        ),
        (SettingKind::ChoiceMap(choices()), map(&[("UPS", "a")]), Ok(())),
        (SettingKind::Several(choices()), several(&[]), Ok(())),
        (SettingKind::Several(choices()), several(&["b", "a"]), Ok(())),
        (SettingKind::Several(choices()), several(&["a", "c"]), Err(Refusal::Choice { choices: "a, b".into() })),
        (SettingKind::Several(choices()), several(&["a", "a"]), Err(Refusal::ChoiceTwice { value: "\"a\"".into() })),
        (SettingKind::Several(choices()), text("a"), wrong("a list of some of the choices", "text")),
        (SettingKind::Several(Choices::Asked), SettingValue::Several((0..1000).map(|n| n.to_string()).collect()), Ok(())),
        (SettingKind::Several(Choices::Asked), SettingValue::Several((0..1001).map(|n| n.to_string()).collect()), Err(Refusal::Several)),
        (SettingKind::Choice(Choices::Asked), SettingValue::Choice("é".repeat(100)), Ok(())),
        (SettingKind::Choice(Choices::Asked), SettingValue::Choice("é".repeat(101)), Err(Refusal::Value)),
        (SettingKind::Choice(Choices::Asked), SettingValue::Choice(String::new()), Err(Refusal::Value)),
        (SettingKind::Lines(limits(0, 3, None)), text("a\nb"), Ok(())),
        (SettingKind::Lines(limits(0, 3, None)), text("a\r"), Err(Refusal::Control)),
        (SettingKind::Other(Extension { name: "colour".into(), parameters: vec![] }), text("blue\n"), Ok(())),
        (
            SettingKind::ChoiceMap(choices()),
            map(&[("UPS", "c")]),
            Err(Refusal::Entry { key: "\"UPS\"".into(), reason: Box::new(Refusal::Choice { choices: "a, b".into() }) }),
        ),
    ] {
        assert_eq!(accept(&kind, &value), expected, "{kind:?} {value:?}");
    }
}

#[test]
fn maps_are_bounded() {
    let kind = SettingKind::TextMap(limits(0, 1, None));
    let entries = |count: usize| SettingValue::TextMap((0..count).map(|n| (n.to_string(), String::new())).collect());
    assert_eq!(accept(&kind, &entries(MAP_ENTRIES_MAX)), Ok(()));
    assert_eq!(accept(&kind, &entries(MAP_ENTRIES_MAX + 1)), Err(Refusal::Entries));
    assert_eq!(accept(&kind, &map(&[(&"é".repeat(MAP_KEY_CHARACTERS_MAX), "")])), Ok(()));
    assert_eq!(accept(&kind, &map(&[(&"é".repeat(MAP_KEY_CHARACTERS_MAX + 1), "")])), Err(Refusal::Key));
}

#[test]
fn given_values_and_defaults_come_in_the_manifests_order() {
    let given = |entries: Vec<(&str, SettingValue)>| {
        let given = entries.into_iter().map(|(name, value)| delivery::Setting { name: name.to_owned(), value }).collect();
        sample::manifest().settings_from(given)
    };
    let complete = given(vec![("dry", SettingValue::Boolean(true)), ("order-prefix", text("ABé"))]);
    let complete: Vec<_> = complete.expect("all is as it must be").into_iter().map(|setting| (setting.name, setting.value)).collect();
    let expected = [
        ("order-prefix", text("ABé")),
        ("days", SettingValue::Integer(3)),
        ("dry", SettingValue::Boolean(true)),
        ("encoding", SettingValue::Choice("xml".into())),
    ];
    assert_eq!(complete, expected.map(|(name, value)| (name.to_owned(), value)));
    let renamed = given(vec![("prefix", text("A"))]).expect("a former name carries over");
    assert_eq!(renamed[0], delivery::Setting { name: "order-prefix".into(), value: text("A") });

    let wrong = given(vec![
        ("prefix", text("A")),
        ("order-prefix", text("B")),
        ("encodnig", SettingValue::Choice("xml".into())),
        ("zzzzzz", SettingValue::Boolean(true)),
        ("days", SettingValue::Integer(31)),
    ]);
    let problems = wrong.expect_err("four things are wrong").problems;
    assert_eq!(
        problems,
        [
            Error::Twice { name: "order-prefix".into() },
            Error::Unknown { name: "\"encodnig\"".into(), nearest: Some("encoding".into()) },
            Error::Unknown { name: "\"zzzzzz\"".into(), nearest: None },
            Error::Refused { name: "days".into(), reason: Refusal::Range { min: -1, max: 30, is: 31 } },
        ]
    );
    let missing = given(vec![]).expect_err("one is required");
    assert_eq!(missing.to_string(), "setting order-prefix (The order-prefix) has no value and needs one");
}

#[test]
fn configuration_files_give_plain_values() {
    let json = r#"{"order-prefix": "A", "days": 2, "dry": false, "encoding": "delimited", "script": "/x.php", "carrier-encoding": {"UPS": "xml"}}"#;
    let plain: BTreeMap<String, Plain> = serde_json::from_str(json).expect("plain values read from a file");
    let complete = sample::manifest().settings_read(plain.into_iter().collect()).expect("all is as it must be");
    let values: Vec<_> = complete.into_iter().map(|setting| setting.value).collect();
    let expected = [
        text("A"),
        SettingValue::Integer(2),
        SettingValue::Boolean(false),
        SettingValue::Choice("delimited".into()),
        SettingValue::UrlPath("/x.php".into()),
        map(&[("UPS", "xml")]),
    ];
    assert_eq!(values, expected);
    for (name, plain) in [
        ("dry", Plain::Text("true".into())),
        ("dry", Plain::Integer(1)),
        ("days", Plain::Text("3".into())),
        ("script", Plain::Text("x.php".into())),
        ("encoding", Plain::Text("XML".into())),
        ("names", Plain::Text("a=b".into())),
        ("order-prefix", Plain::Boolean(true)),
    ] {
        let setting = sample::manifest().setting(name).expect("the sample has it").clone();
        assert!(matches!(setting.read(plain), Err(Error::Refused { .. })), "{name}");
    }
    for json in ["null", "1.5", "1e300", "[1]", "{\"a\": 1}", "99999999999999999999"] {
        assert!(serde_json::from_str::<Plain>(json).is_err(), "{json}");
    }
}

proptest! {
    #[test]
    fn what_is_complete_is_complete_again(prefix in "[A-Z]{1,8}", days in -1..=30_i64, dry: bool) {
        let given = vec![
            delivery::Setting { name: "days".into(), value: SettingValue::Integer(days) },
            delivery::Setting { name: "prefix".into(), value: SettingValue::Text(prefix) },
            delivery::Setting { name: "dry".into(), value: SettingValue::Boolean(dry) },
        ];
        let once = sample::manifest().settings_from(given).expect("all is as it must be");
        prop_assert_eq!(sample::manifest().settings_from(once.clone()), Ok(once));
    }
}
