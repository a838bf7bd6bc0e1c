//! The log-in: user name, password and store code, compared in constant time before anything else of a post is parsed.

use super::form::{self, Form};
use super::{Error, Post, delimited, text, xml};
use crate::carts::Inlet;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// Status updates whose log-in is not checked yet.
#[derive(Debug)]
pub struct Locked {
    user: String,
    password: SecretString,
    code: String,
    form: Form,
}

impl Locked {
    pub(super) fn new(mut form: Form) -> Result<Locked, form::Error> {
        Ok(Locked { user: form.take("setiuser")?, password: form.take("password")?.into(), code: form.take("code")?, form })
    }

    /// Checks the log-in against the inlet and `password`, and parses the post.
    ///
    /// # Errors
    ///
    /// [`Error::Denied`], whichever of the three is wrong; [`Error::Form`] and [`Error::Xml`] where no single order is to blame.
    pub fn open(self, inlet: &Inlet, password: &SecretString) -> Result<Post, Error> {
        let user = same(self.user.trim(), inlet.user());
        // A cart without a store code takes any: an Order Manager sends what its form holds.
        let code = same(self.code.trim(), inlet.code()) | Choice::from(u8::from(inlet.code().is_empty()));
        let password = same(self.password.expose_secret(), password.expose_secret());
        if !bool::from(user & code & password) {
            return Err(Error::Denied);
        }
        let om_version = self.form.text("omversion")?.as_deref().and_then(text::line).map(|text| text::cut(&text));
        let updates = match self.form.xml()? {
            Some(document) => xml::updates(&document, inlet)?,
            None => vec![delimited::update(&self.form, inlet)],
        };
        Ok(Post { om_version, updates })
    }
}

/// Digests have one length, so that the comparison tells nothing of the secret's.
fn same(given: &str, expected: &str) -> Choice {
    Sha256::digest(given).as_slice().ct_eq(Sha256::digest(expected).as_slice())
}
