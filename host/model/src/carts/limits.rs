//! The limits of one call of a cart's plugin.

use cartage_contract::grants::RequestLimits;
use cartage_contract::manifest::Pace;
use serde::{Deserialize, Serialize};

/// The limits of one call of a cart's plugin. All of them are on by default; the error of each names the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Processor time in milliseconds, without the time that the call waits for the cart. Default 500.
    pub cpu_ms: u32,
    /// Fuel, about one unit per instruction, which is the same in each run. Default 1,000,000,000.
    pub fuel: u64,
    /// Bytes of memory, all memories together. Default 64 MiB.
    pub memory_bytes: u64,
    /// Elements of all tables together. Default 20,000.
    pub table_elements: u32,
    /// Bytes that the guest hands over in one host call, or as its result. Default 4 MiB.
    pub host_call_bytes: u64,
    /// The number of component handles that a guest may hold. Default 1,000.
    pub handles: u32,
    /// The number of log lines. Default 200. The next line says that the rest is left out, and ten times as many end the call.
    pub log_lines: u32,
    /// Bytes of all log lines together. Default 64 KiB, treated like the number of lines.
    pub log_bytes: u32,
    /// The number of HTTP requests. Default 20.
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

/// Defines [`SetLimits`]: each limit as an option.
macro_rules! set_limits {
    ($($name:ident: $type:ty),*) => {
        /// The limits of one call that an operator set; `None` for those left to the default.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct SetLimits {
            $(
                #[doc = concat!("As [`Limits::", stringify!($name), "`]. None: it is not set.")]
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $name: Option<$type>,
            )*
        }

        impl SetLimits {
            /// These limits, with those of `usual` where nothing is set.
            pub fn or(&self, usual: Limits) -> Limits {
                Limits { $($name: self.$name.unwrap_or(usual.$name)),* }
            }

            fn of(limits: Limits) -> SetLimits {
                SetLimits { $($name: Some(limits.$name)),* }
            }
        }
    };
}

set_limits! {
    cpu_ms: u32, fuel: u64, memory_bytes: u64, table_elements: u32, host_call_bytes: u64, handles: u32, log_lines: u32, log_bytes: u32,
    requests: u32, request_bytes: u64, response_bytes: u64, request_ms: u32, call_ms: u32
}

impl SetLimits {
    /// The limits whose default does not depend on the plugin.
    pub(super) fn usual() -> SetLimits {
        SetLimits { requests: None, response_bytes: None, ..SetLimits::of(Limits::default()) }
    }

    /// The limits of a call of this cart: as the operator set them, else as the plugin's manifest asks, else the defaults. A manifest cannot raise a
    /// limit over its ceiling.
    pub fn with(&self, pace: &Pace) -> Limits {
        let usual = Limits::default();
        let requests = pace.requests_per_call.unwrap_or(usual.requests).min(CEILINGS.requests);
        let response_bytes = pace.response_bytes.unwrap_or(usual.response_bytes).min(CEILINGS.response_bytes);
        self.or(Limits { requests, response_bytes, ..usual })
    }
}

/// The highest value that can be set for each limit, whoever sets it.
pub const CEILINGS: Limits = Limits {
    cpu_ms: 10_000,
    fuel: 20_000_000_000,
    memory_bytes: 512 << 20,
    table_elements: 64 << 10,
    host_call_bytes: 16 << 20,
    handles: 10_000,
    log_lines: 10_000,
    log_bytes: 1 << 20,
    requests: 100,
    request_bytes: 8 << 20,
    response_bytes: 16 << 20,
    request_ms: 300_000,
    call_ms: 600_000,
};

/// A limit that is set higher than its ceiling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("limits.{name} is {value}, and {ceiling} is the maximum; lower the value, or remove the key for its default, {default}")]
pub struct OverCeiling {
    /// The limit's name in `[limits]`.
    pub name: &'static str,
    /// The value that was set.
    pub value: u64,
    /// The highest value that can be set.
    pub ceiling: u64,
    /// The value that counts if the limit is not set.
    pub default: u64,
}

