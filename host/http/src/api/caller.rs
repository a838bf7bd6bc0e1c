//! Who calls: the holder of a token, or a user of the machine.
//!
//! A user of the machine reaches the API over a socket in the data directory, which only the directory's owner may enter. Such a user could open the store as
//! well, so no token is asked for, and everything is allowed that the command line allows.

use super::rate::TokenRate;
use super::words::Requests;
use cartage::service::Service;
use cartage::service::access_tokens::Token;
use cartage_model::id::{CartId, MerchantId};
use cartage_model::remedy::{Remedy, Words as _};
use std::fmt;

/// Who may call the API.
#[derive(Debug, Clone)]
pub enum Callers {
    /// Programs on the network, each with a token.
    Tokens {
        /// The host names by which the daemon may be called, without a port: `localhost`, `127.0.0.1`, `[::1]`, `cartage.example`.
        hosts: Vec<String>,
        /// The origins whose pages may call the API, such as `https://cartage.example`. Programs send no origin and need none.
        origins: Vec<String>,
        /// The rate at which each token may be used.
        rate: TokenRate,
    },
    /// Users of the machine, over a socket that nobody else can reach. They act for the service's merchant.
    Machine,
}

/// Who sent a request.
#[derive(Debug, Clone)]
pub(super) enum Caller {
    /// The holder of a token.
    Token(Token),
    /// A user of the machine, for this merchant.
    Machine(MerchantId),
}

impl Caller {
    /// The merchant for whom the caller acts.
    pub(super) fn merchant(&self) -> &MerchantId {
        match self {
            Caller::Token(token) => &token.merchant,
            Caller::Machine(merchant) => merchant,
        }
    }

    /// Whether the caller is a user of the machine.
    pub(super) fn is_machine(&self) -> bool {
        matches!(self, Caller::Machine(_))
    }

    /// The carts to which the caller is limited; `None` means every cart of the merchant.
    pub(super) fn carts(&self) -> Option<&[CartId]> {
        match self {
            Caller::Token(token) => token.carts.as_deref(),
            Caller::Machine(_) => None,
        }
    }

    /// Whether the caller may touch this cart.
    pub(super) fn sees(&self, cart: &CartId) -> bool {
        self.carts().is_none_or(|carts| carts.contains(cart))
    }

    /// A remedy as the caller is told it: as data for users of the machine, whose command words it, and in the API's words for others.
    pub(super) fn remedy(&self, remedy: &Remedy) -> Remedy {
        match self {
            Caller::Token(_) => Remedy::Text(Requests.advice(remedy)),
            Caller::Machine(_) => remedy.clone(),
        }
    }

    /// A service that acts for the caller, under whose name the audit lists changes.
    pub(super) fn service(&self, service: &Service) -> Service {
        match self {
            Caller::Token(token) => service.as_merchant(token.merchant.clone()).acting_for(&format!("token {}", token.name)),
            Caller::Machine(_) => service.clone(),
        }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Caller::Token(token) => write!(f, "token {}", token.name),
            Caller::Machine(_) => f.write_str("a user of the machine"),
        }
    }
}
