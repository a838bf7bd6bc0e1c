//! SETI inbound: an unmodified Order Manager posts to one of our carts as it would to a cart's integration script.
//!
//! This module turns the bytes of an HTTP request into typed data, and outcomes into the bytes of the answer. It has no socket, store or
//! clock: the listener does this, in order:
//!
//! 1. [`read`] the request: bounded, decoded, its function known. A [`SetiCall::SendVersion`] is answered at once, without credentials.
//! 2. [`Locked::open`] a [`SetiCall::UpdateStatus`] with the cart's password: the log-in is checked first, and only then is anything parsed.
//!    The [`StatusPost`] holds each order's fields, or why they cannot be read.
//! 3. Ask the gate about each, accept, perhaps wait; then [`answer`] with the outcome of each. A gate's decision becomes an
//!    [`PostOutcome`] by `From`.
//!
//! Every error has an answer too, from [`Error::answer`]. All answers are sent with HTTP status 200 and [`Reply::CONTENT_TYPE`], as
//! scripts do: an Order Manager looks only at the body.
//!
//! The limits of the protocol: it has no key for repeats, so a repeated post is harmless only because the gate finds nothing new in it;
//! form fields have no sender's time, so such a change is dated when it came; and a `PackageID` counts the packages of one post only, so a
//! package is known by carrier and tracking number. The content of a request is untrusted: if an Order Manager does not escape the notes,
//! whoever wrote them can add elements, and [`OrderProblem::Twice`] catches those that repeat one.
//!
//! ```
//! use cartage::carts::Inlet;
//! use cartage_http::seti::{self, Reply, SetiCall, Error, PostOutcome, PartOutcome, SetiRequest};
//! use secrecy::SecretString;
//!
//! fn respond(request: &SetiRequest<'_>, inlet: &Inlet, password: &SecretString) -> Result<Reply, Error> {
//!     let post = match seti::read(request, inlet)? {
//!         SetiCall::SendVersion => return Ok(Reply::version(inlet)),
//!         SetiCall::UpdateStatus(locked) => locked.open(inlet, password)?,
//!     };
//!     let outcome = |update: &Result<cartage::validate::Fields, seti::InvalidOrder>| match update {
//!         // Here the gate is asked and the update kept.
//!         Ok(fields) => PartOutcome { order: Some(fields.order_number.clone()), outcome: PostOutcome::Accepted },
//!         Err(invalid) => PartOutcome::from(invalid),
//!     };
//!     Ok(seti::answer(&post.updates.iter().map(outcome).collect::<Vec<_>>()))
//! }
//!
//! let (inlet, password) = (Inlet::new("om").expect("it is a user name"), SecretString::from("secret"));
//! let body = b"setifunction=updatestatus&setiuser=om&password=secret&ordernumber=9001&orderstatus=Shipped";
//! let request = SetiRequest { method: "POST", query: None, content_type: None, body };
//! let answer = respond(&request, &inlet, &password).unwrap_or_else(|error| error.answer());
//! assert_eq!(answer.as_str(), "SETIResponse: update=OK;Notes=");
//! ```
//!
//! The operator's view is docs/seti-inbound.md.

mod decided;
mod delimited;
pub mod listener;
pub mod form;
mod login;
mod part;
mod reply;
pub mod text;
pub mod times;
pub mod xml;

#[cfg(test)]
mod tests;

pub use login::Locked;
pub use part::{InvalidOrder, OrderProblem};
pub use reply::{ANSWER_BYTES_MAX, PartOutcome, PostOutcome, Reply, answer};

use cartage_model::carts::Inlet;
use cartage_policy::validate::Fields;
use std::fmt;

/// An HTTP request as received.
#[derive(Debug, Clone, Copy)]
pub struct SetiRequest<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// The query: what follows the `?` of the request's target. `None` without a `?`.
    pub query: Option<&'a str>,
    /// The value of the header `Content-Type`; `None` if it is absent.
    pub content_type: Option<&'a str>,
    /// The body. Read at most [`form::BODY_BYTES_MAX`] and one byte from a socket: a body with that byte is refused here, with an answer.
    pub body: &'a [u8],
}

