//! `cartage credential`: sets and forgets a cart's credentials. The commands never show a value.

use super::api::{Client, To, to};
use super::arguments::cart_id;
use super::{Failure, Verdict, cart, client, console, report};
use cartage::egress::secrets::bare;
use cartage::id::CartId;
use cartage::receipt::PauseReason;
use cartage::service::Approved;
use cartage::vault::SECRET_BYTES_MAX;
use cartage_http::api::documents::{
    ApproveBody, ApprovedSlots, CartCredentials, CartDocument, CredentialField, ForgottenField, SetField, ValueBody, WholeCart,
};
use secrecy::SecretString;
use serde::de::IgnoredAny;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const EXAMPLES: &str = "\
Examples:
  Set the password of a cart from a file:
      cartage credential set seed-shop account password --file password.txt
  See which are set, and since when:
      cartage credential list seed-shop

A credential is sealed with the key of the data directory and never printed again. It is used only
for the hosts to which the endpoints of its slot lead when it is set, and for no others until
`cartage credential approve`.";

const APPROVE_EXAMPLES: &str = "\
Examples:
  Let the credentials go to the new host after an endpoint of a cart was moved:
      cartage credential approve seed-shop
  Only the credentials of one slot:
      cartage credential approve seed-shop account

A value is bound to the scheme, host and port of every endpoint that its slot serves. Once one of
these changes, no value of the slot is used, and the alert cart-not-ready says so. The change
cannot be approved over the network.";

const SET_EXAMPLES: &str = "\
Examples:
  Set the password of a cart, from a file, a variable or standard input:
      cartage credential set seed-shop account password --file password.txt
      cartage credential set seed-shop account password --env SHOP_PASSWORD
      pass show seed-shop | cartage credential set seed-shop account password
  Change a password without a gap: set it here and change it at the cart, in either order:
      cartage credential set seed-shop account password --file new-password.txt --next

With --next the new value waits beside the one in use. The new value is tried when the cart
refuses the one in use, and by `cartage cart check`; it replaces the one in use once it has
worked. A final line break of a file or of standard input is dropped.";

const LIST_EXAMPLES: &str = "\
Examples:
      cartage credential list seed-shop";

const FORGET_EXAMPLES: &str = "\
Examples:
  Drop a new password that waits, and keep the one in use:
      cartage credential forget seed-shop account password --next
  Forget a credential altogether:
      cartage credential forget seed-shop account password";

/// Largest number of bytes that are read: a value and a line break.
const FILE_BYTES_MAX: u64 = SECRET_BYTES_MAX as u64 + 2;

/// Set a cart's credentials, or see which are set.
#[derive(Debug, clap::Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(crate) enum Command {
    Set(SetArgs),
    /// Show which credentials of a cart are set, since when, and which new values wait to be tried.
    #[command(after_long_help = LIST_EXAMPLES)]
    List {
        /// The Cart ID.
        #[arg(value_name = "CART", value_parser = cart_id)]
        cart: CartId,
    },
    /// Approve that a cart's credentials go to the hosts that its endpoints lead to now.
    #[command(after_long_help = APPROVE_EXAMPLES)]
    Approve {
        /// The Cart ID.
        #[arg(value_name = "CART", value_parser = cart_id)]
        cart: CartId,
        /// The credential slot [default: all].
        #[arg(value_name = "SLOT")]
        slot: Option<String>,
    },
    /// Forget a credential, or only its waiting value.
    #[command(after_long_help = FORGET_EXAMPLES)]
    Forget {
        #[command(flatten)]
        place: PlaceArgs,
        /// Forget only the waiting value; the value in use stays.
        #[arg(long)]
        next: bool,
    },
}

/// Which credential.
#[derive(Debug, clap::Args)]
pub(crate) struct PlaceArgs {
    /// The Cart ID.
    #[arg(value_name = "CART", value_parser = cart_id)]
    cart: CartId,
    /// The credential slot, by the plugin's name for it.
    #[arg(value_name = "SLOT")]
    slot: String,
    /// The slot's field [default: the only field, or the only secret field].
    #[arg(value_name = "FIELD", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    field: Option<String>,
}

/// Set a credential, and replace the value before it. A cart that was paused for its credentials is checked, and resumed if it works.
#[derive(Debug, clap::Args)]
#[command(after_long_help = SET_EXAMPLES)]
pub(crate) struct SetArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Keep the value in use until the new one has worked.
    #[arg(long)]
    next: bool,
    /// Read the value from this file.
    #[arg(long, value_name = "FILE", conflicts_with = "env")]
    file: Option<PathBuf>,
    /// Read the value from this environment variable.
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("could not read the value from {from}")]
    Read { from: String, source: std::io::Error },
    #[error("the value in {from} has more than {SECRET_BYTES_MAX} bytes")]
    TooLong { from: String },
    #[error("the environment variable {name} is not set, or is not valid text")]
    Variable { name: String },
}

