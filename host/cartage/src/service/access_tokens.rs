//! Bearer tokens: each says for which merchant its holder acts, in which role, and for which carts.
//!
//! A token is 32 random bytes as text that begins with `cartage_`, so that a scanner of repositories can find a token that was committed.
//! The text is shown once, when the token is made; the store holds only its digest. A fast hash is enough: 32 random bytes cannot be
//! guessed, and the look-up is by digest, so that its duration tells nothing of the token.

use super::Error as ServiceError;
use super::tenant::Tenant;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cartage_base::nearest::{meant, nearest};
use cartage_model::id::{CartId, Digest, MerchantId};
use cartage_model::remedy::Remedy;
use cartage_store::{self as store, Tx, audit, tokens};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::Zeroizing;

/// The prefix of every token.
pub const PREFIX: &str = "cartage_";
/// The number of random bytes in a token.
const RANDOM_BYTES: usize = 32;
/// The length of these bytes in base64url without padding.
const RANDOM_CHARS: usize = 43;
/// The use of a token is recorded again when the last record is this old: once an hour is enough for its operator, and a write for each
/// request is too much.
const USE_NOTED_EVERY_MS: u64 = 60 * 60 * 1000;

/// What the holder of a token may do. Each role includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// May hand over events and updates, and ask what became of them.
    Sender,
    /// May look at everything, and keep deliveries going: retry, discard, pause, resume.
    Operator,
    /// May change carts, credentials, parameters, events and tokens.
    Admin,
}

impl Role {
    /// Every role, the least powerful first.
    pub const ALL: [Role; 3] = [Role::Sender, Role::Operator, Role::Admin];

    /// The role's name, as it is stored and written on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Sender => "sender",
            Role::Operator => "operator",
            Role::Admin => "admin",
        }
    }

    /// Looks up a role by name.
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

/// A new token, with its text, which is stored nowhere.
#[derive(Debug)]
pub struct NewToken {
    /// The text that the holder presents.
    pub text: SecretString,
    /// The token's data.
    pub token: Token,
}

/// A token, without its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Token {
    /// The merchant for whom the holder acts.
    pub merchant: MerchantId,
    /// The token's name, under which the audit lists the holder.
    pub name: String,
    /// What the holder may do.
    pub role: Role,
    /// The carts that the holder may touch; `None` means every cart.
    pub carts: Option<Vec<CartId>>,
    /// When the token was made.
    pub made_at_unix_ms: u64,
    /// When the token was last used, to the hour; `None` if never.
    pub used_at_unix_ms: Option<u64>,
}

impl Token {
    fn of(merchant: MerchantId, kept: tokens::TokenRow) -> Result<Token, Error> {
        let tokens::TokenRow { name, role, carts, made_at_unix_ms, used_at_unix_ms, digest: _ } = kept;
        Ok(Token { merchant, name, role: Role::named(&role)?, carts, made_at_unix_ms, used_at_unix_ms })
    }
}

