//! Certificates for these tests. `first` and `second` are for localhost until 2126, each with a key of its own; `expired` has the key of `first`, and was
//! valid from 2020 until 2021.

mod connections;

use super::files::{CHAIN_MAX, Content, FILE_BYTES_MAX, Files, doubt};
use super::{DAY_MS, ENDS_SOON_MS, Error, Keeper, Look};
use cartage::causes::chain;
use cartage::clock::ManualClock;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

const FIRST: &str = include_str!("tests/first.pem");
const FIRST_KEY: &str = include_str!("tests/first.key.pem");
const SECOND: &str = include_str!("tests/second.pem");
const SECOND_KEY: &str = include_str!("tests/second.key.pem");
const EXPIRED: &str = include_str!("tests/expired.pem");
/// The first and the last moment at which `expired` was valid.
const BEGAN_UNIX_MS: u64 = 1_577_836_800_000;
const ENDED_UNIX_MS: u64 = 1_609_459_200_000;

fn write(folder: &Path, certificate: &str, key: &str) {
    fs::write(folder.join("cert.pem"), certificate).expect("the folder can be written");
    fs::write(folder.join("key.pem"), key).expect("the folder can be written");
    set_mode(folder, 0o600);
}

fn set_mode(folder: &Path, mode: u32) {
    fs::set_permissions(folder.join("key.pem"), fs::Permissions::from_mode(mode)).expect("it is ours");
}

fn files(folder: &Path) -> Files {
    Files { certificate: folder.join("cert.pem"), key: folder.join("key.pem") }
}

fn open(folder: &Path) -> Result<Arc<Keeper>, Error> {
    Keeper::open(files(folder), Arc::new(ManualClock::at(BEGAN_UNIX_MS))).map(Arc::new)
}

/// The error for these files.
fn refused(certificate: &str, key: &str) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(folder.path(), certificate, key);
    let error = open(folder.path()).expect_err("they cannot be served");
    chain(&error).replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn what_cannot_be_served_is_refused_with_what_to_do() {
    for (certificate, key, said) in [
        ("", FIRST_KEY, "cert.pem holds no certificate: it has no section BEGIN CERTIFICATE"),
        (FIRST_KEY, FIRST_KEY, "cert.pem holds no certificate: it has no section BEGIN CERTIFICATE"),
        (FIRST, FIRST, "key.pem holds no private key that can be read: it has no section BEGIN PRIVATE KEY"),
        (FIRST, "", "key.pem holds no private key that can be read: it has no section BEGIN PRIVATE KEY"),
        (FIRST, SECOND_KEY, "the private key in key.pem is not that of the first certificate in cert.pem"),
        ("-----BEGIN CERTIFICATE-----\nMIIB", FIRST_KEY, "cert.pem is not well-formed PEM"),
        (FIRST, "-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----\n", "key.pem is not well-formed PEM"),
        ("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", FIRST_KEY, "cert.pem and the key in key.pem cannot be served"),
        (FIRST, "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n", "cert.pem and the key in key.pem cannot be served"),
    ] {
        let found = refused(certificate, key);
        assert!(found.contains(said), "{found}");
        assert!(!found.contains("MIIB"), "nothing of a file is shown: {found}");
    }
}

