//! `traceparent` (W3C Trace Context) names the trace that a request belongs to. The trace is in every log line of the request and in the answer.

use http::HeaderMap;
use std::fmt;

/// The header's name.
pub(super) const TRACEPARENT: &str = "traceparent";

/// The trace that a request belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trace {
    /// The trace's id: 32 hexadecimal digits.
    pub(super) trace_id: String,
    /// The id of the calling span: 16 hexadecimal digits.
    pub(super) parent_id: String,
    flags: String,
}

impl Trace {
    /// Reads the trace of a request. `None` if the header is missing, or does not have the standard's form.
    pub(super) fn of(headers: &HeaderMap) -> Option<Trace> {
        let mut given = headers.get_all(TRACEPARENT).iter();
        let (Some(value), None) = (given.next(), given.next()) else { return None };
        Trace::read(value.to_str().ok()?)
    }

    fn read(text: &str) -> Option<Trace> {
        let hex = |text: &str, count: usize| text.len() == count && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let zero = |text: &str| text.bytes().all(|b| b == b'0');
        let mut parts = text.split('-');
        let (version, trace_id, parent_id, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        // A later version may have more parts; the first has four.
        let whole = version != "00" || parts.next().is_none();
        let well_formed = hex(version, 2) && version != "ff" && hex(trace_id, 32) && hex(parent_id, 16) && hex(flags, 2);
        (whole && well_formed && !zero(trace_id) && !zero(parent_id)).then(|| Trace {
            trace_id: trace_id.to_owned(),
            parent_id: parent_id.to_owned(),
            flags: flags.to_owned(),
        })
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-{}", self.trace_id, self.parent_id, self.flags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_standard_says_is_a_trace() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(Trace::read(good).expect("it is one").to_string(), good);
        let later = Trace::read("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-comes").expect("a later version has more");
        assert_eq!(later.to_string(), good);
        for wrong in [
            "",
            "00",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
            "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01",
        ] {
            assert_eq!(Trace::read(wrong), None, "{wrong}");
        }
    }
}