impl Command {
    pub(crate) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        let api = Client::open(data)?;
        client::block_on(async {
            match self {
                Command::Set(args) => args.set(&api, json).await,
                Command::Approve { cart, slot } => approve(&api, &cart, slot, json).await,
                Command::List { cart } => list(&api, &cart, json).await,
                Command::Forget { place, next } => place.forget(&api, next, json).await,
            }
        })
    }
}

impl PlaceArgs {
    async fn forget(self, api: &Client, next: bool, json: bool) -> Result<Verdict, Failure> {
        let field = self.field(&described(api, &self.cart).await?)?;
        let ForgottenField { forgot, .. } = api.delete(self.path(&field).flag("next", next)).await?;
        if json {
            report::json(&serde_json::json!({ "cart": self.cart, "slot": self.slot, "field": field, "forgot": forgot }));
        } else {
            let what = match (forgot, next) {
                (true, true) => "forgot the waiting value; the value in use stays:",
                (true, false) => "forgot",
                (false, true) => "no value waits for",
                (false, false) => "nothing was set for",
            };
            report::line(&format!("{what} {}.{field} of cart {}", self.slot, self.cart));
        }
        Ok(Verdict::Done)
    }

    fn field(&self, known: &[CredentialField]) -> Result<String, Failure> {
        if let Some(field) = &self.field {
            return Ok(field.clone());
        }
        let of_slot: Vec<&str> = known.iter().filter(|field| field.slot == self.slot).map(|field| field.field.as_str()).collect();
        let secret: Vec<&str> =
            known.iter().filter(|field| field.slot == self.slot && field.secret).map(|field| field.field.as_str()).collect();
        match (of_slot.as_slice(), secret.as_slice()) {
            // The later check of the value reports an unknown slot and names the nearest one.
            ([], _) => Ok(String::new()),
            ([only], _) | (_, [only]) => Ok((*only).to_owned()),
            (several, _) => {
                let (slot, several) = (&self.slot, several.join(", "));
                Err(Failure::wrong_use(format!("the credential slot {slot} has several fields: name one of {several}")))
            }
        }
    }

    /// The path of the credential. A path has no empty part, and no field is called `-`.
    fn path(&self, field: &str) -> To {
        to(&["carts", self.cart.as_str(), "credentials", &self.slot, if field.is_empty() { "-" } else { field }])
    }
}

impl SetArgs {
    async fn set(self, api: &Client, json: bool) -> Result<Verdict, Failure> {
        let PlaceArgs { cart: id, slot, .. } = &self.place;
        let known = described(api, id).await?;
        let field = self.place.field(&known)?;
        let value = self.value()?;
        let SetField { waits, warnings, .. } = api.put(self.place.path(&field).flag("next", self.next), &ValueBody { value }).await?;
        warnings.iter().for_each(|warning| report::talk(&format!("warning: {warning}")));
        if known.iter().any(|one| one.slot == *slot && one.field == field && one.from_definition) {
            report::talk(&format!(
                "warning: the cart's definition says where {slot}.{field} is, and takes precedence; to use the value that is set now, remove the entry from \
                 [credentials.{slot}] of the cart's file, and load the file"
            ));
        }
        let set = format!("set {slot}.{field} of cart {id}");
        let how = match (self.next, waits) {
            (_, true) => "; it waits until it has worked, and the value in use stays until then",
            (true, false) => "; no value was in use, so this one is in use now",
            (false, false) => "",
        };
        let WholeCart { cart: CartDocument { pause, .. }, .. } = api.get(to(&["carts", id.as_str()])).await?;
        // A pause by a person or a restore ends only when a person resumes the cart.
        if !pause.as_ref().is_some_and(|pause| PauseReason::named_wants_proof(&pause.why)) {
            if json {
                report::json(&serde_json::json!({ "cart": id, "slot": slot, "field": field, "set": true, "waits": waits }));
            } else {
                report::line(&format!("{set}{how}"));
            }
            if let Some(pause) = pause {
                report::talk(&format!("cart {id} stays paused ({}); `cartage cart resume {id}` resumes it", pause.why));
            }
            return Ok(Verdict::Done);
        }
        report::talk(&format!("{set}{how}; the cart is paused, so it is checked now"));
        // Other credentials of the cart may still be missing. The cart stays paused then, and the error names them.
        let verdict = cart::run_check(api, id, None, json).await?;
        if verdict == Verdict::Done {
            let _: IgnoredAny = api.act(to(&["carts", id.as_str(), "resume"])).await?;
            report::talk(&format!("cart {id} is resumed"));
        } else {
            report::talk(&format!("cart {id} stays paused; `cartage cart resume {id}` resumes it anyway"));
        }
        Ok(verdict)
    }

