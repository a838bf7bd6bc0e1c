//! The shop's reply to a request.

use crate::contract::http::{Error, ErrorKind, Reach, Response, ResponseHeader};
use crate::contract::manifest::Endpoint;

/// The shop's reply, or the reason that no reply arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply(Result<Response, Error>);

impl Reply {
    /// A reply with a status, without headers or a body.
    pub fn status(status: u16) -> Reply {
        Reply(Ok(Response { status, headers: Vec::new(), body: Vec::new(), extra: Vec::new() }))
    }

    /// A reply with a JSON body.
    pub fn json(status: u16, value: impl Into<serde_json::Value>) -> Reply {
        Reply::status(status).header("content-type", "application/json").body(value.into().to_string())
    }

    /// A reply with a body of plain text.
    pub fn text(status: u16, text: &str) -> Reply {
        Reply::status(status).header("content-type", "text/plain; charset=utf-8").body(text)
    }

    /// No complete answer: the connection to the shop failed.
    pub fn error(kind: ErrorKind, reach: Reach) -> Reply {
        Reply(Err(Error { kind, reach, message: format!("the test lets the request fail: {kind}") }))
    }

    /// No answer in time, although the shop may have acted. [`Cart::lose_reply`](super::Cart::lose_reply) lets the shop act first.
    pub fn lost() -> Reply {
        Reply::error(ErrorKind::Timeout, Reach::MaybeSent)
    }

    /// A recorded answer: status line, headers, an empty line and the body; lines end in CRLF or LF.
    ///
    /// ```
    /// use cartage_sdk::testing::Reply;
    ///
    /// let reply = Reply::recorded(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\nSETIResponse=OK;")?;
    /// assert_eq!(reply, Reply::status(200).header("content-type", "text/html").body("SETIResponse=OK;"));
    /// # Ok::<(), cartage_sdk::testing::NotAReply>(())
    /// ```
    ///
    /// # Errors
    /// [`NotAReply`] names the faulty line.
    pub fn recorded(bytes: &[u8]) -> Result<Reply, NotAReply> {
        let mut rest = bytes;
        let mut number = 0;
        let mut next_line = || {
            number += 1;
            let end = rest.iter().position(|&byte| byte == b'\n').ok_or(NotAReply { line: number })?;
            let line = std::str::from_utf8(&rest[..end]).map_err(|_| NotAReply { line: number })?;
            rest = &rest[end + 1..];
            Ok((number, line.strip_suffix('\r').unwrap_or(line)))
        };
        let (number, first) = next_line()?;
        let status = first.strip_prefix("HTTP/1.").and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
        let mut reply = Reply::status(status.filter(|status| (200..600).contains(status)).ok_or(NotAReply { line: number })?);
        loop {
            let (number, line) = next_line()?;
            if line.is_empty() {
                return Ok(reply.body(rest));
            }
            let (name, value) = line.split_once(':').ok_or(NotAReply { line: number })?;
            reply = reply.header(name, value.trim());
        }
    }

    pub(super) fn of(response: Response) -> Reply {
        Reply(Ok(response))
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Reply {
        if let Ok(response) = &mut self.0 {
            response.headers.push(ResponseHeader { name: name.to_ascii_lowercase(), value: value.to_owned() });
        }
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Reply {
        if let Ok(response) = &mut self.0 {
            body.as_ref().clone_into(&mut response.body);
        }
        self
    }

    /// The reply as the plugin sees it: only headers that the manifest declares, and an error if the content type is not declared.
    pub(super) fn seen_through(self, endpoint: &Endpoint) -> Result<Response, Error> {
        let mut response = self.0?;
        let content_type = response.headers.iter().find(|header| header.name == "content-type").map(|header| header.value.as_str());
        if !endpoint.reads_type(response.status, content_type, &response.body) {
            let types = endpoint.response_types.join(", ");
            let content_type = content_type.unwrap_or("missing");
            let message = format!("the answer's content type is {content_type}; endpoint {} declares {types}", endpoint.name);
            return Err(Error { kind: ErrorKind::ResponseType, reach: Reach::Answered, message });
        }
        response.headers.retain(|header| endpoint.shows_header(&header.name, response.status));
        Ok(response)
    }
}

/// A recorded answer could not be parsed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("failed to read a recorded answer: line {line} is not a status line, a header or an empty line")]
pub struct NotAReply {
    /// The number of the faulty line, from 1.
    pub line: usize,
}
