//! The client of the API, by which commands work in a data directory.
//!
//! If a daemon works in the directory, the client asks it over the socket of the machine's users. Otherwise the client opens the directory itself, and
//! asks the same routes in this process. So a command has one code for both, and the store has one writer. Files that the user names are read and
//! written by the command, with the user's permissions.

use super::{Failure, directory, serve};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::response::Response;
use cartage::clock::SystemClock;
use cartage::data_dir::{self, DataDir};
use cartage::remedy::Words as _;
use cartage::service::Service;
use cartage::vault::SECRET_BYTES_MAX;
use cartage_commands::Commands;
use cartage_http::api::Callers;
use cartage_http::api::documents::Problem;
use http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use http::{Method, Request, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt as _;
use url::form_urlencoded::{Serializer, byte_serialize};
use zeroize::Zeroizing;

/// Largest size of an answer, in bytes: a support file with the recordings of many attempts.
const ANSWER_BYTES_MAX: usize = 1 << 30;
/// Number of attempts to open a directory that is in use; with the pause after each, they take about a second.
const TRIES: u32 = 20;
const TRY_REST: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 50 });
/// Largest size of a path with its query, in bytes. A daemon reads longer heads, but none of its routes takes a longer query.
const TARGET_BYTES_MAX: usize = 4096;
/// The name under which a command asks, with its release.
const AGENT: &str = concat!("cartage/", env!("CARGO_PKG_VERSION"));

/// A client of the API of one data directory.
#[derive(Debug)]
pub(super) struct Client {
    server: Server,
}

/// Who answers.
#[derive(Debug)]
enum Server {
    /// This process, which holds the directory's lock.
    Here(Router),
    /// The daemon that works in the directory.
    #[cfg(unix)]
    Daemon(std::path::PathBuf),
}

/// A path of the API with its query.
#[derive(Debug)]
pub(super) struct To {
    path: String,
    query: Vec<(String, String)>,
}

/// The path below `/v1` with these segments.
pub(super) fn to(segments: &[&str]) -> To {
    let mut path = "/v1".to_owned();
    for segment in segments {
        path.push('/');
        byte_serialize(segment.as_bytes()).for_each(|piece| path.push_str(if piece == "+" { "%20" } else { piece }));
    }
    To { path, query: Vec::new() }
}

