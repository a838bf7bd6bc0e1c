//! The form that is posted to the script, always with its fields in the same order.
//!
//! `updatestatus`: `setifunction`, `setiuser`, `password`, `code`, `omversion`, then in the delimited encoding `ordernumber`,
//! `orderstatus`, `refnumber`, `orderdetail`, `trackcount` and the packages; in the XML encoding `update`. Some scripts demand all
//! five of the first and some compare the function's name by case, so all five are sent and the name is in lower case.
//! `sendversion`: `setifunction` and `omversion` only; it carries no credentials.

mod delimited;
mod xml;

use cartage_sdk::http::{Form, Part};
use cartage_sdk::orders::{Told, standing_packages};
use cartage_sdk::{Context, Failure, Package, Update};

/// The encoding in which an update is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Each value is a form field.
    Delimited,
    /// XML in one form field.
    Xml,
}

impl Encoding {
    /// The encoding that the cart's setting selects.
    pub(crate) fn of(context: &Context) -> Result<Encoding, Failure> {
        match context.text("encoding")? {
            "delimited" => Ok(Encoding::Delimited),
            "xml" => Ok(Encoding::Xml),
            other => Err(Failure::host_denied(format!("failed to read setting encoding: {other} is none of its choices"))),
        }
    }

    /// The setting's other value, for a hint to the operator.
    pub(crate) fn other(self) -> &'static str {
        match self {
            Encoding::Delimited => "xml",
            Encoding::Xml => "delimited",
        }
    }
}

/// The form that asks for the script's version.
pub(crate) fn send_version(context: &Context) -> Result<Form, Failure> {
    Ok(Form::new().field("setifunction", "sendversion").field("omversion", context.text("om-version")?))
}

/// The form that tells the script of an update.
pub(crate) fn update_status(update: &Update, encoding: Encoding, context: &Context) -> Result<Form, Failure> {
    let Some(status) = update.status.as_deref() else {
        return Err(Failure::status_not_supported(format!(
            "failed to send label {:?} without a status: the integration-script protocol always sets one, and a script that gets none may \
             clear the order's; map the label to a status, or to `ignore`",
            update.label
        )));
    };
    let form = Form::new()
        .field("setifunction", "updatestatus")
        .secret("setiuser", "account", "setiuser")
        .secret("password", "account", "password")
        .secret("code", "account", "code")
        .field("omversion", context.text("om-version")?);
    Ok(match encoding {
        Encoding::Delimited => delimited::add(form, update, status),
        Encoding::Xml => form.field("update", xml::orders(update, status, context.boolean("send-line-items")?)),
    })
}

/// Whether an echo of this form could be mistaken for a script's answer.
pub(crate) fn looks_like_an_answer(form: &Form) -> bool {
    let forged = |text: &str| ["setiresponse", "setierror", "setiorders"].iter().any(|answer| text.to_ascii_lowercase().contains(answer));
    form.clone().into_parts().iter().any(|part| matches!(part, Part::Text(text) if forged(text)))
}

/// The packages to send: those that have a tracking number which the cart was not told of, and that are not withdrawn. A number that the cart has is not sent
/// again when another detail of its package changes, because most scripts would add it a second time.
fn news(update: &Update) -> impl Iterator<Item = (&Package, &str)> {
    let known = |package: &&Package| matches!(package.told, Told::AlreadyTold | Told::Changed);
    standing_packages(update).filter(move |package| !known(package)).filter_map(|package| {
        let number = package.tracking_number.as_deref().map(str::trim).filter(|number| !number.is_empty())?;
        Some((package, number))
    })
}
