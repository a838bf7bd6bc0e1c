//! Notes: one that the order has already is not added again, because Vendure does not know a repeat.

use crate::answer::{list, member, text};
use crate::order::Order;
use crate::shop::Shop;
use cartage_sdk::json::Value;
use cartage_sdk::{Failure, Progress};

/// The newest notes of an order, so many of which are looked at.
const NOTES: &str = "query Notes($id: ID!) { order(id: $id) { history(options: {\
    filter: {type: {eq: \"ORDER_NOTE\"}}, sort: {createdAt: DESC}, take: 100}) { items { data } } } }";
const ADD_NOTE: &str = "mutation AddNote($input: AddNoteToOrderInput!) { addNoteToOrder(input: $input) { id } }";

/// An order's notes, read when the first is to be added.
pub(crate) struct Notes<'s, 'c> {
    shop: &'s Shop<'c>,
    order: String,
    known: Option<Vec<String>>,
}

impl<'s, 'c> Notes<'s, 'c> {
    /// The notes of an order, of which none were read yet.
    pub(crate) fn of(shop: &'s Shop<'c>, order: &Order) -> Notes<'s, 'c> {
        Notes { shop, order: order.id.clone(), known: None }
    }

    /// Adds a note, unless one of the newest has the same text. The customer sees it only if it is public.
    pub(crate) fn add(&mut self, work: &mut Progress<'_>, note: &str, is_public: bool) -> Result<(), Failure> {
        let known = match &mut self.known {
            Some(known) => known,
            unread => unread.insert(read(self.shop, &self.order)?),
        };
        if known.iter().any(|known| known == note) {
            return Ok(());
        }
        let input = Value::object([("id", self.order.as_str().into()), ("note", note.into()), ("isPublic", is_public.into())]);
        let data = self.shop.write(ADD_NOTE, [("input", input)])?;
        if text(member(&data, "addNoteToOrder")?, "id")? != self.order {
            return Err(Failure::protocol("the shop answered with another order than the note was for"));
        }
        work.step("note added", None);
        known.push(note.to_owned());
        Ok(())
    }
}

fn read(shop: &Shop<'_>, order: &str) -> Result<Vec<String>, Failure> {
    let data = shop.read(NOTES, [("id", order.into())])?;
    let entries = list(member(member(&data, "order")?, "history")?, "items")?;
    // An entry of another form is none that this plugin wrote.
    Ok(entries.iter().filter_map(|entry| entry["data"]["note"].text().map(str::to_owned)).collect())
}
