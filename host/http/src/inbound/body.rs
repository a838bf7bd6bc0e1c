//! The body of a request, read within a size, a time, and a share of the memory for all bodies.
//!
//! The first [`START_BYTES`] are read without a share of that memory: the handler can decide by them, and the number of connections bounds
//! their total. The rest is read only once the [`Room`] has space for all of it, so that unfinished bodies cannot take more memory than the
//! room has. No single sender gets more than half of a room.

use axum::body::{Body, Bytes, HttpBody as _};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;
use http_body_util::BodyExt as _;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

/// The bytes of a body that are read without a share of the [`Room`].
pub const START_BYTES: usize = 64 << 10;
/// How long the rest of a refused body is still received, so that its sender reads the answer instead of a broken connection.
const DISCARD_MAX: Duration = Duration::from_secs(5);
/// The unit in which memory is shared, in bytes.
const UNIT: usize = 1 << 10;
/// The most senders that a room remembers although they hold no memory any more.
const SENDERS_KEPT: usize = 64;

/// Why a body was not read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The body is too large.
    #[error("the body has more than {bytes_max} bytes, the maximum here")]
    TooLarge {
        /// The limit, in bytes.
        bytes_max: usize,
    },
    /// The body did not arrive in time.
    #[error("the body did not arrive within {} seconds", .at_most.as_secs_f64())]
    Late {
        /// The limit that applied.
        at_most: Duration,
    },
    /// The connection ended, or the data is not valid HTTP.
    #[error("the body was cut off")]
    CutOff(#[source] axum::Error),
    /// Other large bodies hold all the memory that is set aside for them.
    #[error("too many large bodies are arriving at once")]
    NoRoom,
}

/// The limits of a body.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// The largest body, in bytes.
    pub bytes_max: usize,
    /// The time from the head of the request to the last byte of the body.
    pub at_most: Duration,
}

/// The memory for all large bodies that are being read or handled.
#[derive(Debug)]
pub struct Room {
    units: Arc<Semaphore>,
    most: usize,
    /// The part of the room that each sender may have. A sender that holds nothing is dropped eventually.
    senders: Mutex<HashMap<String, Weak<Semaphore>>>,
}

/// A share of a [`Room`], returned when it is dropped.
#[derive(Debug)]
pub struct Share {
    _of_sender: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl Room {
    /// A room of this size.
    pub fn new(bytes: usize) -> Room {
        let most = bytes / UNIT;
        Room { units: Arc::new(Semaphore::new(most)), most, senders: Mutex::default() }
    }

    /// Waits until `bytes` of the room are free for a sender.
    async fn share(&self, sender: &str, bytes: usize, until: Instant) -> Result<Share, Error> {
        let units = bytes.div_ceil(UNIT);
        if units > self.most / 2 {
            return Err(Error::NoRoom);
        }
        let units = u32::try_from(units).map_err(|_| Error::NoRoom)?;
        // A sender that waits for one of its own bodies to end does not block other senders.
        let _of_sender = acquire(self.of_sender(sender), units, until).await?;
        let _of_all = acquire(self.units.clone(), units, until).await?;
        Ok(Share { _of_sender, _of_all })
    }

    fn of_sender(&self, sender: &str) -> Arc<Semaphore> {
        // No code panics while it holds the lock, and the state is consistent in any case.
        let mut senders = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = senders.get(sender).and_then(Weak::upgrade) {
            return own;
        }
        if senders.len() >= SENDERS_KEPT {
            senders.retain(|_, own| own.strong_count() > 0);
        }
        let own = Arc::new(Semaphore::new(self.most / 2));
        senders.insert(sender.to_owned(), Arc::downgrade(&own));
        own
    }
}

async fn acquire(from: Arc<Semaphore>, units: u32, until: Instant) -> Result<OwnedSemaphorePermit, Error> {
    let acquired = timeout_at(until, from.acquire_many_owned(units)).await;
    Ok(acquired.map_err(|_| Error::NoRoom)?.expect("it is never closed"))
}

/// A body that is being read.
#[derive(Debug)]
pub struct BodyReader {
    body: Body,
    read: Vec<u8>,
    ended: bool,
    /// The length that the sender announced; `None` if it announced none.
    announced: Option<usize>,
    limits: BodyLimits,
    until: Instant,
}

/// A complete body, with the memory that it holds.
#[derive(Debug)]
pub struct Whole {
    /// The content of the body.
    pub bytes: Bytes,
    /// The share of the room that the body holds; `None` for a small body.
    pub share: Option<Share>,
}

impl BodyReader {
    /// Prepares to read a body. Nothing is read yet.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] if the announced length is over the limit.
    pub fn begin(headers: &HeaderMap, body: Body, limits: BodyLimits) -> Result<BodyReader, Error> {
        let said = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        let announced = body.size_hint().exact().max(said);
        if announced.is_some_and(|bytes| bytes > limits.bytes_max as u64) {
            return Err(Error::TooLarge { bytes_max: limits.bytes_max });
        }
        let announced = announced.map(|bytes| usize::try_from(bytes).expect("it is no more than the most"));
        Ok(BodyReader { body, read: Vec::new(), ended: false, announced, limits, until: Instant::now() + limits.at_most })
    }

