//! Clients that disconnect, send nothing, arrive in numbers, or break the protocol; and a daemon that stops or lies.

use super::*;
use crate::cli::directory::{self, Executor};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;

/// A command that waits for its user before its first action.
const WAITS: [&str; 5] = ["send", "--cart", "shop", "--update", "-"];

fn is_waited_for(stream: &mut UnixStream) {
    assert!(matches!(next(stream), Ask::StandardInput { .. }));
}

fn refused(stream: &mut UnixStream) -> (String, String) {
    match next(stream) {
        Ask::Refused { message, what_to_do } => (message, what_to_do),
        other => panic!("{other:?}"),
    }
}

/// Waits up to five seconds for a condition.
fn soon(what: impl Fn() -> bool) {
    assert!(
        (0..500).any(|_| what() || {
            std::thread::sleep(Duration::from_millis(10));
            false
        }),
        "it did not come"
    );
}

#[test]
fn the_socket_is_its_owner_s_alone_and_takes_the_place_of_an_old_one() {
    let folder = folder();
    let socket = DataDir::socket(&folder.path().join("data"));
    drop(std::os::unix::net::UnixListener::bind(&socket).expect("it can be made"));
    assert!(socket.exists() && Client::reach(&socket).is_none());
    let copy = folder.path().join("data").join(format!("{}x", remote_console::COPIES));
    std::fs::create_dir(&copy).expect("it can be made");
    std::fs::write(copy.join("copy"), "half of it").expect("it can be written");
    let daemon = Daemon::start_in(folder);
    let mode = |path: &Path| std::fs::metadata(path).expect("it is there").mode() & 0o777;
    assert_eq!((mode(&socket), mode(socket.parent().expect("it has one"))), (0o600, 0o700));
    assert!(!copy.exists());
    assert_eq!(daemon.run(&["cart", "list"], b"").0, 0);
    let folder = daemon.stop();
    assert!(!socket.exists());
    drop(folder);
}

#[test]
fn a_socket_that_somebody_answers_at_is_left_alone() {
    let folder = folder();
    let socket = DataDir::socket(&folder.path().join("data"));
    let other = std::os::unix::net::UnixListener::bind(&socket).expect("it can be made");
    let service = Arc::new(Service::open(&folder.path().join("data"), clock()).expect("it is there"));
    let runtime = Runtime::new().expect("there are threads");
    let before = Identity::of(&socket).expect("it is there");
    let error = runtime.block_on(Listener::bind(service.clone())).expect_err("somebody answers there");
    assert!(matches!(error, Error::Answered { .. }) && Identity::of(&socket).is_ok_and(|found| found == before), "{error}");
    drop(other);
    let listener = runtime.block_on(Listener::bind(service)).expect("nobody does any more");
    // The file at the socket's path no longer belongs to this listener when it ends.
    std::fs::remove_file(&socket).expect("it is there");
    let _other = std::os::unix::net::UnixListener::bind(&socket).expect("it can be made");
    runtime.block_on(listener.serve(async {}));
    assert!(socket.exists());
}

#[test]
fn a_path_that_is_too_long_for_a_socket_is_an_error() {
    let folder = tempfile::tempdir().expect("the tests need a directory for temporary files");
    let data = folder.path().join("x".repeat(120));
    let service = Arc::new(Service::init(&data, clock()).expect("it is made"));
    let runtime = Runtime::new().expect("there are threads");
    let error = runtime.block_on(Listener::bind(service)).expect_err("the path has more bytes than a socket's may have");
    assert!(error.to_string().contains("use a data directory with a shorter one"), "{error}");
}

#[test]
fn what_was_begun_is_done_although_nobody_listens() {
    let daemon = Daemon::start();
    drop(daemon.remote_console(&["param", "set", "UseStatusUpdates", "True"]));
    soon(|| daemon.run(&["param", "get", "UseStatusUpdates", "--json"], b"").1[0].contains("\"value\": \"True\""));
}

#[test]
fn who_goes_away_instead_of_answering_makes_room() {
    let daemon = Daemon::start();
    for _ in 0..=COMMANDS_MAX {
        let mut stream = daemon.remote_console(&WAITS);
        is_waited_for(&mut stream);
    }
    assert_eq!(daemon.run(&["cart", "list"], b"").0, 0);
}

#[test]
fn there_is_room_for_so_many_commands_and_no_more() {
    let daemon = Daemon::start();
    let mut waiting: Vec<UnixStream> = (1..COMMANDS_MAX).map(|_| daemon.remote_console(&WAITS)).collect();
    waiting.iter_mut().for_each(is_waited_for);
    assert_eq!(daemon.run(&["cart", "list"], b"").0, 0);
    waiting.push(daemon.remote_console(&WAITS));
    is_waited_for(waiting.last_mut().expect("there is one"));
    let (message, what_to_do) = refused(&mut daemon.remote_console(&["cart", "list"]));
    assert_eq!((message.as_str(), what_to_do.as_str()), ("the daemon already runs 16 commands", "repeat it in a moment"));
    drop(waiting.pop());
    soon(|| !matches!(next(&mut daemon.remote_console(&["cart", "list"])), Ask::Refused { .. }));
}

