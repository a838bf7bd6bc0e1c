//! The delimited encoding: every value is a form field.
//!
//! The fields of a single package have no suffix, those of several are numbered from 1. If a sender numbers its single package, or leaves
//! the number off the first of several, the field that is there is used.

use super::form::Form;
use super::part::{Found, InvalidOrder, OrderProblem, within};
use super::{text, times};
use cartage_model::carts::Inlet;
use cartage_model::carts::inlet::LeaveOut;
use cartage_policy::validate::{Fields, PACKAGES_MAX, PackageFields};

/// The one update of the form.
pub(super) fn update(form: &Form, inlet: &Inlet) -> Result<Fields, InvalidOrder> {
    let order = line(form, "ordernumber").map_err(|problem| InvalidOrder::new(None, problem))?;
    fields(form, inlet, order.clone()).map_err(|found| InvalidOrder::new(order.as_deref(), found))
}

/// The fields of the order. Those that the inlet leaves out are no longer in the form.
fn fields(form: &Form, inlet: &Inlet, order: Option<String>) -> Result<Fields, Found> {
    Ok(Fields {
        order_number: order.ok_or(OrderProblem::OrderNumberMissing { field: "ordernumber" })?,
        label: line(form, "orderstatus")?.ok_or(OrderProblem::LabelMissing { field: "orderstatus" })?,
        reference_number: line(form, "refnumber")?,
        note: form.text("orderdetail").map_err(within(LeaveOut::Notes))?.as_deref().and_then(text::block),
        packages: packages(form, inlet).map_err(within(LeaveOut::Packages))?,
        ..Fields::default()
    })
}

fn packages(form: &Form, inlet: &Inlet) -> Result<Vec<PackageFields>, OrderProblem> {
    let count = match line(form, "trackcount")? {
        // A sender that omits the count has one package or none.
        None => usize::from(line(form, "tracknum")?.is_some()),
        Some(text) => count(&text).ok_or_else(|| OrderProblem::TrackCount { text: text::cut(&text) })?,
    };
    if count > PACKAGES_MAX {
        return Err(OrderProblem::PackagesTooMany { count });
    }
    let packages = (1..=count).map(|nth| package(form, inlet, count, nth)).collect::<Result<Vec<_>, _>>()?;
    // A package without a number and a carrier is dropped.
    Ok(packages.into_iter().filter(|package| package.tracking_number.is_some() || package.carrier.is_some()).collect())
}

fn count(text: &str) -> Option<usize> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

fn package(form: &Form, inlet: &Inlet, count: usize, nth: usize) -> Result<PackageFields, OrderProblem> {
    let field = |name: &str| -> Result<Option<String>, OrderProblem> {
        let numbered = format!("{name}{nth}");
        let names = match (count, nth) {
            (1, _) => [Some(name), Some(numbered.as_str())],
            (_, 1) => [Some(numbered.as_str()), Some(name)],
            _ => [Some(numbered.as_str()), None],
        };
        let mut found = None;
        for name in names.into_iter().flatten() {
            match form.text(name)? {
                Some(text) if !text.trim().is_empty() => return Ok(Some(text)),
                text => found = found.or(text),
            }
        }
        Ok(found)
    };
    let number = field("tracknum")?.ok_or(OrderProblem::PackageMissing { count, nth })?;
    let picked_up = field("trackpickupdate")?.as_deref().and_then(text::line).map(|text| times::day(&text, inlet)).transpose();
    let picked_up = picked_up.map_err(|source| OrderProblem::Time { field: format!("the pickup date of package {nth}"), source })?;
    Ok(PackageFields {
        tracking_number: text::line(&number),
        carrier: field("trackcarrier")?.as_deref().and_then(text::line),
        picked_up: picked_up.flatten(),
        ..PackageFields::default()
    })
}

fn line(form: &Form, name: &str) -> Result<Option<String>, OrderProblem> {
    Ok(form.text(name)?.as_deref().and_then(text::line))
}
