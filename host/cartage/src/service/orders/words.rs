//! The state of an order in sentences: one line that states it, notes that belong to it, and the remedies that help.

use super::{DeadUpdate, DiscardedUpdate, HasIt, OrderStatus, Progress, Waiting, WaitsFor};
use crate::alerts;
use cartage_base::counted::counted;
use cartage_model::remedy::{Remedy, Sentence};
use cartage_policy::gate::explain::{Explanation, Note, explain};
use cartage_policy::gate::{Decision, Verdict};
use cartage_policy::validate::utc;

impl OrderStatus {
    /// A decision in words that begins with the order's state. `alerts` are those of the order's cart.
    pub(in crate::service) fn explanation(&self, decision: &Decision, alerts: &[alerts::AlertCondition]) -> Explanation {
        let gate = explain(decision);
        let refused = decision.must_act().then(|| format!("the last request is not sent: look at {}", gate.crosses()));
        let mut notes = self.notes();
        let headline = match (&self.place, &refused) {
            (Progress::NotAccepted, _) => self.not_accepted(decision, &gate),
            // What somebody asked for last, and is not sent, is where the order stands; what the cart has is told after it.
            (Progress::Delivered(_) | Progress::Discarded(_), Some(_)) => {
                notes.insert(0, Note::text(self.line()));
                self.not_accepted(decision, &gate)
            }
            (Progress::Waiting(_) | Progress::DeadLetter(_), Some(refused)) => {
                notes.push(Note::text(format!("Besides, {refused}.")));
                self.line()
            }
            (_, None) => self.line(),
        };
        Explanation { headline, notes, advice: self.advice(decision, &gate, alerts), ..gate }
    }

    /// The order's state in one line.
    pub fn line(&self) -> String {
        let order = &self.order;
        let line = match &self.place {
            Progress::Delivered(HasIt { sequence, at_unix_ms, reference, .. }) => {
                let reference = reference.as_ref().map(|reference| format!("; its reference is {reference}")).unwrap_or_default();
                format!("Delivered: the cart {} took update {sequence} of order {order} at {}{reference}", self.cart, utc(*at_unix_ms))
            }
            Progress::Waiting(waiting) => match &self.own {
                Some(own) => format!(
                    "Waiting: update {} of order {order} comes after update {}, which {}",
                    own.sequence,
                    waiting.sequence,
                    self.waits(waiting)
                ),
                None => format!("Waiting: update {} of order {order} {}", waiting.sequence, self.waits(waiting)),
            },
            Progress::DeadLetter(DeadUpdate { delivery, sequence, reason, blocks: true, .. }) => match &self.own {
                Some(own) => format!("Blocked by dead letter {delivery}: update {} of order {order} waits for a person", own.sequence),
                None => format!("Blocked by dead letter {delivery}: update {sequence} of order {order} became a dead letter ({reason})"),
            },
            Progress::DeadLetter(DeadUpdate { delivery, sequence, reason, .. }) => {
                format!("Not delivered: update {sequence} of order {order} is dead letter {delivery} ({reason})")
            }
            Progress::Discarded(DiscardedUpdate { sequence, who, at_unix_ms, .. }) => {
                format!("Discarded: update {sequence} of order {order} was ended by {who} at {}", utc(*at_unix_ms))
            }
            Progress::NotAccepted => format!("Not accepted: no update of order {order} is on its way to the cart {}", self.cart),
        };
        sentence(&line)
    }

    /// Notes that belong to the line, with the remedies that help.
    pub fn notes(&self) -> Vec<Note> {
        let mut notes = Vec::new();
        if let Some(own) = &self.own {
            notes.push(Note::with(
                format!("This update is delivery {}", own.delivery),
                Remedy::ShowDelivery { delivery: own.delivery.clone() },
            ));
        }
        match &self.place {
            Progress::Delivered(HasIt { delivery: Some(delivery), .. }) => {
                notes.push(Note::with("Show the delivery", Remedy::ShowDelivery { delivery: delivery.clone() }));
            }
            Progress::Delivered(HasIt { delivery: None, .. }) => {
                notes.push(Note::text("No receipt is stored: the cart was told before Cartage, or the receipt has expired."));
            }
            Progress::Waiting(waiting) => self.of_waiting(waiting, &mut notes),
            Progress::DeadLetter(dead) => self.of_dead(dead, &mut notes),
            Progress::Discarded(discarded) => {
                notes.push(Note::text(sentence(&format!("The reason given: {}", discarded.why))));
                notes.push(Note::with("Show the delivery", Remedy::ShowDelivery { delivery: discarded.delivery.clone() }));
            }
            Progress::NotAccepted => {}
        }
        if self.may_have_reached && !matches!(self.place, Progress::Delivered(_)) {
            notes.push(Note::text("An attempt had no answer and may have reached the cart: look at the order there first."));
        }
        for other in &self.other_dead_letters {
            notes.push(Note::with(
                format!("Dead letter {other} of this order is not sent either"),
                Remedy::RetryDelivery { delivery: other.clone() },
            ));
        }
        notes
    }

