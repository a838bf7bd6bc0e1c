//! Notes. Vendure does not recognise a repeat, so a note that the order has already is not added again.

use crate::answer::{list, member, text};
use crate::order::Order;
use crate::shop::Shop;
use cartage_sdk::json::Value;
use cartage_sdk::{Failure, Progress};

/// Reads an order's newest notes; older ones are not looked at.
const NOTES: &str = "query Notes($id: ID!) { order(id: $id) { history(options: {\
    filter: {type: {eq: \"ORDER_NOTE\"}}, sort: {createdAt: DESC}, take: 100}) { items { data } } } }";
const ADD_NOTE: &str = "mutation AddNote($input: AddNoteToOrderInput!) { addNoteToOrder(input: $input) { id } }";

/// An order's notes, which are read when the first note is added.
pub(crate) struct Notes<'s, 'c> {
    shop: &'s Shop<'c>,
    order: String,
    known: Option<Vec<String>>,
}

impl<'s, 'c> Notes<'s, 'c> {
    /// The notes of an order, before any were read.
    pub(crate) fn of(shop: &'s Shop<'c>, order: &Order) -> Notes<'s, 'c> {
        Notes { shop, order: order.id.clone(), known: None }
    }

    /// Adds a note, unless one of the newest notes has the same text. Customers see only public notes.
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
    // Entries of another form were not written by this plugin.
    Ok(entries.iter().filter_map(|entry| entry["data"]["note"].text().map(str::to_owned)).collect())
}
