use super::*;
use crate::{Store, audit};
use cartage_model::carts::{BoundTo, Origins};
use cartage_model::id::{CartId, MerchantId};
use secrecy::ExposeSecret as _;
use std::path::Path;
use tempfile::TempDir;

const AT: u64 = 1_800_000_000_000;
const CANARY: &str = "canary-4f1d0c77-sings-in-the-mine";

struct Scratch {
    folder: TempDir,
}

impl Scratch {
    fn new() -> Scratch {
        let scratch = Scratch { folder: tempfile::tempdir().expect("the tests need a directory for temporary files") };
        Key::generate().and_then(|key| key.write_new(&scratch.key())).expect("a new key");
        scratch
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("key")
    }

    fn store(&self) -> Store {
        let file = self.folder.path().join("cartage.sqlite");
        if file.exists() { Store::open(&file, AT) } else { Store::create(&file, AT) }.expect("a store in a directory of its own")
    }

    fn open(&self) -> Vault {
        Vault::open(self.store(), &self.key()).expect("a store and a key")
    }
}

/// The origins of these URLs, which spaces separate.
fn origins(urls: &str) -> Origins {
    Origins::of(urls.split(' ').map(|url| url.parse().expect("it is a URL"))).expect("they have origins")
}

fn shop() -> Origins {
    origins("https://shop.example")
}

fn default() -> MerchantId {
    MerchantId::default()
}

fn line() -> audit::Line {
    audit::Line { at_unix_ms: AT, who: "test".into(), what: "credential".into(), subject: "account".into(), detail: None }
}

fn place(field: &str) -> CredentialRef {
    CredentialRef { cart: CartId::new("seed-shop").expect("a valid name"), slot: "account".into(), field: field.into() }
}

async fn set(vault: &Vault, field: &str, generation: Generation, secret: &str) {
    vault.set(&default(), &place(field), generation, &shop(), SecretString::from(secret), line()).await.expect("it can be kept");
}

async fn get(vault: &Vault, field: &str, generation: Generation) -> Option<String> {
    let secret = vault.get(&default(), &place(field), generation, &shop()).await.expect("it can be opened");
    secret.map(|secret| secret.expose_secret().to_owned())
}

#[tokio::test]
async fn the_next_value_waits_beside_the_current_one_until_it_worked() {
    let scratch = Scratch::new();
    let vault = scratch.open();
    for (field, secret) in [("user", "seed"), ("password", "old")] {
        set(&vault, field, Generation::Current, secret).await;
    }
    set(&vault, "password", Generation::Next, "new").await;
    assert_eq!(get(&vault, "password", Generation::Current).await.as_deref(), Some("old"));
    assert_eq!(get(&vault, "password", Generation::Next).await.as_deref(), Some("new"));
    let cart = place("user").cart;
    assert!(vault.promote(&default(), &cart, "account", line()).await.expect("there is a next value"));
    assert_eq!(get(&vault, "password", Generation::Current).await.as_deref(), Some("new"));
    assert_eq!(get(&vault, "password", Generation::Next).await, None);
    assert_eq!(get(&vault, "user", Generation::Current).await.as_deref(), Some("seed"), "a field without a next value keeps its own");
    assert!(!vault.promote(&default(), &cart, "account", line()).await.expect("there is none any more"));
    set(&vault, "password", Generation::Next, "newer").await;
    assert!(vault.forget(&default(), &place("password"), Some(Generation::Next), line()).await.expect("there is one"));
    assert!(!vault.forget(&default(), &place("password"), Some(Generation::Next), line()).await.expect("there is none any more"));
    assert_eq!(get(&vault, "password", Generation::Current).await.as_deref(), Some("new"), "the one in use stays");
    assert!(vault.forget(&default(), &place("password"), None, line()).await.expect("there is one"));
    assert_eq!(get(&vault, "password", Generation::Current).await, None);
    assert!(!vault.forget(&default(), &place("password"), None, line()).await.expect("there is none any more"));
}

