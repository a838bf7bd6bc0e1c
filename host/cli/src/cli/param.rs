//! `cartage param`: the system parameters, in the steps of the classic form: a group, a cart, a value.

use super::api::{Client, To, to};
use super::{Failure, Verdict, client, report};
use cartage::id::CartId;
use cartage::parameters::{Group, Parameter, Scope, assign, find};
use cartage_http::api::documents::{ParameterBody, ParameterValue, Parameters, UnsetParameter};
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
                Command::List { group, cart } => list(&Client::open(data)?, group, cart.as_ref(), json).await,
                Command::Get { name, cart } => {
                    let parameter = find(&name)?;
                    let all = parameters(&Client::open(data)?, cart.as_ref()).await?;
                    all.iter().filter(|one| one.name == parameter.name).for_each(|one| show(one, cart.as_ref(), json));
                    Ok(Verdict::Done)
                }
                Command::Set { name, value, cart } => {
                    let assignment = assign(&name, cart.clone().map_or(Scope::System, Scope::Cart), &value)?;
                    let path = place(assignment.parameter(), cart.as_ref());
                    show(&Client::open(data)?.put(path, &ParameterBody { value }).await?, cart.as_ref(), json);
                    Ok(Verdict::Done)
                }
                Command::Unset { name, cart } => {
                    let path = place(find(&name)?, cart.as_ref());
                    let UnsetParameter { parameter, was_set } = Client::open(data)?.delete(path).await?;
                    if !was_set {
                        let whose = cart.as_ref().map_or_else(|| "the system".to_owned(), |cart| format!("cart {cart}"));
                        report::talk(&format!("{} was not set for {whose}, so nothing has changed", parameter.name));
                    }
                    show(&parameter, cart.as_ref(), json);
                    Ok(Verdict::Done)
                }
            }
        })
    }
}

/// The path of a parameter's value, for a cart or for the system.
fn place(parameter: &Parameter, cart: Option<&CartId>) -> To {
    to(&["parameters", parameter.name]).maybe("cart", cart.map(CartId::as_str))
}

/// Every parameter with its effective value for a cart, or for the system.
async fn parameters(api: &Client, cart: Option<&CartId>) -> Result<Vec<ParameterValue>, Failure> {
    let Parameters { parameters, .. } = api.get(to(&["parameters"]).maybe("cart", cart.map(CartId::as_str))).await?;
    Ok(parameters)
}

async fn list(api: &Client, group: Option<Group>, cart: Option<&CartId>, json: bool) -> Result<Verdict, Failure> {
    let all = parameters(api, cart).await?;
    let wanted = || all.iter().filter(|parameter| group.is_none_or(|group| parameter.group == group));
    if json {
        report::json(&wanted().map(|parameter| document(parameter, cart)).collect::<Vec<_>>());
        return Ok(Verdict::Done);
    }
    for group in Group::ALL {
        let rows: Vec<_> = wanted().filter(|parameter| parameter.group == group).map(row).collect();
        if !rows.is_empty() {
            report::heading(&cart.map_or_else(|| format!("group {group}"), |cart| format!("group {group}, cart {cart}")));
            report::rows(&rows);
        }
    }
    Ok(Verdict::Done)
}

fn show(parameter: &ParameterValue, cart: Option<&CartId>, json: bool) {
    if json {
        report::json(&document(parameter, cart));
    } else {
        report::rows(&[row(parameter)]);
    }
}

/// A parameter as one row: its effective value, the value's source, the setting that it supplies, and its purpose.
fn row(ParameterValue { name, value, from, supplies, help, .. }: &ParameterValue) -> (String, String) {
    let mut text = format!("{value} ({from})");
    for supplied in supplies {
        text.push_str(&format!("\n{}", supplied.says));
    }
    (name.clone(), format!("{text}\n{help}"))
}

fn document(parameter: &ParameterValue, cart: Option<&CartId>) -> Value {
    let ParameterValue { name, group, value, from, takes, scopes, origin, help, supplies } = parameter;
    let supplies = supplies.iter().map(|one| json!({ "setting": one.setting, "winner": one.winner, "value": one.value }));
    json!({
        "name": name, "group": group, "cart": cart, "value": value, "source": from, "takes": takes, "scopes": scopes, "origin": origin,
        "help": help, "supplies": supplies.collect::<Vec<_>>(),
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
