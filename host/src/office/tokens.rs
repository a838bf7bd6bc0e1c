//! Bearer tokens for the HTTP API: making one, finding whose one is, removing it.
//!
//! A token is 256 random bits after a prefix by which secret scanners know it. It is shown once, when it is made; only its SHA-256 digest is
//! kept. That is enough: a digest of 256 random bits cannot be searched for, and looking one up by its digest tells nothing about how much of
//! a guess is right. A token acts for one merchant, as one role, and may be limited to some of the merchant's carts.

use super::{Error, Office};
use crate::id::{CartId, Digest, MerchantId};
use crate::store::{self, Tx, audit};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use secrecy::SecretString;
use std::fmt;
use zeroize::Zeroizing;

pub use crate::store::tokens::Token;

/// What every token begins with.
pub const PREFIX: &str = "cartage_";
/// Random bytes of a token.
pub const RANDOM_BYTES: usize = 32;
/// Characters of a token: the prefix and its random bytes in base64.
pub const CHARS: usize = PREFIX.len() + (RANDOM_BYTES * 8).div_ceil(6);
/// Characters of a token's name, at most.
pub const NAME_CHARS_MAX: usize = 100;
/// Carts that a token may be limited to, at most.
pub const CARTS_MAX: usize = 100;
/// The use of a token is noted again once so many milliseconds have passed: an hour.
pub const USE_NOTED_EVERY_MS: u64 = 60 * 60 * 1000;

/// What the holder of a token may do. Each may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Say what happened to orders, and see what became of that.
    Sender,
    /// Look after carts and deliveries.
    Operator,
    /// Define carts, set credentials, parameters and events.
    Admin,
}

impl Role {
    /// Every role, the least first.
    pub const ALL: [Role; 3] = [Role::Sender, Role::Operator, Role::Admin];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Role::Sender => "sender",
            Role::Operator => "operator",
            Role::Admin => "admin",
        }
    }

    /// The role of this name.
    pub fn named(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Who holds a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    /// For whom it acts.
    pub merchant: MerchantId,
    /// Its name.
    pub name: String,
    /// What it may do. None: a role that this release does not know.
    pub role: Option<Role>,
    /// The carts that it may touch. None: every one.
    pub carts: Option<Vec<CartId>>,
    /// When its use was noted last.
    pub used_at_unix_ms: Option<u64>,
}

/// Why a token was not made.
#[derive(Debug, thiserror::Error)]
pub enum NotMade {
    /// The name cannot be used.
    #[error(
        "{name:?} is no name of a token: write 1 to {NAME_CHARS_MAX} characters, none of them a control character, no space around them"
    )]
    Name {
        /// The name given.
        name: String,
    },
    /// The name is taken.
    #[error("there is a token {name:?} already; give the new one another name, or remove the old one first")]
    Taken {
        /// The name given.
        name: String,
    },
    /// It is limited to no cart, or to too many.
    #[error("a token can be limited to 1 to {CARTS_MAX} carts, and {count} were named; name them, or do not limit it")]
    Carts {
        /// How many were named.
        count: usize,
    },
    /// The system gave no random bytes.
    #[error("could not make a token: the system gave no random bytes")]
    Random {
        /// Why not.
        #[source]
        source: getrandom::Error,
    },
    /// The store did not do its part, or there is no such cart.
    #[error(transparent)]
    Office(#[from] Error),
}

