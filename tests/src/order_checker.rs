//! A cart that checks from outside that updates of an order arrive in sequence: it accepts updates and records, for each order, every status in the sequence
//! in which it arrived.
//!
//! The cart speaks the classic protocol in both of its encodings and expects statuses that end in a number, `Status 7`. It checks what the outbox promises
//! and cannot observe itself: whether an order ever went back, and which statuses arrived twice, never arrived, or arrived while the previous one was
//! still being processed. The cart may be told what to answer; only updates that it answers with OK count as accepted.

use std::collections::{BTreeMap, BTreeSet};
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

/// An update that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The order's number.
    pub order: String,
    /// The number at the end of the status.
    pub number: u64,
    /// The password in the request.
    pub password: String,
}

/// The answer to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The update is accepted.
    Ok,
    /// The update is refused permanently, for this reason.
    Refused(&'static str),
    /// The script's version: the answer to a request that is not an update.
    Version,
    /// An HTTP status without a body: 503, or 429, which asks for a pause of a second.
    Status(u16),
}

type Answering = Arc<dyn Fn(&Asked) -> Answer + Send + Sync>;

/// The record of what arrived.
#[derive(Debug, Default, Clone)]
pub struct Seen {
    /// For each order, the number of the last status that was accepted.
    pub last: BTreeMap<String, u64>,
    /// The statuses that were accepted.
    pub taken: BTreeSet<(String, u64)>,
    /// The number of statuses that arrived, accepted or not.
    pub arrived: u64,
    /// The number of statuses that repeated the last one.
    pub duplicates: u64,
    /// Statuses older than the last one: the order went back.
    pub regressions: Vec<String>,
    /// Statuses that arrived while another of the same order was being processed.
    pub overlaps: Vec<String>,
    /// The statuses that are being processed, by order.
    under_way: BTreeMap<String, u64>,
}

impl OrderChecker {
    /// Starts the cart on a free port of 127.0.0.1. Processing each update takes this time, even if the sender disconnects; every update is accepted.
    ///
    /// # Errors
    ///
    /// If no port is free.
    pub async fn start(works: Duration) -> io::Result<OrderChecker> {
        OrderChecker::start_with(works, |_| Answer::Ok).await
    }

    /// As [`OrderChecker::start`], with a function that decides the answer when an update arrives.
    ///
    /// # Errors
    ///
    /// If no port is free.
    pub async fn start_with(works: Duration, answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> io::Result<OrderChecker> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (address, seen) = (listener.local_addr()?, Arc::<Mutex<Seen>>::default());
        let (all, answer): (_, Answering) = (seen.clone(), Arc::new(answer));
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, all.clone(), works, answer.clone()));
            }
        });
        Ok(OrderChecker { address, seen, server })
    }

    /// The URL of the cart's integration script.
    pub fn script_url(&self) -> String {
        format!("http://{}/seti.php", self.address)
    }

    /// The record of what arrived so far.
    pub fn seen(&self) -> Seen {
        locked(&self.seen).clone()
    }
}

impl Drop for OrderChecker {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(stream: TcpStream, seen: Arc<Mutex<Seen>>, works: Duration, answer: Answering) -> io::Result<()> {
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
        let answer = match read(&body) {
            Some(asked) => {
                let answer = answer(&asked);
                locked(&seen).begin(&asked, answer);
                tokio::time::sleep(works).await;
                locked(&seen).end(&asked.order);
                answer
            }
            None => Answer::Version,
        };
        stream.get_mut().write_all(written(answer).as_bytes()).await?;
    }
}

fn written(answer: Answer) -> String {
    let (status, body) = match answer {
        Answer::Ok => (200, "SETIResponse: update=OK;Notes=".to_owned()),
        Answer::Version => (200, "SETIResponse: version=1.000".to_owned()),
        Answer::Refused(why) => (200, format!("SETIResponse: update=False;Notes={why}")),
        Answer::Status(status) => (status, String::new()),
    };
    let wait = if status == 429 { "retry-after: 1\r\n" } else { "" };
    format!("HTTP/1.1 {status} It\r\ncontent-type: text/plain\r\n{wait}content-length: {}\r\n\r\n{body}", body.len())
}

/// The update in a form, in either encoding. `None` if the form contains none.
fn read(body: &[u8]) -> Option<Asked> {
    let field = |wanted: &str| url::form_urlencoded::parse(body).find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned());
    let xml = field("update").unwrap_or_default();
    let order = field("ordernumber").or_else(|| element(&xml, "OrderNumber"))?;
    let status = field("orderstatus").or_else(|| element(&xml, "Status"))?;
    let number = status.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or_default();
    Some(Asked { order, number, password: field("password").unwrap_or_default() })
}

/// The text of the first element with this name. The tests' texts need no escapes.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    Some(rest.split_once('<')?.0.to_owned())
}

impl Seen {
    fn begin(&mut self, Asked { order, number, .. }: &Asked, answer: Answer) {
        self.arrived += 1;
        let under_way = self.under_way.entry(order.clone()).or_default();
        *under_way += 1;
        if *under_way > 1 {
            self.overlaps.push(format!("order {order}: {number}"));
        }
        if answer != Answer::Ok {
            return;
        }
        self.taken.insert((order.clone(), *number));
        match self.last.get(order) {
            Some(last) if last == number => self.duplicates += 1,
            Some(last) if last > number => self.regressions.push(format!("order {order}: {number} after {last}")),
            Some(_) | None => drop(self.last.insert(order.clone(), *number)),
        }
    }

    fn end(&mut self, order: &str) {
        if let Some(under_way) = self.under_way.get_mut(order) {
            *under_way -= 1;
        }
    }
}

/// Locks the record, also after a panic: a panic while the lock was held cannot leave the record half changed.
fn locked(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
