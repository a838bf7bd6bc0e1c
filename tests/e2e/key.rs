//! A lost key loses credentials only: a new one is made in its place, and never over one that is there.

use cartage_tests::command::{cartage, text};

#[test]
fn a_lost_key_is_made_anew_and_one_that_is_there_is_kept() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    let run = |arguments: &[&str]| {
        let output = cartage().arg("--data").arg(&data).args(arguments).output().expect("the command starts");
        (output.status.code(), text(&output).1)
    };
    assert_eq!(run(&["init"]).0, Some(0));
    let key = data.join("key");
    let first = std::fs::read(&key).expect("init made it");
    let (code, said) = run(&["key", "new"]);
    assert_eq!((code, std::fs::read(&key).ok()), (Some(1), Some(first.clone())), "{said}");
    std::fs::remove_file(&key).expect("it is there");
    // The command tells why, once: no line of a log says it as well.
    let (code, said) = run(&["key", "rotate"]);
    assert!(code == Some(1) && said.starts_with("error: there is no key file ") && said.lines().count() == 2, "{said}");
    let (code, said) = run(&["key", "new"]);
    assert_eq!(code, Some(0), "{said}");
    assert_ne!(std::fs::read(&key).expect("it was made"), first);
    assert_eq!(run(&["key", "rotate"]).0, Some(0));
}
