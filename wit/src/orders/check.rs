//! Checks which updates a host can send: the rules of `orders.wit` for each field, and the features that a manifest declares.

use super::limits::{LABEL_CHARS_MAX, LINE_ITEMS_MAX, NOTE_BYTES_MAX, ORDER_NUMBER_CHARS_MAX, PACKAGES_MAX, TEXT_CHARS_MAX, URL_CHARS_MAX};
use super::{CivilTime, Content, LineItem, Package, Told, Update};
use crate::growth;
use crate::manifest::{Features, Manifest, Statuses};
use crate::parts::Shown;
use std::collections::BTreeSet;

/// Why no host sends an update.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no host sends this update to plugin {plugin}: {}", problems.join("; "))]
pub struct Error {
    /// The name of the plugin.
    pub plugin: String,
    /// A sentence for each field that is wrong.
    pub problems: Vec<String>,
}

impl Update {
    /// Checks whether a host would send this update to a plugin with this manifest. Statuses that the shop lists itself are not checked.
    ///
    /// # Errors
    /// [`Error`], with everything that is wrong.
    pub fn check(&self, manifest: &Manifest) -> Result<(), Error> {
        let mut check = Check(Vec::new());
        check.update(self);
        check.statuses(self, &manifest.statuses);
        for feature in self.needs().without(manifest.features) {
            check.problem(format!("it needs the feature {feature}, which the manifest does not have"));
        }
        if check.0.is_empty() { Ok(()) } else { Err(Error { plugin: manifest.name.clone(), problems: check.0 }) }
    }

    /// The features that a plugin needs to carry this update.
    pub fn needs(&self) -> Features {
        let told = |told: &[Told]| self.packages.iter().any(|package| told.contains(&package.told));
        Features {
            tracking: self.packages.iter().any(|package| package.tracking_number.is_some() || package.tracking_url.is_some()),
            several_packages: self.packages.len() > 1,
            package_contents: self.packages.iter().any(|package| !package.contents.is_empty()),
            corrections: told(&[Told::NumberCorrected, Told::Changed]),
            withdrawals: told(&[Told::Withdrawn]),
            line_items: !self.line_items.is_empty(),
            notes: self.note.is_some() || self.comments.is_some(),
            without_status: self.status.is_none(),
            customer_notification: self.notify_customer.is_some(),
            mails_customer: false,
            safe_to_repeat: false,
            full_state: false,
        }
    }
}

impl Features {
    /// The names, as in the contract, of the features that are set here and not in `others`.
    pub fn without(self, others: Features) -> Vec<&'static str> {
        let both = [
            ("tracking", self.tracking, others.tracking),
            ("several-packages", self.several_packages, others.several_packages),
            ("package-contents", self.package_contents, others.package_contents),
            ("corrections", self.corrections, others.corrections),
            ("withdrawals", self.withdrawals, others.withdrawals),
            ("line-items", self.line_items, others.line_items),
            ("notes", self.notes, others.notes),
            ("without-status", self.without_status, others.without_status),
            ("customer-notification", self.customer_notification, others.customer_notification),
        ];
        both.into_iter().filter(|(_, here, there)| *here && !there).map(|(name, ..)| name).collect()
    }
}

/// Collects problems.
struct Check(Vec<String>);

impl Check {
    fn problem(&mut self, problem: impl Into<String>) {
        self.0.push(problem.into());
    }

    fn statuses(&mut self, update: &Update, statuses: &Statuses) {
        let Statuses::Fixed(known) = statuses else { return };
        for status in update.status.iter().chain(update.line_items.iter().filter_map(|line| line.status.as_ref())) {
            if !known.iter().any(|choice| choice.value == *status) {
                let known: Vec<_> = known.iter().map(|choice| choice.value.as_str()).collect();
                self.problem(format!("status {} is not one of the manifest's: {}", Shown::of(status), known.join(", ")));
            }
        }
    }

    fn update(&mut self, update: &Update) {
        self.line("order-number", Some(&update.order_number), ORDER_NUMBER_CHARS_MAX);
        self.line("reference-number", update.reference_number.as_ref(), TEXT_CHARS_MAX);
        self.line("label", Some(&update.label), LABEL_CHARS_MAX);
        self.line("status", update.status.as_ref(), TEXT_CHARS_MAX);
        self.line("previous-label", update.previous_label.as_ref(), LABEL_CHARS_MAX);
        self.block("note", update.note.as_ref());
        self.block("comments", update.comments.as_ref());
        self.time(update.changed_at);
        if let Err(error) = growth::check(&update.extra) {
            self.problem(format!("extra: {error}"));
        }
        self.count("packages", update.packages.len(), PACKAGES_MAX);
        self.count("line-items", update.line_items.len(), LINE_ITEMS_MAX);
        update.packages.iter().enumerate().for_each(|(at, package)| self.package(&format!("packages[{at}]"), package));
        let mut ids = BTreeSet::new();
        for id in update.packages.iter().filter_map(|package| package.id.as_deref()) {
            if !ids.insert(id) {
                self.problem(format!("packages: two have the id {}", Shown::of(id)));
            }
        }
        update.line_items.iter().enumerate().for_each(|(at, line)| self.line_item(&format!("line-items[{at}]"), line, &ids));
    }

