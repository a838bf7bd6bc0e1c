//! The XML encoding: one `Orders/Order` in the form field `update`.
//!
//! Scripts read this XML with real parsers, with string searches, and after conversions between character sets. The document uses only what all of them
//! accept: ASCII with numeric character references and without an XML declaration, each element with a start and an end tag in a fixed
//! order, the order's own elements before those of its lines. A package's number is written as `TrackNum` and as `TrackingID`, because
//! implementations disagree on the name and ignore the other one.

use super::news;
use cartage_sdk::contract::encoding::escape;
use cartage_sdk::http::Escape;
use cartage_sdk::orders::{CivilTime, month_name, us_date};
use cartage_sdk::{LineItem, Package, Update};
use std::borrow::Cow;

/// The whole document for an update.
pub(super) fn orders(update: &Update, status: &str, line_items: bool) -> String {
    let packages: Vec<_> =
        news(update).enumerate().map(|(at, (package, number))| Numbered { id: id(package, at), number, package }).collect();
    let mut xml = Xml::default();
    xml.within("Orders", |xml| {
        xml.within("Order", |xml| {
            xml.text("OrderNumber", &update.order_number);
            xml.text("ReferenceNumber", text(&update.reference_number));
            xml.text("Status", status);
            xml.text("Notes", text(&update.note));
            xml.text("Comments", text(&update.comments));
            xml.text("ChangeDateTime", &date_time(update.changed_at));
            xml.within("Packages", |xml| packages.iter().for_each(|package| package.write(xml)));
            if line_items && !update.line_items.is_empty() {
                xml.within("Items", |xml| update.line_items.iter().for_each(|line| write_line(xml, line, &packages)));
            }
        });
    });
    xml.0
}

/// A package, and the id by which lines refer to it.
struct Numbered<'a> {
    id: String,
    number: &'a str,
    package: &'a Package,
}

impl Numbered<'_> {
    fn write(&self, xml: &mut Xml) {
        xml.within("Package", |xml| {
            xml.text("PackageID", &self.id);
            xml.text("TrackNum", self.number);
            xml.text("TrackingID", self.number);
            xml.text("PickupDate", &self.package.picked_up.map(us_date).unwrap_or_default());
            xml.text("Shipper", text(&self.package.carrier));
            xml.text("Method", text(&self.package.method));
        });
    }
}

fn id(package: &Package, at: usize) -> String {
    package.id.clone().unwrap_or_else(|| (at + 1).to_string())
}

fn write_line(xml: &mut Xml, line: &LineItem, packages: &[Numbered<'_>]) {
    xml.within("Item", |xml| {
        xml.text("ItemNumber", text(&line.web_line_id));
        xml.text("RefNumber", text(&line.reference_line_id));
        xml.text("Status", line.status.as_deref().or(line.label.as_deref()).unwrap_or_default());
        xml.text("Ordered", text(&line.ordered));
        xml.text("Shipped", text(&line.shipped));
        xml.text("Needed", text(&line.needed));
        xml.text("Notes", text(&line.note));
        let is_sent = |id: &str| packages.iter().any(|sent| sent.package.id.as_deref() == Some(id));
        let travels = line.packages.iter().filter(|travels| is_sent(&travels.package_id));
        xml.within("Packages", |xml| {
            travels.for_each(|travels| {
                xml.within("Package", |xml| {
                    xml.text("PackageID", &travels.package_id);
                    xml.text("Quantity", &travels.quantity);
                });
            });
        });
    });
}

fn text(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or_default()
}

/// A date and time in the form `01-Jun-2015 13:11:51`.
fn date_time(time: CivilTime) -> String {
    let date = time.date;
    format!("{:02}-{}-{:04} {:02}:{:02}:{:02}", date.day, month_name(date), date.year, time.hour, time.minute, time.second)
}

/// A document that is being written.
#[derive(Default)]
struct Xml(String);

impl Xml {
    fn within(&mut self, name: &str, content: impl FnOnce(&mut Xml)) {
        self.tag(["<", name, ">"]);
        content(self);
        self.tag(["</", name, ">"]);
    }

    fn text(&mut self, name: &str, value: &str) {
        let mut value = Cow::Borrowed(value);
        if !value.chars().all(is_xml) {
            value = value.chars().map(|c| if is_xml(c) { c } else { char::REPLACEMENT_CHARACTER }).collect();
        }
        let value = escape(&value, Escape::XmlText).expect("what XML cannot hold was replaced");
        self.within(name, |xml| xml.0.push_str(&value));
    }

    fn tag(&mut self, pieces: [&str; 3]) {
        self.0.extend(pieces);
    }
}

/// XML 1.0, production 2: whether a document may contain the character at all, as itself or as a reference.
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}
