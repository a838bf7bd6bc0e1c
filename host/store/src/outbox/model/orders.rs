//! What is known of an order, which [`store::orders`](crate::orders) keeps in rows.

use crate::orders::{AcceptedLabel, AcceptedPackage, LabelRow, OrderRow, PackageRow, Told, ToldPackage};
use crate::outbox::busy::Busy;
use crate::outbox::dead::TakenBack;

/// The state of one order in the model.
#[derive(Debug, Default)]
pub(super) struct OrderState {
    sequence: u64,
    pub(super) reference: Option<String>,
    pub(super) doubtful: bool,
    pub(super) busy: Busy,
    accepted_at_unix_ms: u64,
    labels: Vec<AcceptedLabel>,
    packages: Vec<AcceptedPackage>,
}

impl OrderState {
    pub(super) fn order(&self) -> OrderRow {
        let (mut labels, mut packages) = (self.labels.clone(), self.packages.clone());
        labels.sort_by(|one, other| (&one.label.line, one.sequence).cmp(&(&other.label.line, other.sequence)));
        packages.sort_by_key(|package| package.sequence);
        OrderRow {
            sequence: self.sequence,
            reference: self.reference.clone(),
            doubtful: self.doubtful,
            accepted_at_unix_ms: self.accepted_at_unix_ms,
            labels,
            packages,
        }
    }

    pub(super) fn accept(&mut self, labels: Vec<LabelRow>, packages: Vec<PackageRow>, at_unix_ms: u64) -> u64 {
        self.sequence += 1;
        self.accepted_at_unix_ms = at_unix_ms;
        self.bring(self.sequence, labels, packages);
        self.sequence
    }

    pub(super) fn bring(&mut self, sequence: u64, labels: Vec<LabelRow>, packages: Vec<PackageRow>) {
        self.labels.extend(labels.into_iter().map(|label| AcceptedLabel { label, sequence, settled_at_unix_ms: None }));
        self.packages.extend(packages.into_iter().map(|package| accepted(package, sequence)));
    }

    pub(super) fn told(&mut self, sequence: u64, told: &Told, at_unix_ms: u64) {
        self.reference = told.reference.clone().or(self.reference.take());
        for ToldPackage { package, reference } in &told.packages {
            let same = |own: &AcceptedPackage| {
                own.sequence == sequence && alike(&own.package, package) && own.package.withdrawn == package.withdrawn
            };
            if !self.packages.iter().any(same) {
                self.packages.push(accepted(package.clone(), sequence));
            }
            for own in self.packages.iter_mut().filter(|own| same(own)) {
                own.settled_at_unix_ms = Some(at_unix_ms);
                own.reference = reference.clone().or(own.reference.take());
            }
        }
        if !told.packages.is_empty() {
            self.replace_packages(sequence);
        }
    }

    fn replace_packages(&mut self, sequence: u64) {
        let before = self.packages.clone();
        let told = |one: &AcceptedPackage| one.settled_at_unix_ms.is_some();
        for new in self.packages.iter_mut().filter(|new| new.sequence == sequence && told(new)) {
            let older = before.iter().filter(|old| old.sequence < sequence && told(old) && alike(&old.package, &new.package));
            let Some(old) = older.max_by_key(|old| old.sequence) else { continue };
            new.reference = new.reference.take().or(old.reference.clone());
            if let Some(mut known) = old.package.details.clone() {
                known.extend(new.package.details.take().unwrap_or_default());
                new.package.details = Some(known);
            }
        }
        let all = self.packages.clone();
        let replaces =
            |new: &AcceptedPackage, old: &AcceptedPackage| new.sequence == sequence && told(new) && alike(&new.package, &old.package);
        self.packages.retain(|old| old.sequence >= sequence || !all.iter().any(|new| replaces(new, old)));
    }

    pub(super) fn settle(&mut self, sequence: u64, at_unix_ms: u64) {
        self.doubtful = false;
        let settled = Some(at_unix_ms);
        self.labels.iter_mut().filter(|label| label.sequence == sequence).for_each(|label| label.settled_at_unix_ms = settled);
        self.packages.iter_mut().filter(|package| package.sequence == sequence).for_each(|package| package.settled_at_unix_ms = settled);
        let labels = self.labels.clone();
        self.labels.retain(|old| {
            old.sequence >= sequence || !labels.iter().any(|new| new.sequence == sequence && new.label.line == old.label.line)
        });
        self.replace_packages(sequence);
    }

    pub(super) fn take_back(&mut self, sequence: u64) -> TakenBack {
        let labels = self.labels.extract_if(.., |label| label.sequence == sequence && label.settled_at_unix_ms.is_none());
        let mut labels: Vec<_> = labels.map(|accepted| accepted.label).collect();
        labels.sort_by(|one, other| one.line.cmp(&other.line));
        let packages = self.packages.extract_if(.., |package| package.sequence == sequence && package.settled_at_unix_ms.is_none());
        TakenBack { labels, packages: packages.map(|accepted| accepted.package).collect() }
    }

    pub(super) fn move_on(&mut self, from: u64, to: u64) {
        let TakenBack { mut labels, mut packages } = self.take_back(from);
        labels.retain(|old| !self.labels.iter().any(|new| new.sequence == to && new.label.line == old.line));
        let of_later = |id: &String| self.packages.iter().any(|new| new.sequence == to && new.package.id.as_ref() == Some(id));
        packages.retain(|old| !old.id.as_ref().is_some_and(of_later));
        self.labels.extend(labels.into_iter().map(|label| AcceptedLabel { label, sequence: to, settled_at_unix_ms: None }));
        // Before the later one's own.
        let moved = packages.into_iter().map(|package| accepted(package, to));
        self.packages.splice(0..0, moved);
    }
}

fn accepted(package: PackageRow, sequence: u64) -> AcceptedPackage {
    AcceptedPackage { package, sequence, settled_at_unix_ms: None, reference: None }
}

fn alike(one: &PackageRow, other: &PackageRow) -> bool {
    (&one.id, &one.carrier, &one.number) == (&other.id, &other.carrier, &other.number)
}
