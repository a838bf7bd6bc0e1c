//! A command that runs through the daemon prints and writes the same bytes as one that runs in its own process.

use super::*;
use cartage::store::backup::SoundCopy;
use std::fs;
use std::os::unix::fs::MetadataExt as _;

/// A plugin that `make test` built from its crate.
fn plugin() -> PathBuf {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins/integration-script.wasm");
    assert!(file.exists(), "{} is missing; run `make test`, which builds it", file.display());
    file
}

/// Puts the files that the commands read into a folder.
fn furnish(folder: &Path) {
    let cart = "cart = \"shop\"\nplugin = \"plugin.wasm\"\n[endpoints.script]\nbase_url = \"https://shop.example/seti.php\"\n[settings]\n\
        encoding = \"delimited\"\n[credentials.account]\nsetiuser = { text = \"cartage\" }\n";
    fs::create_dir(folder.join("other")).expect("it can be made");
    fs::copy(plugin(), folder.join("plugin.wasm")).expect("it can be copied");
    fs::copy(plugin(), folder.join("other/new.wasm")).expect("it can be copied");
    for (file, text) in [
        ("cart.toml", cart.to_owned()),
        ("other/cart.toml", cart.to_owned()),
        ("wrong.toml", "cart = 1".to_owned()),
        ("latin.toml", String::new()),
        ("other/broken.wasm", "(component)".to_owned()),
        ("password.txt", "marked-secret-9876543210\n".to_owned()),
        ("long.txt", "x".repeat(1 << 20)),
        ("orders.csv", "order,label\n1021,Order Packed\n1022,Order Shipped\n".to_owned()),
        ("update.json", r#"{"order_number": "1030", "label": "Order Shipped"}"#.to_owned()),
    ] {
        fs::write(folder.join(file), text).expect("it can be written");
    }
    fs::write(folder.join("latin.toml"), b"# \xe9").expect("it can be written");
}

/// The commands, the user's standard input, and the exit code.
const COMMANDS: &[(&str, &[u8], u8)] = &[
    ("param list", b"", 0),
    ("param set UseStatusUpdates True", b"", 0),
    ("param get UseStatusUpdates --json", b"", 0),
    ("param set UseStatusUpdates maybe", b"", 1),
    ("param get UseStatusUpdate", b"", 1),
    ("param get UseStatusUpdate --json", b"", 1),
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
    ("apply cart.toml --dry-run", b"", 0),
    ("apply cart.toml", b"", 0),
    ("apply cart.toml --json", b"", 0),
    ("cart list --json", b"", 0),
    ("cart show shop", b"", 0),
    ("cart mode shop shadow --order 1021", b"", 2),
    ("cart upgrade shop --plugin other/broken.wasm", b"", 1),
    ("cart upgrade shop --plugin other/nothing.wasm", b"", 1),
    ("cart upgrade shop --plugin other/new.wasm", b"", 0),
    ("credential list shop", b"", 0),
    ("credential set shop account password", b"marked-secret-0123456789\n", 0),
    ("credential set shop account password", b"\xff", 1),
    ("credential set shop account password", b"", 1),
    ("credential set shop account password --file password.txt --next", b"", 0),
    ("credential set shop account password --file nowhere.txt", b"", 1),
    ("credential set shop account password --file long.txt", b"", 1),
    ("credential set shop account password --env SHOP_PASSWORD", b"", 0),
    ("credential set shop account password --env PATH_OF_NOBODY", b"", 1),
    ("credential list shop", b"", 0),
    ("explain --cart shop --order 1021", b"", 0),
    ("explain --cart shop --order 1021 --label Shipped --json", b"", 0),
    ("send --cart shop --update update.json", b"", 1),
    ("send --cart shop --update -", br#"{"order_number": "1031", "label": "Order Shipped"}"#, 1),
    ("send --cart shop --update -", b"no update", 1),
    ("baseline orders.csv --cart shop", b"", 0),
    ("baseline nowhere.csv --cart shop", b"", 1),
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
    ("delivery discard 01890a5d-ac96-774b-bcce-b302099a8057 --why wrong", b"", 1),
    ("token remove nobody", b"", 1),
    ("token new Nobody --role admin", b"", 1),
    ("backup cart.toml", b"", 1),
    ("cart pause shop --reason holiday", b"", 0),
    ("cart resume shop", b"", 0),
    ("cart remove shop", b"", 0),
];

/// Runs a command in its own process.
fn alone(folder: &Path, line: &[&str], input: &'static [u8]) -> (u8, [String; 2]) {
    let cli = Cli::try_parse_from(arguments(line)).expect("these are arguments");
    let cli = Cli { data: "data".into(), ..cli };
    let seat = Rc::new(Seat::new(folder, input));
    let exit_code = console::at(seat.clone(), || cli.run());
    (exit_code, seat.said())
}

#[test]
fn a_command_says_the_same_through_the_daemon_and_by_itself() {
    let by_itself = folder();
    furnish(by_itself.path());
    let daemon = Daemon::start();
    furnish(daemon.folder.path());
    for (line, input, exit_code) in COMMANDS {
        // A written file is named by its full path, because a process cannot have two current folders at once.
        let words = |folder: &Path| -> Vec<String> {
            let whole = |word: &str| if word == "cart.toml" { folder.join(word).display().to_string() } else { word.to_owned() };
            let is_backup = line.starts_with("backup");
            line.split(' ').map(|word| if is_backup { whole(word) } else { word.to_owned() }).collect()
        };
        let (here, there) = (words(by_itself.path()), words(daemon.folder.path()));
        let (here, there): (Vec<&str>, Vec<&str>) = (here.iter().map(String::as_str).collect(), there.iter().map(String::as_str).collect());
        let expected = alone(by_itself.path(), &here, input);
        assert_eq!(daemon.run(&there, input), expected, "{line}");
        assert_eq!(expected.0, *exit_code, "{line}: {expected:?}");
        assert!(expected.1.iter().any(|said| !said.is_empty()), "{line} says something");
        assert!(!expected.1.concat().contains("marked-secret"), "{line}");
    }
}

#[test]
fn what_was_set_through_the_daemon_is_there_without_it() {
    let daemon = Daemon::start();
    daemon.run(&["param", "set", "UseStatusUpdates", "True"], b"");
    let folder = daemon.stop();
    let (exit_code, [said, _]) = alone(folder.path(), &["param", "get", "UseStatusUpdates", "--json"], b"");
    assert!(exit_code == 0 && said.contains("\"value\": \"True\""), "{said}");
}

#[test]
fn a_backup_is_written_where_the_user_is() {
    let daemon = Daemon::start();
    let file = daemon.folder.path().join("copy.sqlite");
    let line = ["backup", file.to_str().expect("it is text")];
    let (exit_code, said) = daemon.run(&line, b"");
    assert_eq!((exit_code, said[1].as_str()), (0, ""), "{said:?}");
    assert!(said[0].contains("backed up to <folder>/copy.sqlite\n") && said[0].contains("the key data/key;"), "{said:?}");
    SoundCopy::open(&file).expect("it is a whole store");
    assert_eq!(fs::metadata(&file).expect("it is there").mode() & 0o777, 0o600);
    let (exit_code, said) = daemon.run(&line, b"");
    assert!(exit_code == 1 && said[1].contains("already exists and was left unchanged"), "{said:?}");
    let (exit_code, said) = daemon.run(&["backup", "/nowhere/copy.sqlite"], b"");
    assert!(exit_code == 1 && said[1].contains("No such file"), "{said:?}");
    let left = fs::read_dir(daemon.folder.path().join("data")).expect("it is there").flatten();
    let left: Vec<_> =
        left.map(|entry| entry.file_name()).filter(|name| name.to_string_lossy().starts_with(remote_console::COPIES)).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_new_token_is_said_to_its_user_alone() {
    let daemon = Daemon::start();
    let (exit_code, [said, talk]) = daemon.run(&["token", "new", "order-manager", "--role", "sender"], b"");
    assert!(exit_code == 0 && said.starts_with("cartage_") && said.len() == "cartage_".len() + 44, "{said}");
    assert!(!talk.contains("cartage_"), "{talk}");
    let (_, [list, _]) = daemon.run(&["token", "list", "--json"], b"");
    assert!(list.contains("order-manager") && !list.contains(said.trim()), "{list}");
}

#[test]
fn a_text_of_many_pieces_arrives_whole() {
    let daemon = Daemon::start();
    // Each character has two bytes, and a piece ends between them. The sender must keep them together.
    let label = "é".repeat(60);
    let labels: Vec<String> = (0..1_000).map(|number| format!("{number} {label}")).collect();
    for labels in labels.chunks(250) {
        let line: Vec<&str> = ["event", "label", "add"].into_iter().chain(labels.iter().map(String::as_str)).collect();
        assert_eq!(daemon.run(&line, b"").0, 0);
    }
    let (_, [said, _]) = daemon.run(&["event", "label", "list"], b"");
    assert_eq!(said.lines().count(), 1_000);
    assert!(said.lines().all(|line| line.ends_with(&label)));
}