    /// The first [`START_BYTES`] or somewhat more, or fewer if the body is shorter; and whether that is the whole body.
    ///
    /// # Errors
    ///
    /// Every [`Error`] but [`Error::NoRoom`].
    pub async fn start(&mut self) -> Result<(&[u8], bool), Error> {
        self.read_up_to(START_BYTES).await?;
        Ok((&self.read, self.ended))
    }

    /// Reads the whole body.
    ///
    /// # Errors
    ///
    /// Every [`Error`] may occur.
    pub async fn whole(mut self, room: &Room, sender: &str) -> Result<Whole, Error> {
        self.read_up_to(START_BYTES).await?;
        if self.ended && self.read.len() <= START_BYTES {
            return Ok(Whole { bytes: self.read.into(), share: None });
        }
        let bytes = if self.ended { self.read.len() } else { self.announced.unwrap_or(self.limits.bytes_max) };
        let share = room.share(sender, bytes, self.until).await?;
        self.read.reserve_exact(self.announced.unwrap_or(0).saturating_sub(self.read.len()));
        self.read_up_to(usize::MAX).await?;
        Ok(Whole { bytes: self.read.into(), share: Some(share) })
    }

    /// Receives and drops the rest of the body, for a short time.
    pub async fn discard(mut self) {
        let until = self.until.min(Instant::now() + DISCARD_MAX);
        let mut left = self.limits.bytes_max;
        while !self.ended && left > 0 {
            match timeout_at(until, next(&mut self.body)).await {
                Ok(Some(Ok(bytes))) => left = left.saturating_sub(bytes.len()),
                Ok(None | Some(Err(_))) | Err(_) => return,
            }
        }
    }

    async fn read_up_to(&mut self, bytes: usize) -> Result<(), Error> {
        while !self.ended && self.read.len() < bytes {
            let late = |_| Error::Late { at_most: self.limits.at_most };
            match timeout_at(self.until, next(&mut self.body)).await.map_err(late)? {
                None => self.ended = true,
                Some(Err(error)) => return Err(Error::CutOff(error)),
                Some(Ok(more)) if self.read.len() + more.len() > self.limits.bytes_max => {
                    return Err(Error::TooLarge { bytes_max: self.limits.bytes_max });
                }
                Some(Ok(more)) => self.read.extend_from_slice(&more),
            }
            // A body of the announced length is complete; the next poll receives the end of the protocol's framing.
            self.ended |= self.body.is_end_stream();
        }
        Ok(())
    }
}

/// The next bytes of a body. Trailers have none.
async fn next(body: &mut Body) -> Option<Result<Bytes, axum::Error>> {
    let frame = body.frame().await?;
    Some(frame.map(|frame| frame.into_data().unwrap_or_default()))
}

#[cfg(test)]
mod tests;
