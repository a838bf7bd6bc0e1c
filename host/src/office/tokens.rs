//! Bearer tokens: who asks over the network, for which merchant, as what, and for which carts.
//!
//! A token is 32 random bytes as text that begins with `cartage_`, so that a scanner of repositories can find one that was committed. It is
//! shown once, when it is made; the store keeps its digest alone. A fast hash is enough: there is nothing to guess in 32 random bytes, and what
//! is looked up is the digest, so that the time of the look-up tells nothing of the token.

use super::{Error as OfficeError, Office};
use crate::id::{CartId, Digest, MerchantId};
use crate::nearest::{hint, nearest};
use crate::store::{self, Tx, audit, tokens};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::Zeroizing;

/// What every token begins with.
pub const PREFIX: &str = "cartage_";
/// The random bytes of a token.
const RANDOM_BYTES: usize = 32;
/// The characters that these bytes have in base64url without padding.
const RANDOM_CHARS: usize = 43;
/// A token's use is noted again when the last note is so old: for its operator's eyes once an hour is enough, and a write a request is not.
const USE_NOTED_EVERY_MS: u64 = 60 * 60 * 1000;

/// What the holder of a token may do. Each role includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Hands over events and updates, and asks what became of them.
    Sender,
    /// Looks at everything, and keeps deliveries going: retries, discards, pauses, resumes.
    Operator,
    /// Changes carts, credentials, parameters, events and tokens.
    Admin,
}

impl Role {
    /// All of them, the least first.
    pub const ALL: [Role; 3] = [Role::Sender, Role::Operator, Role::Admin];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Sender => "sender",
            Role::Operator => "operator",
            Role::Admin => "admin",
        }
    }

    /// The role of this name.
    ///
    /// # Errors
    ///
    /// [`Error::Role`].
    pub fn named(name: &str) -> Result<Role, Error> {
        let found = Role::ALL.into_iter().find(|role| role.as_str() == name);
        found.ok_or_else(|| Error::Role { role: name.to_owned() })
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A token that was made just now. Its text is nowhere else.
#[derive(Debug)]
pub struct NewToken {
    /// What its holder presents.
    pub text: SecretString,
    /// The rest of it.
    pub token: Token,
}

/// A token, without its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Token {
    /// For which merchant its holder acts.
    pub merchant: MerchantId,
    /// Its name, by which the audit knows its holder.
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// The carts that its holder may touch. None: every one.
    pub carts: Option<Vec<CartId>>,
    /// When it was made.
    pub made_at_unix_ms: u64,
    /// When it was used last, to the hour.
    pub used_at_unix_ms: Option<u64>,
}

impl Token {
    /// Whether its holder may touch this cart.
    pub fn is_for(&self, cart: &CartId) -> bool {
        self.carts.as_ref().is_none_or(|carts| carts.contains(cart))
    }

    fn of(merchant: MerchantId, kept: tokens::Token) -> Result<Token, Error> {
        let tokens::Token { name, role, carts, made_at_unix_ms, used_at_unix_ms, digest: _ } = kept;
        Ok(Token { merchant, name, role: Role::named(&role)?, carts, made_at_unix_ms, used_at_unix_ms })
    }
}

