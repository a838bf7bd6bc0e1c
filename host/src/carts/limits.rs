//! What one call of a cart's plugin may use.

use cartage_contract::grants::RequestLimits;
use serde::{Deserialize, Serialize};

/// What one call of a cart's plugin may use. Every limit is on by default; the error that one causes names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Processor time in milliseconds of running; waiting for the cart is free. Default 500.
    pub cpu_ms: u32,
    /// Fuel, about one unit an instruction: the deterministic budget. Default 1,000,000,000.
    pub fuel: u64,
    /// Bytes of memory, all memories together. Default 64 MiB.
    pub memory_bytes: u64,
    /// Elements of all tables together. Default 20,000.
    pub table_elements: u32,
    /// Bytes that the guest hands over in one host call, or as its result. Default 4 MiB.
    pub host_call_bytes: u64,
    /// Component handles. Default 1,000.
    pub handles: u32,
    /// Log lines. Default 200; the line after that says that the rest is left out, and ten times as many end the call.
    pub log_lines: u32,
    /// Log bytes. Default 64 KiB; handled as log lines are.
    pub log_bytes: u32,
    /// Requests of one call. Default 20.
    pub requests: u32,
    /// Bytes of one request: target, headers and body. Default 1 MiB.
    pub request_bytes: u64,
    /// Bytes of one response's body. Default 2 MiB.
    pub response_bytes: u64,
    /// Milliseconds from a request's start to the last byte of its answer. Default 30,000.
    pub request_ms: u32,
    /// Milliseconds for the whole call, waiting included. Default 60,000.
    pub call_ms: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            cpu_ms: 500,
            fuel: 1_000_000_000,
            memory_bytes: 64 << 20,
            table_elements: 20_000,
            host_call_bytes: 4 << 20,
            handles: 1_000,
            log_lines: 200,
            log_bytes: 64 << 10,
            requests: 20,
            request_bytes: 1 << 20,
            response_bytes: 2 << 20,
            request_ms: 30_000,
            call_ms: 60_000,
        }
    }
}

impl Limits {
    /// Those that the request checks judge by.
    pub fn requests(&self) -> RequestLimits {
        RequestLimits { requests: self.requests, request_bytes: usize::try_from(self.request_bytes).unwrap_or(usize::MAX) }
    }
}