/// Why a token could not be made, found or removed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The name is not valid for a token.
    #[error("the token name {name:?} is not valid; use 1 to 63 lower-case letters, digits and hyphens, beginning with a letter or digit")]
    Name {
        /// The name that was given.
        name: String,
    },
    /// The merchant has a token with this name already.
    #[error("a token {name} exists already and was not changed")]
    Taken {
        /// The name that is taken.
        name: String,
    },
    /// The merchant has no token with this name.
    #[error("there is no token {name:?}{}", meant(nearest.as_deref()))]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The nearest name that exists; `None` if none is near.
        nearest: Option<String>,
    },
    /// There is no role with this name.
    #[error("there is no role {role:?}; the roles are sender, operator and admin")]
    Role {
        /// The name that was asked for.
        role: String,
    },
    /// The system returned no random bytes.
    #[error("could not get random bytes for a token from the system")]
    Random {
        /// The error of the system.
        #[source]
        source: getrandom::Error,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Error {
    /// What a person can do; `None` where the message says it.
    pub fn remedy(&self) -> Option<Remedy> {
        match self {
            Error::Taken { name } => Some(Remedy::RemoveToken { name: name.clone() }),
            Error::Unknown { nearest: None, .. } => Some(Remedy::ListTokens),
            Error::Store(error) => error.remedy(),
            Error::Unknown { .. } | Error::Name { .. } | Error::Role { .. } | Error::Random { .. } => None,
        }
    }
}

/// A merchant's access tokens for the API.
#[derive(Clone)]
pub struct AccessTokens {
    pub(super) tenant: Tenant,
}

impl AccessTokens {
    /// Makes a token for this merchant. Without `carts` its holder may touch every cart.
    ///
    /// # Errors
    ///
    /// [`Error::Name`], [`Error::Taken`], [`Error::Random`], and [`ServiceError::NoCart`] for a cart that does not exist.
    pub async fn make(&self, name: &str, role: Role, carts: &[CartId]) -> Result<NewToken, ServiceError> {
        if !cartage_contract::manifest::is_name(name) {
            return Err(Error::Name { name: name.to_owned() }.into());
        }
        for cart in carts {
            self.tenant.must_have_cart(cart).await?;
        }
        let mut limited = carts.to_vec();
        limited.sort();
        limited.dedup();
        let carts = (!limited.is_empty()).then_some(limited);
        let text = generate()?;
        let names = carts.iter().flatten().map(CartId::as_str).collect::<Vec<_>>();
        let detail = if names.is_empty() { role.to_string() } else { format!("{role} for {}", names.join(", ")) };
        let line = self.tenant.line("token new", name, detail);
        let kept = tokens::TokenRow {
            name: name.to_owned(),
            digest: Digest::of(text.as_bytes()),
            role: role.to_string(),
            carts,
            made_at_unix_ms: line.at_unix_ms,
            used_at_unix_ms: None,
        };
        let token = Token::of(self.tenant.merchant.clone(), kept.clone())?;
        let merchant = self.tenant.merchant.clone();
        let write = move |tx: &Tx<'_>| {
            if !tokens::put(tx, &merchant, &kept)? {
                return Err(Error::Taken { name: kept.name });
            }
            Ok(audit::add(tx, &merchant, &line)?)
        };
        self.tenant.store.write::<_, Error>(write).await?;
        Ok(NewToken { text: SecretString::from(text.as_str()), token })
    }

    /// Lists this merchant's tokens, by name.
    ///
    /// # Errors
    ///
    /// [`Error::Store`], and [`Error::Role`] if a newer release stored a role that this one does not know.
    pub async fn list(&self) -> Result<Vec<Token>, ServiceError> {
        let merchant = self.tenant.merchant.clone();
        let read = move |view: &store::View<'_>| {
            tokens::list(view, &merchant)?.into_iter().map(|kept| Token::of(merchant.clone(), kept)).collect::<Result<_, Error>>()
        };
        Ok(self.tenant.store.read::<_, Error>(read).await?)
    }

    /// Removes a token of this merchant. A request with it is no longer authenticated.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`].
    pub async fn remove(&self, name: &str) -> Result<(), ServiceError> {
        let line = audit::Line { detail: None, ..self.tenant.line("token remove", name, String::new()) };
        let (name, merchant) = (name.to_owned(), self.tenant.merchant.clone());
        let write = move |tx: &Tx<'_>| {
            if !tokens::remove(tx, &merchant, &name)? {
                let known = tokens::list(tx, &merchant)?;
                let nearest = nearest(&name, known.iter().map(|token| token.name.as_str())).map(str::to_owned);
                return Err(Error::Unknown { name, nearest });
            }
            Ok(audit::add(tx, &merchant, &line)?)
        };
        Ok(self.tenant.store.write::<_, Error>(write).await?)
    }

    /// Looks up a token by its text, whichever merchant owns it; `None` if there is none. A text that cannot be a token is not looked up.
    ///
    /// # Errors
    ///
    /// [`Error::Store`], and [`Error::Role`] if a newer release stored a role that this one does not know.
    pub async fn find(&self, text: &str) -> Result<Option<Token>, ServiceError> {
        if !is_token(text) {
            return Ok(None);
        }
        let digest = Digest::of(text.as_bytes());
        let found = self.tenant.store.read::<_, Error>(move |view| Ok(tokens::find(view, digest)?)).await?;
        Ok(found.map(|(merchant, kept)| Token::of(merchant, kept)).transpose()?)
    }

    /// Records that a token was used, unless that was recorded within the last hour.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn note_use(&self, token: &Token) -> Result<(), ServiceError> {
        let now = self.tenant.now_unix_ms();
        if token.used_at_unix_ms.is_some_and(|used| now.abs_diff(used) < USE_NOTED_EVERY_MS) {
            return Ok(());
        }
        let (merchant, name) = (token.merchant.clone(), token.name.clone());
        Ok(self.tenant.store.write::<_, store::Error>(move |tx| tokens::used(tx, &merchant, &name, now)).await?)
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
