//! Credential slots: named secrets.

use super::{HeaderPlacement, KeyEncoding, Login, Oauth1, Oauth2, contract, owned};
use cartage_contract::manifest::SlotKind;

crate::wraps! {
    /// A named secret. The host holds its value and applies it; the plugin never sees it.
    ///
    /// A request applies a slot whole with [`auth`](crate::http::Request::auth), or places its fields itself with
    /// [`secret`](crate::http::secret). `purpose` tells the operator where the cart shows the secret.
    ///
    /// ```
    /// use cartage_sdk::manifest::{Field, Slot};
    ///
    /// let account = Slot::form("account", "the account that the shop's administrator made for integrations")
    ///     .field(Field::identifying("user", "the account's name"))
    ///     .field(Field::secret("password", "its password"))
    ///     .for_endpoints(["api"]);
    /// assert!(account.fields[1].secret);
    /// ```
    Slot(contract::Slot)
}

impl Slot {
    /// HTTP Basic: fields `username` and `password`.
    pub fn basic(name: &str, purpose: &str) -> Slot {
        Slot::new(name, purpose, SlotKind::Basic)
            .field(Field::identifying("username", "the user name"))
            .field(Field::secret("password", "the password"))
    }

    /// HTTP Basic with a key as the user name and an empty password, as Medusa and Stripe require it: field `username`, a secret. The contract has a
    /// field `password` as well, which stays empty.
    ///
    /// ```
    /// use cartage_sdk::manifest::Slot;
    ///
    /// let key = Slot::basic_key("key", "Settings > Secret API keys").for_endpoints(["api"]);
    /// assert!(key.fields[0].secret && !key.fields[1].required);
    /// ```
    pub fn basic_key(name: &str, purpose: &str) -> Slot {
        Slot::new(name, purpose, SlotKind::Basic)
            .field(Field::secret("username", "the key"))
            .field(Field::secret("password", "nothing: leave it empty").optional())
    }

    /// `Authorization: Bearer`: field `token`.
    pub fn bearer(name: &str, purpose: &str) -> Slot {
        Slot::new(name, purpose, SlotKind::Bearer).field(Field::secret("token", "the token"))
    }

    /// A header of the cart's own, by its name in lower case, with a prefix before the value (which may be empty): field `value`.
    pub fn header(name: &str, purpose: &str, header: &str, prefix: &str) -> Slot {
        let placement = HeaderPlacement { name: header.to_owned(), prefix: prefix.to_owned() };
        Slot::new(name, purpose, SlotKind::Header(placement)).field(Field::secret("value", "the header's value"))
    }

    /// A query pair with the name `pair`: field `value`.
    pub fn query(name: &str, purpose: &str, pair: &str) -> Slot {
        Slot::new(name, purpose, SlotKind::Query(pair.to_owned())).field(Field::secret("value", "the pair's value"))
    }

    /// Fields of a form that the plugin places itself. Add each field with [`field`](Slot::field).
    pub fn form(name: &str, purpose: &str) -> Slot {
        Slot::new(name, purpose, SlotKind::FormField)
    }

    /// A key for [`signing::mac`](crate::signing::mac), in the encoding in which the operator writes it: field `key`.
    pub fn mac_key(name: &str, purpose: &str, encoding: KeyEncoding) -> Slot {
        Slot::new(name, purpose, SlotKind::MacKey(encoding)).field(Field::secret("key", "the key"))
    }

    /// OAuth 1.0a: fields `consumer-key` and `consumer-secret`, and an optional token pair.
    pub fn oauth1(name: &str, purpose: &str, oauth1: Oauth1) -> Slot {
        Slot::new(name, purpose, SlotKind::Oauth1(oauth1))
            .field(Field::identifying("consumer-key", "the consumer key"))
            .field(Field::secret("consumer-secret", "the consumer secret"))
            .field(Field::identifying("token", "the token, where the shop gives a token pair").optional())
            .field(Field::secret("token-secret", "the token's secret").optional())
    }

    /// OAuth 2.0 client credentials: fields `client-id` and `client-secret`.
    pub fn oauth2(name: &str, purpose: &str, oauth2: Oauth2) -> Slot {
        Slot::new(name, purpose, SlotKind::Oauth2ClientCredentials(oauth2))
            .field(Field::identifying("client-id", "the client's id"))
            .field(Field::secret("client-secret", "the client's secret"))
    }

    /// A log-in with the described request, a [`LogIn`](super::LogIn). The host sends it and applies the token from the answer. Add each field with
    /// [`field`](Slot::field).
    pub fn login(name: &str, purpose: &str, login: impl Into<Login>) -> Slot {
        Slot::new(name, purpose, SlotKind::Login(login.into()))
    }

    fn new(name: &str, purpose: &str, kind: SlotKind) -> Slot {
        Slot(contract::Slot {
            name: name.to_owned(),
            purpose: purpose.to_owned(),
            kind,
            required: true,
            alternative: None,
            endpoints: Vec::new(),
            fields: Vec::new(),
            hashed: false,
            extra: Vec::new(),
        })
    }

    /// Adds a field.
    #[must_use]
    pub fn field(mut self, field: Field) -> Slot {
        self.0.fields.push(field.into());
        self
    }

    /// The endpoints to which the secret may be sent. Only a key that is used for signing alone has none.
    #[must_use]
    pub fn for_endpoints<'a>(mut self, endpoints: impl IntoIterator<Item = &'a str>) -> Slot {
        self.0.endpoints = owned(endpoints);
        self
    }

    /// Makes the slot optional: the plugin works without it. See [`has_slot`](crate::Context::has_slot).
    #[must_use]
    pub fn optional(mut self) -> Slot {
        self.0.required = false;
        self
    }

    /// Makes the slot one of several alternatives that share this name, such as a key and a log-in. Exactly one of them holds a value.
    #[must_use]
    pub fn alternative(mut self, name: &str) -> Slot {
        (self.0.alternative, self.0.required) = (Some(name.to_owned()), false);
        self
    }

    /// Allows [`signing::digest`](crate::signing::digest) to hash the slot's fields.
    #[must_use]
    pub fn hashed(mut self) -> Slot {
        self.0.hashed = true;
        self
    }
}

crate::wraps! {
    /// A field of a slot.
    Field(contract::SlotField)
}

impl Field {
    /// A field whose value is a secret.
    pub fn secret(name: &str, purpose: &str) -> Field {
        Field(contract::SlotField { name: name.to_owned(), purpose: purpose.to_owned(), secret: true, required: true })
    }

    /// A field that identifies and is not a secret: a user name, an account number, a key's id.
    pub fn identifying(name: &str, purpose: &str) -> Field {
        Field(contract::SlotField { name: name.to_owned(), purpose: purpose.to_owned(), secret: false, required: true })
    }

    /// Lets the field be empty.
    #[must_use]
    pub fn optional(mut self) -> Field {
        self.0.required = false;
        self
    }
}
