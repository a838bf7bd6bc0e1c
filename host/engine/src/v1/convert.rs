//! Conversion between the types generated from the WIT files and those of `cartage_contract`: the same names and fields, field by field.

use super::wit::cartage::plugin::{delivery as wd, growth as wg, http as wh, log as wl, manifest as wm, orders as wo, signing as ws};
use cartage_contract::{delivery as d, growth as g, http as h, log as l, manifest as m, orders as o, signing as s};

/// Converts a value of one side to the same value of the other.
pub(super) trait Convert<To> {
    fn convert(self) -> To;
}

impl<A: Convert<B>, B> Convert<Option<B>> for Option<A> {
    fn convert(self) -> Option<B> {
        self.map(A::convert)
    }
}

impl<A: Convert<B>, B> Convert<Vec<B>> for Vec<A> {
    fn convert(self) -> Vec<B> {
        self.into_iter().map(A::convert).collect()
    }
}

/// Types that both sides share.
macro_rules! same {
    ($($type:ty),* $(,)?) => {
        $(impl Convert<$type> for $type {
            fn convert(self) -> $type {
                self
            }
        })*
    };
}

same!(String, (String, String), Vec<u8>, u16, u32, u64, i16, i64, bool);

/// Records by their fields, in one direction.
macro_rules! record {
    ($($from:ty => $to:path { $($field:ident),* $(,)? })*) => {
        $(impl Convert<$to> for $from {
            fn convert(self) -> $to {
                $to { $($field: self.$field.convert()),* }
            }
        })*
    };
}

/// Enums and variants by their cases, in one direction.
macro_rules! cases {
    ($($from:path => $to:path { $($case:ident $(($value:ident))?),* $(,)? })*) => {
        $(impl Convert<$to> for $from {
            fn convert(self) -> $to {
                use $from as From;
                use $to as To;
                match self {
                    $(From::$case $(($value))? => To::$case $(($value.convert()))?),*
                }
            }
        })*
    };
}

// To the guest: what it is told, and what it is answered.
record! {
    o::Update => wo::Update {
        order_number, reference_number, label, status, previous_label, changed_at, changed_at_unix_ms, note, comments, notify_customer,
        packages, packages_complete, line_items, extra,
    }
    o::Package => wo::Package {
        id, tracking_number, tracking_url, carrier, carrier_given, method, picked_up, contents, origin, told, told_number,
        known_reference, extra,
    }
    o::Content => wo::Content { web_line_id, reference_line_id, sku, quantity }
    o::LineItem => wo::LineItem {
        web_line_id, reference_line_id, sku, label, status, ordered, shipped, needed, note, packages, extra,
    }
    o::LinePackage => wo::LinePackage { package_id, quantity }
    d::Delivery => wd::Delivery { id, sequence, attempt, earlier, known_reference, extra }
    d::EarlierAttempt => wd::EarlierAttempt { attempt, reach, steps, resume, extra }
    d::Step => wd::Step { name, reference }
    d::Context => wd::Context { now_unix_ms, entropy, settings, endpoints, bound_slots, limits, extra }
    d::Limits => wd::Limits { requests, request_bytes, response_bytes, request_ms, call_ms }
    d::Setting => wd::Setting { name, value }
    d::BoundEndpoint => wd::BoundEndpoint { name, base_url }
    d::OrderKey => wd::OrderKey { order_number, known_reference }
    h::Response => wh::Response { status, headers, body, extra }
    h::ResponseHeader => wh::ResponseHeader { name, value }
    h::Error => wh::Error { kind, reach, message }
    s::Error => ws::Error { kind, message }
}

impl Convert<wo::CivilTime> for o::CivilTime {
    fn convert(self) -> wo::CivilTime {
        let o::CivilTime { date, hour, minute, second, utc_offset_minutes } = self;
        wo::CivilTime { date: date.convert(), hour, minute, second, utc_offset_minutes }
    }
}