    fn package(&mut self, at: &str, package: &Package) {
        let texts = [
            ("id", &package.id),
            ("tracking-number", &package.tracking_number),
            ("carrier", &package.carrier),
            ("carrier-given", &package.carrier_given),
            ("method", &package.method),
            ("origin", &package.origin),
            ("told-number", &package.told_number),
            ("known-reference", &package.known_reference),
        ];
        for (name, text) in texts {
            self.line(&format!("{at}.{name}"), text.as_ref(), TEXT_CHARS_MAX);
        }
        self.line(&format!("{at}.tracking-url"), package.tracking_url.as_ref(), URL_CHARS_MAX);
        let is_web = |url: &String| url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if package.tracking_url.as_ref().is_some_and(|url| !is_web(url)) {
            self.problem(format!("{at}.tracking-url is not an http or https URL"));
        }
        if package.told_number.is_some() && package.told != Told::NumberCorrected {
            self.problem(format!("{at}.told-number is given, though told is {} and not number-corrected", package.told));
        }
        self.count(&format!("{at}.contents"), package.contents.len(), LINE_ITEMS_MAX);
        for Content { web_line_id, reference_line_id, sku, quantity } in &package.contents {
            for (name, text) in [("web-line-id", web_line_id), ("reference-line-id", reference_line_id), ("sku", sku)] {
                self.line(&format!("{at}.contents.{name}"), text.as_ref(), TEXT_CHARS_MAX);
            }
            self.quantity(&format!("{at}.contents.quantity"), Some(quantity));
        }
    }

    fn line_item(&mut self, at: &str, line: &LineItem, ids: &BTreeSet<&str>) {
        let texts = [
            ("web-line-id", &line.web_line_id),
            ("reference-line-id", &line.reference_line_id),
            ("sku", &line.sku),
            ("label", &line.label),
            ("status", &line.status),
        ];
        for (name, text) in texts {
            self.line(&format!("{at}.{name}"), text.as_ref(), TEXT_CHARS_MAX);
        }
        self.block(&format!("{at}.note"), line.note.as_ref());
        for (name, text) in [("ordered", &line.ordered), ("shipped", &line.shipped), ("needed", &line.needed)] {
            self.quantity(&format!("{at}.{name}"), text.as_ref());
        }
        self.count(&format!("{at}.packages"), line.packages.len(), LINE_ITEMS_MAX);
        for travels in &line.packages {
            if !ids.contains(travels.package_id.as_str()) {
                self.problem(format!("{at}.packages names {}, which is not the id of a package", Shown::of(&travels.package_id)));
            }
            self.quantity(&format!("{at}.packages.quantity"), Some(&travels.quantity));
        }
    }

    /// Checks a line of text: not blank, not too long, without control characters.
    fn line(&mut self, field: &str, text: Option<&String>, max: usize) {
        let Some(text) = text else { return };
        let characters = text.chars().count();
        if text.trim().is_empty() {
            self.problem(format!("{field} is empty"));
        } else if characters > max {
            self.problem(format!("{field} has {characters} characters, and at most {max} are allowed"));
        }
        if text.chars().any(char::is_control) {
            self.problem(format!("{field} holds a control character"));
        }
    }

    /// Checks a text of several lines. Tabs are allowed as well, because hosts of this version accept them.
    fn block(&mut self, field: &str, text: Option<&String>) {
        let Some(text) = text else { return };
        if text.is_empty() {
            self.problem(format!("{field} is empty"));
        } else if text.len() > NOTE_BYTES_MAX {
            self.problem(format!("{field} has {} bytes, and at most {NOTE_BYTES_MAX} are allowed", text.len()));
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
            self.problem(format!("{field} holds a control character that is not a line feed"));
        }
    }

    /// Checks a quantity: an optional minus sign, up to 15 digits, and optionally a point and up to 6 digits.
    fn quantity(&mut self, field: &str, text: Option<&String>) {
        let Some(text) = text else { return };
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = unsigned.split_once('.').map_or((unsigned, None), |(whole, fraction)| (whole, Some(fraction)));
        let digits = |text: &str, max: usize| (1..=max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole, 15) || fraction.is_some_and(|fraction| !digits(fraction, 6)) {
            self.problem(format!("{field} is {}, which is not a decimal number such as 2 or 0.5", Shown::of(text)));
        }
    }

    fn time(&mut self, time: CivilTime) {
        let CivilTime { date, hour, minute, second, utc_offset_minutes } = time;
        let is_day = (1970..=9999).contains(&date.year) && (1..=12).contains(&date.month) && (1..=31).contains(&date.day);
        let is_time = hour < 24 && minute < 60 && second < 60;
        if !is_day || !is_time || utc_offset_minutes.is_some_and(|minutes| !(-1080..=1080).contains(&minutes)) {
            self.problem("changed-at is not a time of the calendar");
        }
    }

    fn count(&mut self, field: &str, count: usize, max: usize) {
        if count > max {
            self.problem(format!("{field} has {count} entries, and at most {max} are allowed"));
        }
    }
}

#[cfg(test)]
mod tests;
