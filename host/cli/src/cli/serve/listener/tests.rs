//! Clients that connect in numbers, send nothing, send slowly or send nonsense; and the clients that are served meanwhile.

use super::*;
use axum::extract::{ConnectInfo, Request};
use axum::routing::{any, get};
use cartage_http::inbound::connection::Connection;
use std::net::IpAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The longest wait for an event that must happen.
const PATIENCE: Duration = Duration::from_secs(20);
const SOON: Duration = Duration::from_millis(200);
const GET: &str = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
const WORK: &str = "GET /work HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// A running listener: `/` answers at once, and `/work` answers when the test permits.
struct Desk {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    go_on: Arc<Semaphore>,
    working: Arc<Semaphore>,
    served: JoinHandle<()>,
}

fn patience(time: Duration) -> Patience {
    Patience { grace: Duration::from_millis(20), opened: time, head: time, body: time, answered: time }
}

async fn desk(in_all: usize, patience: Patience, allowed: &[&str]) -> Desk {
    let tcp = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a port");
    let address = tcp.local_addr().expect("it is bound");
    let (go_on, working) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (wait, begun) = (go_on.clone(), working.clone());
    let work = async move |request: Request| {
        let connection = Connection::of(request.extensions()).expect("the listener told");
        assert!(request.extensions().get::<ConnectInfo<SocketAddr>>().is_some());
        connection.enter(Phase::AtWork);
        begun.add_permits(1);
        wait.acquire().await.expect("it is never closed").forget();
        "worked"
    };
    let router = Router::new().route("/", get(async || "here")).route("/work", any(work));
    let allowed = allowed.iter().map(|network| network.parse().expect("it is a network")).collect();
    let rules = Rules { allowed, limits: Limits { in_all, of_address: Some(1) }, patience, head_bytes_max: 8 << 10 };
    let (stop, stopped) = watch::channel(false);
    let served = tokio::spawn(Listener::new(tcp, None, router, rules).serve(stopped));
    Desk { address, stop, go_on, working, served }
}

impl Desk {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("it listens")
    }

    async fn said(&self, text: &str) -> TcpStream {
        let mut stream = self.connect().await;
        stream.write_all(text.as_bytes()).await.expect("it is taken in");
        stream
    }

    /// Sends one request. Returns everything received until the server closes the connection or has sent `until`.
    async fn ask(&self, request: &str, until: &str) -> String {
        heard(&mut self.said(request).await, until).await
    }
}

async fn heard(stream: &mut TcpStream, until: &str) -> String {
    let mut received = Vec::new();
    let reading = async {
        let mut some = [0; 4096];
        loop {
            match stream.read(&mut some).await {
                // A reset ends the connection as well.
                Ok(0) | Err(_) => break,
                Ok(read) => received.extend_from_slice(&some[..read]),
            }
            if !until.is_empty() && String::from_utf8_lossy(&received).contains(until) {
                break;
            }
        }
    };
    timeout(PATIENCE, reading).await.expect("it answers or ends in time");
    String::from_utf8(received).expect("it is text")
}

#[tokio::test]
async fn connections_that_say_nothing_take_the_place_of_each_other_and_of_nobody_else() {
    let desk = desk(16, Patience { grace: Duration::from_millis(20), ..Patience::USUAL }, &[]).await;
    let mut at_work = desk.said(WORK).await;
    desk.working.acquire().await.expect("it is never closed").forget();
    let mut silent = Vec::new();
    for nth in 0..200 {
        silent.push(desk.said(["", "GET / HT", "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\nx"][nth % 3]).await);
        if nth % 50 == 0 {
            let answer = desk.ask(GET, "here").await;
            assert!(answer.starts_with("HTTP/1.1 200"), "{nth}: {answer}");
        }
    }
    assert!(desk.ask(GET, "here").await.starts_with("HTTP/1.1 200"));
    assert_eq!(heard(&mut silent[0], "").await, "", "the first of them made room");
    desk.go_on.add_permits(1);
    assert!(heard(&mut at_work, "worked").await.starts_with("HTTP/1.1 200"), "what is worked on is answered");
}

#[tokio::test]
async fn what_is_worked_on_is_not_cut_off_for_others() {
    let desk = desk(2, Patience::USUAL, &[]).await;
    let mut at_work = [desk.said(WORK).await, desk.said(WORK).await];
    desk.working.acquire_many(2).await.expect("it is never closed").forget();
    let mut waits = desk.said(GET).await;
    let early = timeout(SOON, waits.read_u8()).await;
    assert!(early.is_err(), "there is no place: {early:?}");
    desk.go_on.add_permits(2);
    for stream in &mut at_work {
        assert!(heard(stream, "worked").await.starts_with("HTTP/1.1 200"));
    }
    assert!(heard(&mut waits, "here").await.starts_with("HTTP/1.1 200"), "an answered one makes room");
}

