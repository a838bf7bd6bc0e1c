use super::*;
use crate::vault::{CredentialRef, Generation};
use crate::{View, merchants};
use cartage_model::carts::Origins;
use cartage_model::id::{CartId, MerchantId};
use secrecy::{ExposeSecret as _, SecretString};

const AT: u64 = 1_800_000_000_000;

fn scratch() -> tempfile::TempDir {
    tempfile::tempdir().expect("the tests need a directory for temporary files")
}

#[test]
fn a_new_directory_is_complete_and_opens_again() {
    let scratch = scratch();
    let path = scratch.path().join("shops/data");
    let dir = DataDir::init(&path, AT).expect("a new directory");
    let mut names: Vec<_> =
        std::fs::read_dir(&path).expect("it is there").map(|entry| entry.expect("it can be read").file_name()).collect();
    names.sort();
    assert_eq!(names, ["README.txt", "cartage.sqlite", "key", "lock", "plugins"]);
    drop(dir);
    let dir = DataDir::open(&path).expect("what init made");
    let store = dir.store(AT).expect("what init made");
    dir.vault(&store).expect("what init made");
    let known = store.read_blocking(|view: &View<'_>| merchants::list(view)).expect("it can be read");
    assert_eq!(known, [MerchantId::default()]);
    assert!(matches!(DataDir::init(&path, AT), Err(Error::AlreadyThere { .. })));
}

#[cfg(unix)]
#[test]
fn modes_are_closed_when_made_and_looked_at_when_opened() {
    use std::os::unix::fs::PermissionsExt as _;
    let scratch = scratch();
    let path = scratch.path().join("data");
    // A directory that was there, open to all, is closed.
    std::fs::create_dir(&path).expect("a new directory");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    drop(DataDir::init(&path, AT).expect("an empty directory"));
    let mode = |name: &str| std::fs::metadata(path.join(name)).expect("init made it").permissions().mode() & 0o7777;
    assert_eq!([mode(""), mode("key"), mode("cartage.sqlite"), mode("plugins"), mode("lock")], [0o700, 0o600, 0o600, 0o700, 0o600]);
    for (name, open, closed) in [("", 0o750, 0o700), ("key", 0o640, 0o600), ("cartage.sqlite", 0o604, 0o600)] {
        let set = |mode| std::fs::set_permissions(path.join(name), std::fs::Permissions::from_mode(mode)).expect("it is ours");
        set(open);
        let error = DataDir::open(&path).expect_err("others may use it");
        assert!(matches!(error, Error::TooOpen { mode, wanted, .. } if (mode, wanted) == (open, closed)), "{error}");
        set(closed);
    }
    DataDir::open(&path).expect("closed again");
}

#[test]
fn a_second_opener_is_told_who_holds_it() {
    let scratch = scratch();
    let path = scratch.path().join("data");
    let dir = DataDir::init(&path, AT).expect("a new directory");
    let error = DataDir::open(&path).expect_err("it is held");
    assert!(matches!(error, Error::InUse { pid: Some(pid), .. } if pid == std::process::id()), "{error}");
    drop(dir);
    DataDir::open(&path).expect("it was let go");
}

#[test]
fn what_is_no_data_directory_is_left_alone() {
    let scratch = scratch();
    let path = scratch.path().join("data");
    assert!(matches!(DataDir::open(&path), Err(Error::NotADataDir { .. })), "nothing there");
    std::fs::create_dir(&path).expect("a new directory");
    assert!(matches!(DataDir::open(&path), Err(Error::NotADataDir { .. })), "an empty directory");
    std::fs::write(path.join("thesis.txt"), "work").expect("it is ours");
    let error = DataDir::init(&path, AT).expect_err("somebody's files are there");
    assert!(matches!(&error, Error::NotEmpty { found, .. } if found == "thesis.txt"), "{error}");
    assert_eq!(std::fs::read_dir(&path).expect("it is there").count(), 1, "nothing was added");
}

#[test]
fn a_beginning_that_was_cut_off_is_completed_with_its_key() {
    let scratch = scratch();
    let path = scratch.path().join("data");
    drop(DataDir::init(&path, AT).expect("a new directory"));
    let key = std::fs::read(path.join(KEY)).expect("init made it");
    // As if the power went before the last step, with a log still there.
    std::fs::rename(path.join(DATABASE), path.join(DATABASE_BEGUN)).expect("it is ours");
    std::fs::write(path.join("cartage.sqlite.new-wal"), "half").expect("it is ours");
    assert!(matches!(DataDir::open(&path), Err(Error::NotADataDir { .. })), "not complete");
    let dir = DataDir::init(&path, AT).expect("what was begun");
    dir.store(AT).expect("a whole store");
    assert_eq!(std::fs::read(path.join(KEY)).expect("it is there"), key);
}

#[test]
fn a_lost_key_loses_the_vault_only() {
    let scratch = scratch();
    let path = scratch.path().join("data");
    drop(DataDir::init(&path, AT).expect("a new directory"));
    std::fs::remove_file(path.join(KEY)).expect("it is ours");
    let dir = DataDir::open(&path).expect("the key is not needed for this");
    let store = dir.store(AT).expect("nor for this");
    let error = dir.vault(&store).expect_err("it is for this");
    assert!(matches!(error, vault::Error::NoKey { .. }), "{error}");
}

/// With its key everything comes back; without it everything but the credentials, which name the key that they miss.
#[tokio::test]
async fn a_restored_directory_has_its_credentials_with_its_key_only() {
    let scratch = scratch();
    let merchant = MerchantId::default();
    let origins = Origins::of(std::iter::once("https://shop.example".parse().expect("it is a URL"))).expect("it has an origin");
    let place = CredentialRef { cart: CartId::new("seed").expect("a valid name"), slot: "account".into(), field: "password".into() };
    let dir = DataDir::init(&scratch.path().join("data"), AT).expect("a new directory");
    let store = dir.store(AT).expect("what init made");
    let vault = dir.vault(&store).expect("what init made");
    let line = crate::audit::Line { at_unix_ms: AT, who: "test".into(), what: "set".into(), subject: String::new(), detail: None };
    vault.set(&merchant, &place, Generation::Current, &origins, SecretString::from("seed-password"), line).await.expect("it can be kept");
    let backup = scratch.path().join("backup.sqlite");
    store.backup(&backup, AT, |_| {}).expect("it can be copied");
    for (name, key) in [("with", Some(dir.key_file())), ("without", None)] {
        let (restored, gap) = DataDir::restore(&scratch.path().join(name), &backup, key.as_deref(), AT + 1).expect("a sound backup");
        assert_eq!(gap.backed_up_at_unix_ms, Some(AT));
        let vault = restored.vault(&restored.store(AT).expect("a store")).expect("a key");
        let secret = vault.get(&merchant, &place, Generation::Current, &origins).await;
        if key.is_some() {
            assert_eq!(secret.expect("the same key").map(|secret| secret.expose_secret().to_owned()).as_deref(), Some("seed-password"));
        } else {
            let error = secret.map(drop).expect_err("another key");
            assert!(matches!(error, vault::Error::WrongKey { .. }), "{error}");
            assert_eq!(vault.foreign().await.map(|foreign| foreign.len()).ok(), Some(1));
        }
    }
}

#[test]
fn nothing_is_made_from_what_is_no_backup_or_no_key() {
    let scratch = scratch();
    let dir = DataDir::init(&scratch.path().join("data"), AT).expect("a new directory");
    let backup = scratch.path().join("backup.sqlite");
    dir.store(AT).and_then(|store| store.backup(&backup, AT, |_| {})).expect("it can be copied");
    let text = scratch.path().join("text");
    std::fs::write(&text, "no database and no key").expect("it is ours");
    let to = scratch.path().join("restored");
    let refused = |backup: &Path, key: &Path| {
        let error = DataDir::restore(&to, backup, Some(key), AT).map(drop).expect_err("one of them is a text");
        assert!(!to.exists(), "{error}");
        error
    };
    assert!(matches!(refused(&text, &dir.key_file()), Error::Store(store::Error::NotOurs { .. })));
    assert!(matches!(refused(&backup, &text), Error::Vault(vault::Error::NotAKey { .. })));
    DataDir::restore(&to, &backup, Some(&dir.key_file()), AT).expect("both are sound");
    let again = DataDir::restore(&to, &backup, None, AT).map(drop).expect_err("it is there");
    assert!(matches!(again, Error::AlreadyThere { .. }), "{again}");
}
