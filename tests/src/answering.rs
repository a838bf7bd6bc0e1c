//! A cart on loopback that answers each request as a test says, knowing the whole request: for log-ins, whose answers depend on what was asked before.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Method and target, such as `GET /orders?a=1`.
    pub line: String,
    /// The headers, a line each, names in lower case.
    pub headers: String,
    /// The body as text.
    pub body: String,
}

/// What is answered.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// The status; 0 is 200.
    pub status: u16,
    /// Further headers, a line each with its line break.
    pub headers: String,
    /// The body.
    pub body: String,
    /// How long it takes.
    pub after: Duration,
}

impl Reply {
    /// A body of JSON.
    pub fn json(body: impl Into<String>) -> Reply {
        Reply { headers: "content-type: application/json\r\n".into(), body: body.into(), ..Reply::default() }
    }

    /// A status without a body.
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
    /// Starts it on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// Where loopback has no port left.
    pub async fn start(answers: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> io::Result<Answering> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (address, answers): (_, Answers) = (listener.local_addr()?, Arc::new(answers));
        let server = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let answers = Arc::clone(&answers);
                // Whoever hangs up is answered no more.
                tokio::spawn(async move { drop(serve(connection, &answers).await) });
            }
        });
        Ok(Answering { address, server })
    }

    /// Its base URL: plain http, by address.
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
