use super::*;

fn read(keys: &str) -> Result<Inlet, String> {
    toml::from_str(&format!("user = \"om\"\n{keys}")).map_err(|error: toml::de::Error| error.to_string())
}

fn refused(keys: &str, words: &str) {
    let error = read(keys).expect_err(keys);
    assert!(error.contains(words), "{keys}: {error}");
}

#[test]
fn an_inlet_is_usable_with_a_user_name_alone() {
    let inlet = read("").expect("it is whole");
    assert_eq!(Ok(&inlet), Inlet::new("om").as_ref());
    assert_eq!((inlet.user(), inlet.code(), inlet.version()), ("om", "", "1.000"));
    assert_eq!((inlet.zone(), inlet.dates(), inlet.encoding()), (None, DateOrder::MonthDay, Encoding::Auto));
    assert_eq!(inlet.answer(), AnswerWhen::Accepted);
    assert!(![LeaveOut::Notes, LeaveOut::Packages, LeaveOut::LineItems].into_iter().any(|part| inlet.leaves_out(part)));
    assert_eq!(toml::to_string(&inlet).as_deref(), Ok("user = \"om\"\n"));
}

#[test]
fn every_setting_is_read_and_written_back() {
    let keys = "code = \"main\"\nversion = \"5.914\"\ntime_zone = \"america/new_york\"\ndates = \"d/m\"\nencoding = \"windows-1252\"\n\
        answer = \"delivered\"\nwait_ms = 60000\nleave_out = [\"line-items\", \"notes\"]";
    let inlet = read(keys).expect("it is whole");
    assert_eq!((inlet.code(), inlet.version()), ("main", "5.914"));
    assert_eq!(inlet.zone().and_then(TimeZone::iana_name), Some("America/New_York"));
    assert_eq!((inlet.dates(), inlet.encoding()), (DateOrder::DayMonth, Encoding::Windows1252));
    assert_eq!(inlet.answer(), AnswerWhen::Delivered { wait_ms: 60_000 });
    assert!(inlet.leaves_out(LeaveOut::Notes) && inlet.leaves_out(LeaveOut::LineItems) && !inlet.leaves_out(LeaveOut::Packages));
    let text = toml::to_string(&inlet).expect("it is plain data");
    assert_eq!(toml::from_str(&text).as_ref(), Ok(&inlet), "{text}");
}

#[test]
fn what_is_out_of_bounds_is_refused_at_the_edge() {
    assert!(Inlet::new("").is_err());
    assert!(Inlet::new(&"é".repeat(ACCOUNT_CHARS_MAX)).is_ok());
    assert!(Inlet::new(&"x".repeat(ACCOUNT_CHARS_MAX + 1)).is_err());
    assert!(Inlet::new("a\nb").is_err());
    refused(&format!("code = {:?}", "x".repeat(ACCOUNT_CHARS_MAX + 1)), "code has more than 100 characters");
    assert!(read(&format!("version = {:?}", "1".repeat(VERSION_CHARS_MAX))).is_ok());
    for wrong in ["", ".1", "v1", "1.0 ", "1\u{661}", &"1".repeat(VERSION_CHARS_MAX + 1)] {
        refused(&format!("version = {wrong:?}"), "GenericScriptVersionNumber");
    }
    for wrong in ["", "Nowhere/City", "EST5EDT4"] {
        refused(&format!("time_zone = {wrong:?}"), "IANA name");
    }
    let delivered = |ms: u32| read(&format!("answer = \"delivered\"\nwait_ms = {ms}"));
    assert_eq!(delivered(WAIT_MS_MIN).map(|inlet| inlet.answer()), Ok(AnswerWhen::Delivered { wait_ms: WAIT_MS_MIN }));
    assert!(delivered(WAIT_MS_MIN - 1).is_err());
    assert!(delivered(WAIT_MS_MAX).is_ok());
    assert!(delivered(WAIT_MS_MAX + 1).is_err());
}

#[test]
fn nothing_is_written_that_nothing_reads() {
    refused("wait_ms = 5000", "answer is not \"delivered\"");
    refused("password = \"secret\"", "unknown field `password`");
    refused("dates = \"y/m\"", "unknown variant");
    refused("leave_out = [\"tracking\"]", "unknown variant");
}