    fn of_waiting(&self, waiting: &Waiting, notes: &mut Vec<Note>) {
        notes.push(Note::with(
            format!("Delivery {}, {}", waiting.delivery, counted(waiting.attempts, "attempt")),
            Remedy::ShowDelivery { delivery: waiting.delivery.clone() },
        ));
        if let Some(said) = &waiting.said {
            notes.push(Note::text(sentence(&format!("Message of the last attempt: {said}"))));
        }
        let because = match &waiting.waits {
            WaitsFor::Resumed { said: Some(said), .. } if waiting.said.as_ref() != Some(said) => {
                Some(format!("Message when the cart was paused: {said}"))
            }
            WaitsFor::Mended { fault, .. } => Some(format!("What failed: {fault}")),
            WaitsFor::Ready { why, .. } => Some(format!("Why the cart cannot be made ready: {why}")),
            _ => None,
        };
        notes.extend(because.map(|because| Note::text(sentence(&because))));
        if let WaitsFor::Ready { remedy: Some(remedy), .. } = &waiting.waits {
            let remedy = remedy.clone();
            notes.push(Note::text(Sentence::Naming { before: "What to do: ".into(), remedy, after: ".".into() }));
        }
        let now = || Remedy::RetryNow { delivery: waiting.delivery.clone() };
        let note = match &waiting.waits {
            WaitsFor::NoCart => Note::with("To discard the update", Remedy::DiscardDelivery { delivery: waiting.delivery.clone() }),
            WaitsFor::Enabled => Note::with("To enable the cart", Remedy::EnableCart { cart: self.cart.clone() }),
            WaitsFor::Resumed { .. } => Note::with("Correct the cause, then", Remedy::ResumeCart { cart: self.cart.clone() }),
            WaitsFor::Breaker { .. } => Note::with("To try the cart now", Remedy::ResumeCart { cart: self.cart.clone() }),
            WaitsFor::Attempt { .. } => return,
            WaitsFor::Ready { .. } => Note::with("After the cause is corrected", now()),
            WaitsFor::Mended { .. } | WaitsFor::Schedule { .. } | WaitsFor::Turn => Note::with("To try it now", now()),
        };
        notes.push(note);
        if !self.serving {
            let after = " runs on this data directory, so nothing is sent automatically.".into();
            notes.push(Note::text(Sentence::Naming { before: "No ".into(), remedy: Remedy::Serve, after }));
        }
    }

    fn of_dead(&self, dead: &DeadUpdate, notes: &mut Vec<Note>) {
        let said = dead.said.as_ref().map(|said| format!(": {said}")).unwrap_or_default();
        let of = if self.own.is_some() {
            format!("Update {} became a dead letter", dead.sequence)
        } else {
            "It became a dead letter".to_owned()
        };
        notes.push(Note::text(sentence(&format!("{of} at {} ({}){said}", utc(dead.at_unix_ms), dead.reason))));
        if dead.blocks && dead.behind > 0 {
            let wait = if dead.behind == 1 { "waits" } else { "wait" };
            notes.push(Note::text(format!("{} {wait} behind it; a new update would wait as well.", counted(dead.behind, "update"))));
        }
        if dead.readable {
            notes.push(Note::with("Correct the cause, then retry it", Remedy::RetryDelivery { delivery: dead.delivery.clone() }));
        } else {
            notes.push(Note::text("This release cannot read it: use the release that wrote it, or discard it."));
        }
        notes.push(Note::with("Or discard it", Remedy::DiscardDelivery { delivery: dead.delivery.clone() }));
    }

