//! A command says and writes the same whether a daemon works in its data directory or not.

use crate::daemon::Daemon;
use cartage_tests::command::{cartage, text};
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

/// Puts the files that the commands read into a folder.
fn furnish(folder: &Path) {
    let plugin = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugins/integration-script.wasm");
    let cart = "cart = \"shop\"\nplugin = \"plugin.wasm\"\n[endpoints.script]\nbase_url = \"https://shop.example/seti.php\"\n[settings]\n\
        encoding = \"delimited\"\n[credentials.account]\nsetiuser = { text = \"cartage\" }\n";
    let second = cart.replace("cart = \"shop\"", "cart = \"second\"");
    std::fs::create_dir(folder.join("other")).expect("it can be made");
    for copy in ["plugin.wasm", "other/new.wasm"] {
        std::fs::copy(&plugin, folder.join(copy)).expect("make test has built the plugin");
    }
    for (file, text) in [
        ("cart.toml", cart.as_bytes()),
        ("second.toml", second.as_bytes()),
        ("other/cart.toml", cart.as_bytes()),
        ("wrong.toml", b"cart = 1"),
        ("latin.toml", b"# \xe9"),
        ("other/broken.wasm", b"(component)"),
        ("password.txt", b"marked-secret-9876543210\n"),
        ("long.txt", "x".repeat(1 << 20).as_bytes()),
        ("orders.csv", b"order,label\n1021,Order Packed\n1022,Order Shipped\n"),
        ("update.json", br#"{"order_number": "1030", "label": "Order Shipped"}"#),
    ] {
        std::fs::write(folder.join(file), text).expect("it can be written");
    }
}

/// The commands, what is typed in, and the exit code.
const COMMANDS: &[(&str, &[u8], i32)] = &[
    ("param list", b"", 0),
    ("param set UseStatusUpdates True", b"", 0),
    ("param get UseStatusUpdates --json", b"", 0),
    ("param set UseStatusUpdates maybe", b"", 1),
    ("param get UseStatusUpdate", b"", 1),
    ("param get UseStatusUpdate --json", b"", 1),
    ("param unset UseStatusUpdates", b"", 0),
    ("param unset UseStatusUpdates", b"", 0),
    ("param list --cart shop", b"", 1),
    ("event list", b"", 0),
    ("event list --json", b"", 0),
    ("event label defaults", b"", 0),
    ("cart list", b"", 0),
    ("cart list --json", b"", 0),
    ("export", b"", 0),
    ("apply nowhere.toml", b"", 1),
    ("apply wrong.toml", b"", 1),
    ("apply latin.toml", b"", 1),
    ("apply long.txt", b"", 1),
    ("apply other/cart.toml", b"", 1),
    ("apply cart.toml --plugins nowhere", b"", 1),
    ("apply cart.toml cart.toml", b"", 1),
    ("apply cart.toml wrong.toml", b"", 1),
    ("apply cart.toml --dry-run", b"", 0),
    ("apply cart.toml second.toml --dry-run --json", b"", 0),
    ("apply cart.toml second.toml", b"", 0),
    ("apply cart.toml --json", b"", 0),
    ("cart list --json", b"", 0),
    ("cart show shop", b"", 0),
    ("cart show shop --json", b"", 0),
    ("cart show nowhere", b"", 1),
    ("cart mode shop shadow --order 1021", b"", 2),
    ("cart mode shop only-orders --order 1021", b"", 0),
    ("cart label shop Lunch --status Eaten", b"", 0),
    ("cart upgrade shop --plugin other/broken.wasm", b"", 1),
    ("cart upgrade shop --plugin other/nothing.wasm", b"", 1),
    ("cart upgrade shop --plugin other/new.wasm --dry-run", b"", 0),
    ("cart upgrade shop --plugin other/new.wasm", b"", 0),
    ("cart rollback shop", b"", 2),
    ("cart recording shop raw --for 1h --why looking", b"", 0),
    ("credential list shop", b"", 0),
    ("credential set shop account password", b"marked-secret-0123456789\n", 0),
    ("credential set shop account password", b"\xff", 1),
    ("credential set shop account password", b"", 1),
    ("credential set shop nowhere password", b"x", 1),
    ("credential set shop account password --file password.txt --next", b"", 0),
    ("credential set shop account password --file nowhere.txt", b"", 1),
    ("credential set shop account password --file long.txt", b"", 1),
    ("credential set shop account password --env SHOP_PASSWORD", b"", 0),
    ("credential set shop account password --env PATH_OF_NOBODY", b"", 1),
    ("credential list shop", b"", 0),
    ("credential list shop --json", b"", 0),
    ("credential approve shop", b"", 0),
    ("credential approve shop nowhere", b"", 2),
    ("credential forget shop account password --next", b"", 0),
    ("explain --cart shop --order 1021", b"", 0),
    ("explain --cart shop --order 1021 --label Shipped --json", b"", 0),
    ("explain --cart shop --order 1021 --full", b"", 0),
    ("send --cart shop --update update.json", b"", 1),
    ("send --cart shop --update -", br#"{"order_number": "1031", "label": "Order Shipped"}"#, 1),
    ("send --cart shop --update -", b"no update", 1),
    ("send --cart nowhere --order 1 --label Shipped", b"", 1),
    ("baseline orders.csv --cart shop", b"", 0),
    ("baseline orders.csv --cart nowhere", b"", 1),
    ("baseline nowhere.csv --cart shop", b"", 1),
    ("forget --cart shop --order 1021", b"", 0),
    ("forget --cart shop --order 1021", b"", 1),
    ("export shop", b"", 0),
    ("export --json", b"", 0),
    ("export shops", b"", 1),
    ("token list", b"", 0),
    ("delivery list", b"", 0),
    ("delivery list --json", b"", 0),
    ("delivery list --cart shops", b"", 1),
    ("delivery list --state queued --reason too-old", b"", 2),
    ("delivery show 01890a5d-ac96-774b-bcce-b302099a8057", b"", 2),
    ("delivery retry --all", b"", 0),
    ("delivery retry 01890a5d-ac96-774b-bcce-b302099a8057", b"", 1),
    ("delivery discard 01890a5d-ac96-774b-bcce-b302099a8057 --why wrong", b"", 1),
    ("token remove nobody", b"", 1),
    ("token new Nobody --role admin", b"", 1),
    ("clock show", b"", 0),
    ("retention --dry-run", b"", 0),
    ("plugin bans", b"", 0),
    ("key new", b"", 1),
    ("backup cart.toml", b"", 1),
    ("backup copy.sqlite", b"", 0),
    ("backup nowhere/copy.sqlite", b"", 1),
    ("cart pause shop --reason holiday", b"", 0),
    ("cart pause --all", b"", 0),
    ("cart resume --all", b"", 0),
    ("cart resume shop", b"", 0),
    ("cart remove shop", b"", 0),
    ("cart remove shop", b"", 1),
];

/// Types a command in the daemon's folder. Times and random names, which no two runs share, are written as their kind.
fn said(daemon: &Daemon, line: &str, input: &[u8]) -> (Option<i32>, String, String) {
    let mut command = cartage();
    command
        .current_dir(daemon.path(""))
        .arg("--data")
        .arg(daemon.path("data"))
        .args(line.split(' '))
        .env("SHOP_PASSWORD", "marked-secret-0123456789");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command was built beside the tests");
    // A command that reads nothing may have ended already.
    let _ = child.stdin.take().expect("it was asked for").write_all(input);
    let output = child.wait_with_output().expect("it ends");
    let (result, talk) = text(&output);
    let settled = |text: String| settled(&text.replace(&daemon.path("").display().to_string(), "<folder>/"));
    // Only a daemon serves.
    let result = result.replace("\"serving\": true", "\"serving\": false");
    (output.status.code(), settled(result), settled(talk))
}

/// The text with `#` for each digit of a time: one of 10 digits or more, or with the signs of a date.
fn settled(text: &str) -> String {
    let is_time = |word: &str| {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        digits >= 6 && word.bytes().all(|byte| byte.is_ascii_digit() || b"-:,".contains(&byte))
    };
    let settle = |word: &str| if is_time(word.trim_end()) { word.replace(|c: char| c.is_ascii_digit(), "#") } else { word.to_owned() };
    text.split_inclusive([' ', '\n']).map(settle).collect()
}

#[test]
fn a_command_says_the_same_by_a_daemon_and_by_itself() {
    let (alone, mut daemon) = (Daemon::new(), Daemon::new());
    daemon.serve();
    for folder in [&alone, &daemon] {
        furnish(&folder.path(""));
    }
    let mut different = Vec::new();
    for (line, input, exit_code) in COMMANDS {
        let (here, there) = (said(&alone, line, input), said(&daemon, line, input));
        if (&here, here.0) != (&there, Some(*exit_code)) {
            different.push(format!("{line} (to end with {exit_code})\n  by itself: {here:?}\n  by the daemon: {there:?}"));
        }
        assert!(!(here.1.is_empty() && here.2.is_empty()), "{line} says something");
        assert!(!format!("{here:?}").contains("marked-secret"), "{line}");
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert!(daemon.stop());
}
