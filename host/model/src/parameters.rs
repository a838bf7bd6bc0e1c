//! System parameters: the registry of those that Cartage knows, their scopes, and the value in effect.
//!
//! A parameter has a name, a group, a type, a default and the scopes in which it can be set. Names are compared without case and kept in
//! their own spelling. The value in effect for a cart is the cart's, else the system's, else the default. The Order Manager also has values
//! for a user and for a workstation; the registry knows these scopes, but no message names the user or the workstation, so no parameter has
//! them. A name that is not registered is an error, never a setting that nothing reads.
//!
//! The registry is plain data. The store holds assignments as three texts and reads them back through [`assign`].

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
use crate::remedy::Remedy;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A system parameter.
#[derive(Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The parameter's name, in its own spelling.
    pub name: &'static str,
    /// The group under which the Order Manager lists it.
    pub group: Group,
    /// The values that the parameter takes.
    pub kind: ValueKind,
    /// The value until somebody sets one, as text.
    pub default: &'static str,
    /// The scopes in which the parameter can be set.
    pub scopes: &'static [ScopeKind],
    /// The owner of the name.
    pub origin: Origin,
    /// The effect of the parameter in Cartage, for people.
    pub help: &'static str,
}

/// A group of parameters, as the Order Manager lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Group {
    /// The group `Program`.
    Program,
    /// The group `Generic Carts`.
    #[serde(rename = "Generic Carts")]
    GenericCarts,
    /// The group `Retention`: how long things are kept. The Order Manager has no such group.
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

/// The values that a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// `True` or `False`, in any case.
    Boolean,
    /// A line of text, without control characters.
    Text {
        /// The most characters of the text.
        chars_max: usize,
    },
    /// A whole number within bounds, both inclusive.
    Integer {
        /// The smallest number allowed.
        min: i64,
        /// The largest number allowed.
        max: i64,
    },
    /// One of these words, in any case.
    Choice(&'static [&'static str]),
}

impl fmt::Display for ValueKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValueKind::Boolean => f.write_str("True or False"),
            ValueKind::Text { chars_max } => write!(f, "a line of up to {chars_max} characters"),
            ValueKind::Integer { min, max } => write!(f, "a whole number from {min} to {max}"),
            ValueKind::Choice(words) => f.write_str(&words.join(" or ")),
        }
    }
}

/// A parameter's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A value of [`ValueKind::Boolean`].
    Boolean(bool),
    /// A value of [`ValueKind::Text`].
    Text(String),
    /// A value of [`ValueKind::Integer`].
    Integer(i64),
    /// A value of [`ValueKind::Choice`], in the registry's spelling.
    Choice(&'static str),
}

/// Writes the value as the Order Manager does: `True`, `False`.
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

/// What a value is set for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// All of the merchant's carts.
    System,
    /// One cart of the merchant.
    Cart(CartId),
}

/// The kinds of scope that the Order Manager has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScopeKind {
    /// The whole system.
    System,
    /// One user. No parameter has this scope here.
    User,
    /// One workstation (PC). No parameter has this scope here.
    Workstation,
    /// One cart (Cart ID).
    Cart,
}

impl Scope {
    /// The kind of this scope.
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
    #[error("there is no system parameter {name:?}{}", cartage_base::nearest::meant(*nearest))]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The nearest name that exists; `None` if none is near.
        nearest: Option<&'static str>,
    },
    /// The Order Manager has this parameter, and its effect is there.
    #[error("{name} has no effect in Cartage: {why}; set it in your Order Manager")]
    Elsewhere {
        /// The parameter's name.
        name: &'static str,
        /// The effect in the Order Manager.
        why: &'static str,
    },
    /// The parameter cannot be set for this scope.
    #[error("{name} cannot be set for {scope}: it is set for {}", list(allowed))]
    Scope {
        /// The parameter's name.
        name: &'static str,
        /// The scope that was asked for.
        scope: ScopeKind,
        /// The scopes that the parameter has.
        allowed: &'static [ScopeKind],
    },
    /// Nothing that Cartage receives says which user or workstation it comes from.
    #[error("{name} cannot be set for {scope}: no update says which user or workstation it comes from; set it for {}", list(allowed))]
    ScopeUnused {
        /// The parameter's name.
        name: &'static str,
        /// The scope that was asked for.
        scope: ScopeKind,
        /// The scopes that the parameter has.
        allowed: &'static [ScopeKind],
    },
    /// The value has another type, or is out of its limits.
    #[error("{name} does not take {text:?}: write {kind}")]
    Value {
        /// The parameter's name.
        name: &'static str,
        /// The text that was given.
        text: String,
        /// The values that the parameter takes.
        kind: ValueKind,
    },
}

impl Error {
    /// What a person can do; `None` where the message says it.
    pub fn remedy(&self) -> Option<Remedy> {
        match self {
            Error::Unknown { nearest, .. } => nearest.is_none().then_some(Remedy::ListParameters),
            Error::Scope { name, allowed, .. } if allowed.contains(&ScopeKind::System) => {
                Some(Remedy::SetForSystem { name: (*name).to_owned() })
            }
            Error::Scope { name, .. } => Some(Remedy::SetForCart { name: (*name).to_owned() }),
            Error::Elsewhere { .. } | Error::ScopeUnused { .. } | Error::Value { .. } => None,
        }
    }
}

fn list(scopes: &[ScopeKind]) -> String {
    scopes.iter().map(ScopeKind::to_string).collect::<Vec<_>>().join(" or for ")
}

impl Parameter {
    /// Parses a value: a Boolean or a choice in any case, with space around it ignored.
    ///
    /// # Errors
    ///
    /// [`Error::Value`].
    pub fn read(&self, text: &str) -> Result<Value, Error> {
        let trimmed = text.trim();
        let value = match self.kind {
            ValueKind::Boolean if trimmed.eq_ignore_ascii_case("true") => Some(Value::Boolean(true)),
            ValueKind::Boolean if trimmed.eq_ignore_ascii_case("false") => Some(Value::Boolean(false)),
            ValueKind::Boolean => None,
            ValueKind::Text { chars_max } => {
                let fits = trimmed.chars().count() <= chars_max && !trimmed.chars().any(char::is_control);
                fits.then(|| Value::Text(trimmed.to_owned()))
            }
            ValueKind::Integer { min, max } => trimmed.parse().ok().filter(|number| (min..=max).contains(number)).map(Value::Integer),
            ValueKind::Choice(words) => words.iter().find(|word| word.eq_ignore_ascii_case(trimmed)).map(|word| Value::Choice(word)),
        };
        value.ok_or_else(|| Error::Value { name: self.name, text: text.to_owned(), kind: self.kind })
    }

    /// The value until somebody sets one.
    pub fn default_value(&self) -> Value {
        self.read(self.default).expect("every default of the registry is read in its test")
    }

    /// Checks that the parameter can be set for this kind of scope.
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