    /// What the first update of the queue waits for, as the end of a sentence.
    fn waits(&self, waiting: &Waiting) -> String {
        let cart = &self.cart;
        match &waiting.waits {
            WaitsFor::NoCart => format!("is not sent: there is no cart {cart} any more"),
            WaitsFor::Enabled => format!("waits until somebody enables the cart {cart}, which is disabled"),
            WaitsFor::Resumed { why, until_unix_ms: None, .. } => {
                format!("waits until somebody resumes the cart {cart}, which is paused ({why})")
            }
            WaitsFor::Resumed { why, until_unix_ms: Some(until), .. } => {
                format!("waits until {}: the cart {cart} is paused ({why})", utc(*until))
            }
            WaitsFor::Mended { until_unix_ms, .. } => format!("waits until {}, because an error occurred here", utc(*until_unix_ms)),
            WaitsFor::Attempt { until_unix_ms } => {
                format!("waits until {} at the latest: an attempt is under way, or was cut off", utc(*until_unix_ms))
            }
            WaitsFor::Breaker { until_unix_ms } => {
                format!("waits until {}: the cart {cart} fails repeatedly, and its breaker is open", utc(*until_unix_ms))
            }
            WaitsFor::Schedule { until_unix_ms } => {
                format!("is due at {}: {}", utc(*until_unix_ms), because(waiting.last.as_deref()))
            }
            WaitsFor::Ready { .. } => format!("waits for the cart {cart}, which cannot be made ready"),
            WaitsFor::Turn if self.serving => format!("is due, and is sent when the rate and concurrency of the cart {cart} allow it"),
            WaitsFor::Turn => "is due".to_owned(),
        }
    }

    fn not_accepted(&self, decision: &Decision, gate: &Explanation) -> String {
        let (order, cart) = (&self.order, &self.cart);
        match decision.verdict {
            Verdict::Nothing if decision.must_act() => {
                let label = decision.label.as_ref().map(|label| format!(" \"{label}\"")).unwrap_or_default();
                format!("Not accepted: the update{label} of order {order} is not sent to the cart {cart}. Look at {}.", gate.crosses())
            }
            Verdict::Nothing => format!("Not accepted: there is nothing to send to the cart {cart} for order {order}."),
            Verdict::Shadow => format!("Not accepted: order {order} would be sent to the cart {cart}, but is only recorded."),
            Verdict::Send => format!("Not accepted: nothing was requested yet that is sent to the cart {cart} for order {order}."),
        }
    }

    fn advice(&self, decision: &Decision, gate: &Explanation, alerts: &[alerts::AlertCondition]) -> Option<Sentence> {
        let on_its_way = matches!(self.place, Progress::Waiting(_) | Progress::DeadLetter(_));
        match decision.verdict {
            Verdict::Send if on_its_way => Some("All six conditions hold, but another update would only wait behind the one above.".into()),
            Verdict::Send => Some("All six conditions hold: an update is accepted when somebody requests it.".into()),
            Verdict::Shadow => gate.advice.clone(),
            Verdict::Nothing if decision.must_act() => gate.advice.clone(),
            Verdict::Nothing if self.must_act() => Some("Nothing else is sent for the order. Somebody must act on it: see above.".into()),
            Verdict::Nothing if on_its_way => Some("Nothing else is sent for the order meanwhile.".into()),
            Verdict::Nothing if !alerts.is_empty() => {
                let mut kinds: Vec<&str> = alerts.iter().map(|alert| alert.kind.name()).collect();
                kinds.dedup();
                let kinds = kinds.join(", ");
                let before = format!("There is nothing to send. Somebody must act on the cart {} ({kinds}): see ", self.cart);
                Some(Sentence::Naming { before: before.into(), remedy: Remedy::ShowStatus, after: ".".into() })
            }
            Verdict::Nothing => gate.advice.clone(),
        }
    }
}

/// What the last attempt showed, from the name of its fate; the end of a sentence.
fn because(fate: Option<&str>) -> &'static str {
    match fate {
        None => "no attempt was made yet",
        Some("pending") => "the cart is still processing the update",
        Some("busy") => "this order cannot be changed at the moment",
        Some("retry") => "the cart gave no usable answer",
        Some("plugin-fault") => "the plugin failed",
        Some("local-fault") => "this machine could not send it",
        Some("pause-cart") => "the cart was paused, and is resumed",
        Some("disable-cart") => "the cart was disabled, and is enabled again",
        Some(_) => "it is tried again",
    }
}

/// A text as one sentence on one line, so that text of a plugin or a person cannot begin a line of its own.
fn sentence(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.ends_with(['.', '?', '!']) { line } else { format!("{line}.") }
}