/// Why a token could not be made, found or removed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be called so.
    #[error("a token cannot be called {name:?}; use 1 to 63 lower-case letters, digits and hyphens, a letter or digit first")]
    Name {
        /// The name.
        name: String,
    },
    /// There is one of this name.
    #[error(
        "there is a token {name} already, and it was left alone; choose another name, or remove that one first with `cartage token remove {name}`"
    )]
    Taken {
        /// The name.
        name: String,
    },
    /// There is none of this name.
    #[error("there is no token {name:?}; {}", hint(nearest.as_deref(), "`cartage token list` shows those that there are"))]
    Unknown {
        /// The name asked for.
        name: String,
        /// The nearest that there is.
        nearest: Option<String>,
    },
    /// There is no such role.
    #[error("there is no role {role:?}; there are sender, operator and admin")]
    Role {
        /// The name asked for.
        role: String,
    },
    /// The system has no random bytes.
    #[error("could not get random bytes for a token from the system")]
    Random {
        /// Why not.
        #[source]
        source: getrandom::Error,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Office {
    /// Makes a token for this merchant. Without `carts` its holder may touch every cart.
    ///
    /// # Errors
    ///
    /// [`Error::Name`], [`Error::Taken`], [`Error::Random`], and [`OfficeError::NoCart`] for a cart that there is not.
    pub async fn new_token(&self, name: &str, role: Role, carts: &[CartId]) -> Result<NewToken, OfficeError> {
        if !cartage_contract::manifest::is_name(name) {
            return Err(Error::Name { name: name.to_owned() }.into());
        }
        for cart in carts {
            self.known_cart(cart).await?;
        }
        let mut limited = carts.to_vec();
        limited.sort();
        limited.dedup();
        let carts = (!limited.is_empty()).then_some(limited);
        let text = generate()?;
        let names = carts.iter().flatten().map(CartId::as_str).collect::<Vec<_>>();
        let detail = if names.is_empty() { role.to_string() } else { format!("{role} for {}", names.join(", ")) };
        let line = self.line("token new", name, detail);
        let kept = tokens::Token {
            name: name.to_owned(),
            digest: Digest::of(text.as_bytes()),
            role: role.to_string(),
            carts,
            made_at_unix_ms: line.at_unix_ms,
            used_at_unix_ms: None,
        };
        let token = Token::of(self.merchant().clone(), kept.clone())?;
        let merchant = self.merchant().clone();
        let write = move |tx: &Tx<'_>| {
            if !tokens::put(tx, &merchant, &kept)? {
                return Err(Error::Taken { name: kept.name });
            }
            Ok(audit::add(tx, &merchant, &line)?)
        };
        self.store().write::<_, Error>(write).await?;
        Ok(NewToken { text: SecretString::from(text.as_str()), token })
    }

    /// This merchant's tokens, by name.
    ///
    /// # Errors
    ///
    /// [`Error::Store`], and [`Error::Role`] where a newer release kept one that this one does not know.
    pub async fn tokens(&self) -> Result<Vec<Token>, OfficeError> {
        let merchant = self.merchant().clone();
        let read = move |view: &store::View<'_>| {
            tokens::list(view, &merchant)?.into_iter().map(|kept| Token::of(merchant.clone(), kept)).collect::<Result<_, Error>>()
        };
        Ok(self.store().read::<_, Error>(read).await?)
    }

    /// Removes a token of this merchant's: whoever presents it from now on is nobody.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`].
    pub async fn remove_token(&self, name: &str) -> Result<(), OfficeError> {
        let line = audit::Line { detail: None, ..self.line("token remove", name, String::new()) };
        let (name, merchant) = (name.to_owned(), self.merchant().clone());
        let write = move |tx: &Tx<'_>| {
            if !tokens::remove(tx, &merchant, &name)? {
                let known = tokens::list(tx, &merchant)?;
                let nearest = nearest(&name, known.iter().map(|token| token.name.as_str())).map(str::to_owned);
                return Err(Error::Unknown { name, nearest });
            }
            Ok(audit::add(tx, &merchant, &line)?)
        };
        Ok(self.store().write::<_, Error>(write).await?)
    }

    /// The token of this text, whichever merchant's it is; None where there is none. What cannot be a token is not looked up.
    ///
    /// # Errors
    ///
    /// [`Error::Store`], and [`Error::Role`] where a newer release kept one that this one does not know.
    pub async fn find_token(&self, text: &str) -> Result<Option<Token>, OfficeError> {
        if !is_token(text) {
            return Ok(None);
        }
        let digest = Digest::of(text.as_bytes());
        let found = self.store().read::<_, Error>(move |view| Ok(tokens::find(view, digest)?)).await?;
        Ok(found.map(|(merchant, kept)| Token::of(merchant, kept)).transpose()?)
    }

    /// Notes that a token was used, unless that was noted within the last hour.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn note_token_use(&self, token: &Token) -> Result<(), OfficeError> {
        let now = self.now_unix_ms();
        if token.used_at_unix_ms.is_some_and(|used| now.abs_diff(used) < USE_NOTED_EVERY_MS) {
            return Ok(());
        }
        let (merchant, name) = (token.merchant.clone(), token.name.clone());
        Ok(self.store().write::<_, store::Error>(move |tx| tokens::used(tx, &merchant, &name, now)).await?)
    }
}

fn generate() -> Result<Zeroizing<String>, Error> {
    let mut bytes = Zeroizing::new([0; RANDOM_BYTES]);
    getrandom::fill(bytes.as_mut()).map_err(|source| Error::Random { source })?;
    let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + RANDOM_CHARS));
    text.push_str(PREFIX);
    URL_SAFE_NO_PAD.encode_string(bytes.as_ref(), &mut text);
    Ok(text)
}

/// Whether a text has the form of a token.
fn is_token(text: &str) -> bool {
    let random = |rest: &str| rest.len() == RANDOM_CHARS && rest.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    text.strip_prefix(PREFIX).is_some_and(random)
}

#[cfg(test)]
mod tests;
