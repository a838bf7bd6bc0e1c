//! Words in XML and HTML that name the value beside them: in a row (`<th>Email</th><td>...</td>`), in the head of a table's column, or in an element
//! before the value (`<key>email</key><value>...</value>`, `<b>Email:</b> ...`).

use super::known::is_place;
use super::names::{Names, Within};

/// The longest word that can name a value, in bytes.
const LABEL_BYTES_MAX: usize = 64;
/// The most cells of a row that are considered.
const CELLS_MAX: usize = 256;
/// Elements whose text names the value that follows. The text of any other element does so if a colon follows it.
const NAMING: &[&[u8]] = &[b"b", b"code", b"dt", b"field", b"key", b"label", b"name", b"strong", b"td", b"th"];

/// The names that were read and whose values have not been reached yet.
#[derive(Default)]
pub(super) struct Labels {
    /// The position of the next value, and whether a head cell named it.
    next: Option<(Within, bool)>,
    /// By column: what the head of the table names.
    head: Vec<Within>,
    /// The cells of the open row: whether each is a head cell, and what it names.
    row: Vec<(bool, Within)>,
}

impl Labels {
    /// Notes the start of an element.
    pub(super) fn starts(&mut self, name: &[u8]) {
        match &*name.to_ascii_lowercase() {
            b"table" => *self = Labels::default(),
            b"tr" => self.row_ends(),
            cell @ (b"td" | b"th") if self.row.len() < CELLS_MAX => self.row.push((cell == b"th", Within::default())),
            _ => {}
        }
    }

    /// Notes the end of an element.
    pub(super) fn ends(&mut self, name: &[u8]) {
        match &*name.to_ascii_lowercase() {
            b"table" => *self = Labels::default(),
            b"tr" => self.row_ends(),
            _ => {}
        }
    }

    /// Ends a row. A row of head cells alone names the columns.
    fn row_ends(&mut self) {
        self.next = None;
        let row = std::mem::take(&mut self.row);
        if row.len() > 1 && row.iter().all(|(is_head, _)| *is_head) {
            self.head = row.into_iter().map(|(_, names)| names).collect();
        }
    }

    /// The position of an element's text, by the words around it.
    pub(super) fn content(&mut self, names: &Names, element: &[u8], text: &[u8], within: Within) -> Within {
        let element = element.to_ascii_lowercase();
        let next = self.next.take();
        if within.kind.is_some() {
            return within;
        }
        let (label, has_colon) = match text {
            [label @ .., b':'] => (label.trim_ascii_end(), true),
            label => (label, false),
        };
        let names_next =
            label.len() <= LABEL_BYTES_MAX && (has_colon || NAMING.contains(&&*element)) && !is_place(&String::from_utf8_lossy(label));
        let named = names_next.then(|| names.enter(within, label)).filter(|named| named.kind.is_some());
        let is_head = element == b"th";
        if let Some(named) = named {
            self.next = Some((named, is_head));
            if let Some((_, cell)) = self.row.last_mut() {
                *cell = named;
            }
            return within;
        }
        let column = self.row.len().checked_sub(1).and_then(|column| self.head.get(column)).filter(|_| !is_head);
        let beside = next.filter(|(_, by_head)| !(*by_head && is_head)).map(|(named, _)| named);
        beside.or_else(|| column.copied().filter(|column| column.kind.is_some())).unwrap_or(within)
    }

    /// The position of an attribute `value`, if the element before it named one.
    pub(super) fn take(&mut self) -> Option<Within> {
        self.next.take().map(|(named, _)| named)
    }
}
