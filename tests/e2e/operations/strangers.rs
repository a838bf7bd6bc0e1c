//! Strangers at both ways in: they connect in numbers and say nothing, or say it slowly, or begin large posts. Meanwhile commands are done,
//! good requests are answered, and updates are delivered.

use super::PATIENCE;
use super::tls;
use crate::daemon::{Daemon, PASSWORD};
use crate::http::Http;
use cartage_tests::order_checker::OrderChecker;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Connections of strangers at each way in.
const STRANGERS: usize = 1_500;
/// The time between two that come again, because theirs was closed.
const COME_AGAIN: Duration = Duration::from_millis(1);
/// The files that the daemon may have open, as on many machines.
const FILES: usize = 1_024;

fn update(order: &str, status: &str) -> Value {
    json!({ "cart": "shop", "order_number": order, "label": status })
}

/// This process needs more files than the daemon may have.
fn raise_files() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).expect("the limit may be raised to its most");
}

/// What strangers say when they connect, and what they go on to say, byte by byte.
const BEGINNINGS: [&str; 6] = [
    "",
    "GET /heal",
    "POST /v1/status-updates HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{",
    "POST /seti/shop HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 8000000\r\n\r\na=",
    "\u{16}\u{3}\u{1}",
    "GET / HTTP/1.1\r\nHost: localhost\r\n",
];
const MORE: &[u8] = b"a:b\r\n";