impl Convert<wo::CivilDate> for o::CivilDate {
    fn convert(self) -> wo::CivilDate {
        let o::CivilDate { year, month, day } = self;
        wo::CivilDate { year, month, day }
    }
}

cases! {
    o::Told => wo::Told { New, AlreadyTold, NumberCorrected, Changed, Withdrawn }
    d::ChoicesOf => wd::ChoicesOf { Statuses, Carriers, Setting(v) }
    d::SettingValue => wd::SettingValue { Text(v), Integer(v), Boolean(v), Choice(v), Several(v), UrlPath(v), TextMap(v) }
    h::Reach => wh::Reach { NothingSent, MaybeSent, Answered }
    h::ErrorKind => wh::ErrorKind {
        EndpointDenied, MethodDenied, PathDenied, QueryDenied, EffectDenied, HeaderDenied, BodyDenied, CredentialDenied, RequestTooLarge, QuotaExceeded,
        AddressDenied, Unsupported, Dns, Connect, Tls, Timeout, Interrupted, ResponseInvalid, ResponseTooLarge, ResponseType, TokenRefused,
        Other,
    }
    s::ErrorKind => ws::ErrorKind { SlotDenied, FieldDenied, KeyInvalid, MessageTooLarge, QuotaExceeded, Unsupported, Other }
}

// From the guest: what it asks.
record! {
    wh::Request => h::Request { endpoint, method, effect, path, query, headers, body, auth, renew, extra }
    wh::QueryPair => h::QueryPair { name, value }
    wh::Header => h::Header { name, value }
    wh::SecretPart => h::SecretPart { slot, field, escape }
}

cases! {
    wh::Effect => h::Effect { Reads, Writes }
    wh::Part => h::Part { Text(v), Bytes(v), Raw(v), Secret(v) }
    wh::Escape => h::Escape { None, Form, JsonString, XmlText, Base64 }
    ws::Algorithm => s::Algorithm { Md5, Sha1, Sha256, Sha512 }
    wl::Level => l::Level { Debug, Info, Warn, Error }
}

impl Convert<h::Method> for wh::Method {
    fn convert(self) -> h::Method {
        match self {
            wh::Method::Get => h::Method::Get,
            wh::Method::Head => h::Method::Head,
            wh::Method::Post => h::Method::Post,
            wh::Method::Put => h::Method::Put,
            wh::Method::Patch => h::Method::Patch,
            wh::Method::Delete => h::Method::Delete,
            wh::Method::Options => h::Method::Options,
            // One that has a case of its own is that case, however it is given.
            wh::Method::Other(name) => h::Method::from(name),
        }
    }
}

// From the guest: what it returns.
record! {
    wd::Applied => d::Applied { outcome, reference, message, steps, packages, rest_ms, extra }
    wd::ToldPackage => d::ToldPackage { index, reference }
    wd::Failure => d::Failure { kind, message, retry, steps, resume, reference, packages, extra }
    wd::Step => d::Step { name, reference }
    wd::Choice => d::Choice { value, title }
    wd::Report => d::Report { findings, order }
    wd::Finding => d::Finding { level, about, message, remedy }
    wd::OrderSeen => d::OrderSeen { order_number, reference, status, packages, details }
    wd::PackageSeen => d::PackageSeen { carrier, tracking_number }
}

cases! {
    wd::AppliedOutcome => d::AppliedOutcome { Done, AlreadyDone }
    wd::FailureKind => d::FailureKind {
        Credentials, NotPermitted, Misconfigured, RateLimited, Pending, OrderBusy, Unavailable, Protocol, OrderNotFound, AmbiguousOrder, InvalidData, StatusNotSupported, IllegalTransition,
        Gone, HostDenied,
    }
    wd::RetryWish => d::RetryWish { Never, Default, AfterMs(v) }
    wd::FindingLevel => d::FindingLevel { Fine, Warning, Problem }
    wd::FindingSubject => d::FindingSubject { Reachability, Credentials, Permissions, Version, Settings, Order, Other }
}

