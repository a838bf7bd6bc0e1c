//! `cartage param`: the system parameters, in the steps of the classic form: a group, a cart, a value.

use super::{Failure, Verdict, client, directory, report};
use cartage::id::CartId;
use cartage::parameters::{Assignments, Effective, Group, Parameter, REGISTRY, Scope, Supplied, Winner, assign, find};
use cartage::service::Service;
use serde_json::{Value, json};
use std::path::Path;

const EXAMPLES: &str = "\
Examples:
  Switch status updates on, and then for one cart:
      cartage param set UseStatusUpdates True
      cartage param set UseGenericStatusUpdates True --cart seed-shop
  See the effective values of a group for a cart:
      cartage param list --group Program --cart seed-shop
  Remove a cart's own value, so that the system's value applies:
      cartage param unset GenericStatusSendXML --cart seed-shop";

const LIST_EXAMPLES: &str = "\
Examples:
  Every parameter, with the system's values:
      cartage param list
  A group, with the effective values for a cart:
      cartage param list --group Program --cart seed-shop";

const GET_EXAMPLES: &str = "\
Examples:
      cartage param get UseStatusUpdates
      cartage param get GenericStatusSendXML --cart seed-shop";

const SET_EXAMPLES: &str = "\
Examples:
      cartage param set UseStatusUpdates True
      cartage param set UseGenericStatusUpdates True --cart seed-shop";

const UNSET_EXAMPLES: &str = "\
Examples:
  Remove the cart's own value; the system's value applies, or the default if there is none:
      cartage param unset GenericStatusSendXML --cart seed-shop
  Remove the system's value:
      cartage param unset UseStatusUpdates";

/// Show and set system parameters.
#[derive(Debug, clap::Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(crate) enum Command {
    /// List the parameters with their effective values.
    #[command(after_long_help = LIST_EXAMPLES)]
    List {
        /// Only this group.
        #[arg(long, value_name = "GROUP", value_parser = group)]
        group: Option<Group>,
        /// Show the values that are effective for this cart.
        #[arg(long, value_name = "ID", value_parser = cart)]
        cart: Option<CartId>,
    },
    /// Show a parameter's effective value, and where it comes from.
    #[command(after_long_help = GET_EXAMPLES)]
    Get {
        /// The parameter.
        name: String,
        /// The value for this cart.
        #[arg(long, value_name = "ID", value_parser = cart)]
        cart: Option<CartId>,
    },
    /// Set a value.
    #[command(after_long_help = SET_EXAMPLES)]
    Set {
        /// The parameter.
        name: String,
        /// Its value.
        value: String,
        /// Set the value for this cart alone.
        #[arg(long, value_name = "ID", value_parser = cart)]
        cart: Option<CartId>,
    },
    /// Remove a value. A cart then uses the system's value, and the system the default.
    #[command(after_long_help = UNSET_EXAMPLES)]
    Unset {
        /// The parameter.
        name: String,
        /// Remove the value of this cart alone [default: the system's value].
        #[arg(long, value_name = "ID", value_parser = cart)]
        cart: Option<CartId>,
    },
}

impl Command {
    pub(crate) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        client::block_on(async {
            match self {
                Command::List { group, cart } => list(&*directory::open(data)?, group, cart.as_ref(), json).await,
                Command::Get { name, cart } => {
                    let parameter = find(&name)?;
                    get(&*directory::open(data)?, parameter, cart.as_ref(), json).await
                }
                Command::Set { name, value, cart } => {
                    let assignment = assign(&name, cart.clone().map_or(Scope::System, Scope::Cart), &value)?;
                    let service = directory::open(data)?;
                    service.configuration().set_parameter(&assignment).await.map_err(directory::failure)?;
                    get(&service, assignment.parameter(), cart.as_ref(), json).await
                }
                Command::Unset { name, cart } => {
                    let parameter = find(&name)?;
                    let service = directory::open(data)?;
                    let scope = cart.clone().map_or(Scope::System, Scope::Cart);
                    if !service.configuration().unset_parameter(parameter, &scope).await.map_err(directory::failure)? {
                        let whose = cart.as_ref().map_or_else(|| "the system".to_owned(), |cart| format!("cart {cart}"));
                        report::talk(&format!("{} was not set for {whose}, so nothing has changed", parameter.name));
                    }
                    get(&service, parameter, cart.as_ref(), json).await
                }
            }
        })
    }
}