impl To {
    /// This path with a query parameter.
    pub(super) fn with(mut self, name: &str, value: &str) -> To {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    /// This path with a query parameter, if there is a value.
    pub(super) fn maybe(self, name: &str, value: Option<&str>) -> To {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// This path with a query parameter that is true, if `yes`.
    pub(super) fn flag(self, name: &str, yes: bool) -> To {
        self.maybe(name, yes.then_some("true"))
    }

    fn text(self) -> String {
        if self.query.is_empty() {
            return self.path;
        }
        format!("{}?{}", self.path, Serializer::new(String::new()).extend_pairs(self.query).finish())
    }
}

/// Why a request was not answered as it was meant.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The API answered with a problem.
    #[error("{}", .0.detail)]
    Refused(Box<Problem>, #[source] Option<Box<Cause>>),
    /// The names in the request are longer together than any that exist. Nothing was sent.
    #[error("the arguments of this command are too long: in a request they have {bytes} bytes, and at most {TARGET_BYTES_MAX} are allowed")]
    TooLong {
        /// The size of the path with its query.
        bytes: usize,
    },
    /// No daemon listens any more. Nothing of the request was sent.
    #[error("the daemon that works in the data directory does not answer any more, so this was not asked of it")]
    Away(#[source] std::io::Error),
    /// The connection to the daemon ended before the answer.
    #[error("lost the connection to the daemon while it ran this command; whether the command did its work is not known")]
    Lost(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The answer has another form than this release knows.
    #[error("could not read the answer of the API to {request}")]
    Unreadable { request: String, source: serde_json::Error },
}

/// A cause of a refusal, as the API told it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(super) struct Cause {
    message: String,
    source: Option<Box<Cause>>,
}

impl Error {
    fn refused(problem: Problem) -> Error {
        let cause = |source, message: &String| Some(Box::new(Cause { message: message.clone(), source }));
        let causes = problem.causes.iter().rev().fold(None, cause);
        Error::Refused(Box::new(problem), causes)
    }

    fn lost(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::Lost(error.into())
    }

    /// The problem with which the API answered. `None` if there was no answer.
    pub(super) fn problem(&self) -> Option<&Problem> {
        match self {
            Error::Refused(problem, _) => Some(problem),
            Error::Away(_) | Error::TooLong { .. } | Error::Lost(_) | Error::Unreadable { .. } => None,
        }
    }

    /// Whether the API answered with a problem of this kind, by the name of its section in docs/http-api.md.
    pub(super) fn is(&self, kind: &str) -> bool {
        self.problem().and_then(|problem| problem.kind.rsplit_once('#')).is_some_and(|(_, slug)| slug == kind)
    }

    /// What the user can do, in the words of the command line.
    pub(super) fn advice(&self) -> Option<String> {
        match self {
            Error::Refused(problem, _) => problem.what_to_do.as_ref().map(|remedy| Commands.advice(remedy)),
            Error::Lost(_) => Some(
                "check the result with a command that lists it, and check the daemon's log; then repeat this command if it is still needed"
                    .to_owned(),
            ),
            Error::Away(_) => Some("repeat this command; without a daemon it works in the directory itself".to_owned()),
            Error::TooLong { .. } => Some("check them: no name, label or number of an order is that long".to_owned()),
            Error::Unreadable { .. } => {
                Some("check that the program at api.sock in the data directory is a daemon of this release, and restart it".to_owned())
            }
        }
    }
}

impl Client {
    /// Finds who answers for a data directory: the daemon, if one works there, otherwise this process. If another command works there, this function waits
    /// for about a second.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if the directory cannot be opened.
    pub(super) fn open(data: &Path) -> Result<Client, Failure> {
        for _ in 0..TRIES {
            match DataDir::open(data) {
                Err(data_dir::Error::InUse { .. }) => {}
                opened => return Client::here(opened),
            }
            // Only a directory that belongs to this user and is closed to others is reported as in use, so its socket can be trusted.
            #[cfg(unix)]
            {
                let socket = DataDir::api_socket(data);
                if std::os::unix::net::UnixStream::connect(&socket).is_ok() {
                    return Ok(Client { server: Server::Daemon(socket) });
                }
            }
            std::thread::sleep(TRY_REST);
        }
        Client::here(DataDir::open(data))
    }

    fn here(opened: Result<DataDir, data_dir::Error>) -> Result<Client, Failure> {
        let service = opened.map_err(Into::into).and_then(|opened| Service::of(opened, Arc::new(SystemClock)));
        Client::of(&service.map_err(directory::failure)?)
    }

    /// A client of a service that this process has opened.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if the system gives no random bytes.
    pub(super) fn of(service: &Service) -> Result<Client, Failure> {
        Ok(Client { server: Server::Here(serve::router(service, Callers::Machine)?) })
    }

    /// Gets a document.
    pub(super) async fn get<A: DeserializeOwned>(&self, to: To) -> Result<A, Error> {
        self.answer(Method::GET, to, None).await
    }

    /// Sends a document with POST.
    pub(super) async fn post<A: DeserializeOwned>(&self, to: To, body: &impl Serialize) -> Result<A, Error> {
        self.answer(Method::POST, to, Some(json(body))).await
    }

    /// Sends POST without a document.
    pub(super) async fn act<A: DeserializeOwned>(&self, to: To) -> Result<A, Error> {
        self.answer(Method::POST, to, None).await
    }

    /// Sends a document with PUT.
    pub(super) async fn put<A: DeserializeOwned>(&self, to: To, body: &impl Serialize) -> Result<A, Error> {
        self.answer(Method::PUT, to, Some(json(body))).await
    }

    /// Sends a document with PATCH.
    pub(super) async fn patch<A: DeserializeOwned>(&self, to: To, body: &impl Serialize) -> Result<A, Error> {
        self.answer(Method::PATCH, to, Some(json(body))).await
    }

    /// Deletes what the path names.
    pub(super) async fn delete<A: DeserializeOwned>(&self, to: To) -> Result<A, Error> {
        self.answer(Method::DELETE, to, None).await
    }

    /// Sends a request and reads the answer.
    async fn answer<A: DeserializeOwned>(&self, method: Method, to: To, body: Option<Bytes>) -> Result<A, Error> {
        let path = to.text();
        let request = format!("{method} {path}");
        let (status, answer) = self.send(method, &path, body).await?;
        let unreadable = |source| Error::Unreadable { request, source };
        if status.is_success() {
            serde_json::from_slice(&answer).map_err(unreadable)
        } else {
            Err(serde_json::from_slice(&answer).map_or_else(unreadable, Error::refused))
        }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Bytes>) -> Result<(StatusCode, Bytes), Error> {
        if path.len() > TARGET_BYTES_MAX {
            return Err(Error::TooLong { bytes: path.len() });
        }
        let mut request = Request::builder().method(method).uri(path).header(HOST, "localhost").header(USER_AGENT, AGENT);
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let request = request.body(body.map_or_else(Body::empty, Body::from)).expect("the parts were encoded, and are not too long");
        let response = match &self.server {
            Server::Here(router) => match router.clone().oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            },
            #[cfg(unix)]
            Server::Daemon(socket) => over(socket, request).await?,
        };
        let status = response.status();
        let body = to_bytes(response.into_body(), ANSWER_BYTES_MAX).await.map_err(Error::lost)?;
        Ok((status, body))
    }
}

/// A document as the bytes of a body. They are wiped when they are dropped, because a credential may be among them.
fn json(body: &impl Serialize) -> Bytes {
    // There is room for the largest credential, so that no copy is left behind where the text grows.
    let mut text = Zeroizing::new(Vec::with_capacity(8 * SECRET_BYTES_MAX));
    serde_json::to_writer(&mut *text, body).expect("a document is plain data");
    Bytes::from_owner(text)
}

/// Sends a request over a connection of its own to the daemon's socket.
#[cfg(unix)]
async fn over(socket: &Path, request: Request<Body>) -> Result<Response, Error> {
    let stream = tokio::net::UnixStream::connect(socket).await.map_err(Error::Away)?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(hyper_util::rt::TokioIo::new(stream)).await.map_err(Error::lost)?;
    // The connection ends with the answer, and an error of it is told by the sender.
    tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(Error::lost)?;
    Ok(response.map(Body::new))
}

#[cfg(test)]
mod tests;