#[tokio::test]
async fn every_phase_has_its_end() {
    let desk = desk(64, patience(SOON), &[]).await;
    let begun = Instant::now();
    let mut silent = desk.connect().await;
    let mut idle = desk.said(GET).await;
    heard(&mut idle, "here").await;
    // A head that arrives byte by byte, however steadily, times out as well.
    let mut dripping = desk.connect().await;
    let (mut reads, mut writes) = dripping.split();
    let drip = async {
        for byte in GET.as_bytes().iter().cycle() {
            if writes.write_all(std::slice::from_ref(byte)).await.is_err() {
                break;
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    let mut received = Vec::new();
    let ended = async {
        let _ = reads.read_to_end(&mut received).await;
    };
    // GET is 35 bytes long, so it would be complete after 350 ms.
    timeout(PATIENCE, async {
        tokio::select! { () = drip => {}, () = ended => {} }
    })
    .await
    .expect("it is closed in time");
    assert!(!String::from_utf8_lossy(&received).contains("200"), "{received:?}");
    for stream in [&mut silent, &mut idle] {
        assert_eq!(heard(stream, "").await, "");
    }
    assert!(begun.elapsed() >= SOON && begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn who_may_not_connect_is_not_listened_to() {
    let turned_away = desk(16, Patience::USUAL, &["192.0.2.0/24", "2001:db8::/32"]).await;
    assert_eq!(turned_away.ask(GET, "").await, "");
    let let_in = desk(16, Patience::USUAL, &["192.0.2.0/24", "127.0.0.0/8"]).await;
    assert!(let_in.ask(GET, "here").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn nonsense_is_refused_and_disturbs_nobody() {
    let desk = desk(16, Patience::USUAL, &[]).await;
    let many = format!("GET / HTTP/1.1\r\nhost: localhost\r\n{}\r\n", "a: b\r\n".repeat(1_000));
    let long = format!("GET /{} HTTP/1.1\r\nhost: localhost\r\n\r\n", "x".repeat(20_000));
    let header = format!("GET / HTTP/1.1\r\nhost: localhost\r\na: {}\r\n\r\n", "x".repeat(20_000));
    for (what, request, status) in [
        ("headers", many.as_str(), "431"),
        ("target", &long, "431"),
        ("header", &header, "431"),
        ("tls", "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\r\n\r\n", "400"),
        ("two lengths", "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx", "400"),
        ("no version", "GET /\r\n\r\n", "400"),
    ] {
        let answer = desk.ask(request, "\r\n\r\n").await;
        assert!(answer.is_empty() || answer.starts_with(&format!("HTTP/1.1 {status}")), "{what}: {answer}");
    }
    // A valid request before the nonsense is answered, and the nonsense ends the connection.
    let answer = desk.ask(&format!("{GET}{}", "\0garbage\r\n\r\n".repeat(100)), "").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let last = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let pipelined = desk.ask(&format!("{}{last}", GET.repeat(49)), "").await;
    assert_eq!(pipelined.matches("HTTP/1.1 200").count(), 50, "{pipelined}");
    assert!(desk.ask(GET, "here").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_listener_that_stops_answers_what_is_under_way_and_takes_nothing_new() {
    let desk = desk(16, Patience::USUAL, &[]).await;
    let mut at_work = desk.said(WORK).await;
    desk.working.acquire().await.expect("it is never closed").forget();
    let mut idle = desk.said(GET).await;
    heard(&mut idle, "here").await;
    let (mut silent, mut half) = (desk.connect().await, desk.said("GET / HT").await);
    let mut body = desk.said("POST /work HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\n\r\n").await;
    desk.working.acquire().await.expect("it is never closed").forget();
    desk.stop.send_replace(true);
    assert_eq!(heard(&mut idle, "").await, "", "it is closed at once");
    assert!(
        timeout(PATIENCE, async {
            while TcpStream::connect(desk.address).await.is_ok() {
                sleep(Duration::from_millis(10)).await;
            }
        })
        .await
        .is_ok()
    );
    for stream in [&mut silent, &mut half] {
        assert_eq!(heard(stream, "").await, "", "without a request it is not waited for");
    }
    assert!(!desk.served.is_finished(), "requests are under way");
    body.write_all(b"rest").await.expect("it is still read");
    desk.go_on.add_permits(2);
    for stream in [&mut at_work, &mut body] {
        let answer = heard(stream, "").await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("connection: close") && answer.ends_with("worked"), "{answer}");
    }
    timeout(PATIENCE, desk.served).await.expect("it ends with the last answer").expect("it does not panic");
}

#[tokio::test]
async fn a_connection_that_the_system_does_not_give_is_no_busy_loop() {
    let tcp = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a port");
    let limits = Limits { in_all: 4, of_address: None };
    let rules = Rules { allowed: Vec::new(), limits, patience: Patience::USUAL, head_bytes_max: 8 << 10 };
    let mut listener = Listener::new(tcp, None, Router::new(), rules);
    let held = listener.slots.take(IpAddr::from([192, 0, 2, 1])).expect("there is room");
    let begun = Instant::now();
    listener.not_accepted(&Error::from(ErrorKind::ConnectionAborted)).await;
    assert!(begun.elapsed() < ACCEPT_REST, "that one is gone, and the next may be there");
    assert_eq!(held.connection.phase().0, Phase::Opened);
    // EMFILE: the process may open no further file.
    listener.not_accepted(&Error::from_raw_os_error(24)).await;
    assert!(begun.elapsed() >= ACCEPT_REST);
    assert_eq!(held.connection.phase().0, Phase::Closing, "a connection that nobody needs gives its file back");
}
