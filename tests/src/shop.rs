//! A server on loopback that accepts any request and gives one answer with little work, so that measurements are of the sender.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The classic script's answer when it has accepted an update.
pub const ANSWER: &[u8] = b"SETIResponse: update=OK;Notes=";

/// How the server responds to requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// The server accepts each update after this time.
    Takes(Duration),
    /// The server answers 500.
    Fails,
    /// The server never answers.
    Hangs,
}

/// A server that runs on its own thread until the process ends.
#[derive(Debug, Clone)]
pub struct Shop {
    /// The address at which the server listens.
    pub address: SocketAddr,
    arrived: Arc<AtomicU64>,
}

impl Shop {
    /// Opens a server that calls `arrives` with each request.
    ///
    /// # Panics
    /// If loopback has no free port.
    pub fn open(manner: Manner, arrives: impl Fn(&[u8]) + Send + Sync + 'static) -> Shop {
        let (address, opened) = std::sync::mpsc::channel();
        let arrived = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&arrived);
        let arrives = Arc::new(move |request: &[u8]| {
            counter.fetch_add(1, Ordering::Relaxed);
            arrives(request);
        });
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
                address.send(listener.local_addr().expect("it is bound")).expect("the opener waits");
                while let Ok((connection, _)) = listener.accept().await {
                    tokio::spawn(serve(connection, manner, Arc::clone(&arrives)));
                }
            });
        });
        Shop { address: opened.recv().expect("the server tells its address"), arrived }
    }

    /// The URL of its script.
    pub fn script_url(&self) -> String {
        format!("http://{}/seti.php", self.address)
    }

    /// The number of requests that arrived so far.
    pub fn arrived(&self) -> u64 {
        self.arrived.load(Ordering::Relaxed)
    }
}

async fn serve(mut connection: TcpStream, manner: Manner, arrives: Arc<impl Fn(&[u8])>) {
    let status = if manner == Manner::Fails { "500 Internal Server Error" } else { "200 OK" };
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n", ANSWER.len());
    let answer = [head.as_bytes(), ANSWER].concat();
    let mut got = Vec::new();
    let _ = connection.set_nodelay(true);
    loop {
        while let Some(length) = request_length(&got) {
            let request: Vec<u8> = got.drain(..length).collect();
            arrives(&request);
            match manner {
                Manner::Takes(delay) if !delay.is_zero() => tokio::time::sleep(delay).await,
                Manner::Hangs => std::future::pending().await,
                Manner::Takes(_) | Manner::Fails => {}
            }
            if connection.write_all(&answer).await.is_err() {
                return;
            }
        }
        match connection.read_buf(&mut got).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

/// The length of the first request; `None` if it is not complete yet.
fn request_length(got: &[u8]) -> Option<usize> {
    let head = got.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&got[..head]).ok()?;
    let length = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse::<usize>().ok())
        .unwrap_or(0);
    (got.len() >= head + length).then_some(head + length)
}
