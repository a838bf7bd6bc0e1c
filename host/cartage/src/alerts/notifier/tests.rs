use super::*;
use cartage_commands::Commands;
use cartage_model::alerts::Subject;
use cartage_model::remedy::Remedy;
use std::net::SocketAddr;
use std::path::Path;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const NOW: u64 = 1_800_000_000_000;

impl Notifier {
    /// The earliest time at which a destination that failed may be tried again; `None` if none has failed.
    fn again_unix_ms(&self) -> Option<u64> {
        self.lines.iter().filter(|line| line.failures > 0).map(|line| line.not_before_unix_ms).min()
    }
}

fn alert(subject: &str) -> (MerchantId, Alert) {
    let (kind, subject, detail) = ("breaker-open".to_owned(), Subject::of_text(subject), "it fails".to_owned());
    let remedies = vec![Remedy::ShowStatus];
    let alert = Alert { kind, subject, detail, remedies, raised_at_unix_ms: NOW, told_at_unix_ms: None, cleared_at_unix_ms: None };
    (MerchantId::default(), alert)
}

fn cleared((merchant, alert): &(MerchantId, Alert)) -> (MerchantId, Alert) {
    (merchant.clone(), Alert { cleared_at_unix_ms: Some(NOW + 5), ..alert.clone() })
}

fn told((merchant, alert): &(MerchantId, Alert), at: u64) -> (MerchantId, Alert) {
    (merchant.clone(), Alert { told_at_unix_ms: Some(at), ..alert.clone() })
}

/// Accepts posts on loopback, and answers them with these statuses, one after the other.
async fn room(statuses: &'static [u16]) -> (SocketAddr, JoinHandle<Vec<serde_json::Value>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback is there");
    let address = listener.local_addr().expect("it listens");
    let heard = tokio::spawn(async move {
        let mut heard = Vec::new();
        for status in statuses {
            let (mut stream, _) = listener.accept().await.expect("somebody comes");
            let mut bytes = Vec::new();
            let body = loop {
                let mut some = [0; 4096];
                let read = stream.read(&mut some).await.expect("it can be read");
                bytes.extend_from_slice(&some[..read]);
                let text = String::from_utf8_lossy(&bytes).into_owned();
                if let Some(body) = text.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str(body).ok()) {
                    assert!(text.starts_with("POST /hook?key=1 HTTP/1.1\r\n") && text.contains("content-type: application/json"), "{text}");
                    break body;
                }
                assert!(read > 0, "the post was cut off: {text}");
            };
            heard.push(body);
            let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.expect("somebody reads");
        }
        heard
    });
    (address, heard)
}

fn url(address: SocketAddr) -> Destination {
    Destination::Url(Post::new(&format!("http://{address}/hook?key=1")).expect("it is a URL"))
}

/// A command that runs this script.
fn script(folder: &Path, text: &str) -> Destination {
    use std::os::unix::fs::PermissionsExt as _;
    let file = folder.join("tell");
    // Under another name first: a file that is open for writing cannot be run.
    let begun = folder.join("tell.begun");
    std::fs::write(&begun, format!("#!/bin/sh\n{text}\n")).expect("the folder can be written");
    std::fs::set_permissions(&begun, std::fs::Permissions::from_mode(0o700)).expect("it is ours");
    std::fs::rename(&begun, &file).expect("it is ours");
    Destination::Command(file)
}

#[tokio::test]
async fn an_alert_is_told_once_then_daily_then_its_end() {
    let (address, heard) = room(&[200, 204, 200]).await;
    let mut notifier = Notifier::new(vec![url(address)], Commands);
    let one = alert("cart shop");
    assert_eq!(notifier.tell(std::slice::from_ref(&one), NOW).await, [&one]);
    let one = told(&one, NOW);
    assert_eq!(notifier.tell(std::slice::from_ref(&one), NOW + AGAIN_MS - 1).await, Vec::<&(MerchantId, Alert)>::new(), "not yet");
    assert_eq!(notifier.tell(std::slice::from_ref(&one), NOW + AGAIN_MS).await, [&one]);
    let over = cleared(&one);
    assert_eq!(notifier.tell(std::slice::from_ref(&over), NOW + AGAIN_MS + 1).await, [&over]);
    let heard = heard.await.expect("three came");
    let news: Vec<_> = heard.iter().map(|post| post["news"].as_str().unwrap_or_default()).collect();
    assert_eq!(news, ["raised", "still-open", "cleared"]);
    assert_eq!(heard[0]["text"], "Cartage: cart shop: breaker-open: it fails; run `cartage status`");
    assert_eq!((&heard[0]["detail"], &heard[0]["remedies"]), (&"it fails".into(), &serde_json::json!(["run `cartage status`"])));
    assert_eq!((&heard[0]["kind"], &heard[0]["more"]), (&"breaker-open".into(), &"docs/alerts.md#breaker-open".into()));
    assert_eq!((&heard[2]["merchant"], &heard[2]["cleared_at_unix_ms"]), (&"default".into(), &(NOW + 5).into()));
}

