//! Updates that a plugin must be able to take: the parts that its manifest says it carries, each alone and all together.

use cartage_contract::manifest::{Features, Manifest, Statuses};
use cartage_contract::orders::{CivilDate, CivilTime, Content, LineItem, Package, Told, Update};

/// The most statuses that are tried.
const STATUSES_TRIED_MAX: usize = 30;
/// The number of packages and of line items in the large update.
const MANY: usize = 25;
/// The note in updates that have one.
pub(super) const NOTE: &str = "Left at the door, 3 \u{e9}t. <b>&\"quoted\"</b>";

/// An update and its description.
pub(super) struct Named {
    pub(super) words: String,
    pub(super) update: Update,
}

/// Makes updates for a plugin.
pub(super) struct Maker<'m> {
    manifest: &'m Manifest,
    /// The order that the cart knows.
    order: String,
    /// The statuses that are tried, at least one.
    pub(super) statuses: Vec<String>,
}

impl<'m> Maker<'m> {
    /// A maker for this plugin. `statuses` are the cart's, if the script names any.
    pub(super) fn new(manifest: &'m Manifest, order: &str, statuses: &[String]) -> Maker<'m> {
        let mut tried: Vec<String> = match &manifest.statuses {
            Statuses::Fixed(own) => own.iter().map(|status| status.value.clone()).collect(),
            Statuses::FreeText | Statuses::Asked => statuses.to_vec(),
        };
        tried.truncate(STATUSES_TRIED_MAX);
        if tried.is_empty() {
            tried.push("Shipped".to_owned());
        }
        Maker { manifest, order: order.to_owned(), statuses: tried }
    }

    fn features(&self) -> Features {
        self.manifest.features
    }

    /// A change to the first status, and nothing else.
    pub(super) fn plain(&self) -> Update {
        self.status(&self.statuses[0])
    }

    /// A change to a status, and nothing else.
    pub(super) fn status(&self, status: &str) -> Update {
        let date = CivilDate { year: 2026, month: 1, day: 5 };
        Update {
            order_number: self.order.clone(),
            reference_number: Some("50021".to_owned()),
            label: "Order Shipped".to_owned(),
            status: Some(status.to_owned()),
            previous_label: None,
            changed_at: CivilTime { date, hour: 9, minute: 30, second: 0, utc_offset_minutes: Some(0) },
            changed_at_unix_ms: Some(super::world::NOW_UNIX_MS),
            note: None,
            comments: None,
            notify_customer: None,
            packages: Vec::new(),
            packages_complete: None,
            line_items: Vec::new(),
            extra: Vec::new(),
        }
    }

    /// An update with everything that the plugin carries.
    pub(super) fn everything(&self) -> Update {
        let features = self.features();
        let mut update = self.plain();
        if features.tracking {
            update.packages = (0..if features.several_packages { 2 } else { 1 }).map(|at| self.package(at, Told::New)).collect();
        }
        if features.notes {
            (update.note, update.comments) = (Some(NOTE.to_owned()), Some("Thank you".to_owned()));
        }
        if features.line_items {
            update.line_items = vec![line(0)];
        }
        update.notify_customer = features.customer_notification.then_some(true);
        update
    }

    /// The update of [`Maker::everything`] with packages that the cart was told of before.
    pub(super) fn told(&self) -> Update {
        let mut update = self.everything();
        update.packages.iter_mut().for_each(|package| package.told = Told::AlreadyTold);
        update
    }

    /// A package whose tracking number depends on its place.
    pub(super) fn package(&self, at: usize, told: Told) -> Package {
        let carrier = self.manifest.carriers.listed().first().map_or_else(|| "UPS".to_owned(), |carrier| carrier.value.clone());
        let content = Content {
            web_line_id: Some("11".to_owned()),
            reference_line_id: None,
            sku: Some("SKU-0".to_owned()),
            quantity: "1".to_owned(),
        };
        Package {
            id: Some((at + 1).to_string()),
            tracking_number: Some(format!("1Z98765432187541{at:02}")),
            tracking_url: None,
            carrier: Some(carrier.clone()),
            carrier_given: Some(carrier),
            method: Some("Ground".to_owned()),
            picked_up: Some(CivilDate { year: 2026, month: 1, day: 5 }),
            contents: if self.features().package_contents { vec![content] } else { Vec::new() },
            origin: None,
            told,
            told_number: (told == Told::NumberCorrected).then(|| "1Z0000000000000000".to_owned()),
            known_reference: None,
            extra: Vec::new(),
        }
    }

    /// Every update that is tried: each tests one thing, and the last is large.
    pub(super) fn all(&self) -> Vec<Named> {
        let features = self.features();
        let mut all: Vec<Named> = Vec::new();
        let mut add = |is_carried: bool, words: &str, update: Update| {
            if is_carried {
                all.push(Named { words: words.to_owned(), update });
            }
        };
        for status in &self.statuses {
            add(true, &format!("the status {status:?}"), self.status(status));
        }
        let with = |change: &dyn Fn(&mut Update)| {
            let mut update = self.plain();
            change(&mut update);
            update
        };
        let packages = |packages: Vec<Package>| with(&|update| update.packages = packages.clone());
        add(features.tracking, "a package", packages(vec![self.package(0, Told::New)]));
        let several = (0..3).map(|at| self.package(at, Told::New)).collect();
        add(features.tracking && features.several_packages, "three packages", packages(several));
        add(features.tracking, "a package that the cart was told of", packages(vec![self.package(0, Told::AlreadyTold)]));
        let corrected = packages(vec![self.package(0, Told::NumberCorrected)]);
        add(features.tracking && features.corrections, "a corrected tracking number", corrected);
        let withdrawn = packages(vec![self.package(0, Told::Withdrawn)]);
        add(features.tracking && features.withdrawals, "a withdrawn package", withdrawn);
        add(features.notes, "a note", with(&|update| update.note = Some(NOTE.to_owned())));
        add(features.line_items, "a line item", with(&|update| update.line_items = vec![line(0)]));
        add(features.customer_notification, "a customer who is to be notified", with(&|update| update.notify_customer = Some(true)));
        let without_status = with(&|update| {
            update.status = None;
            update.packages = if features.tracking { vec![self.package(0, Told::New)] } else { Vec::new() };
        });
        add(features.without_status, "no status, only a package", without_status);
        add(true, "everything that the plugin carries", self.everything());
        add(true, "as much as a large order has", self.large());
        all
    }

    fn large(&self) -> Update {
        let features = self.features();
        let mut update = self.everything();
        if features.tracking && features.several_packages {
            update.packages = (0..MANY).map(|at| self.package(at, Told::New)).collect();
        }
        if features.line_items {
            update.line_items = (0..MANY).map(line).collect();
        }
        if features.notes {
            update.note = Some("Left at the door. ".repeat(400));
        }
        update
    }
}

fn line(at: usize) -> LineItem {
    LineItem {
        web_line_id: Some((11 + at).to_string()),
        reference_line_id: None,
        sku: Some(format!("SKU-{at}")),
        label: Some("Shipped".to_owned()),
        status: None,
        ordered: Some("1".to_owned()),
        shipped: Some("1".to_owned()),
        needed: Some("0".to_owned()),
        note: None,
        packages: Vec::new(),
        extra: Vec::new(),
    }
}