#[test]
fn who_says_nothing_of_use_is_hung_up_on() {
    let daemon = Daemon::start();
    for bytes in [&b""[..], b"GET / HTTP/1.1\r\n\r\n", &[0, 0, 0, 2, b'{', b'}'], &[0, 0, 0, 9, b'{'], &u32::MAX.to_be_bytes()] {
        let mut stream = UnixStream::connect(daemon.socket()).expect("the daemon answers");
        stream.write_all(bytes).expect("the daemon listens");
        stream.shutdown(Shutdown::Write).expect("it is open");
        let mut said = Vec::new();
        // Unread bytes turn the end of the connection into a reset, which means the same.
        let _ = stream.read_to_end(&mut said);
        assert_eq!(said, b"", "{bytes:?}");
    }
    assert_eq!(daemon.run(&["cart", "list"], b"").0, 0);
}

#[test]
fn a_command_of_another_version_is_told_so() {
    let daemon = Daemon::start();
    let (message, what_to_do) = refused(&mut daemon.opened(&opening(&["cart", "list"], "99.0.0\u{1b}")));
    assert_eq!(message, format!("the daemon is Cartage {VERSION} and this command is Cartage 99.0.0\\u{{1b}}, so it was not run"));
    assert!(what_to_do.contains("restart the daemon"), "{what_to_do}");
}

#[test]
fn what_needs_no_data_directory_is_not_run_by_a_daemon() {
    let daemon = Daemon::start();
    for line in [&["doctor"][..], &["init"], &["send", "--cart", "shop.toml", "--order", "1", "--label", "x"], &["--help"], &["cart"], &[]]
    {
        let (message, _) = refused(&mut daemon.remote_console(line));
        assert!(message.contains("does not run this command") || message.contains("cannot read the arguments"), "{line:?}: {message}");
    }
}

#[test]
fn an_answer_to_another_question_ends_the_conversation() {
    let daemon = Daemon::start();
    for answer in [frames::Answer::Variable(None), frames::Answer::Piece(frames::Blob::of(&vec![b' '; 500 << 10]))] {
        let mut stream = daemon.remote_console(&WAITS);
        is_waited_for(&mut stream);
        // The second answer is sent until the command accepts no more.
        while frames::send(&mut stream, &answer).is_ok() {}
        assert!(matches!(frames::receive::<Ask>(&mut stream), Err(frames::Error::Ended | frames::Error::Socket(_))));
    }
    assert_eq!(daemon.run(&["cart", "list"], b"").0, 0);
}

#[test]
fn a_daemon_that_ends_waits_for_no_user() {
    let daemon = Daemon::start();
    let mut stream = daemon.remote_console(&WAITS);
    is_waited_for(&mut stream);
    let folder = daemon.stop();
    assert!(matches!(frames::receive::<Ask>(&mut stream), Err(frames::Error::Ended)));
    drop(Service::open(&folder.path().join("data"), clock()).expect("nobody works in it any more"));
}

#[test]
fn a_daemon_that_is_lost_or_lies_is_an_error_of_the_command() {
    let said = |said: &'static [u8]| {
        let (ours, mut theirs) = UnixStream::pair().expect("there are sockets");
        let seat = Seat::new(Path::new("."), b"");
        let daemon = std::thread::spawn(move || {
            let _: Opening = frames::receive(&mut theirs).expect("the command says what it wants");
            theirs.write_all(said).expect("the command listens");
        });
        let failure = Client::over(ours).run(&seat, &arguments(&["cart", "list"]), Path::new("data")).expect_err("it was not done");
        daemon.join().expect("it does not panic");
        assert!(failure.remedy().is_some_and(|remedy| remedy.contains("repeat")), "{}", failure.text());
        failure.text()
    };
    assert!(said(b"").ends_with("the other side closed the connection"));
    assert!(said(b"\0\0").ends_with("in the middle of a message"));
    assert!(said(b"\0\0\0\x02no").contains("a message that cannot be read"));
    assert!(said(b"\xff\xff\xff\xff").contains("is too long"));
}

#[test]
fn what_is_too_long_to_be_said_is_not_run() {
    let daemon = Daemon::start();
    let client = Client::reach(&daemon.socket()).expect("the daemon answers");
    let line = ["event", "label", "add", &"x".repeat(frames::FRAME_BYTES_MAX)];
    let failure = client.run(&Seat::new(Path::new("."), b""), &arguments(&line), Path::new("data")).expect_err("it is too long");
    assert!(failure.text().contains("too long to send to the daemon"), "{}", failure.text());
}

#[test]
fn a_command_works_where_the_lock_and_the_socket_say() {
    let daemon = Daemon::start();
    let data = daemon.folder.path().join("data");
    assert!(matches!(directory::executor(&data), Executor::Daemon(_)));
    let folder = daemon.stop();
    let Executor::Here(here) = directory::executor(&data) else { panic!("there is no daemon") };
    // From here on the first place holds the lock.
    let Executor::Here(waited) = directory::executor(&data) else { panic!("there is no daemon") };
    let error = waited.service(&data).expect_err("another one works in it");
    assert!(error.to_string().contains(&format!("the Cartage with process id {}", std::process::id())), "{error}");
    assert!(directory::failure(error).remedy().is_some_and(|remedy| remedy.contains("in a moment")));
    drop(here.service(&data).expect("it is the one that has the lock"));
    drop(folder);
    let Executor::Here(nowhere) = directory::executor(&data) else { panic!("there is no daemon") };
    assert!(nowhere.service(&data).expect_err("it is gone").to_string().contains("is not a data directory"));
}