/// A log-in's answer that replaces fields of its slot.
#[tokio::test]
async fn values_are_replaced_all_together_and_only_where_nobody_else_changed_one() {
    let change = |field: &str, generation, from: Option<&str>, to: &str| Change {
        place: place(field),
        generation,
        from: from.map(SecretString::from),
        to: SecretString::from(to),
    };
    let scratch = Scratch::new();
    let store = scratch.store();
    let vault = Vault::open(store.clone(), &scratch.key()).expect("a store and a key");
    let audited = async || store.read(|view| audit::last(view, &default(), 100)).await.expect("the audit can be read").len();
    set(&vault, "refresh", Generation::Current, "first").await;
    set(&vault, "password", Generation::Current, "old").await;
    let both = vec![change("refresh", Generation::Current, Some("first"), "second"), change("session", Generation::Current, None, "new")];
    assert!(vault.replace(&default(), &shop(), both, line()).await.expect("both are what they were"));
    assert_eq!(get(&vault, "refresh", Generation::Current).await.as_deref(), Some("second"));
    assert_eq!(get(&vault, "session", Generation::Current).await.as_deref(), Some("new"));
    let lines = audited().await;
    for (what, stale) in [
        (
            "another value",
            vec![change("password", Generation::Current, Some("old"), "x"), change("refresh", Generation::Current, Some("first"), "x")],
        ),
        ("a value where none was", vec![change("password", Generation::Current, None, "x")]),
        ("no value where one was", vec![change("nothing", Generation::Current, Some("old"), "x")]),
        ("the other turn", vec![change("password", Generation::Next, Some("old"), "x")]),
    ] {
        assert!(!vault.replace(&default(), &shop(), stale, line()).await.expect("it can be asked"), "{what}");
    }
    assert_eq!(get(&vault, "password", Generation::Current).await.as_deref(), Some("old"), "nothing is changed by half");
    assert_eq!(get(&vault, "refresh", Generation::Current).await.as_deref(), Some("second"));
    assert_eq!(audited().await, lines, "what was not done is not in the audit");
}

#[tokio::test]
async fn a_secret_is_kept_up_to_its_limit() {
    let scratch = Scratch::new();
    let vault = scratch.open();
    let most = "x".repeat(SECRET_BYTES_MAX);
    set(&vault, "password", Generation::Current, &most).await;
    assert_eq!(get(&vault, "password", Generation::Current).await.as_deref(), Some(most.as_str()));
    let more = SecretString::from(format!("{most}x"));
    let error = vault.set(&default(), &place("password"), Generation::Current, &shop(), more, line()).await.expect_err("one byte over");
    assert!(matches!(error, Error::TooLong { bytes, .. } if bytes == SECRET_BYTES_MAX + 1), "{error}");
}

#[tokio::test]
async fn no_secret_shows_in_files_debug_output_or_errors() {
    let scratch = Scratch::new();
    let vault = scratch.open();
    set(&vault, "password", Generation::Current, CANARY).await;
    set(&vault, "password", Generation::Next, CANARY).await;
    let too_long = SecretString::from(CANARY.repeat(SECRET_BYTES_MAX / CANARY.len() + 1));
    let key = Key::read(&scratch.key()).expect("it was made here");
    let errors = [
        vault.set(&default(), &place("password"), Generation::Current, &shop(), too_long, line()).await.expect_err("too long"),
        vault
            .get(&default(), &place("password"), Generation::Current, &origins("https://other.example"))
            .await
            .map(drop)
            .expect_err("another host"),
        Error::WrongKey { place: place("password").into(), sealed_with: key.id().clone(), key: key.id().clone() },
    ];
    let secret = vault.get(&default(), &place("password"), Generation::Current, &shop()).await;
    let mut shown = format!("{vault:?} {key:?} {secret:?} {errors:?}");
    for error in &errors {
        shown.push_str(&error.to_string());
    }
    let key_text = std::fs::read_to_string(scratch.key()).expect("it was made here");
    let key_text = key_text.trim_end().rsplit(' ').next().expect("the last word of its line");
    assert!(!shown.contains(CANARY) && !shown.contains(key_text), "{shown}");
    let key_raw = format!("{:?}", key.bytes());
    assert!(!shown.contains(key_raw.trim_matches(['[', ']'])));
    // Twice: with the log beside the database, and after it was moved into it.
    assert_no_file_holds(scratch.folder.path(), CANARY.as_bytes(), 1);
    drop(vault);
    assert_no_file_holds(scratch.folder.path(), CANARY.as_bytes(), 0);
    let database = std::fs::read(scratch.folder.path().join("cartage.sqlite")).expect("it is there");
    assert!(!holds(&database, key.bytes()) && !holds(&database, key_text.as_bytes()), "the key is not in the database");
}

