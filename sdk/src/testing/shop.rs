//! A shop that keeps its state between calls, for tests of consecutive updates, lost replies and repeated attempts.

use super::{Cart, Reply, Run, Seen, delivery};
use crate::http::Reach;
use crate::{Applied, Delivery, EarlierAttempt, Failure, OrderKey, Plugin, Report, Told, Update};
use std::cell::{Ref, RefCell, RefMut};
use std::fmt;
use std::rc::Rc;

/// A shop that keeps its state, of a type that the test chooses, from call to call.
///
/// The shop plays the host as well. An attempt that is made [again](Shop::again) gets what the host would give it: the earlier attempts, with their steps
/// and how far they got. A later update gets the order's reference and the previous label.
///
/// ```
/// use cartage_sdk::http::{Method, Request};
/// use cartage_sdk::manifest::{Endpoint, Features};
/// use cartage_sdk::testing::{Cart, Reply, package, update};
/// use cartage_sdk::{Applied, Context, Delivery, Failure, Manifest, OrderKey, Plugin, Progress, Report, Update, delivery, serde_json::json};
///
/// struct Example;
///
/// impl Plugin for Example {
///     fn describe() -> Manifest {
///         let api = Endpoint::new("api", "the shop", "https://shop.example").methods([Method::Get, Method::Post]).paths(["/shipments"]);
///         Manifest::new("example", "1.0.0")
///             .cart("Example Shop")
///             .summary("Makes shipments.")
///             .vendor("Example Ltd")
///             .endpoint(api.request_types(["application/json"]))
///             .features(Features { tracking: true, ..Features::default() })
///     }
///
///     fn check(_: Option<OrderKey>, _: Context) -> Result<Report, Failure> {
///         Ok(Report::new())
///     }
///
///     fn send_order_status(update: Update, delivery: Delivery, _: Context) -> Result<Applied, Failure> {
///         Progress::of(&delivery).run(|work| {
///             let number = update.packages[0].tracking_number.as_deref().unwrap_or_default();
///             // The shop makes a second shipment of a repeat: so look first, where an earlier attempt may have arrived.
///             let known: Vec<String> = if delivery::may_have_arrived(&delivery) {
///                 Request::get("api").path("/shipments").send()?.json()?
///             } else {
///                 Vec::new()
///             };
///             if !known.iter().any(|known| known == number) {
///                 Request::post("api").path("/shipments").json(json!(number)).send()?;
///                 work.told(0, None);
///             }
///             Ok(())
///         })
///     }
/// }
///
/// let mut shop = Cart::<Example>::new().remembering(Vec::new(), |shipments: &mut Vec<String>, seen| {
///     if seen.method() == &Method::Post {
///         shipments.extend(seen.json().and_then(|number| Some(number.as_str()?.to_owned())));
///     }
///     Reply::json(200, shipments.clone())
/// });
/// // The shop makes the shipment, and its reply is lost.
/// shop.lose_reply(1).send(&Update { packages: vec![package("UPS", "1Z9")], ..update("7", "Shipped") }).failed();
/// shop.again().succeeded();
/// assert_eq!(*shop.state(), ["1Z9"], "the repeat made no second shipment");
/// ```
pub struct Shop<P, S> {
    cart: Option<Cart<P>>,
    state: Rc<RefCell<S>>,
    delivery: Delivery,
    update: Option<Update>,
    known_reference: Option<String>,
    label: Option<String>,
}

impl<P: Plugin> Cart<P> {
    /// Answers every request that is not [expected](Cart::expect) from a state that is kept from call to call. See [`Shop`].
    pub fn remembering<S: 'static>(self, state: S, rule: impl Fn(&mut S, &Seen) -> Reply + 'static) -> Shop<P, S> {
        let state = Rc::new(RefCell::new(state));
        let of_the_rule = Rc::clone(&state);
        let cart = self.rule(move |seen| rule(&mut of_the_rule.borrow_mut(), seen));
        let delivery = Delivery { sequence: 0, ..delivery() };
        Shop { cart: Some(cart), state, delivery, update: None, known_reference: None, label: None }
    }
}

