//! Uses the cart script beside a plugin as the shop of the plugin's tests.

use super::shown::Shown as _;
use super::{Cart, Reply, Run, Seen, Shop, package, update};
use crate::{Applied, AppliedOutcome, Plugin, Update};
use cartage_cart_script::{self as script, Case, Expected, Refusal, Script};
use std::error::Error as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// A shop that behaves as a cart script says and records what was done to it: the [state](Shop::state) of a [`Cart::of_script`].
#[derive(Debug)]
pub struct ScriptedShop {
    script: &'static Script,
    cart: script::Cart<'static>,
    refusal: Option<&'static Refusal>,
}

impl ScriptedShop {
    /// What was done to the cart, in order, in the form of a case's `effects`: `shipment 1Z9 of order 1021`, `status of order 1021 is completed`.
    pub fn effects(&self) -> Vec<String> {
        self.cart.effects().iter().map(ToString::to_string).collect()
    }

    /// Each thing that was added more than once, listed once.
    pub fn done_twice(&self) -> Vec<String> {
        self.cart.twice().iter().map(ToString::to_string).collect()
    }

    /// Answers every later request with the script's first refusal for a case: `shop.state_mut().refuse("rate-limited")`.
    ///
    /// # Panics
    /// If the script has no refusal for this case.
    pub fn refuse(&mut self, case: &str) {
        let refusal = self.script.refusals_of(case).next();
        self.refusal = Some(refusal.unwrap_or_else(|| panic!("the cart script has no [[refusal]] for the case {case:?}")));
    }

    /// Answers by the script's rules again, after [`refuse`](ScriptedShop::refuse).
    pub fn accept(&mut self) {
        self.refusal = None;
    }

    fn answer(&mut self, seen: &Seen) -> Reply {
        let asked = seen.asked();
        let refused = |refusal: &&Refusal| refusal.rule.is_none() || refusal.rule.as_deref() == self.cart.rule_name(&asked);
        let response = match self.refusal.filter(refused) {
            Some(refusal) => Ok(self.cart.refuse(&refusal.reply, &asked)),
            None => self.cart.answer(&asked),
        };
        Reply::of(response.unwrap_or_else(|error| panic!("{error}; add a [[rule]] for it. It was:\n{seen}")))
    }
}

impl<P: Plugin> Cart<P> {
    /// A shop that behaves as the cart script in a folder says, the same script that `cartage plugin test` reads. The folder is relative to the crate's. The
    /// script's bindings, settings and credentials are set; credential slots that the script does not need hold no value.
    ///
    /// ```no_run
    /// use cartage_sdk::testing::{Cart, update};
    ///
    /// # fn a_repeat_does_nothing_twice<MyPlugin: cartage_sdk::Plugin>() {
    /// let mut shop = Cart::<MyPlugin>::of_script("cart-script");
    /// shop.lose_reply(1).send(&update("1021", "completed")).failed();
    /// shop.again().succeeded();
    /// assert_eq!(shop.state().done_twice(), [""; 0]);
    /// # }
    /// ```
    ///
    /// # Panics
    /// If the script cannot be read, or does not fit the manifest.
    pub fn of_script(folder: impl AsRef<Path>) -> Shop<P, ScriptedShop> {
        Cart::living_by(read(folder.as_ref()))
    }

    fn living_by(script: Script) -> Shop<P, ScriptedShop> {
        let mut cart = Cart::<P>::new();
        // The script is leaked, because a shop that owned its script could not be the state of a rule, and a test's process is short.
        let script: &'static Script = Box::leak(Box::new(script.whole(&cart.stage.manifest)));
        for (endpoint, url) in &script.bindings {
            cart = cart.bind(endpoint, url);
        }
        for (name, value) in &script.settings {
            cart = cart.set_plain(name, value);
        }
        cart = cart.with_credentials_of(script);
        let shop = ScriptedShop { script, cart: script::Cart::new(script), refusal: None };
        cart.remembering(shop, ScriptedShop::answer)
    }

