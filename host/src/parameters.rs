//! System parameters: the registry of those that Cartage knows, their scopes, and the value that counts.
//!
//! A parameter has a name, a group, a type, a default and the scopes in which it can be set. Names are compared without case and
//! kept in their own spelling. The value that counts for a cart is the cart's, else the system's, else the default. The Order
//! Manager also has values for a user and for a workstation; the registry knows these scopes, but no message says who sat where, so no
//! parameter has them. A name that is not registered is an error, never a setting that nothing reads.
//!
//! All of this is plain data. The store keeps assignments as three texts and reads them back through [`assign`].

mod assignments;
mod registry;
mod retention;
mod supply;

pub use assignments::{Assignment, Assignments, Effective, Source, assign, effective};
pub use registry::{GENERIC_ORDER_NUMBER_TYPE, GENERIC_STATUS_SEND_XML, REGISTRY, USE_GENERIC_STATUS_UPDATES, USE_STATUS_UPDATES, find};
pub use retention::{
    KEEP_AUDIT_DAYS, KEEP_CASSETTES_DAYS, KEEP_FAILED_CASSETTES_DAYS, KEEP_IDEMPOTENCY_KEYS_DAYS, KEEP_ORDER_STATE_DAYS, KEEP_RECEIPTS_DAYS,
};
pub use supply::{Supplied, Winner, supplied};

use crate::id::CartId;
use crate::origin::Origin;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A system parameter.
#[derive(Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, in its own spelling.
    pub name: &'static str,
    /// The group under which the Order Manager lists it.
    pub group: Group,
    /// What values it takes.
    pub kind: Kind,
    /// Its value until somebody sets it, as text.
    pub(crate) default: &'static str,
    /// Where it can be set.
    pub scopes: &'static [ScopeKind],
    /// Whose name it is.
    pub origin: Origin,
    /// What it does here, for people.
    pub help: &'static str,
}

/// A group of parameters, as the Order Manager lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Group {
    /// `Program`.
    Program,
    /// `Generic Carts`.
    #[serde(rename = "Generic Carts")]
    GenericCarts,
    /// `Retention`: how long things are kept. The Order Manager has no such group.
    Retention,
}

impl Group {
    /// Every group, in the registry's order.
    pub const ALL: [Group; 3] = [Group::Program, Group::GenericCarts, Group::Retention];
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Group::Program => "Program",
            Group::GenericCarts => "Generic Carts",
            Group::Retention => "Retention",
        })
    }
}

/// What values a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `True` or `False`.
    Boolean,
    /// A line of text.
    Text {
        /// Characters at most.
        chars_max: usize,
    },
    /// A whole number.
    Integer {
        /// The least.
        min: i64,
        /// The most.
        max: i64,
    },
    /// One of these words.
    Choice(&'static [&'static str]),
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Boolean => f.write_str("True or False"),
            Kind::Text { chars_max } => write!(f, "a line of up to {chars_max} characters"),
            Kind::Integer { min, max } => write!(f, "a whole number from {min} to {max}"),
            Kind::Choice(words) => f.write_str(&words.join(" or ")),
        }
    }
}

/// A parameter's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Of [`Kind::Boolean`].
    Boolean(bool),
    /// Of [`Kind::Text`].
    Text(String),
    /// Of [`Kind::Integer`].
    Integer(i64),
    /// Of [`Kind::Choice`], in the registry's spelling.
    Choice(&'static str),
}

/// As the Order Manager writes it: `True`, `False`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Boolean(true) => f.write_str("True"),
            Value::Boolean(false) => f.write_str("False"),
            Value::Text(text) => f.write_str(text),
            Value::Integer(number) => write!(f, "{number}"),
            Value::Choice(word) => f.write_str(word),
        }
    }
}

/// For what a value is set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// For all of the merchant's carts.
    System,
    /// For one cart.
    Cart(CartId),
}

/// The kinds of scope that the Order Manager has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScopeKind {
    /// All of it.
    System,
    /// One user. No parameter has it here.
    User,
    /// One workstation (PC). No parameter has it here.
    Workstation,
    /// One cart (Cart ID).
    Cart,
}