impl<P: Plugin, S> Shop<P, S> {
    /// The shop's state.
    pub fn state(&self) -> Ref<'_, S> {
        self.state.borrow()
    }

    /// The shop's state, to change what happens at the shop between two calls.
    pub fn state_mut(&mut self) -> RefMut<'_, S> {
        self.state.borrow_mut()
    }

    /// Loses the shop's reply to a request of the next call (its number in the call, from 1), after the shop has acted on it.
    pub fn lose_reply(&mut self, request: usize) -> &mut Shop<P, S> {
        let cart = self.cart.take().expect("a call gives the cart back");
        self.cart = Some(cart.lose_reply(request));
        self
    }

    /// Sends an update as the first attempt of the order's next delivery. If the update has no previous label, it gets the label that the shop was told
    /// last; the delivery gets the reference that the plugin returned.
    ///
    /// # Panics
    /// As [`Cart::send`].
    pub fn send(&mut self, update: &Update) -> Run<Applied> {
        let previous_label = update.previous_label.clone().or_else(|| self.label.clone());
        self.update = Some(Update { previous_label, ..update.clone() });
        let sequence = self.delivery.sequence + 1;
        // The last characters of the id are a counter, so that each delivery has its own idempotency key.
        let id = format!("{}{:02x}", &super::DELIVERY_ID[..34], (0x0f + sequence) & 0xff);
        let known_reference = self.known_reference.clone();
        self.delivery = Delivery { id, sequence, attempt: 1, earlier: Vec::new(), known_reference, extra: Vec::new() };
        self.attempt()
    }

    /// Makes the next attempt of the update that was sent last. After a failure, the attempt gets what the plugin returned, and the packages that the failure
    /// named count as told. After a success, it is as if the host had stopped before it recorded the success: the first attempt may have arrived, and nothing
    /// else is known of it.
    ///
    /// # Panics
    /// As [`Cart::send`], and if nothing was sent yet.
    pub fn again(&mut self) -> Run<Applied> {
        self.delivery.attempt += 1;
        self.attempt()
    }

    /// Calls the plugin's `check`, optionally with an order's number.
    ///
    /// # Panics
    /// As [`Cart::check`].
    pub fn check(&mut self, order_number: Option<&str>) -> Run<Report> {
        let known_reference = self.known_reference.clone();
        let order = order_number.map(|number| OrderKey { order_number: number.to_owned(), known_reference });
        self.call(|cart| cart.check_order(order))
    }

    fn attempt(&mut self) -> Run<Applied> {
        let update = self.update.clone().expect("an update is sent before it is sent again");
        let delivery = self.delivery.clone();
        let run = self.call(|cart| cart.attempt_at(&update, &delivery));
        self.remember(&update, &run);
        run
    }

    /// Records what the host would record after an attempt.
    fn remember(&mut self, update: &Update, run: &Run<Applied>) {
        let (steps, resume, reach) = match &run.outcome {
            Ok(applied) => {
                self.label = Some(update.label.clone());
                self.known_reference = applied.reference.clone().or(self.known_reference.take());
                (Vec::new(), None, Reach::MaybeSent)
            }
            Err(failure) => {
                self.known_reference = failure.reference.clone().or(self.known_reference.take());
                self.tell(failure);
                (failure.steps.clone(), failure.resume.clone(), run.reach)
            }
        };
        self.delivery.earlier.push(EarlierAttempt { attempt: self.delivery.attempt, reach, steps, resume, extra: Vec::new() });
        self.delivery.known_reference.clone_from(&self.known_reference);
    }

    fn tell(&mut self, failure: &Failure) {
        let Some(update) = &mut self.update else { return };
        for told in &failure.packages {
            let Some(package) = update.packages.get_mut(told.index as usize) else { continue };
            (package.told, package.told_number) = (Told::AlreadyTold, None);
            package.known_reference = told.reference.clone().or(package.known_reference.take());
        }
    }

    fn call<T>(&mut self, call: impl FnOnce(Cart<P>) -> (Run<T>, Cart<P>)) -> Run<T> {
        let (run, cart) = call(self.cart.take().expect("a call gives the cart back"));
        self.cart = Some(cart);
        run
    }
}

impl<P, S: fmt::Debug> fmt::Debug for Shop<P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shop").field("state", &self.state).field("delivery", &self.delivery).finish_non_exhaustive()
    }
}

/// The second attempt at a test's delivery, after a first attempt with this failure: what the host would know of the first.
///
/// ```
/// use cartage_sdk::{Failure, http::Reach, testing};
///
/// let failure = Failure::unavailable("no answer to the note").step("shipment made", Some("77"));
/// let delivery = testing::after(&failure, Reach::MaybeSent);
/// assert_eq!((delivery.attempt, delivery.earlier[0].steps[0].name.as_str()), (2, "shipment made"));
/// ```
pub fn after(failure: &Failure, reach: Reach) -> Delivery {
    let (steps, resume) = (failure.steps.clone(), failure.resume.clone());
    let earlier = vec![EarlierAttempt { attempt: 1, reach, steps, resume, extra: Vec::new() }];
    Delivery { attempt: 2, earlier, known_reference: failure.reference.clone(), ..delivery() }
}

#[cfg(test)]
mod tests;
