use super::super::testing::{manifest, values};
use super::*;

fn check(fields: &[(&str, &str, &str)]) -> Result<CredentialValues, Error> {
    CredentialValues::new(&manifest(), values(fields))
}

fn account(password: &str) -> Result<CredentialValues, Error> {
    check(&[("account", "password", password)])
}

#[test]
fn what_fits_the_manifest_is_granted() {
    let credentials =
        check(&[("account", "password", "a long password"), ("header", "value", "a long key value")]).expect("all of it fits");
    let granted: Vec<(String, Vec<String>)> =
        credentials.granted().into_iter().map(|(slot, fields)| (slot, fields.into_iter().collect())).collect();
    assert_eq!(granted, [("account".into(), vec!["password".into(), "user".into()]), ("header".into(), vec!["value".into()])]);
    assert_eq!(credentials.field("account", "password"), Some("a long password"));
    assert_eq!(credentials.field("account", "pin"), None);
    assert_eq!(credentials.field("basic", "password"), None);
    assert_eq!(credentials.warnings(), []);
}

#[test]
fn mistakes_are_told_with_their_remedy() {
    for (fields, expected) in [
        (vec![("acount", "password", "x")], "the plugin has no credential slot \"acount\"; did you mean \"account\"?"),
        (vec![("account", "pasword", "x")], "credential slot account has no field \"pasword\"; did you mean \"password\"?"),
        (vec![("account", "colour", "x")], "credential slot account has no field \"colour\"; it has user, password, pin"),
        (vec![("basic", "username", "me")], "field password (the password) of credential slot basic has no value: set it as well"),
        (vec![("account", "password", "")], "field password of credential slot account is empty: give its value, or leave the field out"),
        (
            vec![("account", "password", "a\nb")],
            "field password of credential slot account holds a line break: copy the value again, without it",
        ),
        (
            vec![("account", "password", "a\r")],
            "field password of credential slot account holds a line break: copy the value again, without it",
        ),
        (
            vec![("account", "password", "a\tb")],
            "field password of credential slot account holds a control character: copy the value again, without it",
        ),
        (
            vec![("account", "password", "a\0")],
            "field password of credential slot account holds a control character: copy the value again, without it",
        ),
        (
            vec![("account", "password", "\u{85}")],
            "field password of credential slot account holds a control character: copy the value again, without it",
        ),
    ] {
        assert_eq!(check(&fields).expect_err(expected).to_string(), expected);
    }
}

#[test]
fn a_required_slot_must_hold_a_value() {
    let mut manifest = manifest();
    manifest.slots[1].required = true;
    let error = CredentialValues::new(&manifest, Values::new()).expect_err("basic is required");
    assert_eq!(error.to_string(), "credential slot basic (from the cart's settings) has no value: set username, password");
    assert!(CredentialValues::new(&manifest, values(&[("basic", "username", "me"), ("basic", "password", "a long password")])).is_ok());
}

#[test]
fn values_have_a_greatest_length() {
    assert!(account(&"x".repeat(VALUE_BYTES_MAX)).is_ok());
    assert_eq!(
        account(&"x".repeat(VALUE_BYTES_MAX + 1)).expect_err("one byte over"),
        Error::TooLong { slot: "account".into(), field: "password".into() }
    );
}

#[test]
fn short_secrets_and_blanks_warn() {
    let short = Warning::Short { slot: "account".into(), field: "password".into() };
    let blank = Warning::Blank { slot: "account".into(), field: "password".into() };
    for (password, warnings) in
        [("elevenbytes", vec![short]), ("twelve bytes", vec![]), (" thirteen byte", vec![blank.clone()]), ("thirteen byte ", vec![blank])]
    {
        assert_eq!(account(password).expect("it is allowed").warnings(), warnings, "{password:?}");
    }
}

#[test]
fn keys_are_written_as_the_manifest_says() {
    for (slot, key, fits) in [
        ("text-key", "any text at all", true),
        ("hex-key", "00ff00ff00ff", true),
        ("hex-key", "00FF", true),
        ("hex-key", "00f", false),
        ("hex-key", "no digits", false),
        ("base64-key", "AAECAwQFBgcICQ==", true),
        ("base64-key", "AAECAwQFBgcICQ", true),
        ("base64-key", "not base64!", false),
        ("whsec-key", "whsec_AAECAwQFBgcICQ==", true),
        ("whsec-key", "AAECAwQFBgcICQ==", false),
        ("whsec-key", "whsec_", false),
    ] {
        let result = check(&[(slot, "key", key)]);
        assert_eq!(result.is_ok(), fits, "{slot} {key}: {result:?}");
        assert!(fits || matches!(result, Err(Error::Key { .. })));
    }
}

#[test]
fn nothing_that_prints_shows_a_value() {
    let secret = "canary-7f3a9c21d4";
    let credentials = check(&[("account", "password", secret), ("hex-key", "key", "00ff00ff00ff00ff00ff00ff")]).expect("it fits");
    let mut printed = vec![format!("{credentials:?}")];
    for bad in [format!("{secret}\n"), secret.repeat(300)] {
        let error = account(&bad).expect_err("it is refused");
        printed.extend([format!("{error:?}"), error.to_string()]);
    }
    let error = check(&[("hex-key", "key", secret)]).expect_err("it is no hexadecimal");
    printed.extend([format!("{error:?}"), error.to_string()]);
    for text in printed {
        assert!(!text.contains(secret) && !text.contains("00ff"), "{text}");
    }
}

#[test]
fn of_slots_that_stand_for_each_other_exactly_one_holds_a_value() {
    let mut manifest = manifest();
    for slot in manifest.slots.iter_mut().filter(|slot| ["basic", "header"].contains(&slot.name.as_str())) {
        (slot.alternative, slot.required) = (Some("access".into()), false);
    }
    let account = ("account", "password", "a long password");
    let basic = [("basic", "username", "somebody"), ("basic", "password", "another password")];
    let header = ("header", "value", "a long key value");
    let check = |fields: &[(&str, &str, &str)]| CredentialValues::new(&manifest, values(&[&[account], fields].concat())).map(drop);
    assert_eq!((check(&basic), check(&[header])), (Ok(()), Ok(())));
    let both = check(&[basic[0], basic[1], header]).expect_err("one too many").to_string();
    assert!(both.contains("are alternatives, so only one of them may have a value"), "{both}");
    let none = check(&[]).expect_err("one is needed").to_string();
    assert!(none.contains("must have a value, and none has: set") && none.contains("password of basic"), "{none}");
}