#[tokio::test]
async fn a_destination_that_fails_is_tried_again_ever_more_seldom() {
    let (address, heard) = room(&[500, 302, 200]).await;
    let mut notifier = Notifier::new(vec![url(address)], Commands);
    let all = [alert("cart shop"), alert("cart other")];
    let none = Vec::<&(MerchantId, Alert)>::new();
    assert_eq!(notifier.tell(&all, NOW).await, none);
    assert_eq!(notifier.again_unix_ms(), Some(NOW + REST_MS_FIRST));
    assert_eq!(notifier.tell(&all, NOW + REST_MS_FIRST - 1).await, none, "it is left alone, for the second alert as well");
    assert_eq!(notifier.tell(&all[..1], NOW + REST_MS_FIRST).await, none, "a redirect is not followed");
    let again = NOW + REST_MS_FIRST + 2 * REST_MS_FIRST;
    assert_eq!(notifier.again_unix_ms(), Some(again));
    assert_eq!(notifier.tell(&all[..1], again).await, [&all[0]]);
    assert_eq!(notifier.again_unix_ms(), None);
    assert_eq!(heard.await.expect("three came").len(), 3);
}

#[tokio::test]
async fn one_that_fails_does_not_hold_up_the_other() {
    let (address, heard) = room(&[500, 200]).await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let said = folder.path().join("said");
    let mut notifier = Notifier::new(vec![url(address), script(folder.path(), &format!("cat >> {}", said.display()))], Commands);
    let one = alert("cart shop");
    assert_eq!(notifier.tell(std::slice::from_ref(&one), NOW).await, [&one], "one of the two heard it");
    let one = told(&one, NOW);
    let later = NOW + REST_MS_FIRST;
    assert_eq!(notifier.tell(std::slice::from_ref(&one), later).await, [&one], "the other hears it later");
    assert_eq!(heard.await.expect("two came").len(), 2);
    let said = std::fs::read_to_string(said).expect("it was written");
    let said: serde_json::Value = serde_json::from_str(&said).expect("it was said once");
    assert_eq!((&said["news"], &said["subject"]), (&"raised".into(), &"cart shop".into()));
}

#[tokio::test]
async fn after_a_start_what_was_told_is_not_told_at_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut notifier = Notifier::new(vec![script(folder.path(), "exit 1")], Commands);
    let one = told(&alert("cart shop"), NOW);
    let none = Vec::<&(MerchantId, Alert)>::new();
    assert_eq!(notifier.tell(std::slice::from_ref(&one), NOW + 1).await, none);
    assert_eq!(notifier.again_unix_ms(), None, "the command was not even run");
    // An end that was not told before the stop is told now, and stays on record until it was.
    let over = cleared(&one);
    assert_eq!(notifier.tell(std::slice::from_ref(&over), NOW + 2).await, none);
    assert_eq!(notifier.again_unix_ms(), Some(NOW + 2 + REST_MS_FIRST));
}

#[tokio::test]
async fn where_nobody_is_to_be_told_ends_are_forgotten() {
    let mut notifier = Notifier::new(Vec::new(), Commands);
    let open = alert("cart shop");
    let over = cleared(&told(&alert("cart other"), NOW));
    let all = [open, over.clone()];
    assert_eq!(notifier.tell(&all, NOW).await, [&over]);
}

#[tokio::test]
async fn a_command_gets_no_secrets_of_the_daemon_and_must_be_there() {
    let missing = Destination::Command("there/is/no/such/command".into());
    assert!(matches!(missing.tell(String::new()).await, Err(Error::Run { .. })));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let variables = folder.path().join("variables");
    // It does not read what it is given, which is no failure.
    let command = script(folder.path(), &format!("env > {}", variables.display()));
    command.tell("x".repeat(1 << 20)).await.expect("it ends well");
    let variables = std::fs::read_to_string(variables).expect("it was written");
    let names: Vec<&str> = variables.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    assert!(std::env::vars_os().count() > VARIABLES.len(), "this test has more variables than it hands on");
    for name in names {
        // A shell adds these by itself.
        assert!(VARIABLES.contains(&name) || ["PWD", "SHLVL", "_", "OLDPWD"].contains(&name), "{name}");
    }
}

#[tokio::test]
async fn a_command_that_takes_too_long_is_ended_with_all_that_it_started() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (started, outlived) = (folder.path().join("started"), folder.path().join("outlived"));
    // It starts another program, reads nothing of a document that fills the pipe, and waits.
    let text = format!("(sleep 1; echo > {1}) & echo > {0}; sleep 60", started.display(), outlived.display());
    let Destination::Command(command) = script(folder.path(), &text) else { unreachable!("it is a command") };
    let ended = run(&command, "x".repeat(1 << 20), Duration::from_millis(300)).await;
    assert!(matches!(ended, Err(Error::TooLong { .. })), "{ended:?}");
    assert!(started.exists(), "it was run");
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert!(!outlived.exists(), "what it started was ended as well");
}

#[tokio::test]
async fn what_cannot_be_put_on_record_is_told_as_well_and_disturbs_nothing() {
    let (address, heard) = room(&[200, 200]).await;
    let mut notifier = Notifier::new(vec![url(address)], Commands);
    let unrecorded = alert("");
    assert!(notifier.tell_unrecorded(&unrecorded, NOW).await, "its end is owed");
    assert!(notifier.tell_unrecorded(&unrecorded, NOW + 1).await, "it is told once");
    // What others were told before the start stays told.
    let before = told(&alert("cart shop"), NOW);
    assert_eq!(notifier.tell(std::slice::from_ref(&before), NOW + 2).await, Vec::<&(MerchantId, Alert)>::new());
    assert!(!notifier.tell_unrecorded(&cleared(&unrecorded), NOW + 3).await);
    assert!(!notifier.tell_unrecorded(&cleared(&unrecorded), NOW + 4).await);
    let heard = heard.await.expect("two came");
    let news: Vec<_> = heard.iter().map(|post| (post["news"].as_str().unwrap_or_default(), &post["subject"])).collect();
    assert_eq!(news, [("raised", &"".into()), ("cleared", &"".into())]);
}
