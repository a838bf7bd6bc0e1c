//! Reading a request's body: of the type that the route takes, as large as it allows, in time.

use super::problem::{Kind, Problem};
use axum::body::{Body, Bytes};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use hyper::body::Body as _;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;
use tokio::time::timeout;

/// Bytes of a status event, at most.
pub(super) const EVENT_BYTES_MAX: usize = 4 << 20;
/// Bytes of a status update or a batch of them, at most.
pub(super) const UPDATES_BYTES_MAX: usize = 16 << 20;
/// Bytes of a cart's definition, at most.
pub(super) const CART_BYTES_MAX: usize = 256 << 10;
/// Bytes of any other body, at most.
pub(super) const SMALL_BYTES_MAX: usize = 64 << 10;
/// How long a body may take to come.
pub(super) const BODY_MS_MAX: u64 = 30_000;

/// What a route reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// No body. One that comes is not read.
    Nothing,
    /// JSON of so many bytes at most.
    Json(usize),
    /// The same; it may be left out.
    JsonOrNothing(usize),
    /// TOML of so many bytes at most.
    Toml(usize),
}

impl Takes {
    /// Its media type, and how many bytes it may have.
    pub(super) fn parts(self) -> Option<(&'static str, usize)> {
        match self {
            Takes::Nothing => None,
            Takes::Json(most) | Takes::JsonOrNothing(most) => Some(("application/json", most)),
            Takes::Toml(most) => Some(("application/toml", most)),
        }
    }
}

/// Reads a body.
pub(super) async fn read(takes: Takes, headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let Some((media_type, most)) = takes.parts() else { return Ok(Bytes::new()) };
    if matches!(takes, Takes::JsonOrNothing(_)) && body.size_hint().exact() == Some(0) {
        return Ok(Bytes::new());
    }
    is_of(headers, media_type)?;
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > most as u64) {
        return Err(too_large(most));
    }
    let late = |_| Problem::new(Kind::Timeout, format!("the body did not come within {} seconds; send it again", BODY_MS_MAX / 1000));
    timeout(Duration::from_millis(BODY_MS_MAX), gather(body, most)).await.map_err(late)?
}

async fn gather(mut body: Body, most: usize) -> Result<Bytes, Problem> {
    let mut all = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.map_err(|error| Problem::new(Kind::BadRequest, format!("the body was cut off: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        if all.len() + data.len() > most {
            return Err(too_large(most));
        }
        all.extend_from_slice(&data);
    }
    Ok(all.into())
}

fn too_large(most: usize) -> Problem {
    Problem::new(Kind::TooLarge, format!("the body has more than {most} bytes, which are the most here; send less at once"))
        .with("bytes_max", most)
}

fn is_of(headers: &HeaderMap, media_type: &str) -> Result<(), Problem> {
    let wrong =
        |what: String| Problem::new(Kind::UnsupportedMediaType, format!("{what}; send it as {media_type}, in UTF-8 and not compressed"));
    if let Some(coding) = headers.get(CONTENT_ENCODING).filter(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(wrong(format!("the body has the content-encoding {coding:?}")));
    }
    let mut given = headers.get_all(CONTENT_TYPE).iter();
    let (Some(first), None) = (given.next(), given.next()) else {
        return Err(wrong("the request does not say once of what content-type its body is".to_owned()));
    };
    let text = first.to_str().unwrap_or_default().to_ascii_lowercase();
    let mut parts = text.split(';').map(str::trim);
    let charset_is_fine = |part: &str| !part.starts_with("charset=") || matches!(part, "charset=utf-8" | "charset=\"utf-8\"");
    if parts.next() != Some(media_type) || !parts.all(charset_is_fine) {
        return Err(wrong(format!("the body is of the content-type {first:?}")));
    }
    Ok(())
}
