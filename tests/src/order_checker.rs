//! A cart that checks what it is told: it remembers, for each order, every status in the order in which it came.
//!
//! It speaks the form-field encoding of the classic protocol and expects statuses that end in a number, `Status 7`. What it can say afterwards
//! is what the outbox promises and cannot see itself: whether an order ever went back, what came twice, what never came.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A running cart. It stops when this value is dropped.
pub struct OrderChecker {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    server: JoinHandle<()>,
}

/// What came.
#[derive(Debug, Default, Clone)]
pub struct Seen {
    /// For each order, the number of its last status.
    pub last: BTreeMap<String, u64>,
    /// Statuses that came.
    pub arrived: u64,
    /// Statuses that were the last one again.
    pub duplicates: u64,
    /// Statuses older than the last: the order went back.
    pub regressions: Vec<String>,
}

impl OrderChecker {
    /// Starts it on a free port of 127.0.0.1. It takes so long to answer.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub async fn start(answer_after: Duration) -> io::Result<OrderChecker> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (address, seen) = (listener.local_addr()?, Arc::<Mutex<Seen>>::default());
        let all = seen.clone();
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, all.clone(), answer_after));
            }
        });
        Ok(OrderChecker { address, seen, server })
    }

    /// The URL of its integration script.
    pub fn script_url(&self) -> String {
        format!("http://{}/seti.php", self.address)
    }

    /// What came until now.
    pub fn seen(&self) -> Seen {
        locked(&self.seen).clone()
    }
}

impl Drop for OrderChecker {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(stream: TcpStream, seen: Arc<Mutex<Seen>>, answer_after: Duration) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut length, mut line) = (0, String::new());
        loop {
            line.clear();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            if line == "\r\n" {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        note(&body, &mut locked(&seen));
        tokio::time::sleep(answer_after).await;
        const BODY: &str = "SETIResponse: update=OK;Notes=";
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n{BODY}", BODY.len());
        stream.get_mut().write_all(answer.as_bytes()).await?;
    }
}

fn note(body: &[u8], seen: &mut Seen) {
    let field = |wanted: &str| url::form_urlencoded::parse(body).find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned());
    let (Some(order), Some(status)) = (field("ordernumber"), field("orderstatus")) else { return };
    let number: u64 = status.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or_default();
    seen.arrived += 1;
    match seen.last.get(&order) {
        Some(last) if *last == number => seen.duplicates += 1,
        Some(last) if *last > number => seen.regressions.push(format!("order {order}: {number} after {last}")),
        Some(_) | None => drop(seen.last.insert(order, number)),
    }
}

/// A panic while it was held cannot leave it half changed.
fn locked(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
