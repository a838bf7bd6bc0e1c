//! Reads a request's body, and checks its media type, its size and the time that it takes.

use super::problem::{Kind, More, Problem};
use crate::inbound::body::{BodyLimits, BodyReader, Error, Room, Whole};
use axum::body::{Body, Bytes, HttpBody as _};
use cartage_engine::admit::PLUGIN_BYTES_MAX;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue};
use std::time::Duration;

/// The largest body of a status event, in bytes.
pub(super) const EVENT_BYTES_MAX: usize = 4 << 20;
/// The largest body of a status update or a batch, in bytes.
pub(super) const UPDATES_BYTES_MAX: usize = 16 << 20;
/// The largest definition of a cart, in bytes.
pub(super) const CART_BYTES_MAX: usize = 256 << 10;
/// The largest body of a request that gives a cart another plugin, in bytes: a plugin's file in base64, and the rest.
pub(super) const UPGRADE_BYTES_MAX: usize = PLUGIN_BYTES_MAX.div_ceil(3) * 4 + SMALL_BYTES_MAX;
/// The largest body with the definitions of several carts and the files of their plugins, in bytes.
pub(super) const DEFINITIONS_BYTES_MAX: usize = 256 << 20;
/// The largest body of any other request, in bytes.
pub(super) const SMALL_BYTES_MAX: usize = 64 << 10;
/// The largest body of labels to record on the machine, in bytes: of a file of 64 MiB, in JSON.
pub(super) const BASELINE_BYTES_MAX: usize = 128 << 20;
/// The memory for all large bodies (more than 64 KiB) that are being read or worked on, in bytes.
pub(super) const BODIES_BYTES_MAX: usize = 64 << 20;
/// The same for users of the machine, who send the files of plugins. One of them may have half.
pub(super) const MACHINE_BODIES_BYTES_MAX: usize = 2 * DEFINITIONS_BYTES_MAX;
/// How long a body may take to arrive, in milliseconds.
pub(super) const BODY_MS_MAX: u64 = 30_000;

/// The body that a route reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// No body. A small body that is sent all the same is dropped.
    Nothing,
    /// JSON of at most this many bytes.
    Json(usize),
    /// JSON of at most this many bytes, which may be left out.
    JsonOrNothing(usize),
    /// TOML of at most this many bytes.
    Toml(usize),
    /// A WebAssembly component of at most this many bytes.
    Wasm(usize),
}

impl Takes {
    /// The body's media type and its largest size in bytes; `None` if the route reads no body.
    pub(super) fn parts(self) -> Option<(&'static str, usize)> {
        match self {
            Takes::Nothing => None,
            Takes::Json(most) | Takes::JsonOrNothing(most) => Some(("application/json", most)),
            Takes::Toml(most) => Some(("application/toml", most)),
            Takes::Wasm(most) => Some(("application/wasm", most)),
        }
    }
}

/// Reads the body of a request of this sender. A large body takes a share of the memory in `room`.
pub(super) async fn read(takes: Takes, headers: &HeaderMap, body: Body, room: &Room, sender: &str) -> Result<Whole, Problem> {
    let Some((media_type, most)) = takes.parts() else {
        // A connection that is closed with a body unread is reset, and the answer is lost with it.
        discard(headers, body).await;
        return Ok(Whole { bytes: Bytes::new(), share: None });
    };
    if matches!(takes, Takes::JsonOrNothing(_)) && body.size_hint().exact() == Some(0) {
        return Ok(Whole { bytes: Bytes::new(), share: None });
    }
    is_of(headers, media_type)?;
    let limits = BodyLimits { bytes_max: most, at_most: Duration::from_millis(BODY_MS_MAX) };
    let reading = BodyReader::begin(headers, body, limits).map_err(unread)?;
    reading.whole(room, sender).await.map_err(unread)
}

/// Receives and drops a small body that nobody reads, so that the connection serves the sender's next request.
pub(super) async fn discard(headers: &HeaderMap, body: Body) {
    let limits = BodyLimits { bytes_max: SMALL_BYTES_MAX, at_most: Duration::from_millis(BODY_MS_MAX) };
    if let Ok(reading) = BodyReader::begin(headers, body, limits) {
        reading.discard().await;
    }
}

fn unread(error: Error) -> Problem {
    match error {
        Error::TooLarge { bytes_max } => too_large(bytes_max),
        Error::Late { at_most } => {
            Problem::new(Kind::Timeout, format!("the body did not arrive within {} seconds; send it again", at_most.as_secs()))
        }
        Error::CutOff(error) => Problem::new(Kind::BadRequest, format!("the body was cut off: {error}")),
        Error::NoRoom => {
            let detail = "too many large bodies are arriving at once; send this one again in a moment, or in smaller parts";
            Problem::new(Kind::Unavailable, detail).header(RETRY_AFTER, HeaderValue::from(1))
        }
    }
}

fn too_large(most: usize) -> Problem {
    Problem::new(Kind::TooLarge, format!("the body has more than {most} bytes, the maximum here; send less at once"))
        .with(More { bytes_max: Some(most), ..More::default() })
}

fn is_of(headers: &HeaderMap, media_type: &str) -> Result<(), Problem> {
    let wrong =
        |what: String| Problem::new(Kind::UnsupportedMediaType, format!("{what}; send it as {media_type}, in UTF-8 and not compressed"));
    if let Some(coding) = headers.get(CONTENT_ENCODING).filter(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(wrong(format!("the body has the content-encoding {coding:?}")));
    }
    let mut given = headers.get_all(CONTENT_TYPE).iter();
    let (Some(first), None) = (given.next(), given.next()) else {
        return Err(wrong("the request does not state exactly one content-type for its body".to_owned()));
    };
    let text = first.to_str().unwrap_or_default().to_ascii_lowercase();
    let mut parts = text.split(';').map(str::trim);
    let charset_is_fine = |part: &str| !part.starts_with("charset=") || matches!(part, "charset=utf-8" | "charset=\"utf-8\"");
    if parts.next() != Some(media_type) || !parts.all(charset_is_fine) {
        return Err(wrong(format!("the body has the content-type {first:?}")));
    }
    Ok(())
}
