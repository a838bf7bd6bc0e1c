use super::*;
use cartage_contract::delivery::SettingValue;

fn cart(id: &str) -> CartId {
    CartId::new(id).expect("a valid Cart ID")
}

fn message(name: &str, scope: Scope, text: &str) -> String {
    assign(name, scope, text).expect_err("this is to be refused").to_string()
}

fn remedy(name: &str, scope: Scope) -> Option<Remedy> {
    assign(name, scope, "True").expect_err(name).remedy()
}

#[test]
fn every_default_is_a_value_and_every_name_is_its_own() {
    for (at, parameter) in REGISTRY.iter().enumerate() {
        assert_eq!(parameter.default_value().to_string(), parameter.default, "{}", parameter.name);
        assert!(!parameter.scopes.is_empty() && !parameter.help.is_empty(), "{}", parameter.name);
        assert!(Group::ALL.contains(&parameter.group), "{}", parameter.name);
        assert!(REGISTRY[..at].iter().all(|other| !other.name.eq_ignore_ascii_case(parameter.name)), "{}", parameter.name);
        assert!(registry::ELSEWHERE.iter().all(|(name, _)| !name.eq_ignore_ascii_case(parameter.name)), "{}", parameter.name);
    }
    let groups: Vec<_> = REGISTRY.iter().map(|parameter| Group::ALL.iter().position(|group| *group == parameter.group)).collect();
    assert!(groups.is_sorted(), "the registry goes group by group");
}

#[test]
fn both_switches_are_false_until_somebody_sets_them() {
    let nothing = Assignments::default();
    for parameter in [&USE_STATUS_UPDATES, &USE_GENERIC_STATUS_UPDATES] {
        let effective = parameter.effective(Some(&cart("seed-shop")), &nothing);
        assert_eq!(effective, Effective { value: Value::Boolean(false), source: Source::Default }, "{}", parameter.name);
    }
}

#[test]
fn names_and_values_are_taken_in_any_case_and_kept_in_their_own() {
    let assignment = assign(" usestatusupdates", Scope::System, "tRUE ").expect("any case");
    assert_eq!((assignment.parameter().name, assignment.value().to_string().as_str()), ("UseStatusUpdates", "True"));
    let assignment = assign("GENERICORDERNUMBERTYPE", Scope::Cart(cart("a")), "Numeric").expect("any case");
    assert_eq!(assignment.value(), &Value::Choice("numeric"));
}

#[test]
fn the_cart_counts_before_the_system_and_the_system_before_the_default() {
    let mut set = Assignments::default();
    let (a, b) = (cart("a"), cart("b"));
    let of = |cart, set: &Assignments| {
        let effective = effective("GenericStatusSendXML", cart, set).expect("it is registered");
        (effective.is_true(), effective.source)
    };
    let assign = |scope, text| assign("GenericStatusSendXML", scope, text).expect("a valid assignment");
    assert_eq!(of(Some(&a), &set), (false, Source::Default));
    assert_eq!(set.set(assign(Scope::System, "True")), None);
    assert_eq!(set.set(assign(Scope::Cart(a.clone()), "False")), None);
    assert_eq!(
        (of(Some(&a), &set), of(Some(&b), &set), of(None, &set)),
        ((false, Source::Cart), (true, Source::System), (true, Source::System))
    );
    assert_eq!(set.set(assign(Scope::Cart(a.clone()), "True")), Some(Value::Boolean(false)));
    assert_eq!(set.unset(&GENERIC_STATUS_SEND_XML, &Scope::System), Some(Value::Boolean(true)));
    assert_eq!((of(Some(&a), &set), of(Some(&b), &set)), ((true, Source::Cart), (false, Source::Default)));
    assert_eq!(set.unset(&GENERIC_STATUS_SEND_XML, &Scope::Cart(a.clone())), Some(Value::Boolean(true)));
    assert_eq!(set.unset(&GENERIC_STATUS_SEND_XML, &Scope::Cart(a.clone())), None);
    assert_eq!(set.unset(&USE_STATUS_UPDATES, &Scope::System), None);
    assert_eq!(of(Some(&a), &set), (false, Source::Default));
}

#[test]
fn an_unknown_name_is_refused_with_the_nearest() {
    assert_eq!(
        message("UseStatusUpdate", Scope::System, "True"),
        "there is no system parameter \"UseStatusUpdate\"; did you mean \"UseStatusUpdates\"?"
    );
    assert_eq!(message("Colour", Scope::System, "True"), "there is no system parameter \"Colour\"");
    assert_eq!(remedy("Colour", Scope::System), Some(Remedy::ListParameters));
    assert_eq!(remedy("UseStatusUpdate", Scope::System), None, "the message has the nearest name");
    assert_eq!(
        message("genericimportmethod", Scope::System, "XML"),
        "GenericImportMethod has no effect in Cartage: it says how the Order Manager fetches orders; set it in your Order Manager"
    );
}