    fn with_credentials_of(mut self, script: &Script) -> Cart<P> {
        let manifest = self.stage.manifest.clone();
        for (name, fields) in &script.credentials {
            let slot = manifest
                .slot(name)
                .unwrap_or_else(|| panic!("the cart script names the credential slot {name}, which the manifest does not have"));
            for field in slot.fields.iter().filter(|field| !field.required && !fields.contains_key(&field.name)) {
                self = self.without_field(name, &field.name);
            }
            for (field, value) in fields {
                assert!(
                    slot.field(field).is_some(),
                    "the cart script names the credential field {name}.{field}, which the manifest does not have"
                );
                self = self.secret(name, field, value);
            }
        }
        for slot in manifest.slots.iter().filter(|slot| !script.binds(slot, &manifest)) {
            self = self.without_slot(&slot.name);
        }
        self
    }
}

/// Runs each `[[case]]` of the cart script in a folder (relative to the crate's), each in a new shop. `cartage plugin test` runs the same cases against the
/// built file.
///
/// ```no_run
/// # fn the_cases_of_the_cart_script_hold<MyPlugin: cartage_sdk::Plugin>() {
/// cartage_sdk::testing::run_cases::<MyPlugin>("cart-script");
/// # }
/// ```
///
/// # Panics
/// If a case fails; the message names each case that failed. Also if the script has no case, because then nothing was tested.
pub fn run_cases<P: Plugin>(folder: impl AsRef<Path>) {
    let folder = folder.as_ref();
    let script = read(folder);
    assert!(!script.cases.is_empty(), "the cart script in {} has no [[case]]", folder.display());
    let problems = problems::<P>(&script);
    assert!(problems.is_empty(), "cases of the cart script in {} failed:\n{}", folder.display(), problems.join("\n"));
}

/// A line for each case that fails.
fn problems<P: Plugin>(script: &Script) -> Vec<String> {
    let problem = |case: &Case| {
        // The panic hook has already printed the panic's message.
        let caught = catch_unwind(AssertUnwindSafe(|| problem::<P>(script, case)));
        let problem = caught.unwrap_or_else(|_| Some("the plugin panicked, as shown above".to_owned()))?;
        Some(format!("case {:?}: {problem}", case.name))
    };
    script.cases.iter().filter_map(problem).collect()
}

/// The reason that a case fails; `None` if the case passes.
fn problem<P: Plugin>(script: &Script, case: &Case) -> Option<String> {
    let mut of_case = script.clone();
    of_case.settings.extend(case.settings.clone());
    let mut shop = Cart::<P>::living_by(of_case);
    if let Some(refusal) = &case.refusal {
        shop.state_mut().refuse(refusal);
    }
    let run = shop.send(&update_of(case));
    if !is(&run, case.expect) {
        let came = match &run.outcome {
            Ok(applied) => applied.shown(),
            Err(failure) => failure.shown(),
        };
        return Some(format!("expected {}, got: {came}\n{}", expected(case.expect), super::seen::list(&run.requests)));
    }
    let effects = shop.state().effects();
    if case.unchanged && !effects.is_empty() {
        return Some(format!("nothing should have been done; the cart has: {}", effects.join("; ")));
    }
    let missing = case.effects.iter().find(|text| !effects.iter().any(|effect| effect.contains(text.as_str())))?;
    Some(format!("{missing:?} was not done; the cart has: {}", effects.join("; ")))
}

fn update_of(case: &Case) -> Update {
    let given = &case.update;
    Update {
        status: given.status.clone(),
        note: given.note.clone(),
        notify_customer: given.notify_customer,
        packages: given.packages.iter().map(|given| package(&given.carrier, &given.number)).collect(),
        ..update(&given.order, given.status.as_deref().unwrap_or("Order Shipped"))
    }
}

fn is(run: &Run<Applied>, wanted: Expected) -> bool {
    match (&run.outcome, wanted) {
        (Ok(_), Expected::Applied) => true,
        (Ok(applied), Expected::AlreadyDone) => applied.outcome == AppliedOutcome::AlreadyDone,
        (Err(failure), Expected::Fails(kind)) => failure.kind == kind,
        (Ok(_), Expected::Fails(_)) | (Err(_), _) => false,
    }
}

fn expected(wanted: Expected) -> String {
    match wanted {
        Expected::Applied => "that it is applied".to_owned(),
        Expected::AlreadyDone => "that it is done already".to_owned(),
        Expected::Fails(kind) => format!("a failure of the kind {kind}"),
    }
}

fn read(folder: &Path) -> Script {
    Script::read(folder).unwrap_or_else(|error| match error.source() {
        Some(source) => panic!("{error}: {source}"),
        None => panic!("{error}"),
    })
}

#[cfg(test)]
mod tests;
