//! An order's notes: the Order Manager's note and comments, and the tracking numbers.
//!
//! The shop mails a note to the customer if the update says that the customer is to be notified; otherwise only the shop's staff see it. WooCommerce
//! accepts the same note any number of times. So if an earlier attempt may have arrived, the order's notes are read first.

use crate::order::Order;
use crate::shop::{About, Shop};
use crate::{API, TRACKING, TRACKING_NOTE, json, tracking};
use cartage_sdk::delivery::may_have_arrived;
use cartage_sdk::http::Request;
use cartage_sdk::json::Value;
use cartage_sdk::orders::Told;
use cartage_sdk::{Delivery, Failure, Package, Progress, Update};

/// The largest note with tracking numbers, in bytes. The shop's database allows 64 KiB.
const TRACKING_BYTES_MAX: usize = 16 << 10;

/// A note to add.
struct Note {
    /// The name of the step that records the note as added.
    step: &'static str,
    text: String,
    /// Whether the shop mails it to the customer.
    for_customer: bool,
    /// Whether the order has the note once for all its updates.
    is_of_the_order: bool,
}

/// Adds the notes that the order does not have yet.
pub(crate) fn tell(
    shop: &mut Shop<'_>,
    order: &Order,
    update: &Update,
    delivery: &Delivery,
    work: &mut Progress<'_>,
) -> Result<(), Failure> {
    let mut present: Option<Vec<String>> = None;
    for note in notes(shop, update)? {
        if work.done(note.step).is_some() {
            continue;
        }
        if note.is_of_the_order || may_have_arrived(delivery) {
            if present.is_none() {
                present = Some(listed(shop, order)?);
            }
            let own = plain(&note.text);
            if present.as_ref().is_some_and(|present| present.contains(&own)) {
                continue;
            }
        }
        let id = add(shop, order, &note)?;
        work.step(note.step, Some(&id));
    }
    Ok(())
}

fn notes(shop: &Shop<'_>, update: &Update) -> Result<Vec<Note>, Failure> {
    let for_customer = update.notify_customer == Some(true);
    let mut notes = Vec::new();
    if shop.context.boolean(TRACKING_NOTE)?
        && shop.context.text(TRACKING)? == "order-meta"
        && let Some(text) = tracking_numbers(update)
    {
        notes.push(Note { step: "tracking note added", text, for_customer, is_of_the_order: false });
    }
    if let Some(text) = update.note.clone() {
        notes.push(Note { step: "note added", text, for_customer, is_of_the_order: false });
    }
    if let Some(text) = update.comments.clone() {
        // Comments belong to the order, arrive with each of its updates, and were not written for the customer.
        notes.push(Note { step: "comments added", text, for_customer: false, is_of_the_order: true });
    }
    Ok(notes)
}

/// A line for each new or changed package: carrier, number and link. There is no prose, because the shop's language is not known.
fn tracking_numbers(update: &Update) -> Option<String> {
    let packages: Vec<_> = tracking::news(update).filter(|(_, package, _)| package.told != Told::Withdrawn).collect();
    let mut text = String::new();
    for (count, (_, package, number)) in packages.iter().enumerate() {
        let line = line(package, number);
        if text.len() + line.len() > TRACKING_BYTES_MAX {
            text += &format!("(+{})", packages.len() - count);
            break;
        }
        text += &line;
        text.push('\n');
    }
    Some(text.trim_end().to_owned()).filter(|text| !text.is_empty())
}

fn line(package: &Package, number: &str) -> String {
    let parts = [package.carrier.as_deref(), package.method.as_deref(), Some(number), package.tracking_url.as_deref()];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn listed(shop: &mut Shop<'_>, order: &Order) -> Result<Vec<String>, Failure> {
    let body = shop.get(About::Orders, &format!("/orders/{}/notes", order.id), "id,note")?;
    let notes = json::whole_list(&body).ok_or_else(|| Failure::protocol("the shop's answer is no list of the order's notes"))?;
    Ok(notes.iter().filter_map(|note| note["note"].text().map(plain)).collect())
}

/// A note in the form in which two are compared. WordPress removes backslashes, and may change white space.
fn plain(text: &str) -> String {
    text.replace('\\', "").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn add(shop: &mut Shop<'_>, order: &Order, note: &Note) -> Result<String, Failure> {
    let body = Value::object([("note", note.text.as_str().into()), ("customer_note", note.for_customer.into())]);
    let request = Request::post(API).path(&format!("/orders/{}/notes", order.id));
    let added = shop.write(About::Orders, request, &body, "id")?;
    let id = json::id(&added["id"]).ok_or_else(|| Failure::protocol("the shop's reply to a note is not a note"))?;
    Ok(id.to_string())
}