impl Office {
    /// Makes a token for this merchant, and makes the merchant known if it is new. What comes back is shown once and kept nowhere.
    ///
    /// # Errors
    ///
    /// [`NotMade`]; nothing was kept.
    pub async fn new_token(&self, name: &str, role: Role, carts: Option<Vec<CartId>>) -> Result<SecretString, NotMade> {
        let chars = name.chars().count();
        if !(1..=NAME_CHARS_MAX).contains(&chars) || name.trim() != name || name.chars().any(char::is_control) {
            return Err(NotMade::Name { name: name.to_owned() });
        }
        if let Some(carts) = &carts {
            if !(1..=CARTS_MAX).contains(&carts.len()) {
                return Err(NotMade::Carts { count: carts.len() });
            }
            for cart in carts {
                self.known_cart(cart).await?;
            }
        }
        let secret = random()?;
        let scope = carts.as_ref().map_or_else(String::new, |carts| format!(", for {}", listed(carts)));
        let line = self.line("token new", &format!("token {name}"), format!("{role}{scope}"));
        let digest = Digest::of(secret.as_bytes());
        let (role, made_at_unix_ms) = (role.name().to_owned(), line.at_unix_ms);
        let token = Token { name: name.to_owned(), digest, role, carts, made_at_unix_ms, used_at_unix_ms: None };
        let merchant = self.merchant.clone();
        let write = move |tx: &Tx<'_>| {
            store::merchants::put(tx, &merchant, line.at_unix_ms)?;
            let kept = store::tokens::put(tx, &merchant, &token)?;
            if kept {
                audit::add(tx, &merchant, &line)?;
            }
            Ok(kept)
        };
        let kept = self.shared.store.write::<_, store::Error>(write).await.map_err(Error::Store)?;
        if kept { Ok(SecretString::from(secret.as_str())) } else { Err(NotMade::Taken { name: name.to_owned() }) }
    }

    /// This merchant's tokens, by name.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn tokens(&self) -> Result<Vec<Token>, Error> {
        let merchant = self.merchant.clone();
        Ok(self.shared.store.read::<_, store::Error>(move |view| store::tokens::list(view, &merchant)).await?)
    }

    /// Removes a token of this merchant: whoever holds it is refused from now on. Tells whether there was one of this name.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn remove_token(&self, name: &str) -> Result<bool, Error> {
        let line = self.line("token remove", &format!("token {name}"), String::new());
        let (merchant, name) = (self.merchant.clone(), name.to_owned());
        let write = move |tx: &Tx<'_>| {
            let was_there = store::tokens::remove(tx, &merchant, &name)?;
            if was_there {
                audit::add(tx, &merchant, &line)?;
            }
            Ok(was_there)
        };
        Ok(self.shared.store.write::<_, store::Error>(write).await?)
    }

    /// Who holds a token, whatever the merchant: the token says for whom it acts. None: it is none.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn bearer(&self, secret: &str) -> Result<Option<Bearer>, Error> {
        if secret.len() != CHARS || !secret.starts_with(PREFIX) {
            return Ok(None);
        }
        let digest = Digest::of(secret.as_bytes());
        let found = self.shared.store.read::<_, store::Error>(move |view| store::tokens::find(view, digest)).await?;
        Ok(found.map(|(merchant, token)| {
            let Token { name, role, carts, used_at_unix_ms, .. } = token;
            Bearer { merchant, name, role: Role::named(&role), carts, used_at_unix_ms }
        }))
    }

    /// Notes that a token is used now, unless that was noted not long ago.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn note_use(&self, bearer: &Bearer) -> Result<(), Error> {
        let now = self.now_unix_ms();
        if bearer.used_at_unix_ms.is_some_and(|at| at <= now && now - at < USE_NOTED_EVERY_MS) {
            return Ok(());
        }
        let (merchant, name) = (bearer.merchant.clone(), bearer.name.clone());
        Ok(self.shared.store.write::<_, store::Error>(move |tx| store::tokens::used(tx, &merchant, &name, now)).await?)
    }
}

fn random() -> Result<Zeroizing<String>, NotMade> {
    let mut bytes = Zeroizing::new([0_u8; RANDOM_BYTES]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|source| NotMade::Random { source })?;
    let mut text = Zeroizing::new(String::with_capacity(CHARS));
    text.push_str(PREFIX);
    BASE64_URL_SAFE_NO_PAD.encode_string(bytes.as_slice(), &mut text);
    Ok(text)
}

fn listed(carts: &[CartId]) -> String {
    carts.iter().map(CartId::as_str).collect::<Vec<_>>().join(", ")
}
