//! What crosses between the code that runs guests and the code that owns sockets and credentials: plain data, nothing else.
//!
//! A [`Call`] goes in. While it runs, the guest [`Ask`]s, and [`Services`] answers. An [`Outcome`] comes back. All of it is
//! serde data without handles or borrowed state, so that the two sides can live in two processes.

use cartage_contract::delivery::{Applied, Choice, ChoicesOf, Context, Delivery, Failure, OrderKey, Report, ToldPackage};
use cartage_contract::http::{self, Part, Request, Response};
use cartage_contract::log::Level;
use cartage_contract::orders::Update;
use cartage_contract::signing::{self, Algorithm};
use serde::{Deserialize, Serialize};

/// One call of a plugin's export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Call {
    /// `list-choices`.
    ListChoices {
        /// What is asked for.
        of: ChoicesOf,
        /// What the plugin may know.
        context: Context,
    },
    /// `check`.
    Check {
        /// The order to look at, if any.
        order: Option<OrderKey>,
        /// What the plugin may know.
        context: Context,
    },
    /// `send-order-status`.
    SendOrderStatus {
        /// What to tell the cart.
        update: Box<Update>,
        /// The job of which this is an attempt.
        delivery: Delivery,
        /// What the plugin may know.
        context: Context,
    },
}

impl Call {
    /// The packages of the update that it is about.
    pub fn packages(&self) -> usize {
        match self {
            Call::SendOrderStatus { update, .. } => update.packages.len(),
            Call::ListChoices { .. } | Call::Check { .. } => 0,
        }
    }
}

/// Something that a guest asks of the host while its call runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    /// `http.send`.
    Send(Request),
    /// `signing.mac`.
    Mac {
        /// The slot that holds the key.
        slot: String,
        /// The hash function.
        algorithm: Algorithm,
        /// What to sign.
        message: Vec<Part>,
    },
    /// `signing.digest`.
    Digest {
        /// The hash function.
        algorithm: Algorithm,
        /// What to hash.
        message: Vec<Part>,
    },
    /// `log.log`, within the log budget. The text is as the guest wrote it, cut to its limit.
    Log {
        /// How much it matters.
        level: Level,
        /// The line.
        message: String,
    },
}

/// The host's answer to an [`Ask`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// To [`Ask::Send`].
    Sent(Result<Response, http::Error>),
    /// To [`Ask::Mac`] and [`Ask::Digest`].
    Signed(Result<Vec<u8>, signing::Error>),
    /// To [`Ask::Log`].
    Logged,
    /// The guest gets no answer: the call ends here.
    End(Stop),
}

/// Why the host ended a call that did nothing wrong by the runner's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// A dry run has seen what it wanted to see.
    DryRun,
    /// The plugin asked for more after an answer in which the cart gave a secret back.
    SecretReflected,
}

/// Answers a guest. Egress is the implementation; tests and replay have their own.
pub trait Services: Send {
    /// Answers one ask. A guest asks one thing at a time.
    fn answer(&mut self, ask: Ask) -> impl Future<Output = Answer> + Send;
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// `send-order-status` succeeded.
    Applied(Applied),
    /// The plugin says that it failed, and how.
    Failed(Failure),
    /// `list-choices` succeeded.
    Choices(Vec<Choice>),
    /// `check` succeeded.
    Report(Report),
    /// The call did not return.
    Ended(Ended),
}

impl Outcome {
    /// The packages that the plugin names as told, whatever else it says.
    pub fn told(&self) -> &[ToldPackage] {
        match self {
            Outcome::Applied(applied) => &applied.packages,
            Outcome::Failed(failure) => &failure.packages,
            Outcome::Choices(_) | Outcome::Report(_) | Outcome::Ended(_) => &[],
        }
    }
}

/// Why a call did not return.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// The guest trapped: a bug in the plugin.
    #[error("the plugin trapped: {reason}")]
    Trap {
        /// The trap, and the guest's functions that led there, without addresses of the host.
        reason: String,
    },
    /// The guest went over a limit.
    #[error("the plugin went over its limit of {limit}")]
    Limit {
        /// Which, and how much it is.
        limit: Limit,
    },
    /// The guest returned something that the contract forbids, such as too many resume bytes.
    #[error("the plugin returned something that the contract forbids: {reason}")]
    Contract {
        /// What.
        reason: String,
    },
    /// The host ended it.
    #[error("the host ended the call: {0:?}")]
    Stopped(Stop),
    /// The host itself failed: no room for another instance, for example. Not the plugin's fault.
    #[error("the host could not run the plugin: {reason}")]
    Host {
        /// What failed.
        reason: String,
    },
}

/// A limit of a call, with its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// Processor time, in milliseconds of running.
    #[error("{0} ms of processor time (limits.cpu_ms)")]
    CpuMs(u32),
    /// Fuel: a count of executed instructions.
    #[error("{0} units of fuel (limits.fuel)")]
    Fuel(u64),
    /// Bytes of memory, all memories together.
    #[error("{0} bytes of memory (limits.memory_bytes)")]
    MemoryBytes(u64),
    /// Elements of a table.
    #[error("{0} table elements (limits.table_elements)")]
    TableElements(u32),
    /// The stack.
    #[error("{0} bytes of stack")]
    StackBytes(u32),
    /// Bytes that a guest hands over in one host call or as its result.
    #[error("{0} bytes in one host call (limits.host_call_bytes)")]
    HostCallBytes(u64),
    /// Component handles.
    #[error("{0} handles (limits.handles)")]
    Handles(u32),
    /// Log lines.
    #[error("{0} log lines (limits.log_lines)")]
    LogLines(u32),
    /// Log bytes.
    #[error("{0} log bytes (limits.log_bytes)")]
    LogBytes(u32),
    /// Wall-clock time for the whole call, waiting included.
    #[error("{0} ms for the whole call (limits.call_ms)")]
    CallMs(u32),
}

impl Limit {
    /// Its name, for metrics: that of the setting, where there is one.
    pub fn name(self) -> &'static str {
        match self {
            Limit::CpuMs(_) => "cpu-ms",
            Limit::Fuel(_) => "fuel",
            Limit::MemoryBytes(_) => "memory-bytes",
            Limit::TableElements(_) => "table-elements",
            Limit::StackBytes(_) => "stack-bytes",
            Limit::HostCallBytes(_) => "host-call-bytes",
            Limit::Handles(_) => "handles",
            Limit::LogLines(_) => "log-lines",
            Limit::LogBytes(_) => "log-bytes",
            Limit::CallMs(_) => "call-ms",
        }
    }
}