impl Scope {
    /// Its kind.
    pub fn kind(&self) -> ScopeKind {
        match self {
            Scope::System => ScopeKind::System,
            Scope::Cart(_) => ScopeKind::Cart,
        }
    }
}

impl fmt::Display for ScopeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ScopeKind::System => "the system",
            ScopeKind::User => "a user",
            ScopeKind::Workstation => "a workstation",
            ScopeKind::Cart => "a cart",
        })
    }
}

/// Why a parameter cannot be set or looked up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No parameter has this name.
    #[error("there is no system parameter {name:?}; {}", crate::nearest::hint(*nearest, "`cartage param list` shows them all"))]
    Unknown {
        /// The name asked for.
        name: String,
        /// The nearest that there is.
        nearest: Option<&'static str>,
    },
    /// The Order Manager has it, and what it does happens there.
    #[error("{name} means nothing here: {why}; set it in your Order Manager")]
    Elsewhere {
        /// The parameter.
        name: &'static str,
        /// What it does there.
        why: &'static str,
    },
    /// The parameter cannot be set for this.
    #[error("{name} cannot be set for {scope}: it is set for {}; write `cartage param set {name} VALUE{}`",
        list(allowed), if allowed.contains(&ScopeKind::System) { "" } else { " --cart ID" })]
    Scope {
        /// The parameter.
        name: &'static str,
        /// The scope asked for.
        scope: ScopeKind,
        /// Those that it has.
        allowed: &'static [ScopeKind],
    },
    /// Nothing that Cartage receives says which user or workstation it comes from.
    #[error("{name} cannot be set for {scope}: no update says which user or workstation it comes from; set it for {}", list(allowed))]
    ScopeUnused {
        /// The parameter.
        name: &'static str,
        /// The scope asked for.
        scope: ScopeKind,
        /// Those that it has.
        allowed: &'static [ScopeKind],
    },
    /// The value is of another type, or out of its limits.
    #[error("{name} does not take {text:?}: write {kind}")]
    Value {
        /// The parameter.
        name: &'static str,
        /// The text given.
        text: String,
        /// What it takes.
        kind: Kind,
    },
}

fn list(scopes: &[ScopeKind]) -> String {
    scopes.iter().map(ScopeKind::to_string).collect::<Vec<_>>().join(" or for ")
}

impl Parameter {
    /// Reads a value: a Boolean or a choice in any case, space around it ignored.
    ///
    /// # Errors
    ///
    /// [`Error::Value`].
    pub fn read(&self, text: &str) -> Result<Value, Error> {
        let trimmed = text.trim();
        let value = match self.kind {
            Kind::Boolean if trimmed.eq_ignore_ascii_case("true") => Some(Value::Boolean(true)),
            Kind::Boolean if trimmed.eq_ignore_ascii_case("false") => Some(Value::Boolean(false)),
            Kind::Boolean => None,
            Kind::Text { chars_max } => {
                let fits = trimmed.chars().count() <= chars_max && !trimmed.chars().any(char::is_control);
                fits.then(|| Value::Text(trimmed.to_owned()))
            }
            Kind::Integer { min, max } => trimmed.parse().ok().filter(|number| (min..=max).contains(number)).map(Value::Integer),
            Kind::Choice(words) => words.iter().find(|word| word.eq_ignore_ascii_case(trimmed)).map(|word| Value::Choice(word)),
        };
        value.ok_or_else(|| Error::Value { name: self.name, text: text.to_owned(), kind: self.kind })
    }

    /// Its value until somebody sets it.
    pub fn default_value(&self) -> Value {
        self.read(self.default).expect("every default of the registry is read in its test")
    }

    /// Whether it can be set for this kind of scope.
    ///
    /// # Errors
    ///
    /// [`Error::Scope`] or, for a user or a workstation, [`Error::ScopeUnused`].
    pub fn allows(&self, scope: ScopeKind) -> Result<(), Error> {
        if self.scopes.contains(&scope) {
            return Ok(());
        }
        let (name, allowed) = (self.name, self.scopes);
        Err(match scope {
            ScopeKind::User | ScopeKind::Workstation => Error::ScopeUnused { name, scope, allowed },
            ScopeKind::System | ScopeKind::Cart => Error::Scope { name, scope, allowed },
        })
    }
}

#[cfg(test)]
mod tests;