// From the guest: what it says of itself.
record! {
    wm::Manifest => m::Manifest {
        name, version, cart, summary, about, endpoints, slots, settings, statuses, features, carriers, personal_fields, pace, requires,
        extra,
    }
    wm::Pace => m::Pace { requests_per_minute, concurrency, requests_per_call, response_bytes }
    wm::About => m::About { vendor, support, licence, changelog }
    wm::Endpoint => m::Endpoint {
        name, purpose, example, base, required, methods, path_prefixes, request_headers, request_types, response_headers, response_types,
        extra,
    }
    wm::Slot => m::Slot { name, purpose, kind, required, alternative, endpoints, fields, hashed, extra }
    wm::SlotField => m::SlotField { name, purpose, secret, required }
    wm::HeaderPlacement => m::HeaderPlacement { name, prefix }
    wm::Oauth1 => m::Oauth1 { placement, signature }
    wm::Oauth2 => m::Oauth2 { token_endpoint, path, client_authentication, scope, parameters, apply }
    wm::Login => m::Login {
        endpoint, method, path, query, headers, body, auth, tokens, replaces, lifetime_s, lifetime_pointer,
    }
    wm::LoginToken => m::LoginToken { name, source, apply }
    wm::ReplacedField => m::ReplacedField { field, source }
    wm::Setting => m::Setting { name, title, help, kind, required, default, former_names, extra }
    wm::TextLimits => m::TextLimits { min, max, pattern }
    wm::IntegerLimits => m::IntegerLimits { min, max }
    wg::Extension => g::Extension { name, parameters }
}

cases! {
    wm::Base => m::Base { Any, Pattern(v), Fixed(v), OneOf(v) }
    wm::SlotKind => m::SlotKind {
        Basic, Bearer, Header(v), Query(v), FormField, MacKey(v), Oauth1(v), Oauth2ClientCredentials(v), Login(v), Other(v),
    }
    wm::KeyEncoding => m::KeyEncoding { Text, Base64, Hex, Whsec }
    wm::Oauth1Placement => m::Oauth1Placement { Header, Query }
    wm::Oauth1Signature => m::Oauth1Signature { HmacSha1, HmacSha256 }
    wm::ClientAuthentication => m::ClientAuthentication { Basic, Post }
    wm::TokenSource => m::TokenSource { Header(v), JsonPointer(v), Cookie(v), Body }
    wm::TokenPlacement => m::TokenPlacement { Header(v), Query(v), Cookie(v) }
    wm::SettingKind => m::SettingKind {
        Text(v), Integer(v), Boolean, Choice(v), Several(v), UrlPath, TextMap(v), ChoiceMap(v), Lines(v), Other(v),
    }
    wm::Choices => m::Choices { Fixed(v), Asked }
    wm::Statuses => m::Statuses { Fixed(v), FreeText, Asked }
    wm::Carriers => m::Carriers { Any, Fixed(v), Known(v), Asked }
    wd::SettingValue => d::SettingValue { Text(v), Integer(v), Boolean(v), Choice(v), Several(v), UrlPath(v), TextMap(v) }
}

impl Convert<m::Features> for wm::Features {
    fn convert(self) -> m::Features {
        m::Features {
            tracking: self.contains(wm::Features::TRACKING),
            several_packages: self.contains(wm::Features::SEVERAL_PACKAGES),
            package_contents: self.contains(wm::Features::PACKAGE_CONTENTS),
            corrections: self.contains(wm::Features::CORRECTIONS),
            withdrawals: self.contains(wm::Features::WITHDRAWALS),
            line_items: self.contains(wm::Features::LINE_ITEMS),
            notes: self.contains(wm::Features::NOTES),
            without_status: self.contains(wm::Features::WITHOUT_STATUS),
            customer_notification: self.contains(wm::Features::CUSTOMER_NOTIFICATION),
            mails_customer: self.contains(wm::Features::MAILS_CUSTOMER),
            safe_to_repeat: self.contains(wm::Features::SAFE_TO_REPEAT),
            full_state: self.contains(wm::Features::FULL_STATE),
        }
    }
}