/// What a request asks for.
#[derive(Debug)]
pub enum SetiCall {
    /// The script's presence and version. Answered with [`Reply::version`].
    SendVersion,
    /// To accept status updates, once the log-in is checked.
    UpdateStatus(Locked),
}

/// A post whose log-in was right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusPost {
    /// The Order Manager's version as the post states it; `None` if the post does not. Nothing depends on the value.
    pub om_version: Option<String>,
    /// The fields of each order, or why they cannot be read, in the order of the post; never empty.
    pub updates: Vec<Result<Fields, InvalidOrder>>,
}

/// Why a request is not valid, or a post has no updates. No update of the request is accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes are not a valid form.
    #[error("the request cannot be read")]
    Form(#[from] form::Error),
    /// The request names no function.
    #[error("the request has no setifunction: this address takes posts of an Order Manager")]
    FunctionMissing,
    /// The function is not supported here.
    #[error(
        "unknown function {name:?}: this address takes sendversion and updatestatus; for any other, put the URL of the cart's own script back \
         as the Script URL in the Order Manager"
    )]
    FunctionUnknown {
        /// The name as received, cut to a readable length.
        name: String,
    },
    /// The user name, password or store code is not the cart's.
    #[error("access denied: check user name, password and store code in the Order Manager's cart definition against the cart's inlet")]
    Denied(Denial),
    /// The XML cannot be read.
    #[error("the XML in the field update cannot be read")]
    Xml(#[from] xml::Error),
}

/// Why a post was denied. The reason goes to the log and the alert, and never to the sender, because a stranger could try one part after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    /// There is no cart with this name.
    NoCart,
    /// The cart's definition has no `[seti]`.
    NoInlet,
    /// No password is set for the inlet.
    NoPassword,
    /// The client failed too often before.
    ShutOut,
    /// The log-in is wrong. The fields are `true` for its wrong parts.
    Wrong {
        /// Whether the user name is wrong.
        user: bool,
        /// Whether the password is wrong.
        password: bool,
        /// Whether the store code is wrong.
        code: bool,
    },
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (user, password, code) = match self {
            Denial::NoCart => return f.write_str("there is no such cart"),
            Denial::NoInlet => return f.write_str("the cart has no [seti] in its file"),
            Denial::NoPassword => return f.write_str("no password of the cart's inlet is set"),
            Denial::ShutOut => return f.write_str("the client is shut out for failed log-ins"),
            Denial::Wrong { user, password, code } => (*user, *password, *code),
        };
        let parts = [(user, "the user name"), (password, "the password"), (code, "the store code")];
        let wrong: Vec<&str> = parts.into_iter().filter_map(|(wrong, part)| wrong.then_some(part)).collect();
        match wrong.as_slice() {
            [] => f.write_str("the log-in is wrong"),
            [one] => write!(f, "{one} is wrong"),
            [first @ .., last] => write!(f, "{} and {last} are wrong", first.join(", ")),
        }
    }
}

/// Reads a request: decodes its form and determines its function. Nothing that needs a log-in is parsed yet.
///
/// # Errors
///
/// [`Error::Form`], [`Error::FunctionMissing`] and [`Error::FunctionUnknown`].
pub fn read(request: &SetiRequest<'_>, inlet: &Inlet) -> Result<SetiCall, Error> {
    let form = form::Form::read(request, inlet)?;
    let name = form.text("setifunction")?.unwrap_or_default();
    match name.trim().to_ascii_lowercase().as_str() {
        "" => Err(Error::FunctionMissing),
        "sendversion" => Ok(SetiCall::SendVersion),
        "updatestatus" => Ok(SetiCall::UpdateStatus(Locked::new(form)?)),
        _ => Err(Error::FunctionUnknown { name: text::cut(&name) }),
    }
}
