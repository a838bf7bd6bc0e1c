//! What a definition that is sent over the network may say.

use super::super::problem::{Kind, Problem};
use cartage_model::carts::{Binding, Cart, Consent, Limits, SecretSource};
use cartage_model::id::CartId;

/// Refuses a definition that reaches into the machine. Over the network a definition may not read secrets from the daemon's files and variables, may not
/// allow private networks or clear text, and may not raise the limits of a call above the defaults, because a token must give no power beyond its carts.
/// Settings that were allowed on the machine earlier may stay.
pub(in crate::api) fn from_outside(cart: &Cart, before: Option<&Cart>) -> Result<(), Problem> {
    let elsewhere = cart.credentials.iter().flat_map(|(slot, fields)| fields.iter().map(move |(field, source)| (slot, field, source)));
    for (slot, field, source) in elsewhere {
        let same = before.and_then(|before| before.credentials.get(slot)?.get(field)) == Some(source);
        match source {
            SecretSource::Env(_) | SecretSource::File(_) if !same => {
                return Err(on_the_machine(
                    &cart.id,
                    &format!(
                        "the credential {slot}.{field} comes from a file or variable of the machine; set it with PUT /v1/carts/{}/credentials/{slot}/{field}",
                        cart.id
                    ),
                ));
            }
            SecretSource::Env(_) | SecretSource::File(_) | SecretSource::Text(_) => {}
        }
    }
    // A limit may be as high as the default, or as high as was allowed on the machine.
    let usual = Limits::default();
    let allowed = before.map_or(usual, |before| before.limits.or(usual));
    let wanted = cart.limits.or(usual);
    if let Some((name, value)) = wanted.over(&usual).find(|limit| wanted.over(&allowed).any(|over| over == *limit)) {
        return Err(on_the_machine(&cart.id, &format!("limits.{name} is {value}, more than its default and than what was allowed before")));
    }
    for (name, binding) in cart.endpoints.iter().filter(|(_, binding)| is_exception(binding)) {
        if before.and_then(|before| before.endpoints.get(name)) != Some(binding) {
            return Err(on_the_machine(&cart.id, &format!("the endpoint {name} leads to a private network or travels in clear")));
        }
    }
    Ok(())
}

fn is_exception(binding: &Binding) -> bool {
    !binding.private.is_empty() || binding.plain_http == Consent::Accepted || binding.secrets_in_clear == Consent::Accepted
}

fn on_the_machine(cart: &CartId, what: &str) -> Problem {
    Problem::new(
        Kind::MachineOnly,
        format!("cart {cart} cannot be defined so over the network: {what}; `cartage apply FILE` on the machine does it"),
    )
}
