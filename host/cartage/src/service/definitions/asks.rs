//! What one version of a plugin requires that the version before did not.

use cartage_contract::manifest::{Endpoint, Manifest, Setting, Slot};

/// Each new requirement, in plain words. Requirements that were dropped are not listed.
pub(super) fn new(before: &Manifest, after: &Manifest) -> Vec<String> {
    let mut asks = Vec::new();
    for endpoint in &after.endpoints {
        match before.endpoint(&endpoint.name) {
            None => asks.push(format!("endpoint {}: {}", endpoint.name, endpoint.purpose)),
            Some(known) => wider_endpoint(known, endpoint, &mut asks),
        }
    }
    for slot in &after.slots {
        match before.slot(&slot.name) {
            None => asks.push(format!("credential slot {}: {}", slot.name, slot.purpose)),
            Some(known) => wider_slot(known, slot, &mut asks),
        }
    }
    let known = |setting: &Setting| {
        before.setting(&setting.name).is_some() || setting.former_names.iter().any(|former| before.setting(former).is_some())
    };
    asks.extend(after.settings.iter().filter(|setting| !known(setting)).map(|new| format!("setting {}: {}", new.name, new.title)));
    asks
}

fn wider_endpoint(before: &Endpoint, after: &Endpoint, asks: &mut Vec<String>) {
    let name = &after.name;
    if before.base != after.base {
        asks.push(format!("endpoint {name}: other base URLs"));
    }
    let methods = after.methods.iter().filter(|method| !before.methods.contains(method));
    asks.extend(methods.map(|method| format!("endpoint {name}: the method {}", format!("{method:?}").to_uppercase())));
    let paths = after.path_prefixes.iter().filter(|path| !before.allows_path(path));
    asks.extend(paths.map(|path| format!("endpoint {name}: paths below {path}")));
    let headers = after.request_headers.iter().filter(|header| !before.request_headers.contains(header));
    asks.extend(headers.map(|header| format!("endpoint {name}: to send the header {header}")));
    let headers = after.response_headers.iter().filter(|header| !before.response_headers.contains(header));
    asks.extend(headers.map(|header| format!("endpoint {name}: to read the header {header}")));
}

fn wider_slot(before: &Slot, after: &Slot, asks: &mut Vec<String>) {
    let name = &after.name;
    if before.kind != after.kind {
        asks.push(format!("credential slot {name}: another kind ({} in place of {})", after.kind, before.kind));
    }
    if after.hashed && !before.hashed {
        asks.push(format!("credential slot {name}: to hash it into messages"));
    }
    let endpoints = after.endpoints.iter().filter(|endpoint| !before.endpoints.contains(endpoint));
    asks.extend(endpoints.map(|endpoint| format!("credential slot {name}: its use for endpoint {endpoint}")));
    let fields = after.fields.iter().filter(|field| before.field(&field.name).is_none());
    asks.extend(fields.map(|field| format!("credential slot {name}: the field {}, {}", field.name, field.purpose)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use cartage_contract::http::Method;
    use cartage_contract::manifest::{Base, SettingKind, SlotField, SlotKind};

    fn manifest() -> Manifest {
        let endpoint = Endpoint {
            name: "script".into(),
            purpose: "the script".into(),
            example: String::new(),
            base: Base::Any,
            required: true,
            methods: vec![Method::Get],
            path_prefixes: vec!["/api".into()],
            request_headers: vec![],
            request_types: vec![],
            response_headers: vec![],
            response_types: vec![],
            extra: vec![],
        };
        let field = |name: &str| SlotField { name: name.into(), purpose: "the password".into(), secret: true, required: true };
        let slot = Slot {
            name: "account".into(),
            purpose: "the account".into(),
            kind: SlotKind::FormField,
            required: true,
            endpoints: vec!["script".into()],
            fields: vec![field("password")],
            hashed: false,
            alternative: None,
            extra: vec![],
        };
        let setting = Setting {
            name: "encoding".into(),
            title: "Encoding".into(),
            help: String::new(),
            kind: SettingKind::Boolean,
            required: false,
            default: None,
            former_names: vec![],
            extra: vec![],
        };
        Manifest { endpoints: vec![endpoint], slots: vec![slot], settings: vec![setting], ..cartage_fixtures::manifest() }
    }

    #[test]
    fn each_thing_that_is_new_is_named_and_less_is_nothing_new() {
        let check = |expected: &[&str], change: fn(&mut Manifest)| {
            let mut after = manifest();
            change(&mut after);
            assert_eq!(new(&manifest(), &after), expected);
        };
        check(&[], |_| {});
        check(&[], |m| (m.endpoints, m.slots, m.settings) = (vec![], vec![], vec![]));
        check(&["endpoint other: the script"], |m| {
            let other = Endpoint { name: "other".into(), ..m.endpoints[0].clone() };
            m.endpoints.push(other);
        });
        check(&["endpoint script: other base URLs"], |m| m.endpoints[0].base = Base::Fixed("https://a.example".into()));
        check(&["endpoint script: the method POST"], |m| m.endpoints[0].methods.push(Method::Post));
        check(&["endpoint script: paths below /admin"], |m| m.endpoints[0].path_prefixes.push("/admin".into()));
        check(&[], |m| m.endpoints[0].path_prefixes.push("/api/orders".into()));
        check(&["endpoint script: to send the header x-a"], |m| m.endpoints[0].request_headers.push("x-a".into()));
        check(&["endpoint script: to read the header x-a"], |m| m.endpoints[0].response_headers.push("x-a".into()));
        check(&["credential slot other: the account"], |m| {
            let other = Slot { name: "other".into(), ..m.slots[0].clone() };
            m.slots.push(other);
        });
        check(&["credential slot account: another kind (bearer in place of form-field)"], |m| m.slots[0].kind = SlotKind::Bearer);
        check(&["credential slot account: to hash it into messages"], |m| m.slots[0].hashed = true);
        check(&["credential slot account: its use for endpoint other"], |m| m.slots[0].endpoints.push("other".into()));
        check(&["credential slot account: the field pin, the password"], |m| {
            let pin = SlotField { name: "pin".into(), ..m.slots[0].fields[0].clone() };
            m.slots[0].fields.push(pin);
        });
        check(&["setting format: Encoding"], |m| m.settings[0].name = "format".into());
        check(&[], |m| (m.settings[0].name, m.settings[0].former_names) = ("format".into(), vec!["encoding".into()]));
    }
}
