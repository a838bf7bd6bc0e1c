//! The boundary of the component: the code that `wit-bindgen` generates from the WIT files, and the conversions between its types and the contract's.
//!
//! The generated file is kept with the sources, and a test compares it with the WIT files. So a plugin's build does not need the generator, which takes
//! longer to compile than the plugin.
//!
//! No generated type leaves this module. Each record is converted with all its fields named, so that a field that was added to the contract and forgotten
//! here does not compile. In native builds the same code is type-checked, and the imports lead to [`crate::testing`] instead of a host.

use crate::Plugin;
use cartage_contract::{delivery as d, growth as e, http as h, manifest as m, orders as o};
#[cfg(target_family = "wasm")]
use cartage_contract::{log as l, signing as s};
use std::marker::PhantomData;

#[allow(missing_docs, unsafe_code, unreachable_pub, unnameable_types, reason = "generated: the canonical ABI is raw memory")]
#[allow(clippy::all, clippy::allow_attributes_without_reason, clippy::unwrap_used, reason = "generated")]
#[rustfmt::skip]
mod generated;

pub use generated::*;

use generated::cartage::plugin::{delivery as gd, growth as ge, http as gh, manifest as gm, orders as go};
#[cfg(target_family = "wasm")]
use generated::cartage::plugin::{log as gl, signing as gs};

/// Exports the plugin `P` as the contract's world requires.
#[derive(Debug)]
pub struct Export<P>(PhantomData<P>);

impl<P: Plugin> Guest for Export<P> {
    fn describe() -> gm::Manifest {
        log_panics();
        m::Manifest::from(P::describe()).to()
    }

    fn list_choices(of: gd::ChoicesOf, context: gd::Context) -> Result<Vec<gd::Choice>, gd::Failure> {
        log_panics();
        P::list_choices(of.to(), context.to()).map_err(d::Failure::from).to()
    }

    fn check(order: Option<gd::OrderKey>, context: gd::Context) -> Result<gd::Report, gd::Failure> {
        log_panics();
        P::check(order.to(), context.to()).map(d::Report::from).map_err(d::Failure::from).to()
    }

    fn send_order_status(update: go::Update, delivery: gd::Delivery, context: gd::Context) -> Result<gd::Applied, gd::Failure> {
        log_panics();
        P::send_order_status(update.to(), delivery.to(), context.to()).map(d::Applied::from).map_err(d::Failure::from).to()
    }
}

/// Logs panics, so that the operator sees why a plugin trapped: a component cannot report a panic in another way.
fn log_panics() {
    #[cfg(target_family = "wasm")]
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
        log(l::Level::Error, &format!("panicked{place}: {}", panic.payload_as_str().unwrap_or("no message")));
    }));
}

/// The host's imports; in native builds, those of the scripted cart.
#[cfg(target_family = "wasm")]
mod imports {
    use super::*;

    pub(crate) fn send(request: h::Request) -> Result<h::Response, h::Error> {
        gh::send(&request.to()).to()
    }

    pub(crate) fn mac(slot: &str, algorithm: s::Algorithm, message: Vec<h::Part>) -> Result<Vec<u8>, s::Error> {
        gs::mac(slot, algorithm.to(), &Convert::<Vec<gh::Part>>::to(message)).to()
    }

    pub(crate) fn digest(algorithm: s::Algorithm, message: Vec<h::Part>) -> Result<Vec<u8>, s::Error> {
        gs::digest(algorithm.to(), &Convert::<Vec<gh::Part>>::to(message)).to()
    }

    pub(crate) fn log(level: l::Level, message: &str) {
        gl::log(level.to(), message);
    }
}

#[cfg(not(target_family = "wasm"))]
use crate::testing::imports;

pub(crate) use imports::{digest, log, mac, send};

/// Converts a generated type into the contract's, or back.
trait Convert<T> {
    fn to(self) -> T;
}

