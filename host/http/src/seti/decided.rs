//! The meaning of the gate's decision for an Order Manager: accepted, nothing to do, or work for a person.

use super::PostOutcome;
use cartage_commands::command;
use cartage_policy::gate::{ConditionAnswer, Decision, Finding, Verdict};

impl From<&Decision> for PostOutcome {
    /// The outcome to answer with once the decision is stored. For a cart whose mode only records, a repeat changes nothing, so the answer
    /// is OK too.
    fn from(decision: &Decision) -> PostOutcome {
        match decision.verdict {
            Verdict::Send => PostOutcome::Accepted,
            Verdict::Shadow => PostOutcome::NothingToDo("all conditions hold, and the cart's mode only records".to_owned()),
            Verdict::Nothing if decision.must_act() => PostOutcome::NeedsAPerson(listed(decision, Finding::NotHeld, needed)),
            Verdict::Nothing => PostOutcome::NothingToDo(listed(decision, Finding::NothingToDo, |answer| answer.value.clone())),
        }
    }
}

fn listed(decision: &Decision, finding: Finding, said: fn(&ConditionAnswer) -> String) -> String {
    decision.answers.iter().filter(|answer| answer.finding == finding).map(said).collect::<Vec<_>>().join(", ")
}

/// The result of a condition, and the commands that would change it.
fn needed(answer: &ConditionAnswer) -> String {
    let commands: Vec<String> = answer.remedies.iter().map(command).collect();
    format!("{}, run: {}", answer.value, commands.join(" && "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cartage_fixtures::manifest;
    use cartage_model::carts::{Cart, Mode};
    use cartage_model::id::CartId;
    use cartage_model::id::SenderOrderNumber;
    use cartage_model::parameters::{Assignments, Scope, assign};
    use cartage_policy::gate::question::CartSwitch;
    use cartage_policy::gate::{Again, ChangeCause, Given, OrderRecord, PluginState, PresentCart, ProposedChange, Question, decide};
    use cartage_policy::validate::Load;

    /// The outcome for a cart in this mode, with these parameters, and with this label accepted before.
    fn outcome(mode: &Mode, assignments: &Assignments, before: Option<&str>) -> PostOutcome {
        let id = CartId::new("seed-shop").expect("it is a name");
        let cart = Cart::parse("seed.toml", "cart = \"seed-shop\"\nplugin = \"p.wasm\"").expect("it is a cart");
        let manifest = manifest();
        let definition = PresentCart {
            cart: &cart,
            state: CartSwitch::Enabled,
            plugin: PluginState::Admitted { manifest: &manifest, asked: None },
            mode,
            changes: cart.changes,
        };
        let known = before.map(|label| OrderRecord { label: Some(label.to_owned()), ..OrderRecord::default() });
        PostOutcome::from(&decide(&Question {
            cart: &id,
            definition: Some(definition),
            nearest_cart: None,
            parameters: assignments,
            cause: ChangeCause::Given(Given::Seti),
            change: ProposedChange { order_number: &SenderOrderNumber::new("1021"), label: Some("Shipped"), load: Load::default() },
            known: known.as_ref(),
            again: Again::No,
        }))
    }

    #[test]
    fn a_decision_is_answered_by_who_must_act() {
        let id = CartId::new("seed-shop").expect("it is a name");
        let on = [("UseStatusUpdates", Scope::System), ("UseGenericStatusUpdates", Scope::Cart(id))];
        let on: Assignments = on.into_iter().map(|(name, scope)| assign(name, scope, "True").expect("it is a parameter")).collect();
        let off = Assignments::default();
        assert_eq!(outcome(&Mode::Live, &on, None), PostOutcome::Accepted);
        let recorded = PostOutcome::NothingToDo("all conditions hold, and the cart's mode only records".to_owned());
        assert_eq!(outcome(&Mode::Shadow, &on, None), recorded);
        let same = PostOutcome::NothingToDo("the label \"Shipped\" was accepted for this order before".to_owned());
        assert_eq!(outcome(&Mode::Live, &on, Some("Shipped")), same);
        // Nothing would be sent whatever else is corrected, so nobody must act.
        assert_eq!(outcome(&Mode::Live, &off, Some("Shipped")), same);
        let PostOutcome::NeedsAPerson(reason) = outcome(&Mode::Live, &off, None) else { panic!("two parameters are False") };
        assert!(
            reason.starts_with("UseStatusUpdates is False") && reason.contains(", run: cartage param set UseStatusUpdates True, "),
            "{reason}"
        );
        assert!(reason.ends_with(", run: cartage param set UseGenericStatusUpdates True --cart seed-shop"), "{reason}");
    }
}
