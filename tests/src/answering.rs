//! A cart on loopback that answers each request as a test says. The test sees the whole request, for log-ins, whose answers depend on earlier requests.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request that the cart received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The method and the target, such as `GET /orders?a=1`.
    pub line: String,
    /// The headers, one a line, with names in lower case.
    pub headers: String,
    /// The body as text.
    pub body: String,
}

/// The answer to a request.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// The HTTP status; 0 stands for 200.
    pub status: u16,
    /// Further headers, one a line, each with its line break.
    pub headers: String,
    /// The body.
    pub body: String,
    /// The delay before the answer.
    pub after: Duration,
}

impl Reply {
    /// An answer with a JSON body.
    pub fn json(body: impl Into<String>) -> Reply {
        Reply { headers: "content-type: application/json\r\n".into(), body: body.into(), ..Reply::default() }
    }

    /// An answer with a status and no body.
    pub fn status(status: u16) -> Reply {
        Reply { status, ..Reply::default() }
    }
}

type Answers = Arc<dyn Fn(&Asked) -> Reply + Send + Sync>;

/// A running cart. It stops when it is dropped.
#[derive(Debug)]
pub struct Answering {
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl Answering {
    /// Starts the cart on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// If loopback has no free port.
    pub async fn start(answers: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> io::Result<Answering> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (address, answers): (_, Answers) = (listener.local_addr()?, Arc::new(answers));
        let server = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let answers = Arc::clone(&answers);
                // A client that closed the connection gets no more answers.
                tokio::spawn(async move { drop(serve(connection, &answers).await) });
            }
        });
        Ok(Answering { address, server })
    }

    /// The cart's base URL: plain http, by address.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(connection: TcpStream, answers: &Answers) -> io::Result<()> {
    let mut connection = BufReader::new(connection);
    loop {
        let Some(asked) = read(&mut connection).await? else { return Ok(()) };
        let Reply { status, headers, body, after } = answers(&asked);
        tokio::time::sleep(after).await;
        let status = if status == 0 { 200 } else { status };
        let answer = format!("HTTP/1.1 {status} Said\r\n{headers}content-length: {}\r\n\r\n{body}", body.len());
        connection.get_mut().write_all(answer.as_bytes()).await?;
    }
}

async fn read(connection: &mut BufReader<TcpStream>) -> io::Result<Option<Asked>> {
    let (mut line, mut headers, mut length) = (String::new(), String::new(), 0);
    if connection.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    loop {
        let mut header = String::new();
        if connection.read_line(&mut header).await? == 0 || header.trim().is_empty() {
            break;
        }
        let (name, value) = header.split_once(':').unwrap_or((&header, ""));
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap_or(0);
        }
        headers.push_str(&format!("{}: {}\n", name.to_ascii_lowercase(), value.trim()));
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).await?;
    let line = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    Ok(Some(Asked { line, headers, body: String::from_utf8_lossy(&body).into_owned() }))
}