impl Limits {
    /// All limits by name.
    pub fn named(&self) -> [(&'static str, u64); 13] {
        let Limits {
            cpu_ms,
            fuel,
            memory_bytes,
            table_elements,
            host_call_bytes,
            handles,
            log_lines,
            log_bytes,
            requests,
            request_bytes,
            response_bytes,
            request_ms,
            call_ms,
        } = *self;
        [
            ("cpu_ms", cpu_ms.into()),
            ("fuel", fuel),
            ("memory_bytes", memory_bytes),
            ("table_elements", table_elements.into()),
            ("host_call_bytes", host_call_bytes),
            ("handles", handles.into()),
            ("log_lines", log_lines.into()),
            ("log_bytes", log_bytes.into()),
            ("requests", requests.into()),
            ("request_bytes", request_bytes),
            ("response_bytes", response_bytes),
            ("request_ms", request_ms.into()),
            ("call_ms", call_ms.into()),
        ]
    }

    /// The limits that are higher than the same ones of `others`, with their values.
    pub fn over(&self, others: &Limits) -> impl Iterator<Item = (&'static str, u64)> {
        let others = others.named();
        self.named().into_iter().zip(others).filter(|((_, value), (_, other))| value > other).map(|(limit, _)| limit)
    }

    /// Checks that no limit is over its ceiling.
    ///
    /// # Errors
    ///
    /// [`OverCeiling`], for the first limit that is.
    pub fn check(&self) -> Result<(), OverCeiling> {
        let Some((name, value)) = self.over(&CEILINGS).next() else { return Ok(()) };
        let of = |limits: &Limits| limits.named().into_iter().find(|(known, _)| *known == name).map_or(0, |(_, value)| value);
        Err(OverCeiling { name, value, ceiling: of(&CEILINGS), default: of(&Limits::default()) })
    }

    /// The limits by which requests are checked.
    pub fn requests(&self) -> RequestLimits {
        RequestLimits { requests: self.requests, request_bytes: usize::try_from(self.request_bytes).unwrap_or(usize::MAX) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carts::Cart;

    fn parsed(limits: &str) -> Result<Limits, String> {
        let text = format!("cart = \"c\"\nplugin = \"p.wasm\"\n[limits]\n{limits}");
        Cart::parse("c.toml", &text).map(|cart| cart.limits.or(Limits::default())).map_err(|error| cartage_base::causes::chain(&error))
    }

    #[test]
    fn each_limit_can_be_set_to_its_ceiling_and_no_higher() {
        for ((name, ceiling), (_, default)) in CEILINGS.named().into_iter().zip(Limits::default().named()) {
            assert!(default <= ceiling, "{name}");
            assert!(parsed(&format!("{name} = {ceiling}")).is_ok(), "{name}");
            let error = parsed(&format!("{name} = {}", ceiling + 1)).expect_err(name);
            assert!(error.contains(&format!("limits.{name} is {}, and {ceiling} is the maximum", ceiling + 1)), "{error}");
        }
        assert_eq!(parsed(""), Ok(Limits::default()));
    }

    #[test]
    fn limits_that_are_higher_than_others_are_named() {
        let raised = Limits { requests: 21, call_ms: 1, ..Limits::default() };
        assert_eq!(raised.over(&Limits::default()).collect::<Vec<_>>(), [("requests", 21)]);
    }

    #[test]
    fn a_plugin_s_word_counts_where_nothing_is_set_and_lifts_nothing_over_a_ceiling() {
        let pace = Pace { requests_per_call: Some(60), response_bytes: Some(4 << 20), ..Pace::default() };
        let none = SetLimits::default();
        assert_eq!(none.with(&Pace::default()), Limits::default());
        assert_eq!(none.with(&pace), Limits { requests: 60, response_bytes: 4 << 20, ..Limits::default() });
        let set = SetLimits { requests: Some(20), call_ms: Some(5), ..none };
        assert_eq!(set.with(&pace), Limits { requests: 20, response_bytes: 4 << 20, call_ms: 5, ..Limits::default() });
        let greedy = Pace { requests_per_call: Some(1000), response_bytes: Some(u64::MAX), ..Pace::default() };
        let most = none.with(&greedy);
        assert_eq!((most.requests, most.response_bytes), (CEILINGS.requests, CEILINGS.response_bytes));
        // What is set to what is usual stays set.
        let text = "cart = \"c\"\nplugin = \"p.wasm\"\n\n[limits]\nrequests = 20\n";
        assert_eq!(Cart::parse("c.toml", text).map(|cart| cart.to_toml()).ok().as_deref(), Some(text));
    }
}
