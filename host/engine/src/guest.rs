//! The data of a call's store, through which the guest's requests go out.

use super::channel::HostChannel;
use super::limits::Limiter;
use super::trap;
use cartage_contract::log::Level;
use cartage_model::carts::Limits;
use cartage_model::exchange::{CallEnd, HostCall, HostReply, Limit};
use wasmtime::{Error, Result};

/// The longest log line, in bytes; the rest is cut.
const LOG_LINE_BYTES_MAX: usize = 4 << 10;
/// How many times its log budget a guest may try to log before its call ends.
const LOG_OVERRUN_MAX: u64 = 10;

/// The host's side of one running guest.
pub(super) struct Guest {
    pub(super) limiter: Limiter,
    asks: HostCalls,
    log: LogBudget,
    panic: Option<String>,
}

/// The destination of a guest's requests.
pub(super) enum HostCalls {
    /// The services of the call: everything that crosses between a running guest and the code that owns sockets and credentials.
    Answered(HostChannel),
    /// No destination: requests are refused while the guest describes itself.
    Refused,
}

/// The guest made a request while it was describing itself.
#[derive(Debug, thiserror::Error)]
#[error("asked for {0} while describing")]
pub(super) struct AskedWhileDescribing(pub(super) &'static str);

impl Guest {
    pub(super) fn new(limits: &Limits, limiter: Limiter, asks: HostCalls) -> Guest {
        Guest { limiter, asks, log: LogBudget::new(limits), panic: None }
    }

    /// Sends a request, and waits for the answer.
    pub(super) async fn ask(&mut self, ask: HostCall) -> Result<HostReply> {
        match &self.asks {
            HostCalls::Answered(channel) => Ok(channel.ask(ask).await),
            HostCalls::Refused => Err(Error::new(AskedWhileDescribing(name(&ask)))),
        }
    }

    /// The error that ends a call whose request got an answer of the wrong kind.
    pub(super) fn end(&self, answer: HostReply) -> Error {
        Error::new(match answer {
            HostReply::End(stop) => CallEnd::Stopped(stop),
            HostReply::Sent(_) | HostReply::Signed(_) | HostReply::Logged => {
                CallEnd::Host { reason: "a host call received the reply to another host call".to_owned() }
            }
        })
    }

    /// The message of the panic that the guest logged; `None` if it logged none.
    pub(super) fn panic(&self) -> Option<&str> {
        self.panic.as_deref()
    }

    /// Passes a log line on, as far as the budget goes.
    pub(super) async fn log(&mut self, level: Level, message: String) -> Result<()> {
        // Kept also where the log is full: the call's end is told with it.
        let panic = trap::panic_of(&message).filter(|_| level == Level::Error);
        let is_panic = panic.is_some();
        self.panic = panic.or(self.panic.take());
        if let HostCalls::Refused = self.asks {
            return if is_panic { Ok(()) } else { Err(Error::new(AskedWhileDescribing("a log line"))) };
        }
        let Some((level, message)) = self.log.admit(level, message)? else { return Ok(()) };
        match self.ask(HostCall::Log { level, message }).await? {
            HostReply::Logged => Ok(()),
            other @ (HostReply::Sent(_) | HostReply::Signed(_) | HostReply::End(_)) => Err(self.end(other)),
        }
    }
}

fn name(ask: &HostCall) -> &'static str {
    match ask {
        HostCall::Send(_) => "a request",
        HostCall::Mac { .. } => "a signature",
        HostCall::Digest { .. } => "a digest",
        HostCall::Log { .. } => "a log line",
    }
}

