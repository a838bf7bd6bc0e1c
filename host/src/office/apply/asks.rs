//! What one version of a plugin asks for that the one before it did not.

use cartage_contract::manifest::{Endpoint, Manifest, Setting, Slot};

/// Each thing that is new, in plain words. Less than before is nothing new.
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
        asks.push(format!("credential slot {name}: another use of it ({} in place of {})", after.kind, before.kind));
    }
    if after.hashed && !before.hashed {
        asks.push(format!("credential slot {name}: to hash it into messages"));
    }
    let endpoints = after.endpoints.iter().filter(|endpoint| !before.endpoints.contains(endpoint));
    asks.extend(endpoints.map(|endpoint| format!("credential slot {name}: its use for endpoint {endpoint}")));
    let fields = after.fields.iter().filter(|field| before.field(&field.name).is_none());
    asks.extend(fields.map(|field| format!("credential slot {name}: the field {}, {}", field.name, field.purpose)));
}
