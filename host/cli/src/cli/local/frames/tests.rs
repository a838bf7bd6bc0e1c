use super::*;
use proptest::prelude::*;

fn sent(frame: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    send(&mut bytes, frame).expect("it is no longer than a frame may be");
    bytes
}

fn blob() -> impl Strategy<Value = Blob> {
    any::<Vec<u8>>().prop_map(|bytes| Blob::of(&bytes))
}

fn ask() -> impl Strategy<Value = Ask> {
    let place = prop_oneof![Just(WriteMode::New), Just(WriteMode::Any)];
    prop_oneof![
        blob().prop_map(Ask::Result),
        blob().prop_map(Ask::Talk),
        any::<u64>().prop_map(|bytes_max| Ask::StandardInput { bytes_max }),
        (blob(), any::<u64>()).prop_map(|(path, bytes_max)| Ask::File { path, bytes_max }),
        (blob(), any::<String>()).prop_map(|(folder, name)| Ask::Plugin { folder, name }),
        any::<String>().prop_map(|name| Ask::Variable { name }),
        (blob(), place).prop_map(|(path, place)| Ask::Write { path, place }),
        (blob(), any::<u64>()).prop_map(|(to, at_unix_ms)| Ask::CopyStore { to, at_unix_ms }),
        blob().prop_map(Ask::Piece),
        Just(Ask::End),
        Just(Ask::Abandon),
        any::<(String, String)>().prop_map(|(message, what_to_do)| Ask::Refused { message, what_to_do }),
        any::<u8>().prop_map(|exit_code| Ask::Done { exit_code }),
    ]
}

fn trouble() -> impl Strategy<Value = Trouble> {
    let kind = prop_oneof![Just(Kind::NotFound), Just(Kind::AlreadyExists), Just(Kind::InvalidData), Just(Kind::Other)];
    (any::<Option<i32>>(), kind, any::<String>()).prop_map(|(code, kind, message)| Trouble { code, kind, message })
}

fn answer() -> impl Strategy<Value = Answer> {
    let no_plugin = prop_oneof![
        trouble().prop_map(NoPlugin::Directory),
        Just(NoPlugin::Name),
        trouble().prop_map(NoPlugin::Open),
        Just(NoPlugin::NotAFile),
        Just(NoPlugin::TooLarge),
        trouble().prop_map(NoPlugin::Read),
    ];
    prop_oneof![
        blob().prop_map(Answer::Piece),
        Just(Answer::End),
        Just(Answer::TooLarge),
        trouble().prop_map(Answer::Failed),
        no_plugin.prop_map(Answer::NoPlugin),
        proptest::option::of(blob()).prop_map(Answer::Variable),
    ]
}

proptest! {
    #[test]
    fn what_is_sent_arrives_and_what_follows_it_stays(first in ask(), second in ask(), third in answer()) {
        let bytes = [sent(&first), sent(&second), sent(&third)].concat();
        let mut from = &bytes[..];
        prop_assert_eq!(receive::<Ask>(&mut from).expect("it was sent"), first);
        prop_assert_eq!(receive::<Ask>(&mut from).expect("it was sent"), second);
        prop_assert_eq!(receive::<Answer>(&mut from).expect("it was sent"), third);
        prop_assert!(matches!(receive::<Answer>(&mut from), Err(Error::Ended)));
    }

    #[test]
    fn a_frame_that_was_cut_is_known_as_such(frame in ask(), at in any::<prop::sample::Index>()) {
        let bytes = sent(&frame);
        let at = at.index(bytes.len());
        match receive::<Ask>(&mut &bytes[..at]) {
            Err(Error::Ended) => prop_assert_eq!(at, 0),
            Err(Error::Cut) => prop_assert!(at > 0),
            other => prop_assert!(false, "{other:?}"),
        }
    }

    #[test]
    fn garbage_is_an_error(bytes in any::<Vec<u8>>()) {
        prop_assert!(receive::<Ask>(&mut &bytes[..]).is_err());
        let framed = [&u32::try_from(bytes.len()).expect("it is short").to_be_bytes()[..], &bytes].concat();
        prop_assert!(matches!(receive::<Ask>(&mut &framed[..]), Err(Error::Garbage(_))));
        prop_assert!(matches!(receive::<Opening>(&mut &framed[..]), Err(Error::Garbage(_))));
        prop_assert!(matches!(receive::<Version>(&mut &framed[..]), Err(Error::Garbage(_))));
    }
}