macro_rules! same {
    ($($plain:ty),*) => { $(impl Convert<$plain> for $plain { fn to(self) -> $plain { self } })* };
}
same!(bool, u8, u16, u32, u64, i16, i64, String);

impl<A: Convert<B>, B> Convert<Option<B>> for Option<A> {
    fn to(self) -> Option<B> {
        self.map(A::to)
    }
}

impl<A: Convert<B>, B> Convert<Vec<B>> for Vec<A> {
    fn to(self) -> Vec<B> {
        self.into_iter().map(A::to).collect()
    }
}

impl<A: Convert<C>, B: Convert<D>, C, D> Convert<(C, D)> for (A, B) {
    fn to(self) -> (C, D) {
        (self.0.to(), self.1.to())
    }
}

impl<A: Convert<C>, B: Convert<D>, C, D> Convert<Result<C, D>> for Result<A, B> {
    fn to(self) -> Result<C, D> {
        self.map(A::to).map_err(B::to)
    }
}

/// Converts a record by naming its fields: `record!(from => to { every, field })`.
macro_rules! record {
    ($from:path => $to:path { $($field:ident),* }) => {
        impl Convert<$to> for $from {
            fn to(self) -> $to {
                let $from { $($field),* } = self;
                $to { $($field: $field.to()),* }
            }
        }
    };
}

/// Converts a variant case by case: `cases!(from => to { Bare, Cases; Cases, With, Payload })`.
macro_rules! cases {
    ($from:path => $to:path { $($bare:ident),* $(; $($full:ident),*)? }) => {
        const _: () = {
            use $from as From;
            use $to as To;

            impl Convert<To> for From {
                fn to(self) -> To {
                    match self {
                        $(From::$bare => To::$bare,)*
                        $($(From::$full(inside) => To::$full(inside.to()),)*)?
                    }
                }
            }
        };
    };
}

// Values that the host passes to the plugin.
record!(go::Update => o::Update {
    order_number, reference_number, label, status, previous_label, changed_at, changed_at_unix_ms, note, comments, notify_customer,
    packages, packages_complete, line_items, extra
});
record!(go::CivilTime => o::CivilTime { date, hour, minute, second, utc_offset_minutes });
record!(go::CivilDate => o::CivilDate { year, month, day });
record!(go::Package => o::Package {
    id, tracking_number, tracking_url, carrier, carrier_given, method, picked_up, contents, origin, told, told_number, known_reference,
    extra
});
cases!(go::Told => o::Told { New, AlreadyTold, NumberCorrected, Changed, Withdrawn });
record!(go::Content => o::Content { web_line_id, reference_line_id, sku, quantity });
record!(go::LineItem => o::LineItem {
    web_line_id, reference_line_id, sku, label, status, ordered, shipped, needed, note, packages, extra
});
record!(go::LinePackage => o::LinePackage { package_id, quantity });
record!(gd::Delivery => d::Delivery { id, sequence, attempt, earlier, known_reference, extra });
record!(gd::EarlierAttempt => d::EarlierAttempt { attempt, reach, steps, resume, extra });
record!(gd::Step => d::Step { name, reference });
record!(gd::Setting => d::Setting { name, value });
cases!(gd::SettingValue => d::SettingValue { ; Text, Integer, Boolean, Choice, Several, UrlPath, TextMap });
record!(gd::Limits => d::Limits { requests, request_bytes, response_bytes, request_ms, call_ms });
cases!(gd::ChoicesOf => d::ChoicesOf { Statuses, Carriers; Setting });
record!(gd::BoundEndpoint => d::BoundEndpoint { name, base_url });
record!(gd::OrderKey => d::OrderKey { order_number, known_reference });
cases!(gh::Reach => h::Reach { NothingSent, MaybeSent, Answered });