#[test]
fn a_scope_that_it_does_not_have_is_refused() {
    assert_eq!(
        message("UseGenericStatusUpdates", Scope::System, "True"),
        "UseGenericStatusUpdates cannot be set for the system: it is set for a cart"
    );
    let name = || "UseGenericStatusUpdates".to_owned();
    assert_eq!(remedy(&name(), Scope::System), Some(Remedy::SetForCart { name: name() }));
    assert_eq!(
        message("UseStatusUpdates", Scope::Cart(cart("a")), "True"),
        "UseStatusUpdates cannot be set for a cart: it is set for the system"
    );
    let name = || "UseStatusUpdates".to_owned();
    assert_eq!(remedy(&name(), Scope::Cart(cart("a"))), Some(Remedy::SetForSystem { name: name() }));
    for scope in [ScopeKind::User, ScopeKind::Workstation] {
        let error = GENERIC_STATUS_SEND_XML.allows(scope).expect_err("no parameter has it");
        assert_eq!(
            error.to_string(),
            format!(
                "GenericStatusSendXML cannot be set for {scope}: no update says which user or workstation it comes from; \
                 set it for the system or for a cart"
            )
        );
    }
}

#[test]
fn a_value_of_another_type_is_refused() {
    assert_eq!(message("UseStatusUpdates", Scope::System, "maybe"), "UseStatusUpdates does not take \"maybe\": write True or False");
    for text in ["", "yes", "1", "-1", "TrueTrue", "Tr ue", "Ｔrue"] {
        assert!(matches!(assign("UseStatusUpdates", Scope::System, text), Err(Error::Value { .. })), "{text}");
    }
    assert_eq!(
        message("GenericOrderNumberType", Scope::System, "digits"),
        "GenericOrderNumberType does not take \"digits\": write text or numeric"
    );
}

#[test]
fn texts_and_integers_are_bounded_at_their_edges() {
    let parameter = |kind| Parameter { kind, name: "Test", default: "", ..USE_STATUS_UPDATES };
    let text = parameter(ValueKind::Text { chars_max: 3 });
    assert_eq!(text.read("éàü"), Ok(Value::Text("éàü".into())));
    for bad in ["abcd", "a\tb"] {
        assert!(text.read(bad).is_err(), "{bad}");
    }
    let integer = parameter(ValueKind::Integer { min: -1, max: 9 });
    assert_eq!((integer.read("-1"), integer.read(" 9")), (Ok(Value::Integer(-1)), Ok(Value::Integer(9))));
    for bad in ["-2", "10", "1.0", "", "99999999999999999999"] {
        assert!(integer.read(bad).is_err(), "{bad}");
    }
    assert_eq!(integer.read("10").expect_err("too many").to_string(), "Test does not take \"10\": write a whole number from -1 to 9");
}

#[test]
fn the_parameter_supplies_the_setting_once_it_is_set() {
    let shop = cart("seed-shop");
    let choice = |word: &str| SettingValue::Choice(word.into());
    let winner = |set: &Assignments, own: Option<SettingValue>| {
        let all = supplied("integration-script", &shop, set, |setting| own.clone().filter(|_| setting == "encoding"));
        assert_eq!(all.len(), 1);
        (all[0].winner, all[0].value().cloned(), all[0].to_string())
    };
    let mut set = Assignments::default();
    let (who, value, _) = winner(&set, None);
    assert_eq!((who, value), (Winner::PluginDefault, None));
    let (who, value, said) = winner(&set, Some(choice("xml")));
    assert_eq!((who, value), (Winner::Setting, Some(choice("xml"))));
    assert_eq!(
        said,
        "The cart's own setting `encoding` applies: xml. GenericStatusSendXML is False (nobody has set it); once set, the parameter would apply instead."
    );
    set.set(assign("GenericStatusSendXML", Scope::System, "False").expect("a valid assignment"));
    let (who, value, said) = winner(&set, Some(choice("xml")));
    assert_eq!((who, value), (Winner::Parameter, Some(choice("delimited"))));
    assert_eq!(
        said,
        "GenericStatusSendXML is False (set for the system) and supplies the plugin's setting `encoding`: delimited. \
         The cart's own `encoding` (xml) is ignored."
    );
    set.set(assign("GenericStatusSendXML", Scope::Cart(shop.clone()), "True").expect("a valid assignment"));
    assert_eq!(winner(&set, None).1, Some(choice("xml")));
    assert!(supplied("rest-shop", &shop, &set, |_| None).is_empty());
}
