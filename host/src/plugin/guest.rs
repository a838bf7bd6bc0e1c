//! The data of a call's store: what the guest's asks go through on their way out.

use super::limits::Limiter;
use crate::carts::Limits;
use crate::exchange::{Answer, Ask, Ended, Limit};
use cartage_contract::log::Level;
use tokio::sync::{mpsc, oneshot};
use wasmtime::{Error, Result};

/// Bytes of one log line. The rest is cut.
const LOG_LINE_BYTES_MAX: usize = 4 << 10;
/// How many times its log budget a guest may try to log before its call ends.
const LOG_OVERRUN_MAX: u64 = 10;

/// An ask, and where its answer goes. All that crosses between a running guest and the code that owns sockets and credentials.
pub(super) type Asked = (Ask, oneshot::Sender<Answer>);

/// The host's side of one running guest.
pub(super) struct Guest {
    pub(super) limiter: Limiter,
    asks: Asks,
    log: LogBudget,
}

/// Where asks go.
pub(super) enum Asks {
    /// To the services of the call.
    Answered(mpsc::Sender<Asked>),
    /// Nowhere: the guest describes itself.
    Refused,
}

/// The guest asked for something while it was describing itself.
#[derive(Debug, thiserror::Error)]
#[error("asked for {0} while describing")]
pub(super) struct AskedWhileDescribing(pub(super) &'static str);

impl Guest {
    pub(super) fn new(limits: &Limits, limiter: Limiter, asks: Asks) -> Guest {
        Guest { limiter, asks, log: LogBudget::new(limits) }
    }

    /// Asks, and waits for the answer.
    pub(super) async fn ask(&mut self, ask: Ask) -> Result<Answer> {
        let asks = match &self.asks {
            Asks::Answered(asks) => asks,
            Asks::Refused => return Err(Error::new(AskedWhileDescribing(name(&ask)))),
        };
        let (answer, answered) = oneshot::channel();
        if asks.send((ask, answer)).await.is_err() {
            return Err(nobody_answers());
        }
        answered.await.map_err(|_| nobody_answers())
    }

    /// The error that ends a call on an answer that is no answer to the ask.
    pub(super) fn end(&self, answer: Answer) -> Error {
        Error::new(match answer {
            Answer::End(stop) => Ended::Stopped(stop),
            Answer::Sent(_) | Answer::Signed(_) | Answer::Logged => {
                Ended::Host { reason: "an ask was answered with another one's answer".to_owned() }
            }
        })
    }

    /// Passes a log line on, as far as the budget goes.
    pub(super) async fn log(&mut self, level: Level, message: String) -> Result<()> {
        if let Asks::Refused = self.asks {
            return Err(Error::new(AskedWhileDescribing("a log line")));
        }
        let Some((level, message)) = self.log.admit(level, message)? else { return Ok(()) };
        match self.ask(Ask::Log { level, message }).await? {
            Answer::Logged => Ok(()),
            other @ (Answer::Sent(_) | Answer::Signed(_) | Answer::End(_)) => Err(self.end(other)),
        }
    }
}

fn nobody_answers() -> Error {
    Error::new(Ended::Host { reason: "nobody answers the plugin's asks".to_owned() })
}

fn name(ask: &Ask) -> &'static str {
    match ask {
        Ask::Send(_) => "a request",
        Ask::Mac { .. } => "a signature",
        Ask::Digest { .. } => "a digest",
        Ask::Log { .. } => "a log line",
    }
}

/// How much a guest has logged. Kept lines count as they are kept, and all lines as they were given: cutting them is work too.
struct LogBudget {
    lines_max: u32,
    bytes_max: u32,
    lines: u64,
    bytes: u64,
    kept_bytes: u64,
    full: bool,
}

impl LogBudget {
    fn new(limits: &Limits) -> LogBudget {
        LogBudget { lines_max: limits.log_lines, bytes_max: limits.log_bytes, lines: 0, bytes: 0, kept_bytes: 0, full: false }
    }

    /// The line to keep, if any: the line itself, or the one that says that the rest is left out.
    fn admit(&mut self, level: Level, mut message: String) -> Result<Option<(Level, String)>> {
        self.lines += 1;
        self.bytes += message.len() as u64;
        if self.lines > u64::from(self.lines_max) * LOG_OVERRUN_MAX {
            return Err(Error::new(Ended::Limit { limit: Limit::LogLines(self.lines_max) }));
        }
        if self.bytes > u64::from(self.bytes_max) * LOG_OVERRUN_MAX {
            return Err(Error::new(Ended::Limit { limit: Limit::LogBytes(self.bytes_max) }));
        }
        if self.full {
            return Ok(None);
        }
        if message.len() > LOG_LINE_BYTES_MAX {
            message.truncate(message.floor_char_boundary(LOG_LINE_BYTES_MAX));
        }
        self.kept_bytes += message.len() as u64;
        if self.lines <= u64::from(self.lines_max) && self.kept_bytes <= u64::from(self.bytes_max) {
            return Ok(Some((level, message)));
        }
        self.full = true;
        let (lines, bytes) = (self.lines_max, self.bytes_max);
        Ok(Some((Level::Warn, format!("the rest of the log is left out: a call may log {lines} lines and {bytes} bytes"))))
    }
}
