//! Words in XML and HTML that name the value beside them: in a row (`<th>Email</th><td>...</td>`), above it in a table, or in an element before it
//! (`<key>email</key><value>...</value>`, `<b>Email:</b> ...`).

use super::known::is_place;
use super::names::{Names, Within};

/// The longest word that names anything.
const LABEL_BYTES_MAX: usize = 64;
/// Cells of a row that are looked at.
const CELLS_MAX: usize = 256;
/// Elements whose text names what comes next. In any other it does where a colon follows it.
const NAMING: &[&[u8]] = &[b"b", b"code", b"dt", b"field", b"key", b"label", b"name", b"strong", b"td", b"th"];

/// What was named, and what it names is still to come.
#[derive(Default)]
pub(super) struct Labels {
    /// What comes next, and whether it was named by a head cell.
    next: Option<(Within, bool)>,
    /// By column, what the head of the table says.
    head: Vec<Within>,
    /// The cells of the row that is open: whether each is a head cell, and what it names.
    row: Vec<(bool, Within)>,
}

impl Labels {
    /// An element begins.
    pub(super) fn starts(&mut self, name: &[u8]) {
        match &*name.to_ascii_lowercase() {
            b"table" => *self = Labels::default(),
            b"tr" => self.row_ends(),
            cell @ (b"td" | b"th") if self.row.len() < CELLS_MAX => self.row.push((cell == b"th", Within::default())),
            _ => {}
        }
    }

    /// An element ends.
    pub(super) fn ends(&mut self, name: &[u8]) {
        match &*name.to_ascii_lowercase() {
            b"table" => *self = Labels::default(),
            b"tr" => self.row_ends(),
            _ => {}
        }
    }

    /// A row of head cells alone names the columns.
    fn row_ends(&mut self) {
        self.next = None;
        let row = std::mem::take(&mut self.row);
        if row.len() > 1 && row.iter().all(|(is_head, _)| *is_head) {
            self.head = row.into_iter().map(|(_, names)| names).collect();
        }
    }

    /// Of what the text of this element is, which lies there.
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

    /// What an attribute `value` is, where the element before it said so.
    pub(super) fn take(&mut self) -> Option<Within> {
        self.next.take().map(|(named, _)| named)
    }
}