impl Convert<crate::Context> for gd::Context {
    fn to(self) -> crate::Context {
        let gd::Context { now_unix_ms, entropy, settings, endpoints, bound_slots, limits, extra } = self;
        let (settings, endpoints, limits) = (settings.to(), endpoints.to(), limits.to());
        d::Context { now_unix_ms, entropy, settings, endpoints, bound_slots, limits, extra }.into()
    }
}

#[cfg(target_family = "wasm")]
mod answers {
    use super::*;

    record!(gh::Response => h::Response { status, headers, body, extra });
    record!(gh::ResponseHeader => h::ResponseHeader { name, value });
    record!(gh::Error => h::Error { kind, reach, message });
    cases!(gh::ErrorKind => h::ErrorKind {
        EndpointDenied, MethodDenied, PathDenied, QueryDenied, EffectDenied, HeaderDenied, BodyDenied, CredentialDenied, RequestTooLarge,
        QuotaExceeded, AddressDenied, Unsupported, Dns, Connect, Tls, Timeout, Interrupted, ResponseInvalid, ResponseTooLarge,
        ResponseType, TokenRefused, Other
    });
    record!(gs::Error => s::Error { kind, message });
    cases!(gs::ErrorKind => s::ErrorKind { SlotDenied, FieldDenied, KeyInvalid, MessageTooLarge, QuotaExceeded, Unsupported, Other });

    // Values that the plugin passes to the host's imports.
    record!(h::Request => gh::Request { endpoint, method, effect, path, query, headers, body, auth, renew, extra });
    cases!(h::Effect => gh::Effect { Reads, Writes });
    cases!(s::Algorithm => gs::Algorithm { Md5, Sha1, Sha256, Sha512 });
    cases!(l::Level => gl::Level { Debug, Info, Warn, Error });
}

// Values that the plugin returns.
record!(d::Applied => gd::Applied { outcome, reference, message, steps, packages, rest_ms, extra });
record!(d::ToldPackage => gd::ToldPackage { index, reference });
cases!(d::AppliedOutcome => gd::AppliedOutcome { Done, AlreadyDone });
record!(d::Failure => gd::Failure { kind, message, retry, steps, resume, reference, packages, extra });
cases!(d::FailureKind => gd::FailureKind {
    Credentials, NotPermitted, Misconfigured, RateLimited, Pending, OrderBusy, Unavailable, Protocol, OrderNotFound, AmbiguousOrder, InvalidData, StatusNotSupported,
    IllegalTransition, Gone, HostDenied
});
cases!(d::RetryWish => gd::RetryWish { Never, Default; AfterMs });
record!(d::Step => gd::Step { name, reference });
record!(d::Choice => gd::Choice { value, title });
record!(d::Report => gd::Report { findings, order });
record!(d::Finding => gd::Finding { level, about, message, remedy });
cases!(d::FindingLevel => gd::FindingLevel { Fine, Warning, Problem });
cases!(d::FindingSubject => gd::FindingSubject { Reachability, Credentials, Permissions, Version, Settings, Order, Other });
record!(d::OrderSeen => gd::OrderSeen { order_number, reference, status, packages, details });
record!(d::PackageSeen => gd::PackageSeen { carrier, tracking_number });

