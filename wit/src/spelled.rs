//! Kinds as text: each case has its name from the WIT files, such as `order-not-found`. Serde writes the same names.

use crate::delivery::{AppliedOutcome, FailureKind, FindingLevel, FindingSubject, RetryWish};
use crate::http::{Effect, ErrorKind, Escape, Reach};
use crate::orders::Told;
use std::fmt;

macro_rules! spelled {
    ($($kind:ty { $($case:ident $text:literal)* })*) => {
        $(
            impl fmt::Display for $kind {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.pad(match self { $(<$kind>::$case => $text,)* })
                }
            }
        )*

        #[cfg(test)]
        fn all() -> Vec<(String, serde_json::Result<serde_json::Value>)> {
            vec![$($((<$kind>::$case.to_string(), serde_json::to_value(<$kind>::$case))),*),*]
        }
    };
}

spelled! {
    FailureKind {
        Credentials "credentials"
        NotPermitted "not-permitted"
        Misconfigured "misconfigured"
        RateLimited "rate-limited"
        Pending "pending"
        OrderBusy "order-busy"
        Unavailable "unavailable"
        Protocol "protocol"
        OrderNotFound "order-not-found"
        AmbiguousOrder "ambiguous-order"
        InvalidData "invalid-data"
        StatusNotSupported "status-not-supported"
        IllegalTransition "illegal-transition"
        Gone "gone"
        HostDenied "host-denied"
    }
    AppliedOutcome {
        Done "done"
        AlreadyDone "already-done"
    }
    FindingLevel {
        Fine "fine"
        Warning "warning"
        Problem "problem"
    }
    FindingSubject {
        Reachability "reachability"
        Credentials "credentials"
        Permissions "permissions"
        Version "version"
        Settings "settings"
        Order "order"
        Other "other"
    }
    Told {
        New "new"
        AlreadyTold "already-told"
        NumberCorrected "number-corrected"
        Changed "changed"
        Withdrawn "withdrawn"
    }
    Reach {
        NothingSent "nothing-sent"
        MaybeSent "maybe-sent"
        Answered "answered"
    }
    Effect {
        Reads "reads"
        Writes "writes"
    }
    Escape {
        None "none"
        Form "form"
        JsonString "json-string"
        XmlText "xml-text"
        Base64 "base64"
    }
    ErrorKind {
        EndpointDenied "endpoint-denied"
        MethodDenied "method-denied"
        PathDenied "path-denied"
        QueryDenied "query-denied"
        EffectDenied "effect-denied"
        HeaderDenied "header-denied"
        BodyDenied "body-denied"
        CredentialDenied "credential-denied"
        RequestTooLarge "request-too-large"
        QuotaExceeded "quota-exceeded"
        AddressDenied "address-denied"
        Unsupported "unsupported"
        Dns "dns"
        Connect "connect"
        Tls "tls"
        Timeout "timeout"
        Interrupted "interrupted"
        ResponseInvalid "response-invalid"
        ResponseTooLarge "response-too-large"
        ResponseType "response-type"
        TokenRefused "token-refused"
        Other "other"
    }
}

impl fmt::Display for RetryWish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RetryWish::Never => f.pad("never"),
            RetryWish::Default => f.pad("default"),
            RetryWish::AfterMs(ms) => write!(f, "after {ms} ms"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_spelled_as_serde_and_wit_spell_it() {
        let wit = [include_str!("../delivery.wit"), include_str!("../http.wit"), include_str!("../orders.wit")].concat();
        for (text, json) in all() {
            assert_eq!(json.ok().as_ref().and_then(|json| json.as_str()), Some(text.as_str()));
            assert!(wit.contains(&format!(" {text},")) || wit.contains(&format!(" %{text},")), "{text} is a case of the WIT files");
        }
        assert_eq!(format!("{:>5}|{}", AppliedOutcome::Done, RetryWish::AfterMs(7)), " done|after 7 ms");
    }
}