fn assert_no_file_holds(folder: &Path, secret: &[u8], logs: usize) {
    let mut seen = Vec::new();
    for entry in std::fs::read_dir(folder).expect("it is there") {
        let path = entry.expect("it can be read").path();
        assert!(!holds(&std::fs::read(&path).expect("it is ours"), secret), "{}", path.display());
        seen.push(path);
    }
    assert_eq!(seen.iter().filter(|path| path.to_string_lossy().ends_with("-wal")).count(), logs, "{seen:?}");
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn a_sealed_value_opens_at_its_own_place_only() {
    let scratch = Scratch::new();
    let vault = scratch.open();
    set(&vault, "password", Generation::Current, CANARY).await;
    let error = vault
        .get(&default(), &place("password"), Generation::Current, &origins("https://other.example"))
        .await
        .expect_err("it is for one host");
    assert!(
        matches!(&error, Error::OtherOrigins { bound_to, asked_for, .. } if (bound_to.as_str(), asked_for.to_string().as_str()) == ("https://shop.example", "https://other.example"))
    );
    let key = Key::read(&scratch.key()).expect("it was made here");
    let rows = vault.store().read(|view| crate::credentials::list(view, &MerchantId::default())).await.expect("it can be read");
    let [value] = rows.as_slice() else { panic!("{rows:?}") };
    assert!(seal::open(&key, &default(), value).is_ok());
    let other = MerchantId::new("other").expect("a valid name");
    assert!(matches!(seal::open(&key, &other, value), Err(Error::BrokenSeal { .. })), "another merchant");
    let moved: [fn(&mut crate::credentials::Sealed); 7] = [
        |value| value.place.cart = CartId::new("other").expect("a valid name"),
        |value| value.place.slot.push('s'),
        |value| value.place.field.push('s'),
        |value| (value.place.slot, value.place.field) = ("accountp".into(), "assword".into()),
        |value| value.bound_to = (&origins("https://shop.examples")).into(),
        |value| value.sealed[0] ^= 1,
        |value| value.nonce.truncate(23),
    ];
    for (n, change) in moved.into_iter().enumerate() {
        let mut value = value.clone();
        change(&mut value);
        assert!(matches!(seal::open(&key, &default(), &value), Err(Error::BrokenSeal { .. })), "change {n}");
    }
    // Becoming the current value is no move.
    let turned = crate::credentials::Sealed { generation: Generation::Next, ..value.clone() };
    assert!(seal::open(&key, &default(), &turned).is_ok());
}

#[tokio::test]
async fn a_wrong_key_is_named_and_the_right_one_put_back_opens_again() {
    let scratch = Scratch::new();
    let vault = scratch.open();
    set(&vault, "password", Generation::Current, CANARY).await;
    let right = vault.key_id().await;
    drop(vault);
    let kept = scratch.folder.path().join("kept-apart");
    std::fs::rename(scratch.key(), &kept).expect("it is ours");
    let error = Vault::open(scratch.store(), &scratch.key()).expect_err("no key");
    assert!(matches!(error, Error::NoKey { .. }), "{error}");
    Key::generate().and_then(|key| key.write_new(&scratch.key())).expect("a new key");
    let vault = scratch.open();
    let error = vault.get(&default(), &place("password"), Generation::Current, &shop()).await.expect_err("another key");
    assert!(matches!(&error, Error::WrongKey { sealed_with, key, .. } if *sealed_with == right && *key != right), "{error}");
    assert!(error.to_string().contains(&format!("sealed with key {right}")), "{error}");
    assert_eq!(vault.foreign().await.expect("it can be read"), [(default(), place("password"), right.clone())]);
    assert!(vault.rotate().await.is_err(), "what cannot be opened cannot be sealed again");
    drop(vault);
    std::fs::rename(&kept, scratch.key()).expect("it is ours");
    assert_eq!(get(&scratch.open(), "password", Generation::Current).await.as_deref(), Some(CANARY));
}

#[test]
fn what_is_no_key_is_refused_with_what_is_wrong() {
    let scratch = Scratch::new();
    let line = std::fs::read_to_string(scratch.key()).expect("it was made here");
    for text in [
        "",
        "\n",
        "cartage-key-1 ",
        "cartage-key-1 AAAA\n",
        "cartage-key-1 !\n",
        &line[1..],
        &line[..line.len() - 3],
        &format!("{line}AAAA"),
    ] {
        std::fs::write(scratch.key(), text).expect("it is ours");
        assert!(matches!(Key::read(&scratch.key()), Err(Error::NotAKey { .. })), "{text:?}");
    }
    std::fs::write(scratch.key(), [0xff; 32]).expect("it is ours");
    assert!(matches!(Key::read(&scratch.key()), Err(Error::NotAKey { reason: "it is not text", .. })));
    // An editor's missing line break does no harm.
    std::fs::write(scratch.key(), line.trim_end()).expect("it is ours");
    assert!(Key::read(&scratch.key()).is_ok());
}

#[tokio::test]
async fn a_new_key_opens_everything_and_the_old_one_nothing() {
    let scratch = Scratch::new();
    let vault = scratch.open();
    let old = Key::read(&scratch.key()).expect("it was made here");
    for n in 0..20 {
        set(&vault, &format!("field{n}"), if n % 2 == 0 { Generation::Current } else { Generation::Next }, CANARY).await;
    }
    let new = vault.rotate().await.expect("a new key");
    assert_ne!(new, *old.id());
    for vault in [vault.clone(), {
        drop(vault);
        scratch.open()
    }] {
        assert_eq!(vault.key_id().await, new);
        assert!(vault.foreign().await.expect("it can be read").is_empty());
        for n in 0..20 {
            let generation = if n % 2 == 0 { Generation::Current } else { Generation::Next };
            assert_eq!(get(&vault, &format!("field{n}"), generation).await.as_deref(), Some(CANARY));
        }
    }
    assert!(!rotate::next_file(&scratch.key()).exists());
}

/// Stops a change of the key after each of its steps and opens the vault again.
#[tokio::test]
async fn a_change_of_the_key_that_is_cut_off_loses_nothing() {
    for (done, step) in ["before the new file is whole", "after the new file", "after the transaction"].into_iter().enumerate() {
        let scratch = Scratch::new();
        let vault = scratch.open();
        set(&vault, "password", Generation::Current, CANARY).await;
        let old = Key::read(&scratch.key()).expect("it was made here");
        let new = Key::generate().expect("a new key");
        let next = rotate::next_file(&scratch.key());
        match done {
            0 => std::fs::write(&next, "cartage-key-1 AA").expect("it is ours"),
            _ => new.write_new(&next).expect("a new file"),
        }
        if done == 2 {
            let (from, to) = (old.copy(), new.copy());
            vault.store().write(move |tx| rotate::seal_again(tx, &from, &to)).await.expect("all is under the old key");
        }
        drop(vault);
        let vault = scratch.open();
        assert_eq!(vault.key_id().await, *if done == 2 { new.id() } else { old.id() }, "{step}");
        assert_eq!(get(&vault, "password", Generation::Current).await.as_deref(), Some(CANARY), "{step}");
        assert!(!next.exists(), "{step}");
        vault.rotate().await.expect("nothing is left in the way");
    }
}

#[tokio::test]
async fn secrets_set_while_the_key_changes_are_under_the_new_one() {
    let scratch = Scratch::new();
    let vault = scratch.open();
    let setting = (0..50).map(|n| {
        let vault = vault.clone();
        tokio::spawn(async move { set(&vault, &format!("field{n}"), Generation::Current, CANARY).await })
    });
    let setting: Vec<_> = setting.collect();
    vault.rotate().await.expect("a new key");
    for set in setting {
        set.await.expect("no task panics");
    }
    assert!(vault.foreign().await.expect("it can be read").is_empty());
    assert_eq!(get(&vault, "field49", Generation::Current).await.as_deref(), Some(CANARY));
}

#[tokio::test]
async fn what_is_changed_and_its_line_of_the_audit_are_one() {
    let scratch = Scratch::new();
    let vault = scratch.open();
    let lines = async || {
        let lines = vault.store().read::<_, store::Error>(|view| audit::last(view, &MerchantId::default(), 99)).await;
        lines.expect("it can be read").len()
    };
    let cart = CartId::new("seed-shop").expect("a valid name");
    assert!(!vault.forget(&default(), &place("password"), None, line()).await.expect("there is none"));
    assert!(!vault.promote(&default(), &cart, "account", line()).await.expect("there is none"));
    let long = SecretString::from("x".repeat(SECRET_BYTES_MAX + 1));
    vault.set(&default(), &place("password"), Generation::Current, &shop(), long, line()).await.expect_err("it is too long");
    assert_eq!(lines().await, 0, "nothing was changed");
    set(&vault, "password", Generation::Current, "old").await;
    set(&vault, "password", Generation::Next, "new").await;
    assert!(vault.promote(&default(), &cart, "account", line()).await.expect("one waits"));
    assert!(vault.forget(&default(), &place("password"), None, line()).await.expect("there is one"));
    assert_eq!(lines().await, 4);
}

#[tokio::test]
async fn a_slot_is_bound_anew_whole() {
    let scratch = Scratch::new();
    let vault = scratch.open();
    let cart = CartId::new("seed-shop").expect("a valid name");
    let both = "https://a.example https://b.example:8443";
    set(&vault, "password", Generation::Current, "old").await;
    set(&vault, "password", Generation::Next, "new").await;
    // A value of an earlier release is for a host, whatever else is the same there.
    let key = Key::read(&scratch.key()).expect("it was made here");
    let bound_to = BoundTo::stored("shop.example".to_owned());
    let label = seal::Label { merchant: &default(), place: &place("user"), generation: Generation::Current, bound_to, set_at_unix_ms: AT };
    let old = seal::seal(&key, label, &SecretString::from("seed")).expect("it can be sealed");
    vault.store().write(move |tx| crate::credentials::put(tx, &default(), &old)).await.expect("it can be kept");
    let there = async |urls: &str| vault.get(&default(), &place("user"), Generation::Current, &origins(urls)).await.is_ok();
    assert!(there("https://shop.example").await && there("http://shop.example:81 https://shop.example").await);
    assert!(!there("https://shop.example https://other.example").await && !there(both).await);
    vault.bind(&default(), &cart, "account", &origins(both), line()).await.expect("they can be opened");
    for (field, generation, value) in
        [("user", Generation::Current, "seed"), ("password", Generation::Current, "old"), ("password", Generation::Next, "new")]
    {
        let secret = vault.get(&default(), &place(field), generation, &origins(both)).await.expect("it is for these");
        assert_eq!(secret.map(|secret| secret.expose_secret().to_owned()).as_deref(), Some(value));
        for other in ["https://a.example", "https://a.example https://b.example", "https://shop.example"] {
            let error = vault.get(&default(), &place(field), generation, &origins(other)).await.expect_err("it is for both");
            let approve = Remedy::ApproveOrigins { cart: CartId::new("seed-shop").expect("a valid id"), slot: "account".to_owned() };
            assert!(matches!(error, Error::OtherOrigins { .. }) && error.remedy() == Some(approve), "{error}");
        }
    }
}