// The plugin's description of itself.
record!(m::Manifest => gm::Manifest {
    name, version, cart, summary, about, endpoints, slots, settings, statuses, features, carriers, personal_fields, pace, requires, extra
});
record!(m::Pace => gm::Pace { requests_per_minute, concurrency, requests_per_call, response_bytes });
record!(m::About => gm::About { vendor, support, licence, changelog });
record!(m::Endpoint => gm::Endpoint {
    name, purpose, example, base, required, methods, path_prefixes, request_headers, request_types, response_headers, response_types,
    extra
});
cases!(m::Base => gm::Base { Any; Pattern, Fixed, OneOf });
record!(m::Slot => gm::Slot { name, purpose, kind, required, alternative, endpoints, fields, hashed, extra });
record!(m::SlotField => gm::SlotField { name, purpose, secret, required });
cases!(m::SlotKind => gm::SlotKind {
    Basic, Bearer, FormField; Header, Query, MacKey, Oauth1, Oauth2ClientCredentials, Login, Other
});
record!(m::HeaderPlacement => gm::HeaderPlacement { name, prefix });
cases!(m::KeyEncoding => gm::KeyEncoding { Text, Base64, Hex, Whsec });
record!(m::Oauth1 => gm::Oauth1 { placement, signature });
cases!(m::Oauth1Placement => gm::Oauth1Placement { Header, Query });
cases!(m::Oauth1Signature => gm::Oauth1Signature { HmacSha1, HmacSha256 });
record!(m::Oauth2 => gm::Oauth2 { token_endpoint, path, client_authentication, scope, parameters, apply });
cases!(m::ClientAuthentication => gm::ClientAuthentication { Basic, Post });
record!(m::Login => gm::Login {
    endpoint, method, path, query, headers, body, auth, tokens, replaces, lifetime_s, lifetime_pointer
});
record!(m::LoginToken => gm::LoginToken { name, source, apply });
record!(m::ReplacedField => gm::ReplacedField { field, source });
cases!(m::TokenSource => gm::TokenSource { Body; Header, JsonPointer, Cookie });
cases!(m::TokenPlacement => gm::TokenPlacement { ; Header, Query, Cookie });
record!(m::Setting => gm::Setting { name, title, help, kind, required, default, former_names, extra });
cases!(m::SettingKind => gm::SettingKind {
    Boolean, UrlPath; Text, Integer, Choice, Several, TextMap, ChoiceMap, Lines, Other
});
cases!(m::Choices => gm::Choices { Asked; Fixed });
record!(m::TextLimits => gm::TextLimits { min, max, pattern });
record!(m::IntegerLimits => gm::IntegerLimits { min, max });
cases!(m::Statuses => gm::Statuses { FreeText, Asked; Fixed });
cases!(m::Carriers => gm::Carriers { Any, Asked; Fixed, Known });
record!(e::Extension => ge::Extension { name, parameters });
cases!(d::SettingValue => gd::SettingValue { ; Text, Integer, Boolean, Choice, Several, UrlPath, TextMap });
cases!(h::Method => gh::Method { Get, Head, Post, Put, Patch, Delete, Options; Other });
record!(h::QueryPair => gh::QueryPair { name, value });
record!(h::Header => gh::Header { name, value });
cases!(h::Part => gh::Part { ; Text, Bytes, Raw, Secret });
record!(h::SecretPart => gh::SecretPart { slot, field, escape });
cases!(h::Escape => gh::Escape { None, Form, JsonString, XmlText, Base64 });

impl Convert<gm::Features> for m::Features {
    fn to(self) -> gm::Features {
        let m::Features {
            tracking,
            several_packages,
            package_contents,
            corrections,
            withdrawals,
            line_items,
            notes,
            without_status,
            customer_notification,
            mails_customer,
            safe_to_repeat,
            full_state,
        } = self;
        [
            (tracking, gm::Features::TRACKING),
            (several_packages, gm::Features::SEVERAL_PACKAGES),
            (package_contents, gm::Features::PACKAGE_CONTENTS),
            (corrections, gm::Features::CORRECTIONS),
            (withdrawals, gm::Features::WITHDRAWALS),
            (line_items, gm::Features::LINE_ITEMS),
            (notes, gm::Features::NOTES),
            (without_status, gm::Features::WITHOUT_STATUS),
            (customer_notification, gm::Features::CUSTOMER_NOTIFICATION),
            (mails_customer, gm::Features::MAILS_CUSTOMER),
            (safe_to_repeat, gm::Features::SAFE_TO_REPEAT),
            (full_state, gm::Features::FULL_STATE),
        ]
        .into_iter()
        .filter(|(set, _)| *set)
        .fold(gm::Features::empty(), |all, (_, flag)| all | flag)
    }
}
