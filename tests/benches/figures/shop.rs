//! A server on loopback that takes any request and gives one answer, as cheaply as can be, so that what is measured is the sender.

use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the classic script says when it has taken an update.
pub(crate) const ANSWER: &[u8] = b"SETIResponse: update=OK;Notes=";

/// Serves on a thread of its own until the process ends. Gives the address.
pub(crate) fn open(delay: Duration) -> std::net::SocketAddr {
    let (address, opened) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            address.send(listener.local_addr().expect("it is bound")).expect("the opener waits");
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serve(connection, delay));
            }
        });
    });
    opened.recv().expect("the server tells its address")
}

async fn serve(mut connection: TcpStream, delay: Duration) {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n", ANSWER.len());
    let answer = [head.as_bytes(), ANSWER].concat();
    let mut got = Vec::new();
    let _ = connection.set_nodelay(true);
    loop {
        while let Some(length) = request_length(&got) {
            got.drain(..length);
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
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

/// The length of the first request, if it is whole.
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
