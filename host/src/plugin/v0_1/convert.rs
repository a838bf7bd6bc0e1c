//! Between the types generated from the WIT files and `cartage_contract`'s: the same names, the same fields, field by field.

use super::wit::cartage::plugin::{delivery as wd, http as wh, log as wl, manifest as wm, orders as wo, signing as ws};
use cartage_contract::{delivery as d, http as h, log as l, manifest as m, orders as o, signing as s};

/// A value of one side as the same value of the other.
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
        order_number, reference_number, label, status, previous_label, changed_at, note, comments, notify_customer, packages, line_items,
    }
    o::Package => wo::Package {
        id, tracking_number, tracking_url, carrier, carrier_given, method, picked_up, contents, told, told_number,
    }
    o::Content => wo::Content { web_line_id, reference_line_id, sku, quantity }
    o::LineItem => wo::LineItem { web_line_id, reference_line_id, sku, label, status, ordered, shipped, needed, note, packages }
    o::LinePackage => wo::LinePackage { package_id, quantity }
    d::Delivery => wd::Delivery { id, sequence, attempt, earlier, known_reference }
    d::EarlierAttempt => wd::EarlierAttempt { attempt, reach, steps, resume }
    d::Step => wd::Step { name, reference }
    d::Context => wd::Context { now_unix_ms, entropy, settings, endpoints, bound_slots }
    d::Setting => wd::Setting { name, value }
    d::BoundEndpoint => wd::BoundEndpoint { name, base_url }
    d::OrderKey => wd::OrderKey { order_number, known_reference }
    h::Response => wh::Response { status, headers, body }
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
    o::Told => wo::Told { New, AlreadyTold, NumberCorrected, Withdrawn }
    d::SettingValue => wd::SettingValue { Text(v), Integer(v), Boolean(v), Choice(v), UrlPath(v), TextMap(v) }
    h::Reach => wh::Reach { NothingSent, MaybeSent, Answered }
    h::ErrorKind => wh::ErrorKind {
        EndpointDenied, MethodDenied, PathDenied, QueryDenied, HeaderDenied, BodyDenied, CredentialDenied, RequestTooLarge, QuotaExceeded,
        AddressDenied, Unsupported, Dns, Connect, Tls, Timeout, Interrupted, ResponseInvalid, ResponseTooLarge, ResponseType, TokenRefused,
    }
    s::ErrorKind => ws::ErrorKind { SlotDenied, FieldDenied, KeyInvalid, MessageTooLarge, QuotaExceeded, Unsupported }
}

// From the guest: what it asks.
record! {
    wh::Request => h::Request { endpoint, method, path, query, headers, body, auth, renew }
    wh::QueryPair => h::QueryPair { name, value }
    wh::Header => h::Header { name, value }
    wh::SecretPart => h::SecretPart { slot, field, escape }
}

cases! {
    wh::Method => h::Method { Get, Head, Post, Put, Patch, Delete, Options }
    wh::Part => h::Part { Text(v), Bytes(v), Raw(v), Secret(v) }
    wh::Escape => h::Escape { None, Form, JsonString, XmlText, Base64 }
    ws::Algorithm => s::Algorithm { Md5, Sha1, Sha256, Sha512 }
    wl::Level => l::Level { Debug, Info, Warn, Error }
}

// From the guest: what it returns.
record! {
    wd::Applied => d::Applied { outcome, reference, message, steps }
    wd::Failure => d::Failure { kind, message, retry, steps, resume }
    wd::Step => d::Step { name, reference }
    wd::Status => d::Status { value, title }
    wd::Report => d::Report { findings, order }
    wd::Finding => d::Finding { level, about, message, remedy }
    wd::OrderSeen => d::OrderSeen { order_number, reference, status, packages, details }
    wd::PackageSeen => d::PackageSeen { carrier, tracking_number }
}

cases! {
    wd::AppliedOutcome => d::AppliedOutcome { Done, AlreadyDone }
    wd::FailureKind => d::FailureKind {
        Credentials, RateLimited, Unavailable, Protocol, OrderNotFound, AmbiguousOrder, InvalidData, StatusNotSupported, IllegalTransition,
        Gone, HostDenied,
    }
    wd::RetryWish => d::RetryWish { Never, Default, AfterMs(v) }
    wd::FindingLevel => d::FindingLevel { Fine, Warning, Problem }
    wd::FindingSubject => d::FindingSubject { Reachability, Credentials, Permissions, Version, Settings, Order, Other }
}

// From the guest: what it says of itself.
record! {
    wm::Manifest => m::Manifest {
        name, version, cart, summary, about, endpoints, slots, settings, statuses, features, carriers, personal_fields,
    }
    wm::About => m::About { vendor, support, licence, changelog }
    wm::Endpoint => m::Endpoint {
        name, purpose, example, base, required, methods, path_prefixes, request_headers, request_types, response_headers, response_types,
    }
    wm::Slot => m::Slot { name, purpose, kind, required, endpoints, fields, hashed }
    wm::SlotField => m::SlotField { name, purpose, secret, required }
    wm::HeaderPlacement => m::HeaderPlacement { name, prefix }
    wm::Oauth1 => m::Oauth1 { placement, signature }
    wm::Oauth2 => m::Oauth2 { token_endpoint, client_authentication, scope }
    wm::Login => m::Login { endpoint, method, path, query, headers, body, token, apply, lifetime_s, lifetime_pointer }
    wm::Setting => m::Setting { name, title, help, kind, required, default, former_names }
    wm::TextLimits => m::TextLimits { min, max, pattern }
    wm::IntegerLimits => m::IntegerLimits { min, max }
    wm::Choice => m::Choice { value, title }
}

cases! {
    wm::Base => m::Base { Any, Pattern(v), Fixed(v) }
    wm::SlotKind => m::SlotKind {
        Basic, Bearer, Header(v), Query(v), FormField, MacKey(v), Oauth1(v), Oauth2ClientCredentials(v), Login(v),
    }
    wm::KeyEncoding => m::KeyEncoding { Text, Base64, Hex, Whsec }
    wm::Oauth1Placement => m::Oauth1Placement { Header, Query }
    wm::Oauth1Signature => m::Oauth1Signature { HmacSha1, HmacSha256 }
    wm::ClientAuthentication => m::ClientAuthentication { Basic, Post }
    wm::TokenSource => m::TokenSource { Header(v), JsonPointer(v) }
    wm::TokenPlacement => m::TokenPlacement { Header(v), Query(v), Cookie(v) }
    wm::SettingKind => m::SettingKind { Text(v), Integer(v), Boolean, Choice(v), UrlPath, TextMap(v), ChoiceMap(v) }
    wm::Statuses => m::Statuses { Fixed(v), FreeText, Ask }
    wd::SettingValue => d::SettingValue { Text(v), Integer(v), Boolean(v), Choice(v), UrlPath(v), TextMap(v) }
}

impl Convert<m::Features> for wm::Features {
    fn convert(self) -> m::Features {
        m::Features {
            tracking: self.contains(wm::Features::TRACKING),
            several_packages: self.contains(wm::Features::SEVERAL_PACKAGES),
            line_items: self.contains(wm::Features::LINE_ITEMS),
            notes: self.contains(wm::Features::NOTES),
            customer_notification: self.contains(wm::Features::CUSTOMER_NOTIFICATION),
            mails_customer: self.contains(wm::Features::MAILS_CUSTOMER),
            safe_to_repeat: self.contains(wm::Features::SAFE_TO_REPEAT),
            full_state: self.contains(wm::Features::FULL_STATE),
        }
    }
}