/// Strangers who hold connections open, and open new ones for those that are closed, until this is dropped.
struct Strangers {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Strangers {
    /// Comes to these addresses, and waits until all have connected once.
    fn come(addresses: Vec<String>) -> Strangers {
        let stop = Arc::new(AtomicBool::new(false));
        let (told, (all_there, wait)) = (stop.clone(), std::sync::mpsc::channel());
        let thread = std::thread::spawn(move || {
            let mut held: Vec<Option<TcpStream>> = (0..STRANGERS * addresses.len()).map(|_| None).collect();
            for pass in 0_usize.. {
                for (nth, stream) in held.iter_mut().enumerate() {
                    if told.load(Ordering::SeqCst) {
                        return;
                    }
                    let says = |stream: &mut TcpStream| stream.write_all(&MORE[pass % MORE.len()..][..1]);
                    // One in six says nothing at all.
                    let is_there =
                        stream.as_mut().is_some_and(|stream| nth % 6 == 0 && !is_closed(stream) || nth % 6 > 0 && says(stream).is_ok());
                    if !is_there {
                        // The first time they come as fast as they can.
                        if pass > 0 {
                            std::thread::sleep(COME_AGAIN);
                        }
                        *stream = connect(&addresses[nth % addresses.len()], BEGINNINGS[nth / addresses.len() % BEGINNINGS.len()]);
                    }
                }
                let _ = all_there.send(());
            }
        });
        wait.recv_timeout(PATIENCE).expect("they can connect");
        Strangers { stop, thread: Some(thread) }
    }
}

impl Drop for Strangers {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn connect(address: &str, says: &str) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_write_timeout(Some(Duration::from_millis(50))).ok()?;
    stream.write_all(says.as_bytes()).ok()?;
    Some(stream)
}

fn is_closed(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).expect("it is a socket");
    let looked = stream.peek(&mut [0]);
    stream.set_nonblocking(false).expect("it is a socket");
    !matches!(looked, Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
}

async fn arrives(shop: &OrderChecker, order: &str, number: u64) {
    let until = Instant::now() + PATIENCE;
    while shop.seen().last.get(order) != Some(&number) {
        assert!(Instant::now() < until, "order {order} did not get to {number}: {:?}", shop.seen());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_connections_shut_nobody_out() {
    raise_files();
    let shop = OrderChecker::start(Duration::ZERO).await.expect("a free port");
    let mut daemon = Daemon::new();
    daemon.add_cart("shop", &shop.script_url(), "encoding = \"delimited\"", "");
    let token = daemon.token("orders", "operator", &[]);
    daemon.serve_after(&format!("ulimit -n {FILES}"));
    let (http, api) = (Http::new(), daemon.api());
    let updates = format!("{api}/v1/status-updates");
    let strangers = Strangers::come(daemon.addresses().into());
    for round in 1..=3_u64 {
        let begun = Instant::now();
        let (code, status) = daemon.run(&["status"]);
        assert!(code == 0 && status.contains("no open alerts"), "{status}");
        // A client of its own each time: its connection is new as well.
        Http::new().ask("GET", &format!("{api}/readyz"), "", None).await.is(200);
        http.json("POST", &updates, &token, &update(&format!("api-{round}"), &format!("Status {round}"))).await.is(202);
        let answer = http.post_status(&daemon, "shop", &format!("seti-{round}"), &format!("Status {round}")).await;
        assert!(answer.starts_with("SETIResponse: update=OK"), "{answer}");
        daemon.done(&["send", "--cart", "shop", "--order", &format!("send-{round}"), "--label", &format!("Status {round}")]);
        for way in ["api", "seti", "send"] {
            arrives(&shop, &format!("{way}-{round}"), round).await;
        }
        assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    }
    let open = std::fs::read_dir(format!("/proc/{}/fd", daemon.pid())).expect("the system says").count();
    assert!(open < FILES, "{open} files are open");
    drop(strangers);
    assert!(daemon.stop());
}

#[tokio::test(flavor = "multi_thread")]
async fn handshakes_that_stall_shut_nobody_out() {
    raise_files();
    let mut daemon = super::with_a_shop();
    tls::put(&daemon, tls::FIRST);
    daemon.serve_as(&[&tls::OPTIONS[..], &["--connections", "256"]].concat(), &[]);
    let addresses = daemon.addresses();
    let strangers = Strangers::come(addresses.to_vec());
    for address in &addresses {
        for _ in 0..3 {
            let request = if *address == addresses[0] { tls::HEALTH } else { tls::VERSION };
            // Whoever connects while so many do may lose the connection to the next, and connects again.
            let answer = (1..=3).find_map(|_| tls::ask(address, tls::FIRST[0], request).ok().filter(|answer| !answer.is_empty()));
            let answer = answer.expect("it is answered");
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        }
    }
    drop(strangers);
    assert!(daemon.stop());
}

/// The most memory that the process had so far, in bytes.
fn peak_memory(pid: rustix::process::Pid) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the system says");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("it says that too");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("it is a number") * 1024
}

#[tokio::test(flavor = "multi_thread")]
async fn large_posts_of_strangers_take_little_memory_and_hold_up_nobody() {
    let mut daemon = super::with_a_shop();
    // The strangers come through a proxy, so that they are not the client that the Order Manager is.
    daemon.serve_as(&["--trusted-proxy", "127.0.0.1"], &[]);
    let (inlet, pid) = (daemon.addresses()[1].clone(), daemon.pid());
    let before = peak_memory(pid);
    // Eight megabytes each, whose last byte never comes: without a log-in, with a wrong one, and for a cart that there is not.
    let strangers: Vec<_> = (0..100)
        .map(|nth| {
            let (cart, login) = [("shop", ""), ("shop", "setifunction=updatestatus&setiuser=om&password=x"), ("nobody", "")][nth % 3];
            let inlet = inlet.clone();
            std::thread::spawn(move || {
                let length = 8 << 20;
                let head = format!(
                    "POST /seti/{cart} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 198.51.100.7\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{login}&update="
                );
                let mut stream = connect(&inlet, &head)?;
                let piece = vec![b'x'; 64 << 10];
                // As much as is taken.
                for _ in 0..(length - login.len() - 100) / piece.len() {
                    if stream.write_all(&piece).is_err() {
                        break;
                    }
                }
                Some(stream)
            })
        })
        .collect();
    let held: Vec<_> = strangers.into_iter().map(|stranger| stranger.join().expect("it does not panic")).collect();
    let (http, begun) = (Http::new(), Instant::now());
    let answer = http.post_status(&daemon, "shop", "1021", "Status 1").await;
    assert!(answer.starts_with("SETIResponse: update=OK"), "{answer}");
    // One that is large, with its log-in first: it has memory of its own.
    let form = format!("setifunction=updatestatus&setiuser=om&password={}&update=", PASSWORD.replace(' ', "+"));
    let xml = format!("<Orders><Order><OrderNumber>1022</OrderNumber><Status>Status 1</Status></Order></Orders>{}", " ".repeat(6 << 20));
    let body = form + &xml.replace('<', "%3C").replace('>', "%3E").replace(' ', "+");
    let answer = http.ask("POST", &daemon.inlet("shop"), "", Some(("application/x-www-form-urlencoded", body))).await;
    assert!(answer.text.starts_with("SETIResponse: update=OK"), "{}", answer.text);
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    let grown = peak_memory(pid).saturating_sub(before);
    assert!(grown < 150 << 20, "{} MiB", grown >> 20);
    drop(held);
    assert!(daemon.stop());
}

#[test]
fn who_may_not_post_is_not_listened_to() {
    let mut daemon = super::with_a_shop();
    daemon.serve_as(&["--seti-allow", "192.0.2.0/24", "--seti-allow", "2001:db8::/32"], &[]);
    let [api, seti] = daemon.addresses();
    for (address, is_let_in) in [(seti, false), (api, true)] {
        let mut stream = TcpStream::connect(address).expect("the socket is there");
        stream.set_read_timeout(Some(PATIENCE)).expect("it is a socket");
        // The other end may be gone already.
        let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        assert_eq!(answer.starts_with("HTTP/1.1 200"), is_let_in, "{answer}");
        assert!(is_let_in || answer.is_empty(), "{answer}");
    }
    assert!(daemon.stop());
}

#[tokio::test]
async fn how_often_a_token_may_be_used_is_the_operator_s_to_say() {
    let mut daemon = super::with_a_shop();
    let token = daemon.token("orders", "operator", &[]);
    daemon.serve_as(&["--token-rate", "1", "--token-burst", "3"], &[]);
    let (http, url) = (Http::new(), format!("{}/v1/carts", daemon.api()));
    for _ in 0..3 {
        http.ask("GET", &url, &token, None).await.is(200);
    }
    http.ask("GET", &url, &token, None).await.problem(429, "too-many-requests", "1 times a second and 3 times at once");
    assert!(daemon.stop());
    for option in [["--token-rate", "0"], ["--token-rate", "10001"], ["--token-burst", "100001"], ["--connections", "15"]] {
        assert_eq!(daemon.run(&[&["serve"][..], &option].concat()).0, 2, "{option:?}");
    }
}

#[test]
fn a_request_that_is_refused_by_its_head_leaves_its_connection_in_use() {
    let mut daemon = Daemon::new();
    daemon.serve();
    let address = daemon.api().replace("http://", "");
    let mut stream = TcpStream::connect(address).expect("the daemon listens");
    let head =
        "POST /v1/status-updates HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer cartage_no\r\ncontent-type: application/json\r\n";
    // The body comes after the head was looked at.
    stream.write_all(format!("{head}content-length: 2\r\n\r\n").as_bytes()).expect("it is read");
    std::thread::sleep(Duration::from_millis(300));
    stream.write_all(b"{}GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").expect("it is read");
    let mut answers = String::new();
    stream.read_to_string(&mut answers).expect("the answers are text");
    let statuses: Vec<&str> = answers.split("HTTP/1.1 ").filter_map(|answer| answer.get(..3)).collect();
    assert_eq!(statuses, ["401", "200"], "{answers}");
}
