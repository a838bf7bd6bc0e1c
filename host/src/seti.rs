//! SETI inbound: an unmodified Order Manager posts to a cart of ours as it would to a cart's integration script.
//!
//! Bytes of an HTTP request in, typed data out; outcomes in, the answer's bytes out. There is no socket, store or clock here: whoever listens
//! does this, in order:
//!
//! 1. [`read`] the request: bounded, decoded, its function known. A [`Call::SendVersion`] is answered at once, without credentials.
//! 2. [`Locked::open`] a [`Call::UpdateStatus`] with the cart's password: the log-in is checked first, and only then is anything parsed. The
//!    [`Post`] holds each order's fields, or why they cannot be read.
//! 3. Ask the gate about each, accept, perhaps wait; then [`answer`] with what became of each. A gate's decision is an [`Outcome`] by `From`.
//!
//! Every error is answered as well, by [`Error::answer`]. All answers go out with HTTP status 200 and [`Answer::CONTENT_TYPE`], as those of
//! scripts do: an Order Manager looks at the body.
//!
//! What the protocol cannot say: it has no key for repeats, so a post is harmless when it comes again because the gate finds nothing new in
//! it; it has no sender's time in form fields, so such a change happened when it came; and a `PackageID` counts the packages of one post only, so
//! a package is known by carrier and tracking number. What is in the request was written by somebody else: an Order Manager that does not
//! escape the notes lets whoever wrote them add elements, and [`Problem::Twice`] catches what that repeats.
//!
//! ```
//! use cartage::carts::Inlet;
//! use cartage::seti::{self, Answer, Call, Error, Outcome, PartOutcome, Request};
//! use secrecy::SecretString;
//!
//! fn respond(request: &Request<'_>, inlet: &Inlet, password: &SecretString) -> Result<Answer, Error> {
//!     let post = match seti::read(request, inlet)? {
//!         Call::SendVersion => return Ok(Answer::version(inlet)),
//!         Call::UpdateStatus(locked) => locked.open(inlet, password)?,
//!     };
//!     let outcome = |update: &Result<cartage::validate::Fields, seti::Invalid>| match update {
//!         // Here the gate is asked and the update kept.
//!         Ok(fields) => PartOutcome { order: Some(fields.order_number.clone()), outcome: Outcome::Accepted },
//!         Err(invalid) => PartOutcome::from(invalid),
//!     };
//!     Ok(seti::answer(&post.updates.iter().map(outcome).collect::<Vec<_>>()))
//! }
//!
//! let (inlet, password) = (Inlet::new("om").expect("it is a user name"), SecretString::from("secret"));
//! let body = b"setifunction=updatestatus&setiuser=om&password=secret&ordernumber=9001&orderstatus=Shipped";
//! let request = Request { method: "POST", query: None, content_type: None, body };
//! let answer = respond(&request, &inlet, &password).unwrap_or_else(|error| error.answer());
//! assert_eq!(answer.as_str(), "SETIResponse: update=OK;Notes=");
//! ```
//!
//! The operator's view is docs/seti-inbound.md.

mod decided;
mod delimited;
pub mod door;
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
pub use part::{Invalid, Problem};
pub use reply::{ANSWER_BYTES_MAX, Answer, Outcome, PartOutcome, answer};

use crate::carts::Inlet;
use crate::validate::Fields;
use std::fmt;

/// A request as it came.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The method.
    pub method: &'a str,
    /// What follows the `?` of its target, without it.
    pub query: Option<&'a str>,
    /// The header of that name.
    pub content_type: Option<&'a str>,
    /// The body. Read no more than [`form::BODY_BYTES_MAX`] and one byte from a socket: that one is refused here, with an answer.
    pub body: &'a [u8],
}

/// What a request asks.
#[derive(Debug)]
pub enum Call {
    /// Whether the script is there, and its version: answer with [`Answer::version`].
    SendVersion,
    /// To take status updates, once the log-in is checked.
    UpdateStatus(Locked),
}

/// A post whose log-in was right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// The Order Manager's version, as it says. Nothing depends on it.
    pub om_version: Option<String>,
    /// Each order's fields, or why they cannot be read; in the order of the post, and never none.
    pub updates: Vec<Result<Fields, Invalid>>,
}

/// Why a request is no call, or a post no updates. Nothing of it is taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes are no form of ours.
    #[error("the request cannot be read")]
    Form(#[from] form::Error),
    /// There is no function.
    #[error("the request has no setifunction: this address takes posts of an Order Manager")]
    FunctionMissing,
    /// The function is not one of ours.
    #[error(
        "unknown function {name:?}: this address takes sendversion and updatestatus; for any other, put the URL of the cart's own script back \
         as the Script URL in the Order Manager"
    )]
    FunctionUnknown {
        /// As it came, cut.
        name: String,
    },
    /// The user name, password or store code is not the cart's.
    #[error("access denied: check user name, password and store code in the Order Manager's cart definition against the cart's inlet")]
    Denied(Denial),
    /// The XML cannot be read.
    #[error("the XML in the field update cannot be read")]
    Xml(#[from] xml::Error),
}

/// Why a post was denied. Its sender is never told which, because a stranger could try one thing after the other; the log and the alert say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    /// There is no cart of this name.
    NoCart,
    /// The cart has no `[seti]`.
    NoInlet,
    /// No password of the inlet is set.
    NoPassword,
    /// The client failed too often before.
    ShutOut,
    /// The log-in is wrong: each part that is.
    Wrong {
        /// The user name.
        user: bool,
        /// The password.
        password: bool,
        /// The store code.
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

/// Reads a request: its form is decoded and its function known. Nothing that needs a log-in is parsed yet.
///
/// # Errors
///
/// [`Error::Form`], [`Error::FunctionMissing`] and [`Error::FunctionUnknown`].
pub fn read(request: &Request<'_>, inlet: &Inlet) -> Result<Call, Error> {
    let form = form::Form::read(request, inlet)?;
    let name = form.text("setifunction")?.unwrap_or_default();
    match name.trim().to_ascii_lowercase().as_str() {
        "" => Err(Error::FunctionMissing),
        "sendversion" => Ok(Call::SendVersion),
        "updatestatus" => Ok(Call::UpdateStatus(Locked::new(form)?)),
        _ => Err(Error::FunctionUnknown { name: text::cut(&name) }),
    }
}