    fn value(&self) -> Result<SecretString, Error> {
        if let Some(name) = &self.env {
            let value = std::env::var(name).map_err(|_| Error::Variable { name: name.clone() })?;
            return Ok(SecretString::from(value));
        }
        let from = self.file.as_ref().map_or_else(|| "standard input".to_owned(), |file| file.display().to_string());
        let failed = |source| Error::Read { from: from.clone(), source };
        let read = match &self.file {
            Some(file) => console::file(file, FILE_BYTES_MAX),
            None => console::standard_input(FILE_BYTES_MAX),
        };
        value(read.map_err(failed)?, &from)
    }
}

/// The credential's value from the input, without its last line break.
fn value(read: Option<Zeroizing<Vec<u8>>>, from: &str) -> Result<SecretString, Error> {
    let Some(bytes) = read else { return Err(Error::TooLong { from: from.to_owned() }) };
    let text = Zeroizing::new(console::as_text(bytes).map_err(|source| Error::Read { from: from.to_owned(), source })?);
    let value = bare(&text);
    if value.len() > SECRET_BYTES_MAX { Err(Error::TooLong { from: from.to_owned() }) } else { Ok(SecretString::from(value)) }
}

async fn approve(api: &Client, id: &CartId, slot: Option<String>, json: bool) -> Result<Verdict, Failure> {
    let known = described(api, id).await?;
    if let Some(slot) = slot.as_ref().filter(|slot| !known.iter().any(|field| field.slot == **slot)) {
        let mut slots: Vec<&str> = known.iter().map(|field| field.slot.as_str()).collect();
        slots.dedup();
        let slots = slots.join(", ");
        return Err(Failure::wrong_use(format!("the plugin of cart {id} has no credential slot {slot}; it has: {slots}")));
    }
    let path = to(&["carts", id.as_str(), "credentials", "approve"]);
    let ApprovedSlots { approved, .. } = api.post(path, &ApproveBody { slot }).await?;
    if json {
        report::json(&serde_json::json!({ "cart": id, "approved": approved }));
        return Ok(Verdict::Done);
    }
    for Approved { slot, origins } in &approved {
        report::line(&format!("the credential {slot} of cart {id} goes to {origins} from now on"));
    }
    if approved.is_empty() {
        report::line(&format!("nothing needs approval: the credentials of cart {id} go to the hosts for which they were set"));
    }
    Ok(Verdict::Done)
}

async fn credentials(api: &Client, id: &CartId) -> Result<CartCredentials, Failure> {
    Ok(api.get(to(&["carts", id.as_str(), "credentials"])).await?)
}

/// The credentials that a cart takes, as its plugin says.
async fn described(api: &Client, id: &CartId) -> Result<Vec<CredentialField>, Failure> {
    let CartCredentials { known, fields, .. } = credentials(api, id).await?;
    if known {
        return Ok(fields);
    }
    let message = format!("the plugin of cart {id} cannot be used, so the credentials that it takes are not known");
    Err(Failure::from(std::io::Error::other(message)).what_to_do(format!("cartage cart show {id}")))
}

async fn list(api: &Client, id: &CartId, json: bool) -> Result<Verdict, Failure> {
    let CartCredentials { fields, set, .. } = credentials(api, id).await?;
    if json {
        report::json(&serde_json::json!({ "cart": id, "credentials": set }));
        return Ok(Verdict::Done);
    }
    let mut rows = Vec::new();
    for CredentialField { slot, field, required_in_slot, from_definition, .. } in &fields {
        let here = |next| set.iter().find(|value| value.slot == *slot && value.field == *field && value.next == next);
        let mut state = match (here(false), from_definition) {
            (_, true) => "from the source in the cart's definition".to_owned(),
            (Some(value), false) => format!("set at {}, for {}", report::time(value.set_at_unix_ms), value.origins),
            (None, false) if *required_in_slot => "not set".to_owned(),
            (None, false) => "not set (optional)".to_owned(),
        };
        if let Some(next) = here(true) {
            let (at, origins) = (report::time(next.set_at_unix_ms), &next.origins);
            state.push_str(&format!("\nnext: set at {at}, for {origins}; waits until it has worked"));
        }
        rows.push((format!("{slot}.{field}"), state));
    }
    if rows.is_empty() {
        report::line(&format!("the plugin of cart {id} takes no credentials"));
    }
    report::rows(&rows);
    Ok(Verdict::Done)
}
