//! A cart that misbehaves below HTTP, by a script: raw bytes, silence, dripping, closing at the wrong moment.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use cartage_tests::bad_cart::{BadCart, Step};
//!
//! let cart = BadCart::start(vec![Step::Receive, Step::send("HTTP/1.1 200 OK\r\n\r\n"), Step::wait_ms(50), Step::Reset]).await?;
//! println!("{}", cart.base_url());
//! # Ok(())
//! # }
//! ```

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// One action of a bad cart on a connection.
#[derive(Debug, Clone)]
pub enum Step {
    /// Reads one whole request: its head, and the body of the length that the head states.
    Receive,
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Does nothing for a while.
    Wait(Duration),
    /// Sends these bytes repeatedly, until the other side closes the connection.
    Forever {
        /// The bytes to send.
        bytes: Vec<u8>,
        /// The pause before each time.
        every: Duration,
    },
    /// Sends these bytes one at a time.
    Drip {
        /// The bytes to send.
        bytes: Vec<u8>,
        /// The pause before each byte.
        every: Duration,
    },
    /// Keeps the connection open until the other side closes it.
    Hold,
    /// Closes the connection in the usual way. The end of a script does the same.
    Close,
    /// Resets the connection.
    Reset,
}

impl Step {
    /// Sends these bytes.
    pub fn send(bytes: impl AsRef<[u8]>) -> Step {
        Step::Send(bytes.as_ref().to_vec())
    }

    /// A script that answers this number of requests on a connection with these bytes.
    pub fn answering(bytes: impl AsRef<[u8]>, times: usize) -> Vec<Step> {
        (0..times).flat_map(|_| [Step::Receive, Step::send(&bytes)]).collect()
    }

    /// Does nothing for this number of milliseconds.
    pub fn wait_ms(ms: u64) -> Step {
        Step::Wait(Duration::from_millis(ms))
    }

    /// Sends these bytes in this interval, in milliseconds, until the other side closes the connection.
    pub fn forever(bytes: impl AsRef<[u8]>, every_ms: u64) -> Step {
        Step::Forever { bytes: bytes.as_ref().to_vec(), every: Duration::from_millis(every_ms) }
    }

    /// Sends one of these bytes after each interval, in milliseconds.
    pub fn drip(bytes: impl AsRef<[u8]>, every_ms: u64) -> Step {
        Step::Drip { bytes: bytes.as_ref().to_vec(), every: Duration::from_millis(every_ms) }
    }
}

/// A cart on loopback that plays scripts and records everything that it receives. It stops when it is dropped.
#[derive(Debug)]
pub struct BadCart {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Vec<u8>>>>,
    listening: JoinHandle<()>,
}

impl BadCart {
    /// A cart that plays this script on every connection.
    ///
    /// # Errors
    ///
    /// If loopback has no free port.
    pub async fn start(script: Vec<Step>) -> io::Result<BadCart> {
        BadCart::start_each(vec![script]).await
    }

    /// A cart that plays the first script on the first connection, and so on; the last script serves all later connections.
    ///
    /// # Errors
    ///
    /// If loopback has no free port.
    pub async fn start_each(scripts: Vec<Vec<Step>>) -> io::Result<BadCart> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let received = Arc::new(Mutex::new(Vec::new()));
        let listening = tokio::spawn(listen(listener, scripts, Arc::clone(&received)));
        Ok(BadCart { address, received, listening })
    }

    /// The address at which the cart listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The cart's base URL: plain http, by address.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The bytes that were received on each connection so far.
    pub fn received(&self) -> Vec<Vec<u8>> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The number of connections so far.
    pub fn connections(&self) -> usize {
        self.received().len()
    }
}

impl Drop for BadCart {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(listener: TcpListener, scripts: Vec<Vec<Step>>, received: Arc<Mutex<Vec<Vec<u8>>>>) {
    let mut playing = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let number = {
            let mut received = received.lock().unwrap_or_else(PoisonError::into_inner);
            received.push(Vec::new());
            received.len() - 1
        };
        let script = scripts.get(number).or(scripts.last()).cloned().unwrap_or_default();
        let connection = Connection { stream, number, received: Arc::clone(&received) };
        playing.spawn(connection.play(script));
    }
}

struct Connection {
    stream: TcpStream,
    number: usize,
    received: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Connection {
    /// Plays a script to its end. An error means that the other side closed the connection, which also ends the script.
    async fn play(mut self, script: Vec<Step>) -> io::Result<()> {
        for step in script {
            match step {
                Step::Receive => self.receive().await?,
                Step::Send(bytes) => self.stream.write_all(&bytes).await?,
                Step::Wait(time) => tokio::time::sleep(time).await,
                Step::Forever { bytes, every } => loop {
                    tokio::time::sleep(every).await;
                    self.stream.write_all(&bytes).await?;
                },
                Step::Drip { bytes, every } => {
                    for byte in bytes {
                        tokio::time::sleep(every).await;
                        self.stream.write_all(&[byte]).await?;
                    }
                }
                Step::Hold => while self.read().await? > 0 {},
                Step::Close => return self.stream.shutdown().await,
                Step::Reset => return self.stream.set_zero_linger(),
            }
        }
        self.stream.shutdown().await
    }

    async fn receive(&mut self) -> io::Result<()> {
        let before = self.so_far().len();
        while !is_whole(&self.so_far()[before..]) {
            if self.read().await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }

    async fn read(&mut self) -> io::Result<usize> {
        let mut bytes = [0; 4096];
        let count = self.stream.read(&mut bytes).await?;
        self.received.lock().unwrap_or_else(PoisonError::into_inner)[self.number].extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn so_far(&self) -> Vec<u8> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)[self.number].clone()
    }
}

/// Whether a request is complete: its head, and the body of the length that the head states.
fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, _)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().filter_map(|line| line.split_once(':')).find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|(_, value)| value.trim().parse().ok()).unwrap_or(0);
    let body = request.windows(4).position(|window| window == b"\r\n\r\n").map_or(0, |at| request.len() - at - 4);
    body >= length
}

#[cfg(test)]
mod tests {
    use super::is_whole;

    #[test]
    fn a_request_is_whole_with_the_body_that_it_states() {
        for (request, whole) in [
            ("", false),
            ("GET / HTTP/1.1\r\nhost: x\r\n", false),
            ("GET / HTTP/1.1\r\nhost: x\r\n\r\n", true),
            ("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab", false),
            ("POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc", true),
        ] {
            assert_eq!(is_whole(request.as_bytes()), whole, "{request:?}");
        }
    }
}