async fn list(service: &Service, group: Option<Group>, cart: Option<&CartId>, json: bool) -> Result<Verdict, Failure> {
    let (assignments, supplied) = values(service, cart).await?;
    let wanted = || REGISTRY.iter().filter(|parameter| group.is_none_or(|group| parameter.group == group));
    if json {
        let all = wanted().map(|parameter| document(parameter, cart, &assignments, &supplied));
        report::json(&all.collect::<Vec<_>>());
        return Ok(Verdict::Done);
    }
    for group in Group::ALL {
        let rows: Vec<_> =
            wanted().filter(|parameter| parameter.group == group).map(|parameter| row(parameter, cart, &assignments, &supplied)).collect();
        if !rows.is_empty() {
            report::heading(&cart.map_or_else(|| format!("group {group}"), |cart| format!("group {group}, cart {cart}")));
            report::rows(&rows);
        }
    }
    Ok(Verdict::Done)
}

async fn get(service: &Service, parameter: &'static Parameter, cart: Option<&CartId>, json: bool) -> Result<Verdict, Failure> {
    let (assignments, supplied) = values(service, cart).await?;
    if json {
        report::json(&document(parameter, cart, &assignments, &supplied));
    } else {
        report::rows(&[row(parameter, cart, &assignments, &supplied)]);
    }
    Ok(Verdict::Done)
}

/// Every assigned value, and the settings of the cart's plugin that parameters may supply.
async fn values(service: &Service, cart: Option<&CartId>) -> Result<(Assignments, Vec<Supplied>), Failure> {
    let assignments = service.configuration().assignments().await.map_err(directory::failure)?;
    let supplied = match cart {
        Some(cart) => service.carts().get(cart).await.map_err(directory::failure)?.supplied(&assignments),
        None => Vec::new(),
    };
    Ok((assignments, supplied))
}

/// A parameter as one row: its effective value, the value's source, the setting that it supplies, and its purpose.
fn row(parameter: &Parameter, cart: Option<&CartId>, assignments: &Assignments, supplied: &[Supplied]) -> (&'static str, String) {
    let Effective { value, source } = parameter.effective(cart, assignments);
    let mut text = format!("{value} ({source})");
    for supplied in supplied.iter().filter(|supplied| supplied.parameter == parameter) {
        text.push_str(&format!("\n{supplied}"));
    }
    (parameter.name, format!("{text}\n{}", parameter.help))
}

fn document(parameter: &Parameter, cart: Option<&CartId>, assignments: &Assignments, supplied: &[Supplied]) -> Value {
    let Effective { value, source } = parameter.effective(cart, assignments);
    let supplies = supplied.iter().filter(|supplied| supplied.parameter == parameter).map(|supplied| {
        let winner = match supplied.winner {
            Winner::Parameter => "parameter",
            Winner::Setting => "setting",
            Winner::PluginDefault => "plugin-default",
        };
        json!({ "setting": supplied.setting, "winner": winner, "value": supplied.value() })
    });
    json!({
        "name": parameter.name, "group": parameter.group, "cart": cart, "value": value.to_string(), "source": source,
        "takes": parameter.kind.to_string(), "scopes": parameter.scopes, "origin": parameter.origin, "help": parameter.help,
        "supplies": supplies.collect::<Vec<_>>(),
    })
}

/// Reads a group's name; case is ignored.
fn group(text: &str) -> Result<Group, String> {
    let known = || Group::ALL.into_iter();
    known().find(|group| group.to_string().eq_ignore_ascii_case(text.trim())).ok_or_else(|| {
        let names: Vec<String> = known().map(|group| format!("\"{group}\"")).collect();
        format!("there is no such group; there are {}", names.join(" and "))
    })
}

/// Reads a Cart ID.
pub(super) fn cart(text: &str) -> Result<CartId, String> {
    CartId::new(text).map_err(|error| error.to_string())
}
