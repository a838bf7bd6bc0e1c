//! The messages between the code that runs guests and the code that owns sockets and credentials. They are plain data.
//!
//! A [`Call`] goes in. While it runs, the guest makes [`HostCall`]s, and [`Services`] answers. An [`Outcome`] comes back. All of it is
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
    /// The export `list-choices`: the plugin lists values that only the cart knows.
    ListChoices {
        /// The kind of values that are asked for.
        of: ChoicesOf,
        /// The time, random bytes, settings, endpoints and limits that the plugin is given.
        context: Context,
    },
    /// The export `check`: the plugin tests the connection to the cart and changes nothing there.
    Check {
        /// The order to look at; `None` checks the connection alone.
        order: Option<OrderKey>,
        /// The time, random bytes, settings, endpoints and limits that the plugin is given.
        context: Context,
    },
    /// The export `send-order-status`: the plugin tells the cart an update.
    SendOrderStatus {
        /// The update that the cart is to be told.
        update: Box<Update>,
        /// The delivery of which this call is an attempt, with what earlier attempts achieved.
        delivery: Delivery,
        /// The time, random bytes, settings, endpoints and limits that the plugin is given.
        context: Context,
    },
}

impl Call {
    /// The number of packages in the call's update; 0 for calls without an update.
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
pub enum HostCall {
    /// The import `http.send`: one HTTP request to an endpoint.
    Send(Request),
    /// The import `signing.mac`: a message authentication code.
    Mac {
        /// The credential slot that holds the key.
        slot: String,
        /// The hash function of the code.
        algorithm: Algorithm,
        /// The message to sign, in parts; a part may stand for a secret.
        message: Vec<Part>,
    },
    /// The import `signing.digest`: a hash.
    Digest {
        /// The hash function to use.
        algorithm: Algorithm,
        /// The message to hash, in parts; a part may stand for a secret.
        message: Vec<Part>,
    },
    /// The import `log.log`, within the log budget. The text is as the guest wrote it, cut to its limit.
    Log {
        /// The severity that the guest gave the line.
        level: Level,
        /// The line's text.
        message: String,
    },
}

/// The host's answer to a [`HostCall`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostReply {
    /// The answer to [`HostCall::Send`].
    Sent(Result<Response, http::Error>),
    /// The answer to [`HostCall::Mac`] and [`HostCall::Digest`].
    Signed(Result<Vec<u8>, signing::Error>),
    /// The answer to [`HostCall::Log`].
    Logged,
    /// No answer reaches the guest: the call ends here.
    End(Stop),
}

/// Why the host ended a call that was within all limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// A dry run has recorded the request at which it stops: the first one, or the first that changes something.
    DryRun,
    /// The plugin asked for more after the cart had sent a secret back in an answer.
    SecretReflected,
}

/// Answers a guest's asks. Egress is the implementation for real calls; tests and replay have their own.
pub trait Services: Send {
    /// Answers one ask. A guest has one ask open at a time.
    fn answer(&mut self, ask: HostCall) -> impl Future<Output = HostReply> + Send;
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// `send-order-status` succeeded; what the plugin did is inside.
    Applied(Applied),
    /// The plugin reported a failure, with its class and details.
    Failed(Failure),
    /// `list-choices` succeeded, with the values that it found.
    Choices(Vec<Choice>),
    /// `check` succeeded, with its report.
    Report(Report),
    /// The call ended without a result.
    Ended(CallEnd),
}

impl Outcome {
    /// The packages that the plugin reports as told to the cart, also in a failure.
    pub fn told(&self) -> &[ToldPackage] {
        match self {
            Outcome::Applied(applied) => &applied.packages,
            Outcome::Failed(failure) => &failure.packages,
            Outcome::Choices(_) | Outcome::Report(_) | Outcome::Ended(_) => &[],
        }
    }
}

/// Why a call ended without a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum CallEnd {
    /// The guest trapped: a bug in the plugin.
    #[error("the plugin trapped: {reason}")]
    Trap {
        /// The trap, and the guest's functions that led there, without addresses of the host.
        reason: String,
    },
    /// The guest exceeded a limit.
    #[error("the plugin exceeded its limit of {limit}")]
    Limit {
        /// The limit with its value.
        limit: Limit,
    },
    /// The guest returned something that the contract forbids, such as too many resume bytes.
    #[error("the plugin returned something that the contract forbids: {reason}")]
    Contract {
        /// The rule of the contract that was broken.
        reason: String,
    },
    /// The host ended the call on purpose.
    #[error("the host ended the call: {0:?}")]
    Stopped(Stop),
    /// The host itself failed, for example because there is no room for another instance. The plugin is not at fault.
    #[error("the host could not run the plugin: {reason}")]
    Host {
        /// The operation of the host that failed.
        reason: String,
    },
}

/// A limit of a call, with its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// Processor time, in milliseconds.
    #[error("{0} ms of processor time (limits.cpu_ms)")]
    CpuMs(u32),
    /// Fuel: a count of executed instructions.
    #[error("{0} units of fuel (limits.fuel)")]
    Fuel(u64),
    /// Bytes of all memories together.
    #[error("{0} bytes of memory (limits.memory_bytes)")]
    MemoryBytes(u64),
    /// Elements of all tables together.
    #[error("{0} table elements (limits.table_elements)")]
    TableElements(u32),
    /// The size of the guest's stack, in bytes.
    #[error("{0} bytes of stack")]
    StackBytes(u32),
    /// Bytes that the guest passes in one host call, or as its result.
    #[error("{0} bytes in one host call (limits.host_call_bytes)")]
    HostCallBytes(u64),
    /// The number of component handles that the guest holds.
    #[error("{0} handles (limits.handles)")]
    Handles(u32),
    /// The number of log lines.
    #[error("{0} log lines (limits.log_lines)")]
    LogLines(u32),
    /// The size of all log lines together, in bytes.
    #[error("{0} log bytes (limits.log_bytes)")]
    LogBytes(u32),
    /// Wall-clock time of the whole call, waiting included, in milliseconds.
    #[error("{0} ms for the whole call (limits.call_ms)")]
    CallMs(u32),
}

impl Limit {
    /// The limit's name in metrics: that of the setting, where there is one.
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