/// How much a guest has logged. Kept lines count with their kept length, and all lines with their given length, because cutting is work
/// too.
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

    /// The line to keep: the line itself, or a notice that the rest is left out; `None` if nothing is kept.
    fn admit(&mut self, level: Level, mut message: String) -> Result<Option<(Level, String)>> {
        self.lines += 1;
        self.bytes += message.len() as u64;
        if self.lines > u64::from(self.lines_max) * LOG_OVERRUN_MAX {
            return Err(Error::new(CallEnd::Limit { limit: Limit::LogLines(self.lines_max) }));
        }
        if self.bytes > u64::from(self.bytes_max) * LOG_OVERRUN_MAX {
            return Err(Error::new(CallEnd::Limit { limit: Limit::LogBytes(self.bytes_max) }));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(log_lines: u32, log_bytes: u32) -> LogBudget {
        LogBudget::new(&Limits { log_lines, log_bytes, ..Limits::default() })
    }

    /// The text that is kept of a line, if any, or the limit that ended the call.
    fn admit(budget: &mut LogBudget, line: &str) -> std::result::Result<Option<String>, Limit> {
        match budget.admit(Level::Info, line.to_owned()) {
            Ok(kept) => Ok(kept.map(|(_, message)| message)),
            Err(error) => match error.downcast_ref::<CallEnd>() {
                Some(CallEnd::Limit { limit }) => Err(*limit),
                other => panic!("a limit ends it, not {other:?}"),
            },
        }
    }

    #[test]
    fn the_line_after_the_last_says_that_the_rest_is_left_out() {
        let mut log = budget(3, 1000);
        for _ in 0..3 {
            assert_eq!(admit(&mut log, "line"), Ok(Some("line".to_owned())));
        }
        assert_eq!(admit(&mut log, "line"), Ok(Some("the rest of the log is left out: a call may log 3 lines and 1000 bytes".to_owned())));
        for _ in 4..30 {
            assert_eq!(admit(&mut log, "line"), Ok(None));
        }
        assert_eq!(admit(&mut log, "line"), Err(Limit::LogLines(3)), "the 31st");
    }

    #[test]
    fn bytes_are_handled_as_lines_are() {
        let mut log = budget(1000, 100);
        assert_eq!(admit(&mut log, &"x".repeat(99)), Ok(Some("x".repeat(99))));
        assert_eq!(admit(&mut log, "x"), Ok(Some("x".to_owned())), "the budget is used to the byte");
        assert!(admit(&mut log, "x").is_ok_and(|kept| kept.is_some_and(|line| line.starts_with("the rest of the log"))));
        assert_eq!(admit(&mut log, ""), Ok(None), "nothing is kept after the rest was left out");
        assert_eq!(admit(&mut log, &"x".repeat(899)), Ok(None), "a thousand bytes in all");
        assert_eq!(admit(&mut log, "x"), Err(Limit::LogBytes(100)));
    }

    #[test]
    fn a_long_line_is_cut_at_a_character_and_counts_as_what_is_kept() {
        let mut log = budget(10, 5000);
        let line = format!("{}é and more", "x".repeat(4095));
        assert_eq!(admit(&mut log, &line), Ok(Some("x".repeat(4095))));
        assert_eq!(admit(&mut log, &"y".repeat(905)), Ok(Some("y".repeat(905))));
        assert_eq!(admit(&mut log, &"z".repeat(50_000)), Err(Limit::LogBytes(5000)), "cutting it was work too");
    }

    /// Records the requests.
    struct Kept<'a>(&'a mut Vec<HostCall>);

    impl cartage_model::exchange::Services for Kept<'_> {
        async fn answer(&mut self, ask: HostCall) -> HostReply {
            self.0.push(ask);
            HostReply::Logged
        }
    }

    #[tokio::test]
    async fn the_marker_is_a_warning_and_goes_out_once() {
        let channel = HostChannel::default();
        let limits = Limits { log_lines: 1, ..Limits::default() };
        let limiter = crate::limits::Budget::new(&limits).limiter();
        let mut guest = Guest::new(&limits, limiter, HostCalls::Answered(channel.clone()));
        let mut lines = Vec::new();
        for _ in 0..5 {
            let logged = crate::serve(guest.log(Level::Debug, "line".to_owned()), &channel, &mut Kept(&mut lines)).await;
            logged.expect("it is within ten times the budget");
        }
        let [HostCall::Log { level: Level::Debug, message }, HostCall::Log { level: Level::Warn, message: marker }] = &lines[..] else {
            panic!("one line and the marker, not {lines:?}")
        };
        assert_eq!(message, "line");
        assert!(marker.starts_with("the rest of the log is left out"), "{marker}");
    }

    #[tokio::test]
    async fn an_answer_to_something_else_is_the_hosts_fault() {
        let limits = Limits::default();
        let limiter = crate::limits::Budget::new(&limits).limiter();
        let guest = Guest::new(&limits, limiter, HostCalls::Refused);
        let error = guest.end(HostReply::Logged);
        assert!(matches!(error.downcast_ref::<CallEnd>(), Some(CallEnd::Host { .. })), "{error}");
        let error = guest.end(HostReply::End(cartage_model::exchange::Stop::DryRun));
        assert!(matches!(error.downcast_ref::<CallEnd>(), Some(CallEnd::Stopped(cartage_model::exchange::Stop::DryRun))), "{error}");
    }
}