/// A frame with this number of bytes.
fn of_length(bytes: usize) -> Ask {
    let around = sent(&Ask::Variable { name: String::new() }).len() - 4;
    Ask::Variable { name: "x".repeat(bytes - around) }
}

#[test]
fn a_frame_has_a_limit_on_both_sides() {
    let longest = of_length(FRAME_BYTES_MAX);
    let bytes = sent(&longest);
    assert_eq!(bytes.len(), FRAME_BYTES_MAX + 4);
    assert_eq!(receive::<Ask>(&mut &bytes[..]).expect("it was sent"), longest);

    let mut nothing = Vec::new();
    let one_more = send(&mut nothing, &of_length(FRAME_BYTES_MAX + 1));
    assert!(matches!(one_more, Err(Error::TooLong { bytes }) if bytes == FRAME_BYTES_MAX + 1));
    assert!(nothing.is_empty());
    for bytes in [FRAME_BYTES_MAX as u32 + 1, u32::MAX] {
        // Only the length is sent. The frame is refused without waiting for the rest.
        let refused = receive::<Ask>(&mut &bytes.to_be_bytes()[..]);
        assert!(matches!(refused, Err(Error::TooLong { bytes: said }) if said == bytes as usize), "{refused:?}");
    }
}

#[test]
fn the_largest_piece_fits_into_a_frame() {
    let piece = Blob::of(&[0xff; PIECE_BYTES_MAX]);
    assert_eq!(receive::<Ask>(&mut &sent(&Ask::Result(piece.clone()))[..]).expect("it was sent"), Ask::Result(piece));
}

#[test]
fn what_nobody_knows_is_garbage() {
    for text in
        [r#"{"shutdown":{}}"#, r#"{"done":{"exit_code":0,"more":1}}"#, r#"{"done":{"exit_code":256}}"#, r#"{"result":"%"}"#, "[]", ""]
    {
        assert!(matches!(read::<Ask>(text.as_bytes()), Err(Error::Garbage(_))), "{text}");
    }
}

#[test]
fn another_release_is_known_by_its_version_whatever_else_it_says() {
    let Version { version } = read(br#"{"version":"9.0.0","words":["cart","list"]}"#).expect("it says its version");
    assert_eq!(version, "9.0.0");
}

#[test]
fn paths_need_not_be_text() {
    let path = Path::new(OsStr::from_bytes(b"a\xff/\n"));
    let again: Blob = serde_json::from_str(&serde_json::to_string(&Blob::from(path)).expect("it can be said")).expect("it was said");
    assert_eq!(again.path(), path);
    assert_eq!(again.os(), path.as_os_str());
}

#[test]
fn errors_arrive_as_they_were() {
    let errors = || {
        [
            io::Error::from_raw_os_error(2),
            io::Error::from_raw_os_error(13),
            io::Error::from_raw_os_error(17),
            ErrorKind::AlreadyExists.into(),
            io::Error::new(ErrorKind::InvalidData, "the content is not UTF-8 text"),
            io::Error::other("something else"),
        ]
    };
    for error in errors() {
        let again = io::Error::from(Trouble::from(&error));
        assert_eq!((again.to_string(), again.kind()), (error.to_string(), error.kind()));
    }
    let (path, name) = (PathBuf::from("plugins"), "shop.wasm".to_owned());
    let plugin = |source: io::Error| {
        let again = || io::Error::from(Trouble::from(&source));
        [
            file::Error::Directory { path: path.clone(), source: again() },
            file::Error::Name { name: name.clone() },
            file::Error::Open { name: name.clone(), source: again() },
            file::Error::NotAFile { name: name.clone() },
            file::Error::TooLarge { name: name.clone() },
            file::Error::Read { name: name.clone(), source: again() },
        ]
    };
    for error in errors().into_iter().flat_map(plugin) {
        let again = NoPlugin::from(&error).of(&path, &name);
        assert_eq!(crate::cli::report::chain(&again), crate::cli::report::chain(&error));
    }
}