#[test]
fn the_server_s_own_certificate_comes_first() {
    assert!(refused(&format!("{SECOND}{FIRST}"), FIRST_KEY).contains("the server's own certificate comes first"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(folder.path(), &format!("{FIRST}{SECOND}"), FIRST_KEY);
    let keeper = open(folder.path()).expect("the order is right");
    assert_eq!(keeper.kept().key.cert.len(), 2);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(folder.path(), FIRST, FIRST_KEY);
    fs::remove_file(folder.path().join("key.pem")).expect("it is ours");
    let error = open(folder.path()).expect_err("the key is missing");
    assert!(matches!(error, Error::Read { ref path, .. } if path.ends_with("key.pem")), "{error:?}");
}

#[test]
fn a_key_that_others_may_read_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(folder.path(), FIRST, FIRST_KEY);
    for (mode, good) in [(0o400, true), (0o600, true), (0o640, true), (0o440, true)]
        .into_iter()
        .chain([0o604, 0o602, 0o601, 0o620, 0o610, 0o644].map(|mode| (mode, false)))
    {
        set_mode(folder.path(), mode);
        match open(folder.path()) {
            Ok(_) => assert!(good, "{mode:o}"),
            Err(Error::TooOpen { mode: found, .. }) => assert_eq!((found, good), (mode, false)),
            Err(other) => panic!("{mode:o}: {other}"),
        }
    }
}

#[test]
fn files_and_chains_have_a_greatest_length() {
    let padded = |bytes: usize| format!("{FIRST}{}", "\n".repeat(bytes - FIRST.len()));
    let at_most = FILE_BYTES_MAX as usize;
    let chain_of = |certificates: usize| FIRST.repeat(certificates);
    let folder = tempfile::tempdir().expect("a temporary folder");
    for good in [padded(at_most), chain_of(CHAIN_MAX)] {
        write(folder.path(), &good, FIRST_KEY);
        open(folder.path()).expect("it is within the limit");
    }
    assert!(refused(&padded(at_most + 1), FIRST_KEY).contains("cert.pem has more than 262144 bytes"));
    assert!(refused(&chain_of(CHAIN_MAX + 1), FIRST_KEY).contains("cert.pem holds more than 16 certificates"));
}

#[test]
fn what_the_files_hold_now_is_served_and_what_cannot_be_changes_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(folder.path(), FIRST, FIRST_KEY);
    let keeper = open(folder.path()).expect("they are whole");
    let served = || keeper.kept().key.cert[0].to_vec();
    let first = served();
    assert_eq!(keeper.look(), Look::Same);

    // A renewal that has written only one file so far.
    write(folder.path(), SECOND, FIRST_KEY);
    let Look::Failed(why) = keeper.look() else { panic!("the key is of the other") };
    assert!(why.contains("is not that of the first certificate"), "{why}");
    assert_eq!(served(), first);

    write(folder.path(), SECOND, SECOND_KEY);
    assert_eq!((keeper.look(), keeper.look()), (Look::Taken, Look::Same));
    let second = served();
    assert_ne!(second, first);

    // Files that others can read, and a file that is missing.
    set_mode(folder.path(), 0o644);
    assert!(matches!(keeper.look(), Look::Failed(_)));
    fs::remove_file(folder.path().join("cert.pem")).expect("it is ours");
    assert!(matches!(keeper.look(), Look::Failed(_)));
    assert_eq!(served(), second);
    write(folder.path(), FIRST, FIRST_KEY);
    assert_eq!(keeper.look(), Look::Taken);
    assert_eq!(served(), first);
}

#[test]
fn dates_are_warned_of_from_two_weeks_before_the_end() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(folder.path(), EXPIRED, FIRST_KEY);
    let files = files(folder.path());
    let content: Content = files.read().expect("they are there");
    let key = files.parse(&content).expect("an expired certificate is served all the same");
    let said = |at| doubt(&key, at, ENDS_SOON_MS);
    assert_eq!(ENDS_SOON_MS, 14 * DAY_MS);
    let begins = "the certificate begins on 2020-01-01: clients refuse it until then, or this machine's clock is wrong";
    assert_eq!(said(BEGAN_UNIX_MS - 1000).as_deref(), Some(begins));
    assert_eq!(said(BEGAN_UNIX_MS), None);
    assert_eq!(said(ENDED_UNIX_MS - ENDS_SOON_MS), None);
    assert_eq!(said(ENDED_UNIX_MS - ENDS_SOON_MS + 1000).as_deref(), Some("the certificate ends on 2021-01-01: renew it"));
    assert_eq!(said(ENDED_UNIX_MS).as_deref(), Some("the certificate ends on 2021-01-01: renew it"));
    let ended = "the certificate ended on 2021-01-01: clients refuse it until it is renewed";
    assert_eq!(said(ENDED_UNIX_MS + 1000).as_deref(), Some(ended));
}

#[test]
fn a_warning_is_given_once_a_day() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(folder.path(), EXPIRED, FIRST_KEY);
    let clock = Arc::new(ManualClock::at(ENDED_UNIX_MS + 1000));
    let keeper = Keeper::open(files(folder.path()), clock.clone()).expect("it is served all the same");
    let warned = || keeper.kept().warned_at_unix_ms.expect("it was warned of");
    let first = warned();
    clock.advance_ms(DAY_MS - 1);
    assert_eq!((keeper.look(), warned()), (Look::Same, first));
    clock.advance_ms(1);
    assert_eq!((keeper.look(), warned()), (Look::Same, first + DAY_MS));
}
