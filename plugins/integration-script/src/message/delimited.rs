//! The delimited encoding: each value is a form field.

use super::news;
use cartage_sdk::Update;
use cartage_sdk::http::Form;
use cartage_sdk::orders::us_date;

/// Adds an update. The fields of one package have no suffix; those of several are numbered from 1.
pub(super) fn add(form: Form, update: &Update, status: &str) -> Form {
    let packages: Vec<_> = news(update).collect();
    let form = form
        .field("ordernumber", &update.order_number)
        .field("orderstatus", status)
        .field("refnumber", update.reference_number.as_deref().unwrap_or_default())
        .field("orderdetail", update.note.as_deref().unwrap_or_default())
        .field("trackcount", packages.len().to_string());
    packages.iter().enumerate().fold(form, |form, (at, (package, number))| {
        let suffix = if packages.len() == 1 { String::new() } else { (at + 1).to_string() };
        form.field(&format!("tracknum{suffix}"), number)
            .field(&format!("trackcarrier{suffix}"), package.carrier.as_deref().unwrap_or_default())
            .field(&format!("trackpickupdate{suffix}"), package.picked_up.map(us_date).unwrap_or_default())
    })
}
