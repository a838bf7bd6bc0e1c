//! Assigned values, their scopes, and the value in effect.

use super::{Error, Parameter, Scope, Value, find};
use crate::id::CartId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// One value, set for one scope. The parameter accepts the value, and has the scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    parameter: &'static Parameter,
    scope: Scope,
    value: Value,
}

impl Assignment {
    /// The parameter that is set.
    pub fn parameter(&self) -> &'static Parameter {
        self.parameter
    }

    /// The scope that the value is set for.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The value that is set.
    pub fn value(&self) -> &Value {
        &self.value
    }
}

/// Parses an assignment of a parameter for a scope.
///
/// # Errors
///
/// Any [`Error`]: the name, the scope and the value are checked in this order.
pub fn assign(name: &str, scope: Scope, text: &str) -> Result<Assignment, Error> {
    let parameter = find(name)?;
    parameter.allows(scope.kind())?;
    Ok(Assignment { parameter, scope, value: parameter.read(text)? })
}

/// All values set for one merchant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assignments(BTreeMap<&'static str, Assigned>);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Assigned {
    system: Option<Value>,
    carts: BTreeMap<CartId, Value>,
}

impl Assignments {
    /// Sets a value and returns the earlier one; `None` if there was none.
    pub fn set(&mut self, assignment: Assignment) -> Option<Value> {
        let assigned = self.0.entry(assignment.parameter.name).or_default();
        match assignment.scope {
            Scope::System => assigned.system.replace(assignment.value),
            Scope::Cart(cart) => assigned.carts.insert(cart, assignment.value),
        }
    }

    /// Removes a value and returns it; `None` if there was none.
    pub fn unset(&mut self, parameter: &Parameter, scope: &Scope) -> Option<Value> {
        let assigned = self.0.get_mut(parameter.name)?;
        match scope {
            Scope::System => assigned.system.take(),
            Scope::Cart(cart) => assigned.carts.remove(cart),
        }
    }
}

impl FromIterator<Assignment> for Assignments {
    fn from_iter<I: IntoIterator<Item = Assignment>>(all: I) -> Assignments {
        let mut assignments = Assignments::default();
        for assignment in all {
            assignments.set(assignment);
        }
        assignments
    }
}

/// The value in effect, and its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// The value in effect.
    pub value: Value,
    /// The source of the value.
    pub source: Source,
}

/// The source of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The default, because nobody has set a value.
    Default,
    /// The value set for the system.
    System,
    /// The value set for this cart.
    Cart,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Source::Default => "nobody has set it",
            Source::System => "set for the system",
            Source::Cart => "set for this cart",
        })
    }
}

impl Effective {
    /// Whether the value is the Boolean True.
    pub fn is_true(&self) -> bool {
        self.value == Value::Boolean(true)
    }
}

impl Parameter {
    /// The value in effect: the cart's, else the system's, else the default.
    pub fn effective(&self, cart: Option<&CartId>, assignments: &Assignments) -> Effective {
        let assigned = assignments.0.get(self.name);
        let of_cart = assigned.zip(cart).and_then(|(assigned, cart)| assigned.carts.get(cart));
        let of_system = assigned.and_then(|assigned| assigned.system.as_ref());
        match (of_cart, of_system) {
            (Some(value), _) => Effective { value: value.clone(), source: Source::Cart },
            (None, Some(value)) => Effective { value: value.clone(), source: Source::System },
            (None, None) => Effective { value: self.default_value(), source: Source::Default },
        }
    }
}

/// The value in effect of the parameter with this name.
///
/// # Errors
///
/// The errors of [`find`].
pub fn effective(name: &str, cart: Option<&CartId>, assignments: &Assignments) -> Result<Effective, Error> {
    Ok(find(name)?.effective(cart, assignments))
}
